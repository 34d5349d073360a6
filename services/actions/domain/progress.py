"""How far a provider's days have been reviewed, and which day comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from shared.kernel.clock import start_of_day

DAY = timedelta(days=1)
Targets = Mapping[tuple[str, int], int]
"""Next offset per topic and partition: what must have been read."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A provider's reviews so far.

    Attributes:
        last_day: The last day reviewed; None before the first review.
        replayed: Spans of days that a replay has gone through.
        targets: Where the inputs ended when they were looked at; None while nobody could say.
        asked_at: When that was first asked.
        stands_on: The day on which the calendar stands while more history is still to be replayed; None for today.
    """

    provider_id: str
    last_day: date | None = None
    replayed: tuple[tuple[date, date], ...] = ()
    targets: Targets | None = None
    asked_at: datetime | None = None
    stands_on: date | None = None

    def next_day(self, first_seen_on: date) -> date:
        """Return the day to review next; for a new provider the day on which it was first seen."""
        return self.last_day + DAY if self.last_day else first_seen_on

    def reviewed(self, day: date) -> Progress:
        """Note a day as reviewed; the days go on from the latest one."""
        return replace(self, last_day=max(day, self.last_day or day))

    def replayed_on(self, day: date) -> Progress:
        """Note a day as gone through by a replay."""
        spans = list(self.replayed)
        if spans and spans[-1][1] + DAY == day:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
        return replace(self.reviewed(day), replayed=tuple(spans))

    def standing(self, day: date | None) -> Progress:
        """Let the calendar stand on a day, or go on with the present one where none is named."""
        return replace(self, stands_on=day)

    def to_replay(self, first: date, last: date) -> list[date]:
        """Return the days of a span, in order, that no replay has gone through."""
        days = [first + number * DAY for number in range((last - first).days + 1)]
        return [day for day in days if not any(start <= day <= end for start, end in self.replayed)]


def end_of(day: date) -> datetime:
    """Return the moment at which a day in England is over."""
    return start_of_day(day + DAY)
