"""Time: one source of now, and the calendar of England that all dates and weeks follow."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


class Clock(Protocol):
    """Where a use case takes the time from; tests give their own."""

    def now(self) -> datetime:
        """Return the present moment, timezone-aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment in UTC, cut to the millisecond, which is what MongoDB keeps."""
        moment = datetime.now(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class FixedClock:
    """A clock that stands still until it is moved; for tests and replay.

    Args:
        moment: The aware moment that it shows.
    """

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """Return the moment that was set."""
        return self.moment


def monotonic_s() -> float:
    """Return seconds of a clock that never goes back; only differences mean something."""
    return time.monotonic()


@lru_cache(maxsize=1_024)
def london_date(moment: datetime) -> date:
    """Return the calendar day in England at an aware moment."""
    return moment.astimezone(LONDON).date()


def week_start(day: date) -> date:
    """Return the Monday of the week that a day lies in."""
    return day - timedelta(days=day.weekday())


def start_of_day(day: date) -> datetime:
    """Return midnight in England at the start of a day, as an aware UTC moment."""
    return datetime(day.year, day.month, day.day, tzinfo=LONDON).astimezone(UTC)
