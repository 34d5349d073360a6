"""How much care was delivered at a site in a week: the denominator of its rates, never guessed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.kernel.clock import week_start

MAIN_UNITS = ("occupied_bed_days", "visits", "care_hours", "supported_person_days", "attendances")
UNITS_OF_SETTING = {
    "residential": ("occupied_bed_days",),
    "nursing": ("occupied_bed_days",),
    "domiciliary": ("visits", "care_hours"),
    "supported_living": ("supported_person_days", "care_hours"),
    "extra_care": ("care_hours", "visits", "supported_person_days"),
    "day_service": ("attendances",),
}
"""Which unit a kind of service is measured by, best first; the first one that covers the week is taken."""


@dataclass(frozen=True)
class Period:
    """Care delivered from one day to another, both included."""

    unit: str
    start: date
    end: date
    value: float


def week_within(start: date, end: date) -> date | None:
    """Return the Monday of the week that a period lies in; None where it reaches over a week's end."""
    monday = week_start(start)
    return monday if start <= end <= monday + timedelta(days=6) else None


def exposure_of_week(week: date, periods: Sequence[Period], setting: str | None) -> tuple[float, str] | None:
    """Return the week's exposure and its unit.

    A month is not divided into weeks: that would be a guess.

    Args:
        week: A Monday.
        periods: What was recorded for the site and lies within the week.
        setting: The kind of service in that week; None where it is not known yet.

    Returns:
        Value and unit of the first main unit whose periods cover all seven days once; None where none does.
    """
    for unit in UNITS_OF_SETTING.get(setting or "", MAIN_UNITS):
        value = _covered(week, [period for period in periods if period.unit == unit])
        if value is not None:
            return value, unit
    return None


def _covered(week: date, periods: Sequence[Period]) -> float | None:
    sunday = week + timedelta(days=6)
    for period in periods:
        if (period.start, period.end) == (week, sunday):
            return period.value
    day = week
    for period in sorted(periods, key=lambda p: p.start):
        if period.start != day:
            return None
        day = period.end + timedelta(days=1)
    return math.fsum(period.value for period in periods) if day == sunday + timedelta(days=1) else None
