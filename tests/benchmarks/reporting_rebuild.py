"""A rebuild from the log against a bare loop that reads the same records and bulk-writes the same documents.

The floor reads every record of the inputs as bytes, one partition number after another as ours, and inserts the
documents that the rebuild left, with the same write concern, then makes the same indexes. It decodes, decides and
compares nothing, and swaps nothing. By hand, with as many events as asked for (they stay in the topics):

    python -m tests.benchmarks.reporting_rebuild 127.0.0.1:9092 mongodb://... 1000000
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock, patch

from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import SecretStr

from services.reporting.adapters import documents as doc
from services.reporting.adapters.mongo_admin import MongoAdmin, make_collections
from services.reporting.adapters.mongo_next import UNREAD
from services.reporting.adapters.shelves import Shelf
from services.reporting.app import create_mongo, open_rebuild
from services.reporting.settings import Settings
from services.reporting.usecases.rebuild import Progress, rebuild_views
from shared.contracts import dialogue
from shared.contracts.envelope import Event, headers_for, partition_key
from shared.contracts.topics import PARTITIONS, inputs_of
from shared.runtime.kafka import Producer, partition_of
from shared.runtime.settings import RuntimeSettings
from tests.support import reporting as say
from tests.support.reporting import NOW, PROVIDER, TOLD, topic_of

USUAL = 20_000
OF_A_REPORT = 4
"""Events: received, classified, triaged, closed."""
SITES, WEEKS = 500, 156
SENT_AT_ONCE = 20_000
AT_ONCE = 2_000
DOMAINS = ("medication", "handover", "equipment", "falls_mobility", "environment", "nutrition")
Lanes = dict[tuple[str, int], list[Any]]


def events(number: int) -> Iterator[Event]:
    """Yield so many events of an invented provider: three years of reports, each with its labels and its dialogue."""
    for turn in range(number // OF_A_REPORT):
        report_id, site = f"r{turn}", f"site-{turn % SITES:03}"
        at = TOLD - timedelta(days=7 * (turn // SITES % WEEKS), minutes=turn % 900)
        where = {"provider_id": PROVIDER, "site_id": site, "recorded_at": NOW, "report_id": report_id}
        yield say.report(report_id, site, reported_at=at, received_at=at, occurred_at=at)
        labels = [DOMAINS[turn % 6], DOMAINS[(turn // 7 + 1) % 6]]
        yield say.classified(report_id, sorted(set(labels)), site=site)
        yield dialogue.ReportTriaged(
            event_id=f"t{turn}", step=1, report_revision=1, decision="accepted", by_role="registered_manager",
            level="manager", effective_at=at + timedelta(hours=turn % 60), **where,
        )  # fmt: skip
        yield dialogue.ReportClosed(
            event_id=f"c{turn}", step=2, outcome="noted", by_role="registered_manager", fed_back=True,
            identity_destroyed=True, effective_at=at + timedelta(hours=100), **where,
        )  # fmt: skip


async def fill(kafka: str, number: int) -> None:
    """Put events into the inputs."""
    sender = Producer(RuntimeSettings(kafka_bootstrap_servers=kafka), "bench")
    await sender.start()
    lanes: Lanes = defaultdict(list)
    waiting = 0
    for event in events(number):
        topic = topic_of(event)
        lane = topic.name, partition_of(partition_key(event.provider_id, event.site_id), topic.partitions)
        body = event.model_dump_json().encode()
        lanes[lane].append((topic.key(event).encode(), body, headers_for(event, topic.producer)))
        waiting += 1
        if waiting == SENT_AT_ONCE:
            await sender.send(lanes)
            lanes, waiting = defaultdict(list), 0
    await sender.send(lanes)
    await sender.stop()


async def rebuilt(settings: Settings) -> tuple[int, float, float]:
    """Return how many records a rebuild read, the seconds it took, and the seconds of this process's time."""
    doing = ""

    def tell(at: Progress) -> None:
        nonlocal doing
        if at.doing != doing:
            doing = at.doing
            sys.stderr.write(f"{time.perf_counter() - started:7.1f} s: {doing}\n")

    started, cpu = time.perf_counter(), time.process_time()
    async with open_rebuild(settings) as made:
        done = await rebuild_views(made.log, made.views, tell)
    return done.records, time.perf_counter() - started, time.process_time() - cpu


async def prepared(settings: Settings) -> None:
    """Make the live views, so that the rebuild that is measured finds them as they should be; publish none of them."""
    mongo = create_mongo(settings)
    mongo.open()
    await MongoAdmin(mongo).prepare()
    mongo.close()
    async with open_rebuild(settings) as made:
        with patch.object(made.views, "publish_changes", AsyncMock(return_value=0)):
            await rebuild_views(made.log, made.views, lambda _: None)


async def floor(kafka: str, settings: Settings) -> float:
    """Return the seconds that the bare loop takes for the records of the inputs and the documents of the views."""
    mongo = create_mongo(settings)
    mongo.open()
    built = Shelf(mongo.db, 2)
    bare = Shelf(mongo.db.with_options(write_concern=UNREAD), 3)
    await make_collections(mongo.db, 3, indexed=False)
    spent = await _read_bare(kafka)
    for name in doc.VIEWS:
        cursor = built[name].find()
        while some := await cursor.to_list(AT_ONCE):
            started = time.perf_counter()
            await bare[name].insert_many(some, ordered=False)
            spent += time.perf_counter() - started
    started = time.perf_counter()
    await make_collections(mongo.db, 3)
    spent += time.perf_counter() - started
    await mongo.client.drop_database(mongo.db.name)
    mongo.close()
    return spent


async def _read_bare(kafka: str) -> float:
    started = time.perf_counter()
    for number in range(PARTITIONS):
        partitions = [TopicPartition(topic.name, number) for topic in inputs_of("reporting")]
        consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest")
        await consumer.start()
        consumer.assign(partitions)
        left = sum((await consumer.end_offsets(partitions)).values())
        left -= sum((await consumer.beginning_offsets(partitions)).values())
        while left > 0:
            left -= sum(map(len, (await consumer.getmany(timeout_ms=500, max_records=AT_ONCE)).values()))
        await consumer.stop()
    return time.perf_counter() - started


async def measured(kafka: str, mongo: str, number: int) -> list[dict[str, Any]]:
    """Fill the inputs, rebuild, and run the floor."""
    await fill(kafka, number)
    settings = Settings(
        kafka_bootstrap_servers=kafka, mongodb_uri=SecretStr(mongo), database_prefix=f"rebuild{os.getpid()}_"
    )
    await prepared(settings)
    records, took, cpu = await rebuilt(settings)
    bare = await floor(kafka, settings)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = f"rebuild of {records:,} records in {took:.0f} s ({cpu:.0f} s of its own process, {peak_mb:.0f} MB)"
    return [
        {
            "what": f"{what}, bare reading and writing as floor", "unit": "records/s",
            "ours": records / took, "floor": records / bare, "ratio": bare / took,
        }
    ]  # fmt: skip


def run(kafka: str, mongo: str) -> list[dict[str, Any]]:
    """Measure with the usual number and return the rows of the table."""
    return asyncio.run(measured(kafka, mongo, USUAL))


if __name__ == "__main__":
    asked = int(sys.argv[3]) if len(sys.argv) > 3 else USUAL
    sys.stdout.write("\n".join(str(row) for row in asyncio.run(measured(*sys.argv[1:3], asked))) + "\n")
