"""A marker a day on each partition of the reports: a quiet segment never rolls, and what was erased must go in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

from pymongo.errors import PyMongoError

from shared.contracts.topics import MARKER_KEY, REPORTS
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Unavailable
from shared.runtime.kafka import Producer, Record, deliver
from shared.runtime.lease import Lease
from shared.runtime.logging import logger
from shared.runtime.mongo import Mongo

COLLECTION = "markers"
LOOK_EVERY_S = 600.0
LEASE_MS = 60_000
log = logger(__name__)


async def mark(mongo: Mongo, producer: Producer, today: date) -> bool:
    """Write the day's markers where they are not written yet; compaction keeps one marker of each partition.

    Returns:
        Whether they were written now.
    """
    kept = mongo.db[COLLECTION]
    said = {"_id": REPORTS.name, "day": today.isoformat()}
    if await kept.find_one(said) is not None:
        return False
    record: Record = (MARKER_KEY, today.isoformat().encode(), [])
    await deliver(producer, {(REPORTS.name, partition): [record] for partition in range(REPORTS.partitions)})
    await kept.replace_one({"_id": REPORTS.name}, said, upsert=True)
    return True


def marker_job(mongo: Mongo, producer: Producer, clock: Clock, holder: str) -> Callable[[], Awaitable[None]]:
    """Return the job that writes the markers each day, one process at a time.

    Args:
        mongo: Intake's database.
        producer: Sends.
        clock: The source of now.
        holder: Id of this process.
    """
    lease = Lease("report-markers", holder, LEASE_MS)

    async def run() -> None:
        while True:
            try:
                if await lease.take(mongo.db):
                    await mark(mongo, producer, london_date(clock.now()))
            except (Unavailable, PyMongoError):
                log.warning("the day's markers wait", reason="an engine does not answer")
            await asyncio.sleep(LOOK_EVERY_S)

    return run
