"""The rule of bunches with a cycle: reports that come on the same days of every so many days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.actions.domain.detection.chances import as_many
from services.actions.domain.detection.facts import monday_of
from services.actions.domain.detection.panel import Floats
from services.actions.domain.detection.rising import explained, world_speaking
from services.actions.domain.detection.signals import Figures, Signal
from services.actions.domain.detection.site_state import SiteState
from services.actions.domain.detection.world import World, ids_of
from shared.taxonomy.detection_rules import BunchingNumbers

__all__ = ["Cycles", "review_bunches"]

CAP = 3
"""Events of one bunch that count at most, so that one bad day does not make a cycle."""
BUNCHES_MIN = 3


class Cycles:
    """Which days of the last weeks lie in which phase of which period, made once for the rule's numbers.

    A cell is one phase of one period.

    Args:
        rules: Weeks, periods and widths.
    """

    def __init__(self, rules: BunchingNumbers) -> None:
        self.days = rules.weeks * 7
        self.period: list[int] = []
        self.phase: list[int] = []
        following, columns = [], []
        for period in range(rules.period_min_days, rules.period_max_days + 1):
            start = len(self.period)
            columns.append(start + np.arange(self.days) % period)
            following += [start + (phase + 1) % period for phase in range(period)]
            self.period += [period] * period
            self.phase += range(period)
        self.following: npt.NDArray[np.int64] = np.array(following)
        self._cells: npt.NDArray[np.int64] = np.stack(columns, 1)

    def sums(self, at: npt.NDArray[np.int64], weights: Floats) -> Floats:
        """Sum weights of days by cell.

        Args:
            at: Days, from 0.
            weights: One for each.
        """
        cells = self._cells[at]
        spread = np.repeat(weights, cells.shape[1])
        return np.bincount(cells.ravel(), weights=spread, minlength=len(self.period)).astype(float)


@dataclass(frozen=True, slots=True)
class Bunch:
    """A cycle: its days since the window's first are `(day - phase) % period < width`."""

    p: float
    number: int
    period: int
    phase: int
    width: int
    expected: float


def review_bunches(world: World, state: SiteState, cycles: Cycles, now: int, on: int) -> None:
    """Look for bunches at a site, and follow the known ones.

    Args:
        world: The provider.
        state: The site.
        cycles: Made for the rule's numbers.
        now: The week that ended.
        on: The day of review.
    """
    last = monday_of(now) + 6
    first = last - cycles.days + 1
    for signal in [s for s in state.open.values() if s.kind == "periodic_bunching"]:
        _follow(world, state, signal, last, on)
    facts = state.between(first, last)
    rules = world.rules(on).bunching
    if len(facts) < rules.min_events:
        return
    speaking = world_speaking(world, state, on)
    left = [fact for fact in facts if not any(explained(fact, signal) for signal in speaking)]
    singles = 1 + len(world.data.titles) + len(world.data.pairs)
    counts = np.zeros((singles, cycles.days))
    for fact in left:
        for row in fact.rows:
            if row < singles:
                counts[row, fact.day - first] += 1
    numbers = np.nonzero(counts.sum(1) >= rules.min_events)[0]
    if not len(numbers):
        return
    profile = _profile(world, state, first, last)
    bunch = _best(counts[numbers], numbers, cycles, profile, rules)
    if bunch is not None:
        _raise(world, state, bunch, first, last, on)


def _profile(world: World, state: SiteState, first: int, last: int) -> Floats:
    """Return how much of the reports each day would have if only the day of the week mattered."""
    start = max(first, monday_of(int(world.panel.starts[state.number])))
    weekday = np.array(world.weekdays)
    day = np.arange(first, last + 1)
    weight = np.where(day >= start, weekday[(day - 1) % 7], 0.0)
    return np.asarray(weight / weight.sum())


def _best(
    counts: Floats, numbers: npt.NDArray[np.int64], cycles: Cycles, profile: Floats, rules: BunchingNumbers
) -> Bunch | None:
    total = counts.sum(1)
    here = np.stack([cycles.sums(np.nonzero(row)[0], row[row > 0]) for row in counts], 1)
    share = cycles.sums(np.arange(cycles.days), profile)
    found: list[Bunch] = []
    seen, even = here, share
    nearby, near_even = here, share
    for width in range(1, rules.width_max_days + 1):
        if width > 1:
            nearby, near_even = nearby[cycles.following], near_even[cycles.following]
            seen, even = seen + nearby, even + near_even
        expected = even[:, None] * total[None, :]
        spread = np.sqrt(np.maximum(expected * (1 - even[:, None]), 1e-9))
        for cell, series in zip(*np.nonzero((seen - expected > 4 * spread) & (seen >= 6)), strict=True):
            bunch = _tested(counts[series], int(numbers[series]), int(cell), width, cycles, float(even[cell]), rules)
            if bunch is not None:
                found.append(bunch)
    return min(found, key=lambda bunch: (bunch.p, bunch.number, bunch.period, bunch.width, bunch.phase), default=None)


def _tested(
    counts: Floats, number: int, cell: int, width: int, cycles: Cycles, even: float, rules: BunchingNumbers
) -> Bunch | None:
    period, phase = cycles.period[cell], cycles.phase[cell]
    at = np.nonzero(counts)[0]
    inside = (at - phase) % period < width
    rounds = (at[inside] - phase) // period
    per_round = np.bincount(rounds - rounds.min(), weights=counts[at[inside]])
    hit = int((per_round > 0).sum())
    if (
        hit < rules.min_cycles
        or hit < rules.min_share_of_cycles * len(per_round)
        or (per_round > 1).sum() < BUNCHES_MIN
    ):
        return None
    capped = np.minimum(per_round, CAP).sum()
    outside = counts.sum() - counts[at[inside]].sum()
    p = float(as_many(capped, outside, even))
    if p > rules.alpha:
        return None
    return Bunch(p, number, period, phase, width, even * float(counts.sum()))


def _raise(world: World, state: SiteState, bunch: Bunch, first: int, last: int, on: int) -> None:
    series = world.book.series[bunch.number]
    if any(s.kind == "periodic_bunching" for s in state.open.values()):
        return
    phase = first + bunch.phase
    evidence = [f for f in state.evidence(series, first, last) if (f.day - phase) % bunch.period < bunch.width]
    figures = Figures(evidence[0].day, last, bunch.expected, None, ids_of(evidence))
    world.raise_periodic(state, series, figures, on, bunch.period, phase, bunch.width)


def _follow(world: World, state: SiteState, signal: Signal, last: int, on: int) -> None:
    assert signal.period_days is not None
    evidence = [fact for fact in state.evidence(signal.series, signal.began, last) if explained(fact, signal)]
    figures = Figures(signal.began, last, signal.figures.expected, None, ids_of(evidence))
    if not evidence or evidence[-1].day < last - 2 * signal.period_days - signal.width_days:
        world.close(signal, figures, on)
    elif set(figures.report_ids) - set(signal.figures.report_ids):
        share = signal.strength
        total = len(state.evidence(signal.series, signal.began, last))
        world.say(signal, Figures(signal.began, last, share * total, None, ids_of(evidence)), "updated", on)
