"""What detection needs of the world: what management did, what is known, and what is left for next time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from services.actions.domain.management_log import LogEntry
from services.actions.domain.watch.day import Found
from services.actions.domain.watch.known import Known


class ManagementLog(Protocol):
    """What management did, inside a transaction."""

    async def holds(self, line_id: str) -> bool:
        """Tell whether a line is in the log."""
        ...

    async def add(self, entry: LogEntry) -> None:
        """Store a new line."""
        ...


@dataclass(frozen=True, slots=True)
class WatchHead:
    """How far detection is at a provider.

    Attributes:
        to: The last day that changed anything; None before the first.
        found: Whether it ever found anything.
    """

    to: date | None
    found: bool


class Watch(Protocol):
    """What review runs leave behind for the next one, inside a transaction."""

    async def keep(self, provider_id: str, day: date, head: WatchHead, found: Found) -> None:
        """Store what was found, which reports and lines were looked at, and that the day is done.

        Raises:
            Unavailable: another review of the provider came in between.
        """
        ...

    async def keep_chance(self, provider_id: str, expected: float | None, on: date) -> None:
        """Store how many signals per site and month chance alone would bring."""
        ...


class WatchReading(Protocol):
    """What review runs read, and what they let go of; every method raises Unavailable where the engine is away."""

    async def head(self, provider_id: str) -> WatchHead:
        """Return how far detection is at a provider."""
        ...

    async def chance(self, provider_id: str) -> tuple[float | None, date] | None:
        """Return how many signals per site and month chance would bring, and as of which day; None before the first."""
        ...

    async def fresh_sites(self, provider_id: str, day: date) -> list[str]:
        """Return the sites with reports or lines of the log that no review has looked at, in order."""
        ...

    async def known(self, provider_id: str, sites: Sequence[str], day: date) -> Known:
        """Return what is known of sites as of the end of a day."""
        ...

    async def forget_marks(self, provider_id: str, sites: Sequence[str], day: date) -> None:
        """Drop the hashes of words of reports that nothing is compared with any more."""
        ...
