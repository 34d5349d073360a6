"""Takes parked records back when somebody asks for it: the command writes the wish, the running service does it.

So it is the mended release that takes them, with the same fold and the same transaction as everything else, and the
command needs nothing of the service but its database.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, Protocol

from pymongo.errors import PyMongoError

from shared.contracts.topics import Service
from shared.kernel.clock import Clock
from shared.runtime import parking
from shared.runtime.logging import logger
from shared.runtime.metrics import Metrics
from shared.runtime.mongo import Database, Mongo
from shared.runtime.passing import is_passing

COLLECTION = "releases"
ASKED, DONE, FAILED = "asked", "done", "failed"
POLL_S = 1.0
log = logger(__name__)


class TakesBack(Protocol):
    """A ledger that can take parked records back."""

    async def take_back(self, fence: str, site: str, limit: int) -> int:
        """Apply the first rows of a site, delete them, and let the site flow once fewer than the limit were there.

        Returns:
            How many were taken.
        """
        ...


def release_id(fence: str, site: str) -> str:
    """Name the one wish that there can be for a site of a partition."""
    return f"{fence}|{site}"


async def ask(db: Database, service: str, fence: str, site: str, by: str, now: datetime) -> str:
    """Ask the running service to take a site's parked records back.

    Args:
        db: The service's database.
        service: The consumer.
        fence: The partition's fence.
        site: The site, as its rows name it.
        by: Who asks.
        now: The moment.

    Returns:
        The wish's id.
    """
    wish = {"service": service, "fence": fence, "site": site, "by": by, "asked_at": now, "state": ASKED, "taken": 0}
    await db[COLLECTION].replace_one({"_id": release_id(fence, site)}, wish, upsert=True)
    return release_id(fence, site)


class Releases:
    """Fulfils wishes, one after the other.

    Args:
        service: The consumer.
        mongo: Its database.
        ledger: What takes records back.
        metrics: Where it is shown what is parked.
        clock: The source of now.
    """

    def __init__(self, service: Service, mongo: Mongo, ledger: TakesBack, metrics: Metrics, clock: Clock) -> None:
        self._service = service
        self._mongo = mongo
        self._ledger = ledger
        self._metrics = metrics
        self._clock = clock

    async def run(self) -> None:
        """Look for wishes, and count what is parked, for as long as the app lives."""
        while True:
            try:
                await self.once()
            except PyMongoError as error:
                log.warning("cannot look for wishes", error=type(error).__name__)
            await asyncio.sleep(POLL_S)

    async def once(self) -> None:
        """Fulfil what is asked now."""
        db = self._mongo.db
        async for wish in db[COLLECTION].find({"state": ASKED}).sort("asked_at", 1):
            await self._fulfil(wish)
        rows = await db[parking.COLLECTION].count_documents({})
        sites = len(await db[parking.COLLECTION].distinct("site")) if rows else 0
        self._metrics.parked_records.labels(self._service).set(rows)
        self._metrics.parked_sites.labels(self._service).set(sites)

    async def _fulfil(self, wish: dict[str, Any]) -> None:
        fence, site, limit, taken = wish["fence"], wish["site"], parking.CHUNK, 0
        while True:
            try:
                count = await self._ledger.take_back(fence, site, limit)
            except Exception as error:
                if is_passing(error):
                    raise
                if limit > 1:
                    limit //= 2
                    continue
                log.error("a parked record still breaks", site=site, error=type(error).__name__, exc_info=error)
                await self._close(wish, FAILED, taken, f"{type(error).__name__}: the next record still breaks")
                return
            taken += count
            if count < limit:
                await self._close(wish, DONE, taken, "")
                log.info("parked records were taken back", site=site, records=taken)
                return

    async def _close(self, wish: dict[str, Any], state: str, taken: int, message: str) -> None:
        told = {"state": state, "taken": taken, "message": message, "closed_at": self._clock.now()}
        await self._mongo.db[COLLECTION].update_one({"_id": wish["_id"], "asked_at": wish["asked_at"]}, {"$set": told})
