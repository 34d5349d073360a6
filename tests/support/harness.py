"""A small consumer under test: events of invented sites, a fold that counts every effect, members that come and go."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pydantic import SecretStr

from shared.contracts.envelope import headers_for, partition_key
from shared.contracts.intake import Exposure, ExposureRecorded
from shared.contracts.topics import ForEver, Topic
from shared.kernel.ids import event_id
from shared.runtime.fenced import Tx
from shared.runtime.kafka import Producer, Record, partition_of
from shared.runtime.received import Received
from shared.runtime.runtime import Runtime
from shared.runtime.settings import RuntimeSettings

_NAMES = itertools.count(1)
MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SITES = tuple(f"site-{n:02d}" for n in range(24))


def settings(kafka: str, mongo: str, prefix: str, **changes: Any) -> RuntimeSettings:
    """Settings of a member under test: quick retries, short sessions."""
    values: dict[str, Any] = {
        "kafka_bootstrap_servers": kafka,
        "mongodb_uri": SecretStr(mongo),
        "database_prefix": prefix,
        "session_timeout_ms": 6_000,
        "retry_backoff_max_s": 0.5,
        "engines_wait_s": 20,
        "outbox_lease_ms": 2_000,
    }
    return RuntimeSettings(**(values | changes))


def make_topic(tag: str) -> Topic:
    """Describe a topic with a name that no other test has."""
    return Topic(
        aggregate=f"test-{tag}-{next(_NAMES)}-{datetime.now(UTC):%H%M%S%f}",
        producer="intake",
        consumers=("actions",),
        events=(ExposureRecorded,),
        key_shape="provider:site",
        key=lambda event: partition_key(event.provider_id, event.site_id),
        kept=ForEver(),
        trust="test",
        purpose="Test.",
    )


async def create(kafka: str, *topics: Topic) -> None:
    """Create topics and their dead letters."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    names = [name for topic in topics for name in (topic.name, topic.dead_letter("actions"))]
    await admin.create_topics([NewTopic(name, 12, 1) for name in names])
    await admin.close()


def event(site: str, number: int) -> ExposureRecorded:
    """The number-th event of a site."""
    return ExposureRecorded(
        event_id=event_id("ExposureRecorded", site, number),
        provider_id="p",
        site_id=site,
        recorded_at=MOMENT,
        exposure=Exposure(
            period_start=date(2026, 3, 2),
            period_end=date(2026, 3, 8),
            unit="visits",
            value=1,
            basis="counted",
            revision=number,
        ),
    )


def lane_of(topic: Topic, said: ExposureRecorded) -> tuple[str, int]:
    return topic.name, partition_of(partition_key(said.provider_id, said.site_id), topic.partitions)


def record_of(topic: Topic, said: ExposureRecorded) -> Record:
    return topic.key(said).encode(), said.model_dump_json().encode(), headers_for(said, "intake")


@asynccontextmanager
async def producer(kafka: str):
    """An open producer."""
    sender = Producer(RuntimeSettings(kafka_bootstrap_servers=kafka), "test")
    await sender.start()
    try:
        yield sender
    finally:
        await sender.stop()


async def produce(kafka: str, topic: Topic, events: Sequence[ExposureRecorded]) -> None:
    """Send events and wait for the acknowledgements."""
    lanes: dict[tuple[str, int], list[Record]] = {}
    for said in events:
        lanes.setdefault(lane_of(topic, said), []).append(record_of(topic, said))
    async with producer(kafka) as sender:
        await sender.send(lanes)


def some_events(per_site: int, start: int = 1) -> list[ExposureRecorded]:
    """Events of all sites, numbered within each site."""
    return [event(site, number) for number in range(start, start + per_site) for site in SITES]


class Counting:
    """A fold that counts each event once per effect and notes where the order within a site was broken.

    Args:
        before: Called with the events before each try; raise here to make a try fail.
    """

    def __init__(self, before: Callable[[Sequence[Received]], None] = lambda events: None) -> None:
        self.before = before
        self.batches = 0

    async def __call__(self, events: Sequence[Received], tx: Tx) -> None:
        self.before(events)
        self.batches += 1
        for received in events:
            said = received.event
            assert isinstance(said, ExposureRecorded)
            key = f"{received.topic.name}|{said.site_id}"
            await tx.db["effects"].update_one(
                {"_id": said.event_id}, {"$inc": {"times": 1}}, upsert=True, session=tx.session
            )
            old = await tx.db["order"].find_one_and_update(
                {"_id": key}, {"$max": {"last": said.exposure.revision}}, upsert=True, session=tx.session
            )
            if old is not None and old["last"] > said.exposure.revision:
                await tx.db["misorders"].insert_one({"key": key}, session=tx.session)


@asynccontextmanager
async def member(options: RuntimeSettings, topics: Sequence[Topic], fold: Callable[..., Awaitable[None]]):
    """One running member of the actions group over some topics."""
    runtime = Runtime("actions", options, topics=topics)
    runtime.consume(fold)

    async def prepare() -> None:
        for name in ("effects", "order", "misorders", "outbox", "fences"):
            await runtime.mongo.db.create_collection(name, check_exists=False) if name not in (
                await runtime.mongo.db.list_collection_names()
            ) else None

    runtime.on_open(prepare)
    await runtime.start()
    try:
        yield runtime
    finally:
        await runtime.stop()


async def effects(runtime: Runtime) -> Counter[int]:
    """How many events took effect how many times."""
    return Counter([doc["times"] async for doc in runtime.mongo.db["effects"].find()])


async def eventually(check: Callable[[], Awaitable[bool]], within_s: float = 30.0, what: str = "the condition") -> None:
    """Wait for something to become true.

    Raises:
        AssertionError: it did not in time.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while not await check():
        assert loop.time() < end, f"{what} did not come true within {within_s} s"
        await asyncio.sleep(0.05)


async def read_all(kafka: str, name: str, at_least: int, within_s: float = 15.0) -> list[Any]:
    """Read a topic from its beginning until so many records came."""
    consumer = AIOKafkaConsumer(name, bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    records: list[Any] = []
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    try:
        while len(records) < at_least and loop.time() < end:
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                records += batch
    finally:
        await consumer.stop()
    return records
