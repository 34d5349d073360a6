"""Reports that were tagged and wait to be compared with their neighbours; a job takes them one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from services.intake.adapters.aggregates import Aggregates, patiently
from services.intake.adapters.reports import COLLECTION as REPORTS_KEPT
from services.intake.adapters.reports import stored_report
from services.intake.domain.progress import Classified
from services.intake.usecases.joining import Joining, is_compared
from shared.kernel.errors import Unavailable
from shared.runtime.fenced import Tx
from shared.runtime.lease import Lease
from shared.runtime.logging import logger
from shared.runtime.mongo import Mongo

COLLECTION = "comparisons"
AT_ONCE: Final = 100
LOOK_EVERY_S: Final = 2.0
LEASE_MS: Final = 30_000
log = logger(__name__)


class MongoComparisons:
    """The list of what waits to be compared.

    Args:
        mongo: Intake's database.
        aggregates: Makes the collection.
    """

    def __init__(self, mongo: Mongo, aggregates: Aggregates) -> None:
        self._mongo = mongo
        self._aggregates = aggregates

    async def prepare(self) -> None:
        """Make the collection."""
        await self._aggregates.prepare(COLLECTION)

    async def put(self, tagged: Sequence[Classified], tx: Tx) -> None:
        """Put reports on the list, in the transaction in which their labels are taken in."""
        writes = [
            UpdateOne({"_id": one.report_id}, {"$set": {"provider_id": one.provider_id}}, upsert=True) for one in tagged
        ]
        if writes:
            await tx.db[COLLECTION].bulk_write(writes, ordered=False, session=tx.session)

    async def work_off(self, joining: Joining) -> int:
        """Compare some of those that wait, and strike them off.

        Returns:
            How many were struck off.

        Raises:
            Unavailable: the database did not answer; what was done is not done again differently.
        """
        db = self._mongo.db
        waiting = await patiently(db[COLLECTION].find().limit(AT_ONCE).to_list(None))
        if not waiting:
            return 0
        provider_of = {one["_id"]: one["provider_id"] for one in waiting}
        found = await patiently(db[REPORTS_KEPT].find({"_id": {"$in": list(provider_of)}}).to_list(None))
        for stored in map(stored_report, found):
            report = stored.report
            if is_compared(stored) and provider_of[report.report_id] == report.provider_id:
                await _compare(joining, report.provider_id, report.report_id)
        await patiently(db[COLLECTION].delete_many({"_id": {"$in": list(provider_of)}}))
        return len(waiting)


async def _compare(joining: Joining, provider_id: str, report_id: str) -> None:
    try:
        await joining.compare(provider_id, report_id)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - a report that cannot be compared is still reviewed; nothing stops for it
        log.error("a report could not be compared", report_id=report_id, error=type(error).__name__)


def comparing_job(
    comparisons: MongoComparisons, joining: Joining, mongo: Mongo, holder: str
) -> Callable[[], Awaitable[None]]:
    """Return the job that compares what waits, in one process at a time.

    Args:
        comparisons: The list.
        joining: Compares.
        mongo: Intake's database.
        holder: Id of this process.
    """
    lease = Lease("comparisons", holder, LEASE_MS)

    async def run() -> None:
        while True:
            try:
                while await lease.take(mongo.db) and await comparisons.work_off(joining) == AT_ONCE:
                    pass
            except (Unavailable, PyMongoError):
                log.warning("comparing waits", reason="the database does not answer")
            await asyncio.sleep(LOOK_EVERY_S)

    return run
