"""A lease in MongoDB, on the server's clock: at most one holder does a job at a time."""

from __future__ import annotations

from datetime import UTC, datetime

from pymongo.errors import DuplicateKeyError

from shared.kernel.clock import monotonic_s
from shared.runtime.mongo import Database

COLLECTION = "leases"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
SAFE_SHARE = 0.6
"""Work is begun only in the first part of the lease, so that a pause does not outlive it unseen."""


class Lease:
    """One named lease.

    Args:
        name: What is leased.
        holder: Id of this process; two processes never share one.
        ttl_ms: How long it is held without being renewed.
    """

    def __init__(self, name: str, holder: str, ttl_ms: int) -> None:
        self._name = name
        self._holder = holder
        self._ttl_ms = ttl_ms
        self._taken_at = float("-inf")

    def fresh(self) -> bool:
        """Tell whether work may be begun without asking again."""
        return monotonic_s() - self._taken_at < self._ttl_ms / 1000 * SAFE_SHARE

    def left_s(self) -> float:
        """Return the seconds until the lease ends unless it is renewed, by this process's clock; never below zero."""
        return max(0.0, self._ttl_ms / 1000 - (monotonic_s() - self._taken_at))

    async def take(self, db: Database) -> bool:
        """Take or renew the lease.

        Returns:
            True when this process holds it now.
        """
        before = monotonic_s()
        taken = await self._try(db)
        if not taken and await db[COLLECTION].count_documents({"_id": self._name}, limit=1) == 0:
            await self._make(db)
            taken = await self._try(db)
        if taken:
            self._taken_at = before
        return taken

    async def _try(self, db: Database) -> bool:
        # $expr is refused in an upsert, so the document must be there already.
        free = {"$or": [{"who": self._holder}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]}
        mine = [{"$set": {"who": self._holder, "until": {"$add": ["$$NOW", self._ttl_ms]}}}]
        return await db[COLLECTION].find_one_and_update({"_id": self._name, **free}, mine) is not None

    async def _make(self, db: Database) -> None:
        try:
            await db[COLLECTION].insert_one({"_id": self._name, "who": None, "until": LONG_AGO})
        except DuplicateKeyError:
            return  # another process made it at the same moment

    async def release(self, db: Database) -> None:
        """Let go at shutdown, so that the next holder need not wait for the end."""
        self._taken_at = float("-inf")
        await db[COLLECTION].update_one({"_id": self._name, "who": self._holder}, [{"$set": {"until": LONG_AGO}}])
