"""How much care was delivered between two days, or the honest answer that it is not known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Exposure:
    """Care delivered at a site in a period, both days included; the highest revision holds."""

    provider_id: str
    site_id: str
    unit: str
    period_start: date
    period_end: date
    value: float
    revision: int


def exposure_between(periods: Iterable[Exposure], unit: str, first: date, last: date, known_by: date) -> float | None:
    """Sum the exposure of a span of days; a period that lies half in it counts by its days.

    Args:
        periods: What was recorded of one site, in any units.
        unit: The unit asked for.
        first: First day of the span.
        last: Last day of the span.
        known_by: Only periods that ended by this day are known.

    Returns:
        The sum, or None where any day of the span is not covered exactly once: a missing week is never
        filled with a guess, and overlapping periods (weeks and months) are not counted twice.
    """
    total, covered = 0.0, set[int]()
    for period in periods:
        if period.unit != unit or period.period_end > known_by:
            continue
        start, end = max(first, period.period_start), min(last, period.period_end)
        if start > end:
            continue
        days = set(range(start.toordinal(), end.toordinal() + 1))
        if days & covered:
            return None
        covered |= days
        total += period.value * len(days) / ((period.period_end - period.period_start).days + 1)
    return total if len(covered) == (last - first).days + 1 else None
