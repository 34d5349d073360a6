"""From what the engine says to what is stored and told: a signal at each site, an evaluation, a verdict."""

from __future__ import annotations

from datetime import timedelta

from services.actions.domain.detection.facts import day_of
from services.actions.domain.detection.remedies import Remedy, VerdictLine
from services.actions.domain.detection.signals import Figures, SignalLine
from services.actions.domain.detection.site_state import SiteState
from services.actions.domain.detection.wording import question
from services.actions.domain.detection.world import World, ids_of
from services.actions.domain.effectiveness import Count
from services.actions.domain.evaluations import REVIEW_AFTER_DAYS, Evaluation, Span, Verdict, evaluation_id
from services.actions.domain.management_log import LogEntry
from services.actions.domain.signals import CLOSED, OPEN, Event, Signal, public_id

__all__ = ["fixed", "signals_of", "verdict_of"]


def signals_of(provider_id: str, line: SignalLine, world: World) -> list[tuple[Event, Signal]]:
    """Make the signal that each site of a line is told; of a shared season each is told its own figures.

    Args:
        provider_id: The tenant.
        line: What the engine says.
        world: What it knows.
    """
    found = []
    for site in line.sites:
        state = world.states[site]
        figures, asked = line.figures, line.question
        if line.signal.site is None:
            figures = _own(line, state, world)
            place = f"{state.card.name}, one of {len(line.sites)} sites"
            asked = question(line.signal, figures, line.event, world.book.title(line.signal.series), place)
        found.append((line.event, _signal(provider_id, line, state, figures, asked, world)))
    return found


def _own(line: SignalLine, state: SiteState, world: World) -> Figures:
    """Count what one site had of a shared season, against its own rate."""
    site, figures, signal = state.card.site, line.figures, line.signal
    weight = world.weight(state, figures.first, figures.last, signal.rates[f"{site}|exposure"] > 0)
    evidence = state.evidence(signal.series, figures.first, figures.last)
    return Figures(figures.first, figures.last, signal.rates[site] * (weight or 0.0), None, ids_of(evidence))


def _signal(provider_id: str, line: SignalLine, state: SiteState, figures: Figures, asked: str, world: World) -> Signal:
    signal, site = line.signal, state.card.site
    return Signal(
        signal_id=public_id(provider_id, site, signal.signal_id),
        provider_id=provider_id,
        site_id=site,
        version=1,
        status=CLOSED if line.event == "closed" else OPEN,
        kind=signal.kind,
        finding=signal.signal_id,
        series=signal.series,
        window_from=day_of(figures.first),
        window_to=day_of(figures.last),
        observed=figures.observed,
        expected=None if figures.expected is None else round(figures.expected, 2),
        exposure=None if figures.exposure is None else round(figures.exposure, 2),
        exposure_unit=None if figures.exposure is None else world.panel.unit(state.number),
        report_ids=figures.report_ids,
        question=asked,
        rule=signal.kind,
        rule_version=signal.rule_version,
        raised_on=day_of(line.on),
        as_of=day_of(line.on),
        sites=line.sites,
        logs=tuple(day_of(day) for day in signal.logs),
        period_days=signal.period_days,
        provisional=signal.provisional,
    )


def fixed(remedy: Remedy, entry: LogEntry, world: World) -> Evaluation:
    """Fix what a remedy will be judged by.

    Args:
        remedy: As the engine began it, from what was known on its day.
        entry: The line of the log that began it.
        world: What the engine knows.
    """
    rules = world.rules(remedy.line.day)
    state = world.states[entry.site_id]
    by_exposure = world.weight(state, *remedy.baseline, True) is not None
    return Evaluation(
        evaluation_id=evaluation_id(entry.provider_id, entry.line_id),
        provider_id=entry.provider_id,
        site_id=entry.site_id,
        version=1,
        action_id=entry.action_id or entry.line_id,
        line_id=entry.line_id,
        series=remedy.series,
        started_on=entry.on,
        baseline_from=day_of(remedy.baseline[0]),
        baseline_to=day_of(remedy.baseline[1]),
        baseline_is_a_rise=remedy.risen,
        wash_in_days=rules.verdict.wash_in_days,
        review_on=tuple(entry.on + timedelta(days=days) for days in REVIEW_AFTER_DAYS),
        process_measure=entry.process_measure,
        exposure_unit=world.panel.unit(state.number) if by_exposure else None,
        rule_version=rules.version,
        visibility=entry.visibility,
    )


def verdict_of(line: VerdictLine) -> Verdict:
    """Make the verdict that is stored from what the engine says."""
    found = line.found
    return Verdict(
        verdict=found.verdict,
        on=day_of(line.on),
        baseline=_span(line, line.remedy.baseline, line.trial.before),
        after=_span(line, line.after, line.trial.after),
        rate_ratio=found.ratio,
        ci_low=found.low,
        ci_high=found.high,
        events_needed=found.events_needed,
        weeks_more=found.weeks_more,
        harm_guard=found.harm,
        reasons=found.reasons,
        sentence=line.words,
        rule_version=line.rule_version,
    )


def _span(line: VerdictLine, days: tuple[int, int], count: Count) -> Span:
    return Span(day_of(days[0]), day_of(days[1]), count.events, count.weight if line.by_exposure else None)
