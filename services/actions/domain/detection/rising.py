"""The rules of rising series: one series that rose, or more reporting across domains; sharing sites are elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.actions.domain.detection.chances import as_many
from services.actions.domain.detection.facts import ReportFact, week_of
from services.actions.domain.detection.look import Look
from services.actions.domain.detection.one_series import ALL, Series
from services.actions.domain.detection.signals import Figures, Signal
from services.actions.domain.detection.site_state import SiteState
from services.actions.domain.detection.world import Basis, World, ids_of, span_of
from shared.taxonomy.detection_rules import RisingNumbers

__all__ = ["review_rises"]

RISES = ("rising_rate", "cluster_after_change", "shared_season", "reporting_increase")
THEME_HANDICAP = 3.0
"""A theme must be so much less likely than its domains before it is told in their place."""
OTHERS_MIN = 5
SERIOUS_P, DRIVE_SERIOUS_P = 0.1, 0.01
"""Below it serious reports have risen too, so that more reporting is not all; after a reporting drive it takes more."""
SERIOUS_WEEKS = 60
LOGS_DAYS = 28
SAME_SHARE = 0.8
"""A pair of domains that holds this share of a rise tells it better than one domain, or a domain and a factor."""
BEFORE_DAYS = 14
SINCE_MIN, SINCE_SHARE = 3, 0.6
"""A rise follows a change where so many of its reports, and this share of them, were told since."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A series and the window in which it is least likely."""

    number: int
    series: Series
    size: int
    p: float
    expected: float
    share: float
    before: float


def review_rises(world: World, state: SiteState, look: Look, on: int) -> None:
    """Raise what rose at a site, the least likely first; what an open signal explains is not raised again.

    Args:
        world: The provider.
        state: The site.
        look: The week's look.
        on: The day of review.
    """
    rules = world.rules(on)
    drive = next(iter(state.logged("drive", on - 7 * rules.reporting.drive_weeks, on)), None)
    candidates = [_best(world, state, look, number) for number in np.nonzero(look.candidates[state.number])[0].tolist()]
    candidates.sort(key=lambda c: (c.p * (THEME_HANDICAP if c.series.kind == "theme" else 1), c.number))
    # What rises everywhere at once is told first, or its parts would be told as rises of their own.
    _raise_all(world, state, look, on, drive[0].day if drive else None, broad_only=True)
    told_more = f"reporting_increase|{state.card.site}|all" in state.open or drive is not None
    for candidate in candidates:
        if candidate.series != ALL:
            _raise_one(world, state, look, on, _told_as(state, look, candidate, candidates), told_more)
    _raise_all(world, state, look, on, drive[0].day if drive else None, broad_only=False)


def _best(world: World, state: SiteState, look: Look, number: int) -> Candidate:
    at = int(look.p[state.number, number].argmin())
    windows, prior_weight = look.windows, look.prior_weight[state.number, number, at]
    weight = windows.weight[state.number, at]
    before_weight = windows.weight_before[state.number, number, at] + prior_weight
    return Candidate(
        number=int(number),
        series=world.book.series[number],
        size=windows.sizes[at],
        p=float(look.p[state.number, number, at]),
        expected=float(look.expected[state.number, number, at]),
        share=float(weight / (weight + before_weight)),
        before=float(windows.before[state.number, number, at] + look.prior[state.number, number, at]),
    )


def _told_as(state: SiteState, look: Look, found: Candidate, others: Sequence[Candidate]) -> Candidate:
    """Return the pair of domains that says where nearly all of a rise lies, else the rise as it was found."""
    evidence = {fact.report_id for fact in state.evidence(found.series, *span_of(look.now, found.size))}
    for other in others:
        if len(other.series.domains) > 1 and other.series.kind == "pair" and other is not found:
            shared = state.evidence(other.series, *span_of(look.now, found.size))
            if len(evidence & {fact.report_id for fact in shared}) >= SAME_SHARE * len(evidence):
                return other
    return found


