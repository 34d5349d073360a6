"""Follows the remedies that a log names: what each is about is fixed on its day, the verdict is reviewed every week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.actions.domain.detection.facts import LogLine, ReportFact, day_of, monday_of, week_of
from services.actions.domain.detection.log_lines import LogReading
from services.actions.domain.detection.one_series import Series
from services.actions.domain.detection.signals import Signal, series_dict
from services.actions.domain.detection.site_state import SiteState
from services.actions.domain.detection.world import World
from services.actions.domain.effectiveness import Assessment, Count, Trial, assess
from services.actions.domain.verdict_wording import sentence

__all__ = ["Remedy", "VerdictLine", "begin_remedy", "review_remedy"]

SIGNAL_DAYS = 120
BASELINES = ("rising_rate", "cluster_after_change", "recurring_asset", "repeat_without_action", "periodic_bunching")
RISEN = ("rising_rate", "cluster_after_change", "recurring_asset", "repeat_without_action")
LATE_WEEKS_MIN = 4


@dataclass(slots=True)
class Remedy:
    """A remedy and what was fixed before it began.

    Attributes:
        line: The log's line.
        series: What it is about.
        baseline: First and last day.
        risen: Whether the baseline is a rise that a signal had spoken of.
        last: The verdict last printed.
        was_effective: Whether it was EFFECTIVE once.
        was_shown: Whether the last review saw a fall beyond chance.
        latest: The counts of the last review, whether they are by exposure, and the days since the wash-in.
        again_on: The day from which an unchanged verdict is said again, with the figures by then; None for never.
    """

    line: LogLine
    reading: LogReading
    series: Series
    baseline: tuple[int, int]
    risen: bool
    last: Assessment | None = None
    was_effective: bool = False
    was_shown: bool = False
    latest: tuple[Trial, bool, tuple[int, int]] | None = None
    again_on: int | None = None


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """A verdict as printed."""

    on: int
    remedy: Remedy
    trial: Trial
    after: tuple[int, int]
    found: Assessment
    by_exposure: bool
    rule_version: str
    words: str

    def as_dict(self) -> dict[str, Any]:
        """Return the line's fields in their published order."""
        remedy, found = self.remedy, self.found
        return {
            "kind": "verdict",
            "on": day_of(self.on).isoformat(),
            "site": remedy.line.site,
            "intervention_on": day_of(remedy.line.day).isoformat(),
            "intervention": remedy.line.text,
            "series": series_dict(remedy.series),
            "verdict": found.verdict,
            "baseline": self._span(remedy.baseline, self.trial.before),
            "after": self._span(self.after, self.trial.after),
            "rate_ratio": found.ratio,
            "ci_low": found.low,
            "ci_high": found.high,
            "events_needed": found.events_needed,
            "weeks_more": found.weeks_more,
            "reasons": list(found.reasons),
            "rule_version": self.rule_version,
            "sentence": self.words,
        }

    def _span(self, days: tuple[int, int], count: Count) -> dict[str, Any]:
        return {
            "from": day_of(days[0]).isoformat(),
            "to": day_of(days[1]).isoformat(),
            "events": count.events,
            "exposure": count.weight if self.by_exposure else None,
        }


def begin_remedy(world: World, state: SiteState, line: LogLine, reading: LogReading) -> Remedy | None:
    """Fix what a remedy is about and what it will be compared with, from what is known on its day.

    Args:
        world: The provider.
        state: The site.
        line: The log's line.
        reading: What it says.

    Returns:
        The remedy; None where no series fits its words.
    """
    rules = world.rules(line.day).verdict
    start = max(line.day - 7 * rules.baseline_weeks_max, monday_of(int(world.panel.starts[state.number])))
    if start >= line.day:
        return None
    signal = _signal_of(state, line, reading)
    if signal is not None:
        risen = signal.kind in RISEN
        return Remedy(line, reading, signal.series, (signal.began if risen else start, line.day - 1), risen)
    series = _series_of(world, state, line, reading, start)
    return Remedy(line, reading, series, (start, line.day - 1), False) if series else None


