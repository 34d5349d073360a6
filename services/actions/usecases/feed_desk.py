"""Calendar feeds: made, read by their secret without signing in, and revoked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.actions.domain.occurrences import DUE, MISSED, PLANNED
from services.actions.domain.tasks import ACCEPTED, IN_PROGRESS
from services.actions.ports import Store, Wanted
from services.actions.ports.learning import Feed, LearningBook
from services.actions.usecases.desk import Who
from services.actions.usecases.remedy_ports import RoutineBook
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import NotFound
from shared.kernel.ids import derived_id

LASTS_DAYS = 366
BACK_DAYS = 30
ENTRIES_MAX = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One day of a calendar: a title, and where it leads. Nothing else leaves the service by a feed.

    Attributes:
        uid: The same for the same thing, however often it is read.
        path: Address below the service, such as /occurrences/<id>.
    """

    uid: str
    on: date
    title: str
    path: str


class FeedDesk:
    """The acts and the reading.

    Args:
        book: Where feeds lie.
        routines: Where occurrences are read.
        store: Where tasks are read.
        clock: The source of now.
        secret: Makes a new secret of 256 random bits.
    """

    def __init__(
        self, book: LearningBook, routines: RoutineBook, store: Store, clock: Clock, secret: Callable[[], str]
    ) -> None:
        self._book = book
        self._routines = routines
        self._store = store
        self._clock = clock
        self._secret = secret

    async def make(self, who: Who, owner_role: str | None) -> tuple[Feed, str]:
        """Make a feed for the sites in reach.

        Args:
            who: Who will use it.
            owner_role: Whose days it tells; None tells those of all roles.

        Returns:
            The feed, and its secret this once: only a hash is kept.
        """
        now, secret = self._clock.now(), self._secret()
        hashed = hash_of(secret)
        feed = Feed(
            feed_id=derived_id(f"feed|{hashed}"),
            provider_id=who.provider_id,
            secret_hash=hashed,
            sites=who.principal.sites,
            owner_role=owner_role,
            by=who.principal.subject,
            made_at=now,
            expires_at=now + timedelta(days=LASTS_DAYS),
        )
        await self._book.add_feed(feed)
        return feed, secret

    async def feeds(self, who: Who) -> list[Feed]:
        """Return the feeds that somebody made and that still open."""
        now = self._clock.now()
        found = await self._book.feeds(who.provider_id, who.principal.subject)
        return [feed for feed in found if feed.revoked_at is None and feed.expires_at > now]

    async def revoke(self, who: Who, feed_id: str) -> None:
        """Close a feed for good.

        Raises:
            NotFound: there is no such feed of one's own.
        """
        if not await self._book.revoke_feed(who.provider_id, who.principal.subject, feed_id, self._clock.now()):
            raise NotFound("there is no such calendar of yours")

    async def read(self, secret: str) -> list[Entry]:
        """Return the days of a feed; what is held from its site is in none.

        Args:
            secret: As the program sent it.

        Raises:
            NotFound: no feed has it, or the feed is revoked or has expired.
        """
        now = self._clock.now()
        feed = await self._book.feed(hash_of(secret))
        if feed is None or feed.revoked_at is not None or feed.expires_at <= now:
            raise NotFound("there is no such calendar, or it was closed")
        today = london_date(now)
        first = today - timedelta(days=BACK_DAYS)
        occurrences = await self._routines.occurrence_list(_wanted(feed, (PLANNED, DUE, MISSED)), None, first, None)
        tasks = await self._store.task_list(_wanted(feed, (ACCEPTED, IN_PROGRESS)))
        entries = [
            Entry(found.occurrence_id, found.due_on, found.title, f"/occurrences/{found.occurrence_id}")
            for found in occurrences
            if feed.owner_role in (None, found.owner_role)
        ]
        entries += [
            Entry(task.action_id, task.due_on, task.title, f"/actions/{task.action_id}")
            for task in tasks
            if task.due_on is not None and task.due_on >= first and feed.owner_role in (None, task.owner_role)
        ]
        return sorted(entries, key=lambda entry: (entry.on, entry.uid))


def hash_of(secret: str) -> str:
    """Return what is kept of a secret; its 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _wanted(feed: Feed, statuses: Sequence[str]) -> Wanted:
    return Wanted(feed.provider_id, feed.sites, statuses, False, ENTRIES_MAX)
