"""The outbox: events lie in MongoDB, written with the change that they tell of, until Kafka has them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.contracts.envelope import Event, Headers, headers_of, partition_key
from shared.contracts.topics import Service, Topic
from shared.kernel.clock import Clock, monotonic_s
from shared.kernel.errors import Invalid
from shared.runtime.kafka import MAX_RECORD_BYTES, Producer, Record, partition_of
from shared.runtime.lease import Lease
from shared.runtime.logging import logger
from shared.runtime.metrics import Metrics
from shared.runtime.mongo import Database, Mongo, Session
from shared.runtime.packs import records_of, rows_in
from shared.runtime.passing import is_passing
from shared.runtime.published import count_published
from shared.runtime.trace_context import add_traceparent
from shared.runtime.written import insert

COLLECTION = "outbox"
_PACKS = {"rows": {"$gte": 2}}
POLL_S = 1.0
RETRY_S = 0.5
log = logger(__name__)


class Tick(NamedTuple):
    """An aggregate's place in time: kept in its own document, written in the same transaction.

    Attributes:
        at_ms: Milliseconds since 1970, never equal to or below the aggregate's last.
        seq: 1, 2, 3, ... within the aggregate.
    """

    at_ms: int
    seq: int

    @classmethod
    def after(cls, last: Mapping[str, Any] | None, now_ms: int) -> Tick:
        """Return the tick that follows the one in a stored document.

        Args:
            last: A mapping with `at_ms` and `seq`, as `stored` gives it; None for a new aggregate.
            now_ms: The present moment.
        """
        if not last:
            return cls(now_ms, 1)
        return cls(max(now_ms, int(last["at_ms"]) + 1), int(last["seq"]) + 1)

    def stored(self) -> dict[str, int]:
        """Return the form that the aggregate's document keeps."""
        return {"at_ms": self.at_ms, "seq": self.seq}


class Written(NamedTuple):
    """An event whose body is written already, and what its record says beside it.

    For a producer of many flat events, to whom a contract's model for each costs more than all else; tests hold that
    the body is what the model would have written.

    Attributes:
        type: The event's word.
        event_id: Its derived id.
        provider_id: The tenant.
        site_id: The site.
        subject: What it is about.
        key: The record's key.
        recorded_at: When it was written down.
        value: The body.
    """

    type: str
    event_id: str
    provider_id: str
    site_id: str | None
    subject: str
    key: str
    recorded_at: datetime
    value: bytes


class OutboxRow(NamedTuple):
    """One record that waits to be sent."""

    aggregate: str
    tick: Tick
    topic: str
    partition: int
    key: bytes
    value: bytes | None
    headers: Headers

    @classmethod
    def for_event(
        cls,
        topic: Topic,
        event: Event,
        aggregate: str,
        tick: Tick,
        producer: Service,
        traceparent: bytes | None = None,
    ) -> OutboxRow:
        """Make the row of an event.

        Args:
            topic: Where it goes; must be the producer's own topic.
            event: What happened.
            aggregate: Id of the thing whose order must hold.
            tick: The aggregate's place in time.
            producer: The service that sends it.
            traceparent: The trace it belongs to; None takes the one of the work in hand, if any.

        Raises:
            PermissionError: the topic belongs to another service.
            Invalid: the event is larger than Kafka takes; the transaction it belongs to must not commit.
        """
        subject = event.subject()
        written = Written(
            event.type,
            event.event_id,
            event.provider_id,
            event.site_id,
            subject,
            topic.key(event),
            event.recorded_at,
            event.__pydantic_serializer__.to_json(event),
        )
        return cls.for_written(topic, written, aggregate, tick, producer, traceparent)

    @classmethod
    def for_written(
        cls,
        topic: Topic,
        event: Written,
        aggregate: str,
        tick: Tick,
        producer: Service,
        traceparent: bytes | None = None,
    ) -> OutboxRow:
        """Make the row of an event whose body is written already; else see `for_event`."""
        if topic.producer != producer:
            raise PermissionError(
                f"{producer} may not publish {topic.name}: its producer is {topic.producer} "
                "(shared/contracts/topics.py)"
            )
        if len(event.value) > MAX_RECORD_BYTES:
            raise Invalid(f"{event.type} of {event.subject} is larger than {MAX_RECORD_BYTES} bytes; send less at once")
        headers = headers_of(event.type, event.event_id, event.subject, event.recorded_at, producer)
        return cls(
            aggregate,
            tick,
            topic.name,
            partition_of(partition_key(event.provider_id, event.site_id), topic.partitions),
            event.key.encode(),
            event.value,
            add_traceparent(headers, event.subject, traceparent),
        )

    def document(self) -> dict[str, Any]:
        """Return the MongoDB document; its id sorts by time, then aggregate, then sequence."""
        return {
            "_id": f"{self.tick.at_ms:012x}:{self.aggregate}:{self.tick.seq:08x}",
            "at_ms": self.tick.at_ms,
            "topic": self.topic,
            "partition": self.partition,
            "key": self.key,
            "value": self.value,
            "headers": self.headers,
        }


