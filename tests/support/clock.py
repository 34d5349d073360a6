"""One day for a whole run: tests that speak of today mean the same day, however long the run takes."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from shared.kernel.clock import LONDON, Clock, SystemClock, london_date, monotonic_s


class DayOfTheRun:
    """A clock that goes on from noon of the day on which the run began; midnight does not come between two tests.

    It moves as real time does, so what waits and expires does so here too. Only the day and the hour are its own.

    Args:
        began: The moment at which the run began, timezone-aware.
    """

    __slots__ = ("_noon", "_start_s")  # all tests of a run share one: none may leave another `now` in it

    def __init__(self, began: datetime) -> None:
        self._noon = datetime.combine(london_date(began), time(12), LONDON).astimezone(began.tzinfo)
        self._start_s = monotonic_s()

    def now(self) -> datetime:
        """Return noon of the day and the time since then, in UTC, cut to the millisecond."""
        return self._noon + timedelta(milliseconds=int((monotonic_s() - self._start_s) * 1_000))


CLOCK: Clock = DayOfTheRun(SystemClock().now())
TODAY = london_date(CLOCK.now())
