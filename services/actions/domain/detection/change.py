"""The rule of clusters after a change: what rose within weeks of a system, rota, manager or supplier being changed."""

from __future__ import annotations

from collections.abc import Iterator

from services.actions.domain.detection.chances import as_many
from services.actions.domain.detection.facts import LogLine, monday_of, week_of
from services.actions.domain.detection.log_lines import LogReading
from services.actions.domain.detection.one_series import Series
from services.actions.domain.detection.rising import RISES, explained, world_speaking
from services.actions.domain.detection.signals import Figures
from services.actions.domain.detection.site_state import SiteState
from services.actions.domain.detection.world import Basis, World, ids_of

__all__ = ["review_changes"]


def review_changes(world: World, state: SiteState, now: int, on: int) -> None:
    """Look at what was told since each change of the last weeks.

    Args:
        world: The provider.
        state: The site.
        now: The week that ended.
        on: The day of review.
    """
    last = monday_of(now) + 6
    weeks = world.rules(on).change.weeks
    for line, reading in list(state.logged("change", last - 7 * weeks - 6, last)):
        found = []
        for series, level in _asked(world, reading, on):
            for first in (line.day, line.day + 7):
                if first + 6 <= last and (test := _test(world, state, series, first, line, last, now)):
                    p, basis, figures = test
                    if p <= level:
                        found.append((p / level, series.name, series, basis, figures))
        for _, _, series, basis, figures in sorted(found, key=lambda item: item[:2]):
            _raise(world, state, series, basis, figures, line, on)


def _asked(world: World, reading: LogReading, on: int) -> Iterator[tuple[Series, float]]:
    """Yield the series in which a change would show, then the others at a stricter level."""
    rules = world.rules(on).change
    near = {domain for kind in reading.changes for domain in kind.domains} | set(reading.domains)
    level = rules.alpha if reading.shows_in else rules.alpha_unknown
    for series in world.book.series[1:]:
        if set(series.domains) <= near:
            yield series, level
        elif series.kind == "domain" and not reading.changes:
            yield series, rules.alpha_unknown


def _test(
    world: World, state: SiteState, series: Series, first: int, line: LogLine, last: int, now: int
) -> tuple[float, Basis, Figures] | None:
    rules = world.rules(last + 1).change
    evidence = state.evidence(series, first, last)
    if len(evidence) < rules.min_observed or len({fact.day for fact in evidence}) < 2:
        return None
    by_exposure = bool(world.panel.by_exposure(now)[state.number])
    start = max(line.day - 7 * rules.baseline_weeks_max, monday_of(int(world.panel.starts[state.number])))
    weight = world.weight(state, first, last, by_exposure)
    weight_before = world.weight(state, start, line.day - 1, by_exposure)
    if by_exposure and (weight is None or weight_before is None):
        by_exposure = False
        weight, weight_before = (last - first + 1) / 7, (line.day - start) / 7
    if not weight or not weight_before or line.day - start < 7 * rules.baseline_weeks_min:
        return None
    speaking = [signal for signal in world_speaking(world, state, last + 1) if signal.began < first]
    before = state.evidence(series, start, line.day - 1)
    left = [fact for fact in evidence if not any(explained(fact, signal) for signal in speaking)]
    kept = [fact for fact in before if not any(explained(fact, signal) for signal in speaking)]
    expected = len(kept) / weight_before * weight
    if len(left) < max(rules.min_observed, rules.min_ratio * expected):
        return None
    p = float(as_many(len(left), len(kept), weight / (weight + weight_before)))
    basis = Basis(expected / weight, float(len(kept)), by_exposure, (line.day - start) / 7)
    return p, basis, Figures(first, last, expected, weight if by_exposure else None, ids_of(left))


def _raise(
    world: World, state: SiteState, series: Series, basis: Basis, figures: Figures, line: LogLine, on: int
) -> None:
    if any(f"{kind}|{state.card.site}|{series.name}" in state.open for kind in RISES):
        return
    for signal in world_speaking(world, state, on):
        if set(figures.report_ids) & set(signal.figures.report_ids) and signal.began >= week_of(line.day) * 7 + 1 - 7:
            return
    world.raise_signal("cluster_after_change", state, series, figures, on, basis, [line.day])
