"""When it happened and when it was told: exact moments, days, and the reporter's own words for a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from shared.kernel.clock import LONDON, london_date, start_of_day
from shared.kernel.errors import Fault

MINUTE: Final = "minute"
DAY: Final = "day"
BAND: Final = "band"
BANDS = ("now", "this_shift", "at_handover", "earlier")
CLOCKS_DIFFER = timedelta(minutes=5)
"""So far ahead of ours may the clock of a sender be."""
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
    """Read an ISO 8601 date or time; a time without a zone is English local time (the earlier one when clocks go back).

    Args:
        value: Such as 2025-11-03, 2025-11-03T14:30 or 2025-11-03T14:30:00Z.

    Raises:
        ValueError: it is neither; the message says what is expected.
    """
    text = value.strip()
    try:
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
            "is no date or time: give 2025-11-03, or 2025-11-03T14:30 with or without a zone (without: English time)"
        ) from None


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
