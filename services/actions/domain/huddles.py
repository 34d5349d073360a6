"""The huddle sheet of a month: with how many of each shift it was shared; numbers, never names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from shared.kernel.errors import Fault, Invalid
from shared.kernel.ids import derived_id

__all__ = ["SHIFTS", "STAFF_MAX", "Huddle", "ShiftTold", "huddle_id", "month_of", "shared_with"]

SHIFTS: Final = ("early", "late", "night", "twilight", "long_day", "office")
STAFF_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class ShiftTold:
    """How many of a shift's staff were told, and on which day."""

    shift: str
    told: int
    staff: int
    on: date


@dataclass(frozen=True, slots=True)
class Huddle:
    """The whole state of a site's sheet of a month; `version` goes up by one with every change.

    Attributes:
        month: The month's first day.
        learning_ids: The entries of the learning log that stood on the sheet when it was last shared.
        shifts: The newest word of each shift, in the order of SHIFTS.
    """

    huddle_id: str
    provider_id: str
    site_id: str
    version: int
    month: date
    learning_ids: tuple[str, ...] = ()
    shifts: tuple[ShiftTold, ...] = ()


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def huddle_id(provider_id: str, site_id: str, month: date) -> str:
    """Derive the id of a site's sheet of a month."""
    return derived_id(f"huddle|{provider_id}|{site_id}|{month:%Y-%m}")


def shared_with(huddle: Huddle, said: ShiftTold, learning_ids: Iterable[str], today: date) -> Huddle:
    """Note that the sheet was shared with a shift; a later word of the same shift replaces the earlier.

    Args:
        huddle: As it is stored, version 0 where nothing was said yet.
        said: The shift, how many were told, of how many, when.
        learning_ids: What stands on the sheet.
        today: The present day in England.

    Returns:
        The new state, or the known one where the same was said before.

    Raises:
        Invalid: names the number, the shift or the day that cannot be.
    """
    faults = []
    if said.shift not in SHIFTS:
        faults.append(Fault(f"must be one of {', '.join(SHIFTS)}", "shift"))
    if not 1 <= said.staff <= STAFF_MAX:
        faults.append(Fault(f"must be a whole number from 1 to {STAFF_MAX}", "staff"))
    elif not 0 <= said.told <= said.staff:
        faults.append(Fault(f"must be a whole number from 0 to {said.staff}, the shift's staff", "told"))
    if not huddle.month <= said.on <= today:
        faults.append(Fault(f"must be a day from {huddle.month} to {today}", "on"))
    if faults:
        raise Invalid("the sheet cannot have been shared so", tuple(faults))
    others = {known.shift: known for known in huddle.shifts}
    if others.get(said.shift) == said:
        return huddle
    others[said.shift] = said
    shifts = tuple(others[shift] for shift in SHIFTS if shift in others)
    return replace(huddle, version=huddle.version + 1, shifts=shifts, learning_ids=tuple(learning_ids))
