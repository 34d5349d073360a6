"""What learning, huddle sheets, meetings, calendar feeds and pages need of the world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

from services.actions.domain.huddles import Huddle
from services.actions.domain.learning import Learning, Receipt
from services.actions.domain.meetings import Meeting
from services.actions.domain.picture import Past
from services.actions.ports import Work

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar that a program may read without signing in: one role's days at some sites.

    Attributes:
        secret_hash: SHA-256 of its secret, in hexadecimal.
        sites: The sites in reach; None means all of the provider.
        owner_role: Whose days it tells; None tells those of all roles.
        by: Opaque id of who made it.
    """

    feed_id: str
    provider_id: str
    secret_hash: str
    sites: frozenset[str] | None
    owner_role: str | None
    by: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


class Learnings(Protocol):
    """The learning log, receipts and huddle sheets, inside a transaction."""

    async def load(self, provider_id: str, learning_id: str) -> Learning | None:
        """Return one entry."""
        ...

    async def save(self, entry: Learning, role: str) -> None:
        """Store a new state with its event."""
        ...

    async def receipt(self, provider_id: str, learning_id: str, site_id: str) -> Receipt | None:
        """Return what a site said to an alert."""
        ...

    async def save_receipt(self, receipt: Receipt, role: str) -> None:
        """Store a new state with its event."""
        ...

    async def huddle(self, provider_id: str, huddle_id: str) -> Huddle | None:
        """Return a sheet's state."""
        ...

    async def save_huddle(self, huddle: Huddle, role: str) -> None:
        """Store a new state with its event."""
        ...


class Meetings(Protocol):
    """Records of meetings, inside a transaction."""

    async def load(self, provider_id: str, meeting_id: str) -> Meeting | None:
        """Return one record."""
        ...

    async def save(self, meeting: Meeting, role: str) -> None:
        """Store a new state; once it is signed, with its event."""
        ...


class LearningWork(Work, Protocol):
    """One try of one transaction over learning and meetings."""

    @property
    def learning(self) -> Learnings:
        """Return the learning log."""
        ...

    @property
    def meetings(self) -> Meetings:
        """Return the records of meetings."""
        ...


class LearningTransactions(Protocol):
    """Runs work over learning and meetings; raises Unavailable where the engine is away."""

    async def run(self, work: Callable[[LearningWork], Awaitable[T]]) -> T:
        """Run work in one transaction, again where it met another one."""
        ...


class LearningBook(Protocol):
    """Learning, huddle sheets, meetings and feeds as readers get them; raises Unavailable where the engine is away."""

    async def learning(self, provider_id: str, learning_id: str) -> Learning | None:
        """Return one entry."""
        ...

    async def learning_list(
        self, provider_id: str, first: date | None, last: date | None, limit: int
    ) -> list[Learning]:
        """Return entries published in a span of days, the newest first."""
        ...

    async def receipts(self, provider_id: str, learning_ids: Sequence[str]) -> list[Receipt]:
        """Return what sites said to alerts."""
        ...

    async def huddle(self, provider_id: str, huddle_id: str) -> Huddle | None:
        """Return a sheet's state."""
        ...

    async def huddle_list(self, provider_id: str, month: date) -> list[Huddle]:
        """Return the states of all sheets of a month that were shared."""
        ...

    async def meeting(self, provider_id: str, meeting_id: str) -> Meeting | None:
        """Return one record."""
        ...

    async def meeting_list(self, provider_id: str, limit: int) -> list[Meeting]:
        """Return records, the newest first."""
        ...

    async def add_feed(self, feed: Feed) -> None:
        """Store a new feed."""
        ...

    async def feed(self, secret_hash: str) -> Feed | None:
        """Return the feed of a secret."""
        ...

    async def feeds(self, provider_id: str, by: str) -> list[Feed]:
        """Return the feeds that somebody made, the newest first."""
        ...

    async def revoke_feed(self, provider_id: str, by: str, feed_id: str, at: datetime) -> bool:
        """Close a feed that somebody made; False where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class SiteName:
    """A site and what people call it today."""

    site_id: str
    name: str


class Places(Protocol):
    """Names for people to read; raises Unavailable where the engine is away."""

    async def sites(self, provider_id: str, on: date) -> list[SiteName]:
        """Return all sites of a provider with their names on a day, in alphabetical order."""
        ...

    async def first_report_on(self, provider_id: str, site_id: str) -> date | None:
        """Return the day of a site's first report; None where none is known."""
        ...

    async def months_reports(self, provider_id: str, site_id: str, first: date, last: date) -> int:
        """Return how many reports that count, and are not held, staff of a site told in a span of days."""
        ...


class PastReading(Protocol):
    """What pictures are drawn from; raises Unavailable where the engine is away."""

    async def past(self, provider_id: str, site_id: str, first: date, last: date, held: bool) -> Past:
        """Return what is known of a site in some days; lines of held tasks only where they may be seen."""
        ...
