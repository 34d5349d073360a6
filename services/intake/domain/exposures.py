"""Exposure: how much care was delivered at a site in a period, the denominator of every rate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.intake.domain.rows import Cells, Row
from shared.kernel.errors import Fault

COLUMNS = ("site_id", "period_start", "period_end", "unit", "value", "basis")
BASES = ("counted", "estimated")
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Exposure:
    """Care delivered at a site in a period, both days included; revision 0 is not stored yet."""

    provider_id: str
    site_id: str
    period_start: date
    period_end: date
    unit: str
    value: float
    basis: str
    revision: int = 0

    @property
    def key(self) -> str:
        """Return what tells it from every other: provider, site, unit and first day."""
        return f"{self.provider_id}:{self.site_id}:{self.unit}:{self.period_start}"


@dataclass(frozen=True, slots=True)
class ExposureLine:
    """What one line says."""

    line: int
    exposure: Exposure


def read_exposures(rows: Iterable[Row], provider_id: str | None) -> tuple[list[ExposureLine], list[Fault]]:
    """Read exposure rows.

    Args:
        rows: Rows with COLUMNS, and `provider_id` where the sender is not bound to one.
        provider_id: The provider of rows that name none.

    Returns:
        What the good rows say, and the faults of the others by line and field.
    """
    told: list[ExposureLine] = []
    faults: list[Fault] = []
    for row in rows:
        cells = Cells(row)
        start, end = cells.day("period_start"), cells.day("period_end")
        if start is not None and end is not None:
            if end < start:
                cells.wrong("period_end", "is before period_start")
            elif end - start >= LONGEST:
                cells.wrong("period_end", f"makes a period of over {LONGEST.days} days: split it")
        exposure = Exposure(
            provider_id=cells.identifier("provider_id", optional=provider_id is not None) or provider_id or "",
            site_id=cells.identifier("site_id"),
            period_start=start or date.min,
            period_end=end or date.min,
            unit=cells.word("unit"),
            value=cells.amount("value"),
            basis=cells.one_of("basis", BASES),
        )
        if cells.faults:
            faults += cells.faults
        else:
            told.append(ExposureLine(row.line, exposure))
    return told, faults


def merge_exposure(stored: Exposure | None, told: Exposure) -> Exposure | None:
    """Return the next state; None where nothing differs."""
    revision = stored.revision if stored else 0
    following = replace(told, revision=revision + 1)
    return None if stored == replace(told, revision=revision) else following
