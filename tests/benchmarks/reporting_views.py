"""Materialising the views against a bare loop that bulk-writes the same documents, and a Parquet export's memory.

Ours is all that the service does with what it has fetched: check the fences, read each record from its bytes, fold,
publish into the outbox, move the fences. The floor writes, batch by batch, the documents that ours wrote in that batch,
in a transaction of the same concerns, in the cheapest way there is: insert what is new, replace what is not. It reads,
decodes, decides and publishes nothing, and moves no fence. It is measured twice: into collections without any index,
which could answer no question, and into ones indexed like ours. All run against the same mongod, in turns.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from pymongo import InsertOne, ReplaceOne

from services.reporting.adapters import documents as doc
from services.reporting.adapters.cluster_time import cluster_time
from services.reporting.adapters.indexes import INDEXES
from services.reporting.adapters.parquet import parquet
from services.reporting.domain.exports import CALENDAR
from shared.contracts.envelope import Event, partition_key
from shared.contracts.topics import inputs_of
from shared.runtime.inbox import Inbox
from shared.runtime.kafka import partition_of
from shared.runtime.memory import settle
from shared.runtime.mongo import Session
from shared.runtime.outbox import COLLECTION as OUTBOX
from tests.support import reporting as say
from tests.support.reporting import TOLD, World, open_world, topic_of

BATCH = 500
ROUNDS = 5
REPORTS = 1_500
SITES = 30
WHEN = {doc.BUCKETS: "tick.at_ms", doc.ROW_HISTORY: "at_ms", OUTBOX: "at_ms"}
"""What is written beside facts, and the field that tells in which batch."""
WRITTEN = (doc.FACTS, *WHEN)
DOMAINS = ("medication", "handover", "equipment", "falls_mobility", "environment")
Documents = Mapping[str, Sequence[dict[str, Any]]]


def events(offset: int) -> list[Event]:
    """Reports of many sites and weeks, each with its labels, as they come: label right behind report."""
    found: list[Event] = []
    for number in range(offset, offset + REPORTS):
        site, at = f"site-{number % SITES}", TOLD - timedelta(days=7 * (number % 156))
        found.append(say.report(f"r{number}", site, reported_at=at, received_at=at, occurred_at=at))
        found.append(say.classified(f"r{number}", [DOMAINS[number % 5], DOMAINS[(number + 1) % 5]], site=site))
    return found


class Fetched:
    """What stands in for the consumer: all that it was asked for it has fetched from the very place."""

    def __init__(self) -> None:
        self.began: dict[TopicPartition, int] = {}

    def assignment(self) -> set[TopicPartition]:
        """Nothing is committed to Kafka."""
        return set()

    def forget(self) -> None:
        """There is nothing to forget."""


def records_of(some: Sequence[Event]) -> list[SimpleNamespace]:
    """The events as records, in the order of the log, each in its site's partition."""
    ends: Counter[TopicPartition] = Counter()
    found = []
    for event in some:
        topic = topic_of(event)
        number = partition_of(partition_key(event.provider_id, event.site_id), topic.partitions)
        place = TopicPartition(topic.name, number)
        key, value = topic.key(event).encode(), event.model_dump_json().encode()
        where = {"topic": topic.name, "partition": number, "offset": ends[place]}
        found.append(SimpleNamespace(**where, key=key, value=value, headers=()))
        ends[place] += 1
    return found


