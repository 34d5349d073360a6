"""Exposure by the week, as the engine takes it, from periods of any length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from services.actions.domain.detection.facts import ExposureWeek, day_of, monday_of, week_of
from services.actions.domain.detection.panel import UNITS
from services.actions.domain.exposure import Exposure, exposure_between

__all__ = ["exposure_weeks"]

SIX_DAYS = timedelta(days=6)


def exposure_weeks(periods: Iterable[Exposure], began: date | None, until: date) -> list[ExposureWeek]:
    """Return the whole weeks whose exposure is known.

    Args:
        periods: What was recorded, of any sites; units that are no measure of care are passed over.
        began: The day of the provider's first report; None where there is none.
        until: Only weeks that ended by this day, and periods that did, are known.

    Returns:
        The weeks, in order of week, site and unit. Weeks before the first report are left out: exposure loaded for the
        time before anybody could report would make every beginning look like a rise.
    """
    if began is None:
        return []
    groups: dict[tuple[str, str], list[Exposure]] = defaultdict(list)
    for period in periods:
        if period.unit in UNITS and period.period_end <= until and period.period_end >= began:
            groups[period.site_id, period.unit].append(period)
    found = []
    for (site, unit), group in groups.items():
        for week, value in _weeks(group, unit, until):
            if week >= week_of(began.toordinal()):
                found.append(ExposureWeek(site, week, value, unit))
    return sorted(found, key=lambda row: (row.week, row.site, row.unit))


def _weeks(periods: Sequence[Exposure], unit: str, until: date) -> Iterable[tuple[int, float]]:
    """Yield the whole weeks of one site and unit."""
    plain = all(p.period_start.weekday() == 0 and p.period_end - p.period_start == SIX_DAYS for p in periods)
    if plain and len({period.period_start for period in periods}) == len(periods):
        yield from ((week_of(period.period_start.toordinal()), period.value) for period in periods)
        return
    first = week_of(min(period.period_start for period in periods).toordinal())
    for week in range(first, week_of(until.toordinal()) + 1):
        monday = day_of(monday_of(week))
        near = [p for p in periods if p.period_end >= monday and p.period_start <= monday + SIX_DAYS]
        value = exposure_between(near, unit, monday, monday + SIX_DAYS, until) if near else None
        if value is not None:
            yield week, value