def _raise_one(world: World, state: SiteState, look: Look, on: int, found: Candidate, drive: bool) -> None:
    rules = world.rules(on)
    if any(f"{kind}|{state.card.site}|{found.series.name}" in state.open for kind in RISES):
        return
    first, last = span_of(look.now, found.size)
    evidence = state.evidence(found.series, first, last)
    if len({fact.day for fact in evidence}) < rules.rising.min_days:
        return
    if not _beyond_one_week(found, evidence, rules.rising):
        return
    speaking = world_speaking(world, state, on)
    residual = rules.rising.residual_alpha * float(look.ease[state.number])
    if speaking and not _remains(state, found, first, last, speaking, rules.rising, residual):
        return
    level = rules.reporting.drive_share_alpha if drive else rules.rising.share_alpha
    if _share_p(world, state, look, found, speaking, first, last) > level:
        return
    changes = [line.day for line, _ in state.logged("change", first - LOGS_DAYS, last)]
    basis = basis_of(state, look, found)
    figures = figures_of(world, state, found, evidence, look)
    changed_on = _follows_change(state, found, evidence, first, last)
    if changed_on is None:
        world.raise_signal("rising_rate", state, found.series, figures, on, basis, changes)
        return
    since = [fact for fact in evidence if fact.day >= changed_on]
    begun = max(changed_on, first)
    weight = world.weight(state, begun, last, basis.by_exposure)
    expected = basis.rate * weight if weight is not None else None
    figures = Figures(begun, last, expected, weight if basis.by_exposure else None, ids_of(since))
    world.raise_signal("cluster_after_change", state, found.series, figures, on, basis, [changed_on])


def _follows_change(
    state: SiteState, found: Candidate, evidence: Sequence[ReportFact], first: int, last: int
) -> int | None:
    """Return the day of a change after which most of a rise was told, if it would show in the series; else None."""
    for line, reading in state.logged("change", first - BEFORE_DAYS, last):
        since = sum(fact.day >= line.day for fact in evidence)
        near = set(found.series.domains) <= reading.shows_in
        if near and since >= SINCE_MIN and since >= SINCE_SHARE * len(evidence):
            return line.day
    return None


def world_speaking(world: World, state: SiteState, on: int) -> list[Signal]:
    """Return the signals that already speak of the site's reports, shared ones included."""
    return state.speaking(on, world.shared)


def explained(fact: ReportFact, signal: Signal) -> bool:
    """Tell whether a signal already speaks of a report."""
    if fact.day < signal.began or (signal.closed_on is not None and fact.day > signal.to_day):
        return False
    if signal.period_days is not None:
        return signal.series.has(fact) and (fact.day - signal.phase) % signal.period_days < signal.width_days
    return signal.series.has(fact)


def _remains(
    state: SiteState,
    found: Candidate,
    first: int,
    last: int,
    speaking: Sequence[Signal],
    rules: RisingNumbers,
    level: float,
) -> bool:
    """Tell whether the rise stands without the reports that open signals speak of."""
    evidence = state.evidence(found.series, first, last)
    left = [fact for fact in evidence if not any(explained(fact, signal) for signal in speaking)]
    if len(left) == len(evidence):
        return True
    if len(left) < rules.min_observed:
        return False
    earlier = state.evidence(found.series, first - 7 * rules.baseline_weeks_max, first - 1)
    gone = sum(any(explained(fact, signal) for signal in speaking) for fact in earlier)
    # A broad series is compared with all of its own past: what is left of it must have risen by itself.
    p = float(as_many(len(left), max(found.before - gone, 0.0), found.share))
    return p <= level


def _beyond_one_week(found: Candidate, evidence: Sequence[ReportFact], rules: RisingNumbers) -> bool:
    """Tell whether the rise stands without its busiest week: one bad week, or one event told often, is no trend."""
    if found.size < 2:
        return False
    weeks = Counter(week_of(fact.day) for fact in evidence)
    left = len(evidence) - max(weeks.values())
    part = (found.size - 1) / found.size
    share = found.share * part / (found.share * part + 1 - found.share)
    return float(as_many(left, found.before, share)) <= rules.without_top_alpha


def _share_p(
    world: World, state: SiteState, look: Look, found: Candidate, speaking: Sequence[Signal], first: int, last: int
) -> float:
    """Return how likely the series' share of the site's reports is, given its share before."""
    inside, outside = 0, 0
    series = found.series
    for fact in state.between(first - 7 * world.rules(last).rising.baseline_weeks_max, last):
        if series.has(fact) or any(explained(fact, signal) for signal in speaking):
            continue
        if fact.day >= first:
            inside += 1
        else:
            outside += 1
    if outside < OTHERS_MIN:
        return 0.0
    at = look.windows.sizes.index(found.size)
    observed = look.windows.observed[state.number, found.number, at]
    own = look.windows.before[state.number, found.number, at]
    return float(as_many(observed, own, (inside + 1) / (inside + outside + 2)))