async def write(mongo: Mongo, session: Session, rows: Sequence[OutboxRow]) -> None:
    """Put rows into the outbox inside the transaction of the change that they tell of."""
    if rows:
        await insert(mongo.db, COLLECTION, [row.document() for row in rows], session, largest="value")


async def prepare(db: Database) -> None:
    """Make the index by which the events in packs are counted; nothing else is in it."""
    await db[COLLECTION].create_index([("rows", 1)], partialFilterExpression=_PACKS)


async def depth(db: Database) -> int:
    """Return how many events wait, those within packs one by one.

    Args:
        db: The service's database.
    """
    outbox = db[COLLECTION]
    documents = await outbox.estimated_document_count()
    count: list[dict[str, Any]] = [
        {"$match": _PACKS},
        {"$group": {"_id": None, "more": {"$sum": {"$subtract": ["$rows", 1]}}}},
    ]
    return int(documents + sum([found["more"] async for found in outbox.aggregate(count)]))


class Relay:
    """Sends the outbox to Kafka in order, one process at a time, and deletes what Kafka has acknowledged.

    A crash between acknowledgement and deletion repeats at most one batch, with the same event ids.

    Args:
        service: Whose outbox it is.
        holder: Id of this process.
        mongo: The service's database.
        producer: The open producer.
        metrics: Where depth, age and counts are shown.
        clock: Used for the age alone.
        batch_rows: Rows per round.
        lease_ms: How long a dead holder keeps the others waiting.
    """

    def __init__(
        self,
        service: Service,
        holder: str,
        mongo: Mongo,
        producer: Producer,
        metrics: Metrics,
        clock: Clock,
        batch_rows: int,
        lease_ms: int,
    ) -> None:
        self._service = service
        self._mongo = mongo
        self._producer = producer
        self._metrics = metrics
        self._clock = clock
        self._limit = batch_rows
        self._lease = Lease("outbox", holder, lease_ms)
        self._wake = asyncio.Event()
        self._stopping = False
        self._prepared = False
        self.depth = 0
        self.turned_at_s = monotonic_s()

    def wake(self) -> None:
        """Tell the relay that rows were just committed."""
        self._wake.set()

    async def run(self) -> None:
        """Relay until `stop`; failures of either engine are waited out."""
        while not self._stopping:
            self.turned_at_s = monotonic_s()
            self._wake.clear()
            try:
                if await self._round() == self._limit:
                    continue
            except Exception as error:
                if not is_passing(error):
                    raise
                self._metrics.retries.labels(self._service, "publish").inc()
                log.warning("outbox waits for an engine", error=type(error).__name__)
                await asyncio.sleep(RETRY_S)
                continue
            await self._idle()

    async def _idle(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), POLL_S)
        except TimeoutError:
            return

    async def stop(self) -> None:
        """End `run` after the round in hand and release the lease."""
        self._stopping = True
        self._wake.set()

    async def release(self) -> None:
        """Let another process take over at once."""
        await self._lease.release(self._mongo.db)

    async def _round(self) -> int:
        if not self._lease.fresh() and not await self._lease.take(self._mongo.db):
            return 0
        if not self._prepared:
            await prepare(self._mongo.db)
            self._prepared = True
        rows = await self._read()
        await self._measure(rows)
        if not rows or not self._lease.fresh():
            return 0
        await self._send(rows)
        await self._mongo.db[COLLECTION].delete_many({"_id": {"$in": [row["_id"] for row in rows]}})
        return len(rows)

    async def _read(self) -> list[dict[str, Any]]:
        # A snapshot: a scan that yields could otherwise see row n+1 of an aggregate without row n.
        async with await self._mongo.client.start_session(snapshot=True) as session:
            return (
                await self._mongo.db[COLLECTION]
                .find({}, session=session)
                .sort("_id", 1)
                .limit(self._limit)
                .to_list(None)
            )

    async def _measure(self, rows: list[dict[str, Any]]) -> None:
        self.depth = rows_in(rows)
        if len(rows) == self._limit:
            self.depth = await depth(self._mongo.db)
        self._metrics.outbox_depth.labels(self._service).set(self.depth)
        oldest_ms = rows[0]["at_ms"] if rows else self._clock.now().timestamp() * 1000
        self._metrics.outbox_age.labels(self._service).set(max(0.0, self._clock.now().timestamp() - oldest_ms / 1000))

    async def _send(self, rows: Iterable[dict[str, Any]]) -> None:
        lanes: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for row in rows:
            for topic, partition, record in records_of(row):
                lanes[topic, partition].append(record)
        # Given up while the lease still holds: what a stalled holder sent later could land behind its successor's.
        await self._producer.send(lanes, within_s=self._lease.left_s())
        count_published(self._metrics, lanes)
