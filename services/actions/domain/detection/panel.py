"""Weekly counts and exposure of all sites of a provider as arrays; what they mean is decided elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from services.actions.domain.detection.facts import ExposureWeek, ReportFact, week_of

__all__ = ["Floats", "Panel", "Windows"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

WEEKS_KEPT = 72
"""More than `DAYS_KEPT`, so that a whole baseline lies behind the longest window."""
NOT_YET = 2**40
RECENT_WEEKS = 3
UNITS = ("occupied_bed_days", "visits", "care_hours", "supported_person_days", "attendances")
"""Where a site tells several units, the first of these is taken, and others by the alphabet."""
EVERY_SERIES = slice(None)


@dataclass(frozen=True, slots=True)
class Windows:
    """Counts of the last weeks against the weeks before, by site, series and length of the window.

    Attributes:
        sizes: The lengths in weeks.
        observed: Events in the window [site, series, size].
        weight: Exposure of the window, or weeks where it is not known [site, size].
        before: Events of the baseline [site, series, size].
        weight_before: Exposure or weeks of the baseline [site, series, size].
        weeks_before: Weeks of the baseline [site, size].
        by_exposure: Whether the site's weights are exposure [site].
    """

    sizes: Sequence[int]
    observed: Floats
    weight: Floats
    before: Floats
    weight_before: Floats
    weeks_before: Floats
    by_exposure: Flags


def _rank(unit: str) -> tuple[int, str]:
    return (UNITS.index(unit) if unit in UNITS else len(UNITS), unit)


class Panel:
    """The arrays, for the weeks that are kept.

    Args:
        sites: How many sites.
        series: How many series.
        first_week: The first week that anything can lie in.
    """

    def __init__(self, sites: int, series: int, first_week: int) -> None:
        shape = 2 * WEEKS_KEPT
        self._first = first_week
        self.counts: Floats = np.zeros((sites, series, shape))
        self.usual: Flags = np.ones((sites, series, shape), dtype=bool)
        self.serious: Floats = np.zeros((sites, shape))
        self.exposure: Floats = np.full((sites, shape), np.nan)
        self.accidents: Floats = np.full((sites, shape), np.nan)
        self.starts = np.full(sites, NOT_YET)
        self._units: dict[int, str] = {}

    def add(self, site: int, fact: ReportFact, sign: int = 1) -> None:
        """Count a report, or take it back.

        Args:
            site: The site's number.
            fact: The report; its labels at the time, if it is taken back.
            sign: 1 to count, -1 to take back.
        """
        week = week_of(fact.day)
        self.starts[site] = min(self.starts[site], week)
        place = self._place(week)
        if place < 0:
            return
        self.counts[site, list(fact.rows), place] += sign
        if fact.serious:
            self.serious[site, place] += sign

    def expose(self, site: int, row: ExposureWeek) -> None:
        """Take in a week's exposure; a unit that says more replaces another, whose weeks are then unknown."""
        self.starts[site] = min(self.starts[site], row.week)
        place = self._place(row.week)
        if place < 0:
            return
        known = self._units.setdefault(site, row.unit)
        if _rank(row.unit) > _rank(known):
            return
        if row.unit != known:
            self._units[site] = row.unit
            self.exposure[site] = np.nan
        self.exposure[site, place] = np.nan if row.value is None else row.value
        self.accidents[site, place] = np.nan if row.accidents is None else row.accidents

    def unit(self, site: int) -> str | None:
        """Return the unit that a site's exposure is told in; None where none is known."""
        return self._units.get(site)

    def mark_unusual(self, site: int, series: int, first: int, last: int) -> None:
        """Leave weeks out of the baseline of a series, since a signal has spoken of them."""
        low, high = self._place(first), self._place(last)
        self.usual[site, series, max(low, 0) : max(high + 1, 0)] = False

    def windows(self, now: int, sizes: Sequence[int], baseline_max: int, series: slice = EVERY_SERIES) -> Windows:
        """Sum windows that end with a week, and the baseline before each.

        A site is weighed by exposure where it is known for the last weeks and for some before; weeks without
        exposure are then left out with their counts. Else every week weighs the same.

        Args:
            now: The last week of the windows.
            sizes: Lengths in weeks.
            baseline_max: Weeks of baseline at most.
            series: Which series.
        """
        width = min(baseline_max + max(sizes), WEEKS_KEPT)
        weeks, part = self._slice(now, width)
        by_exposure = self.by_exposure(now)
        alive = weeks[None, :] >= self.starts[:, None]
        exposure = self.exposure[:, part]
        known = ~np.isnan(exposure)
        counted = np.where(by_exposure[:, None], known, True) & alive
        weight = np.where(by_exposure[:, None], np.where(known, exposure, 0.0), 1.0) * counted
        counts = self.counts[:, series, part] * counted[:, None, :]
        usual = self.usual[:, series, part]
        plain, weighed = counts * usual, weight[:, None, :] * usual
        total, total_weight, total_weeks = plain.sum(-1), weighed.sum(-1), counted.sum(-1)
        observed, before, weight_before = [], [], []
        for size in sizes:
            observed.append(counts[..., -size:].sum(-1))
            before.append(total - plain[..., -size:].sum(-1))
            weight_before.append(np.maximum(total_weight - weighed[..., -size:].sum(-1), 0.0))
        return Windows(
            sizes=sizes,
            observed=np.stack(observed, -1),
            weight=np.stack([weight[:, -size:].sum(-1) for size in sizes], -1),
            before=np.stack(before, -1),
            weight_before=np.stack(weight_before, -1),
            weeks_before=np.stack([total_weeks - counted[:, -size:].sum(-1) for size in sizes], -1).astype(float),
            by_exposure=by_exposure,
        )

    def by_exposure(self, now: int) -> Flags:
        """Tell for each site whether its exposure is known well enough to weigh by it."""
        _, part = self._slice(now, WEEKS_KEPT)
        known = ~np.isnan(self.exposure[:, part])
        return np.asarray(known[:, -RECENT_WEEKS:].all(-1) & (known.sum(-1) >= RECENT_WEEKS + 2))

    def weight_between(self, site: int, first: int, last: int, by_exposure: bool) -> float | None:
        """Sum the weight of a span of days of one site; a week that lies half in it counts by its days.

        Args:
            site: The site's number.
            first: First day.
            last: Last day.
            by_exposure: Whether to weigh by exposure, else by weeks.

        Returns:
            Exposure or weeks; None where exposure of a day is not known.
        """
        if last < first:
            return 0.0
        if not by_exposure:
            return (last - first + 1) / 7
        total = 0.0
        for week in range(week_of(first), week_of(last) + 1):
            place = self._place(week)
            value = self.exposure[site, place] if place >= 0 else np.nan
            if np.isnan(value):
                return None
            days = min(last, week * 7 + 7) - max(first, week * 7 + 1) + 1
            total += float(value) * days / 7
        return total

    def spans(self, site: int, now: int, width: int) -> tuple[Floats, Floats, Floats]:
        """Return exposure, serious reports and accidents of a site's last weeks; nan before its first week."""
        weeks, part = self._slice(now, width)
        serious = np.where(weeks >= self.starts[site], self.serious[site, part], np.nan)
        return self.exposure[site, part], serious, self.accidents[site, part]

    def _slice(self, now: int, width: int) -> tuple[npt.NDArray[np.int64], slice]:
        end = self._place(now) + 1
        while end < width:
            self._shift(-WEEKS_KEPT)
            end = self._place(now) + 1
        return np.arange(now - width + 1, now + 1), slice(end - width, end)

    def _place(self, week: int) -> int:
        """Return where a week stands; the arrays move on when a later week comes."""
        while week - self._first >= self.exposure.shape[1]:
            self._shift(WEEKS_KEPT)
        return week - self._first

    def _shift(self, weeks: int) -> None:
        empty: tuple[tuple[Any, Any], ...] = (
            (self.counts, 0.0), (self.usual, True), (self.serious, 0.0), (self.exposure, np.nan),
            (self.accidents, np.nan),
        )  # fmt: skip
        for array, nothing in empty:
            if weeks > 0:
                array[..., :-weeks] = array[..., weeks:].copy()
                array[..., -weeks:] = nothing
            else:
                array[..., -weeks:] = array[..., :weeks].copy()
                array[..., :-weeks] = nothing
        self._first += weeks