def basis_of(state: SiteState, look: Look, found: Candidate) -> Basis:
    """Return what the expectation of a candidate rests on."""
    at = look.windows.sizes.index(found.size)
    weight = float(look.windows.weight[state.number, at])
    return Basis(
        rate=found.expected / weight,
        strength=found.before,
        by_exposure=bool(look.windows.by_exposure[state.number]),
        weeks=float(look.windows.weeks_before[state.number, at]),
    )


def figures_of(world: World, state: SiteState, found: Candidate, evidence: Sequence[ReportFact], look: Look) -> Figures:
    """Return a candidate's figures for its line."""
    first, last = span_of(look.now, found.size)
    by_exposure = bool(look.windows.by_exposure[state.number])
    weight = world.weight(state, first, last, by_exposure) if by_exposure else None
    return Figures(first, last, found.expected, weight, ids_of(evidence))


def _raise_all(world: World, state: SiteState, look: Look, on: int, drive: int | None, *, broad_only: bool) -> None:
    rules = world.rules(on)
    if any(f"{kind}|{state.card.site}|all" in state.open for kind in RISES):
        return
    found = _best(world, state, look, 0)
    level = rules.reporting.drive_alpha if drive is not None else rules.rising.alpha_all
    first, last = span_of(look.now, found.size)
    level *= float(look.ease[state.number])
    if found.p > level or (drive is not None and last < drive):
        return
    speaking = world_speaking(world, state, on)
    residual = rules.rising.residual_alpha * float(look.ease[state.number])
    if speaking and not _remains(state, found, first, last, speaking, rules.rising, residual):
        return
    evidence = state.evidence(ALL, first, last)
    if len({fact.day for fact in evidence}) < rules.rising.min_days:
        return
    if drive is None and not _beyond_one_week(found, evidence, rules.rising):
        return
    kind = "rising_rate"
    level = DRIVE_SERIOUS_P if drive is not None else SERIOUS_P
    if (drive is not None or _broad(world, state, look, found)) and _serious_p(world, state, look, found) > level:
        kind = "reporting_increase"
    elif broad_only or found.p > rules.rising.alpha_all * float(look.ease[state.number]):
        return
    logs = [drive] if drive is not None and kind == "reporting_increase" else []
    logs += [line.day for line, _ in state.logged("change", first - LOGS_DAYS, last)]
    basis = basis_of(state, look, found)
    world.raise_signal(kind, state, ALL, figures_of(world, state, found, evidence, look), on, basis, logs)


def _broad(world: World, state: SiteState, look: Look, found: Candidate) -> bool:
    """Tell whether many domains gained, and no single one of them makes most of the gain."""
    rules = world.rules(look.now * 7 + 7).reporting
    at = look.windows.sizes.index(found.size)
    domains = slice(1, 1 + len(world.data.titles))
    seen, expected = look.windows.observed[state.number, domains, at], look.expected[state.number, domains, at]
    gain = np.where(np.isfinite(expected), seen - expected, 0.0)
    total = look.windows.observed[state.number, 0, at] - found.expected
    return bool((seen > 1.2 * expected).sum() >= rules.min_domains and gain.max() <= rules.top_share * total)


def _serious_p(world: World, state: SiteState, look: Look, found: Candidate) -> float:
    """Return how likely so many serious reports and accidents are where neither rose."""
    width = min(found.size + world.rules(look.now * 7 + 7).rising.baseline_weeks_max, SERIOUS_WEEKS)
    exposure, serious, accidents = world.panel.spans(state.number, look.now, width)
    weighed = np.where(np.isnan(exposure), 0.0, exposure) if look.windows.by_exposure[state.number] else None
    observed = before = expected = 0.0
    for counts in (serious, accidents):
        known = ~np.isnan(counts)
        weight = (np.ones_like(counts) if weighed is None else weighed) * known
        values = np.where(known, counts, 0.0)
        inside, outside = weight[-found.size :].sum(), weight[: -found.size].sum()
        if inside > 0 and outside > 0:
            observed += values[-found.size :].sum()
            before += values[: -found.size].sum()
            expected += values[: -found.size].sum() / outside * inside
    return float(as_many(observed, before, expected / (expected + before))) if before and observed else 1.0