def about(reading: LogReading, series: Series, evidence: list[ReportFact]) -> bool:
    """Tell whether a log's line is about a series: by its name, or by what most of its reports speak of."""
    if reading.concerns(series):
        return True
    if series.asset is not None or not evidence:
        return False
    near = sum(
        bool(set(fact.domains) & set(reading.domains) or set(fact.factors) & set(reading.factors)) for fact in evidence
    )
    return near >= 0.5 * len(evidence)


def _signal_of(state: SiteState, line: LogLine, reading: LogReading) -> Signal | None:
    found = []
    for signal in (*state.open.values(), *state.past):
        recent = signal.closed_on is None or signal.closed_on > line.day - SIGNAL_DAYS
        if signal.kind not in BASELINES or signal.series.kind == "all" or not recent or signal.began >= line.day:
            continue
        evidence = state.evidence(signal.series, signal.began, min(line.day - 1, signal.to_day))
        if about(reading, signal.series, evidence):
            overlap = len(set(signal.series.domains) & set(reading.domains)) + len(
                set(signal.series.factors) & set(reading.factors)
            )
            rank = (signal.closed_on is None, bool(signal.series.asset) and bool(reading.assets), overlap > 0)
            found.append((rank, BASELINES.index(signal.kind) * -1, len(evidence), signal.signal_id, signal))
    return max(found, key=lambda item: item[:4])[4] if found else None


def _series_of(world: World, state: SiteState, line: LogLine, reading: LogReading, start: int) -> Series | None:
    for asset in reading.assets:
        if len(state.evidence(Series(asset=asset), start, line.day - 1)) >= 3:
            return Series(asset=asset)
    if not reading.domains:
        return None
    near = [
        series
        for series in world.book.series
        if series.kind == "pair"
        and set(series.domains) <= set(reading.domains)
        and set(series.factors) <= set(reading.factors)
        and (len(series.domains) > 1 or len(reading.domains) == 1)
    ]
    single = Series(reading.domains[:1]) if len(reading.domains) == 1 else Series(reading.domains, match="any")
    total = len(state.evidence(single, start, line.day - 1))
    # The narrower pattern where most of what the words name lies in it.
    for series in near:
        if 2 * len(state.evidence(series, start, line.day - 1)) > total:
            return series
    return single


def review_remedy(
    world: World, state: SiteState, remedy: Remedy, last: int, on: int, *, final: bool = False
) -> VerdictLine | None:
    """Review a remedy as of the end of a week, or of the file.

    Args:
        world: The provider.
        state: The site.
        remedy: The remedy; what was printed last is kept in it.
        last: The last day that counts.
        on: The day of review.
        final: Whether it is printed even if it did not change.

    Returns:
        The line, or None where there is nothing new to say.
    """
    rules = world.rules(on)
    first = remedy.line.day + rules.verdict.wash_in_days
    if last < remedy.line.day + rules.verdict.first_look_days - 1 or last < first:
        return None
    trial, by_exposure = _trial(world, state, remedy, first, last)
    remedy.latest = (trial, by_exposure, (first, last))
    found = assess(trial, rules.verdict)
    if found is None:
        return None
    changed = remedy.last is None or (found.verdict, found.reasons) != (remedy.last.verdict, remedy.last.reasons)
    remedy.was_shown = found.shown
    remedy.was_effective = remedy.was_effective or found.verdict == "EFFECTIVE"
    due = remedy.again_on is not None and on >= remedy.again_on
    if not changed and not due and not final:
        return None
    remedy.last = found
    title = world.book.title(remedy.series)
    words = sentence(title, state.card.name, trial, found)
    return VerdictLine(on, remedy, trial, (first, last), found, by_exposure, rules.version, words)