async def materialised(world: World, some: Sequence[Event]) -> tuple[float, list[Documents]]:
    """Return the seconds that the service takes for events from their bytes on, and what each batch wrote."""
    inbox: Inbox = world.runtime.inbox
    ledger = world.runtime._ledger
    await ledger.adopt({topic.name: f"id-{topic.aggregate}" for topic in inputs_of("reporting")})
    inbox.subscriber = SimpleNamespace(consumer=Fetched())
    records = records_of(some)
    took, wrote = 0.0, list[Documents]()
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        world.clock.moment += timedelta(seconds=1)
        mark = await cluster_time(world.mongo.db)
        started = time.perf_counter()
        await inbox.on_batch(batch)
        took += time.perf_counter() - started
        at_ms = int(world.clock.moment.timestamp() * 1000)
        wanted: dict[str, Any] = {doc.FACTS: {doc.CHANGED: {"$gt": mark}}} | {
            name: {when: at_ms} for name, when in WHEN.items()
        }
        wrote.append({name: await world.mongo.db[name].find(query).to_list(None) for name, query in wanted.items()})
        gc.freeze()  # what the floor will write is no garbage of ours to be looked through
    return took, wrote


async def written(world: World, batches: Sequence[Documents], *, indexed: bool) -> float:
    """Return the seconds that writing the same documents takes, in as many transactions."""
    floor = {name: world.mongo.db[f"{name}_{'indexed' if indexed else 'bare'}"] for name in WRITTEN}
    for name, collection in floor.items():
        await world.mongo.db.create_collection(collection.name)
        if indexed and name in INDEXES:
            await collection.create_indexes(list(INDEXES[name]))
    known: set[str] = set()
    started = time.perf_counter()
    for batch in batches:

        async def work(session: Session, batch: Documents = batch, known: Collection[str] = known) -> None:
            for name, documents in batch.items():
                writes = [
                    ReplaceOne({"_id": document["_id"]}, document) if document["_id"] in known else InsertOne(document)
                    for document in documents
                ]
                await floor[name].bulk_write(writes, ordered=False, session=session)

        await world.mongo.in_transaction(work)
        known |= {document["_id"] for document in batch[doc.BUCKETS]}
    return time.perf_counter() - started


async def measured(mongo: str) -> list[dict[str, Any]]:
    """Fold and write in turns, on fresh databases."""
    settle()  # as every service does at its start
    ours, bare, indexed = [], [], []
    for turn in range(ROUNDS):
        async with open_world(mongo, f"bench{os.getpid()}_{turn}_") as world:
            took, wrote = await materialised(world, events(turn * REPORTS))
            ours.append(took)
            bare.append(await written(world, wrote, indexed=False))
            indexed.append(await written(world, wrote, indexed=True))
            await world.mongo.client.drop_database(world.mongo.db.name)
    await exported(20_000)  # what is made once, at the first use, is not the export's
    peaks = [await exported(rows) for rows in (50_000, 500_000)]
    return [
        _row("bare bulk writes without indexes as floor", ours, bare),
        _row("bare bulk writes with the same indexes as floor", ours, indexed),
        {
            "what": "Parquet export: peak of Python's memory at 500,000 rows, at 50,000 as floor",
            "unit": "MB", "ours": peaks[1] / 1e6, "floor": peaks[0] / 1e6, "ratio": peaks[0] / peaks[1],
        },
    ]  # fmt: skip


def _row(floor: str, ours: Sequence[float], theirs: Sequence[float]) -> dict[str, Any]:
    number, mine, bare = REPORTS * 2, statistics.median(ours), statistics.median(theirs)
    return {
        "what": f"{number:,} events into the views, {floor}",
        "unit": "events/s", "ours": number / mine, "floor": number / bare, "ratio": bare / mine,
    }  # fmt: skip


async def exported(rows: int) -> float:
    """Return the peak of Python's memory, in bytes, while so many rows are written."""

    async def made() -> Any:
        for number in range(rows):
            yield {"day": TOLD.date(), "year": number}

    tracemalloc.start()
    async for piece in parquet(CALENDAR, CALENDAR.columns, made()):
        del piece
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return float(peak)


def run(kafka: str, mongo: str) -> list[dict[str, Any]]:
    """Measure and return the rows of the table."""
    del kafka
    return asyncio.run(measured(mongo))


if __name__ == "__main__":
    sys.stdout.write("\n".join(str(row) for row in run("", sys.argv[1])) + "\n")
