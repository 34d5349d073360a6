"""When it happened and when it was told: exact moments, days, and the reporter's own words for a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from services.intake.domain.artefacts import is_day_number
from shared.kernel.clock import LONDON, london_date, start_of_day
from shared.kernel.errors import Fault

MINUTE: Final = "minute"
DAY: Final = "day"
BAND: Final = "band"
BANDS = ("now", "this_shift", "at_handover", "earlier")
CLOCKS_DIFFER = timedelta(minutes=5)
"""So far ahead of ours may the clock of a sender be."""
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_UK = re.compile(
    r"(?P<day>\d{1,2})(?P<by>[/. -])(?P<month>\d{1,2}|[A-Za-z]{3,9})(?P=by)(?P<year>\d{4})"
    r"(?:[ T,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))? ?(?P<half>[ap]\.?m\.?)?)?",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?")


@dataclass(frozen=True, slots=True)
class Moment:
    """An aware UTC moment, to the millisecond, and how exact it is; a day is its first moment in England."""

    at: datetime
    precision: Literal["minute", "day"]


@dataclass(frozen=True, slots=True)
class Times:
    """A report's times as its state carries them."""

    occurred_at: datetime
    occurred_precision: str
    occurred_band: str | None
    reported_at: datetime


def parse_moment(value: str) -> Moment:
    """Read a date or time, in ISO 8601 or day first as in the United Kingdom.

    A time without a zone is English local time (the earlier one when clocks go back). An American date is read day
    first, too, and refused where that is no date: which of the two 03/04/2025 means, nobody can see.

    Args:
        value: Such as 2025-11-03, 2025-11-03T14:30, 2025-11-03T14:30:00Z, 03/11/2025, 3 Nov 2025 2:30pm.

    Raises:
        ValueError: it is neither; the message says what is expected.
    """
    text = value.strip()
    if is_day_number(text):
        raise ValueError("looks like a spreadsheet's number of a day: format the column as a date and save again")
    try:
        if found := _UK.fullmatch(text):
            text = _iso_of(found)
        if _DATE.fullmatch(text):
            return Moment(start_of_day(date.fromisoformat(text)), DAY)
        if not _MOMENT.fullmatch(text):
            raise ValueError
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=LONDON)
        moment = moment.astimezone(UTC)
        return Moment(moment.replace(microsecond=moment.microsecond // 1000 * 1000), MINUTE)
    except (ValueError, OverflowError):
        raise ValueError(
            "is no date or time: give 2025-11-03 or, day first, 03/11/2025, or 2025-11-03T14:30 with or without a zone "
            "(without: English time)"
        ) from None


def _iso_of(found: re.Match[str]) -> str:
    """Return a day-first date, and its time, in ISO 8601.

    Raises:
        ValueError: the month or the hour is none.
    """
    month = found["month"].lower()
    if not month.isdigit():
        fitting = [number for number, name in enumerate(MONTHS, 1) if name.startswith(month)]
        if len(fitting) != 1:
            raise ValueError
        month = str(fitting[0])
    day = f"{found['year']}-{month:0>2}-{found['day']:0>2}"
    if found["hour"] is None:
        return day
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if found["half"][0] in "pP" else 0)
    return f"{day}T{hour:02d}:{found['minute']}:{found['second'] or '00'}"


def settle_times(
    occurred: Moment | None, band: str | None, reported: Moment | None, received_at: datetime
) -> tuple[Times, list[Fault]]:
    """Work out a report's times from what was given.

    Nothing given means that it is told now. A band without a time is dated when it was told, with precision `band`.
    A day of telling without an hour is its first moment, or the occurrence where that was later on the same day.

    Args:
        occurred: When it happened.
        band: The reporter's word for when it happened, one of BANDS.
        reported: When staff told it; None for now.
        received_at: When it reached us.

    Returns:
        The times, and what is wrong with them.
    """
    if occurred is None and reported is None:
        return Times(received_at, BAND, band or "now", received_at), []
    faults = []
    latest = received_at + CLOCKS_DIFFER
    told = reported or Moment(received_at, MINUTE)
    if told.at > latest:
        faults.append(Fault("lies in the future", "reported_at"))
    if occurred is None:
        return Times(told.at, BAND, band or "now", told.at), faults
    if occurred.at > latest:
        faults.append(Fault("lies in the future", "occurred_at"))
    elif _after(occurred, told):
        faults.append(Fault("is after reported_at: it cannot be told before it happened", "occurred_at"))
    told_at = max(told.at, occurred.at) if told.precision == DAY else told.at
    return Times(occurred.at, occurred.precision, band, told_at), faults


def _after(occurred: Moment, told: Moment) -> bool:
    if DAY in (occurred.precision, told.precision):
        return london_date(occurred.at) > london_date(told.at)
    return occurred.at > told.at + CLOCKS_DIFFER