def _trial(world: World, state: SiteState, remedy: Remedy, first: int, last: int) -> tuple[Trial, bool]:
    rules = world.rules(last).verdict
    start = max(remedy.line.day - 7 * rules.baseline_weeks_max, monday_of(int(world.panel.starts[state.number])))
    base, since = remedy.baseline, (first, last)
    by_exposure = all(
        world.weight(state, *span, True) is not None for span in (base, since, (min(start, base[0]), base[1]))
    )
    tally = _Tally(world, state, by_exposure)
    series, peak = remedy.series, max(remedy.line.day - 7 * rules.peak_weeks, start)
    past = (min(start, base[0]), remedy.line.day - 1)
    late = max(first, last - 7 * rules.relapse_weeks + 1)
    enough = late - first >= 7 * LATE_WEEKS_MIN
    lapsed = any(_same_subject(reading, remedy) for _, reading in state.logged("lapse", remedy.line.day, last))
    elsewhere = _elsewhere(world, state, remedy, base, since) if series.asset is None and not series.person else None
    trial = Trial(
        before=tally.of(series, base),
        after=tally.of(series, since),
        risen=remedy.risen,
        days_after=last - remedy.line.day + 1,
        weeks_after=(last - first + 1) / 7,
        others_before=tally.others(series, past),
        others_after=tally.others(series, since),
        long_run=None if remedy.risen else tally.of(series, (base[0], peak - 1)),
        peak=None if remedy.risen else tally.of(series, (peak, remedy.line.day - 1)),
        harm_before=tally.harm(series, past),
        harm_after=tally.harm(series, since),
        severe_harm_after=tally.severe_harm(series, since),
        elsewhere_before=elsewhere[0] if elsewhere else None,
        elsewhere_after=elsewhere[1] if elsewhere else None,
        early=tally.of(series, (first, late - 1)) if enough else None,
        late=tally.of(series, (late, last)) if enough else None,
        lapsed=lapsed,
        was_effective=remedy.was_effective,
        was_shown=remedy.was_shown,
    )
    return trial, by_exposure


def _same_subject(reading: LogReading, remedy: Remedy) -> bool:
    mine = remedy.reading
    if not reading.domains and not reading.assets:
        return True
    return bool(set(reading.domains) & set(mine.domains) or set(reading.assets) & set(mine.assets))


def _elsewhere(
    world: World, state: SiteState, remedy: Remedy, base: tuple[int, int], since: tuple[int, int]
) -> tuple[Count, Count] | None:
    """Count the series at the other sites over the same weeks: a season that ends everywhere is no remedy's work."""
    before = after = 0
    for other in world.states.values():
        if other is state or int(world.panel.starts[other.number]) > week_of(base[0]):
            continue
        if not _has_story(other, remedy.series, since[1]):
            before += len(other.evidence(remedy.series, *base))
            after += len(other.evidence(remedy.series, *since))
    weeks = ((base[1] - base[0] + 1) / 7, (since[1] - since[0] + 1) / 7)
    return (Count(before, weeks[0]), Count(after, weeks[1])) if before else None


def _has_story(other: SiteState, series: Series, last: int) -> bool:
    """Tell whether another site has a rise or a remedy of its own in the series, so that it is no yardstick."""
    risen = any(set(signal.series.domains) & set(series.domains) for signal in (*other.open.values(), *other.past))
    return risen or any(reading.concerns(series) for _, reading in other.logged("remedy", 0, last))


class _Tally:
    """Counts of one site with one kind of weight."""

    def __init__(self, world: World, state: SiteState, by_exposure: bool) -> None:
        self._world, self._state, self._by_exposure = world, state, by_exposure

    def of(self, series: Series, span: tuple[int, int]) -> Count:
        return self._count(len(self._state.evidence(series, *span)), span)

    def others(self, series: Series, span: tuple[int, int]) -> Count:
        return self._count(sum(not series.has(fact) for fact in self._state.between(*span)), span)

    def harm(self, series: Series, span: tuple[int, int]) -> Count:
        return self._count(sum(self._harmed(series, fact) for fact in self._state.between(*span)), span)

    def severe_harm(self, series: Series, span: tuple[int, int]) -> int:
        return sum(fact.harm and fact.severity in ("severe", "death") for fact in self._state.evidence(series, *span))

    def _harmed(self, series: Series, fact: ReportFact) -> bool:
        return fact.harm and (series.has(fact) or bool(set(series.domains) & set(fact.domains)))

    def _count(self, events: int, span: tuple[int, int]) -> Count:
        if span[1] < span[0]:
            return Count(events, 0.0)
        return Count(events, self._world.weight(self._state, *span, self._by_exposure) or 0.0)
