"""Records set aside: what a bug broke on, with the later ones of its site, until a mended release takes them.

A row keeps the whole record. While a site is held, the fence names it, and every batch reads the fence: so whatever
comes later of that site goes behind it, in order, in the batch's own transaction. Other sites flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, ReplaceOne

from shared.contracts.envelope import partition_key
from shared.runtime.inbox import Halt
from shared.runtime.mongo import Database, Session
from shared.runtime.received import Received

COLLECTION = "parked"
BEHIND = "behind another of its site"
CHUNK = 200
"""So many are taken back in one transaction at most: well below the second that a transaction may last."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as it came from Kafka, read back from MongoDB; it has the names of the client's own records.

    Attributes:
        topic: Where it lay.
        partition: Its partition.
        offset: Its offset.
        key: Its key, or None.
        value: Its body.
        headers: Its headers.
        site: `provider:site`, or `provider:*` for facts of a whole provider.
        row_id: The id of its row.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    site: str
    row_id: str


def site_of(received: Received) -> str:
    """Return what is held together: `provider:site`, or `provider:*`."""
    return partition_key(received.event.provider_id, received.event.site_id)


def parted(
    events: Sequence[Received], held: Mapping[tuple[str, int], frozenset[str]]
) -> tuple[list[Received], list[Received]]:
    """Part the events of sites that are held from all others, each in their order.

    Args:
        events: A batch.
        held: The sites that are held, by topic and partition.

    Returns:
        What flows, and what goes behind.
    """
    if not any(held.values()):
        return list(events), []
    flows: list[Received] = []
    behind: list[Received] = []
    for received in events:
        sites = held.get((received.record.topic, received.record.partition), frozenset())
        (behind if site_of(received) in sites else flows).append(received)
    return flows, behind


def row(fence: str, service: str, record: Any, site: str, reason: str, now: datetime) -> dict[str, Any]:
    """Write a record as a row.

    Args:
        fence: The id of its partition's fence.
        service: The consumer.
        record: As it came from Kafka, or from a dead letter.
        site: What it is held with.
        reason: The class of the error, or that it lies behind another; never a value.
        now: The moment.
    """
    return {
        "_id": f"{fence}:{record.offset:020d}",
        "fence": fence,
        "service": service,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "site": site,
        "key": record.key,
        "value": record.value,
        "headers": [[name, value] for name, value in record.headers],
        "reason": reason,
        "parked_at": now,
    }


def refuse_too_many(sites: set[str], most: int) -> None:
    """Halt where so many sites would be held that it is the release that is broken, not a record.

    Raises:
        Halt: there are more sites than `most`.
    """
    if len(sites) > most:
        raise Halt(
            f"a bug would hold more than {most} sites: the release is broken, not a record. Mend it, restart, then "
            "release what is parked (python -m shared.runtime.parked). (NEARMISS_PARKED_SITES_MAX)"
        )


async def keep(db: Database, session: Session | None, rows: Iterable[dict[str, Any]]) -> None:
    """Store rows; the same record again changes nothing."""
    writes = [ReplaceOne({"_id": kept["_id"]}, kept, upsert=True) for kept in rows]
    if writes:
        await db[COLLECTION].bulk_write(writes, ordered=False, session=session)


async def waiting(db: Database, session: Session, fence: str, site: str, limit: int) -> list[Kept]:
    """Read the first rows of a site, in order.

    Args:
        db: The service's database.
        session: The transaction.
        fence: The partition's fence.
        site: The site.
        limit: At most so many.
    """
    cursor = db[COLLECTION].find({"fence": fence, "site": site}, session=session).sort("offset", ASCENDING).limit(limit)
    return [
        Kept(
            found["topic"],
            found["partition"],
            found["offset"],
            found["key"],
            found["value"],
            [(name, value) for name, value in found["headers"]],
            found["site"],
            found["_id"],
        )
        async for found in cursor
    ]


async def forget(db: Database, session: Session, records: Iterable[Kept]) -> None:
    """Delete the rows of records that have taken effect."""
    ids = [record.row_id for record in records]
    if ids:
        await db[COLLECTION].delete_many({"_id": {"$in": ids}}, session=session)


async def indexed(db: Database) -> None:
    """Make the collection and its index, so that a transaction need not."""
    await db[COLLECTION].create_index([("fence", ASCENDING), ("site", ASCENDING), ("offset", ASCENDING)])
