"""The ledger of the hot path from Kafka to Kafka: publish, wait for the acknowledgements, then commit.

No state and no transaction: the ids of what it publishes are derived, so a batch that is read twice
says the same thing twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition

from shared.contracts.topics import Service, Topic
from shared.kernel.clock import Clock, monotonic_s
from shared.runtime import parking
from shared.runtime.deadletter import DeadLetter, Streak
from shared.runtime.inbox import Part, commit
from shared.runtime.kafka import Producer, Record
from shared.runtime.metrics import Metrics
from shared.runtime.mongo import Mongo, Session
from shared.runtime.published import count_published
from shared.runtime.received import Received, decode
from shared.runtime.trace_context import add_traceparent, current_traceparent

if TYPE_CHECKING:  # an extra of its own, which a process without tracing does not load
    from shared.runtime.tracing import Tracing

Transform = Callable[[Sequence[Received]], Iterable[tuple[str, int, Record]]]
"""From events to (topic, partition, record); pure, and quick enough not to hold the loop for a session."""


class PipeLedger:
    """Applies batches by publishing what a transform makes of them.

    Args:
        service: The consumer.
        topics: Its topics by name.
        producer: The open producer.
        mongo: Its database, where records are parked that a bug breaks on.
        transform: What a batch turns into.
        metrics: Where outcomes are counted.
        clock: The source of now.
        dead_letters_max: So many unreadable records in a row halt the consumer.
        parked_sites_max: With parked records of more sites than this the consumer halts.
        tracing: Follows the records; None where tracing is off.
    """

    def __init__(
        self,
        service: Service,
        topics: Mapping[str, Topic],
        producer: Producer,
        mongo: Mongo,
        transform: Transform,
        metrics: Metrics,
        clock: Clock,
        dead_letters_max: int,
        parked_sites_max: int,
        tracing: Tracing | None = None,
    ) -> None:
        self._service = service
        self._topics = topics
        self._producer = producer
        self._mongo = mongo
        self._transform = transform
        self._metrics = metrics
        self._clock = clock
        self._streak = Streak(dead_letters_max)
        self._parked_sites_max = parked_sites_max
        self._tracing = tracing

    async def read(self, partitions: Sequence[TopicPartition], consumer: Any) -> dict[TopicPartition, int]:
        """Return the committed offsets; 0 where nothing was committed yet."""
        return {tp: await consumer.committed(tp) or 0 for tp in partitions}

    async def apply(self, parts: Mapping[TopicPartition, Part], consumer: Any) -> None:
        """Transform, publish, wait for all acknowledgements, commit."""
        records = [record for _, part in parts.values() for record in part]
        with self._tracing.batch(records) if self._tracing is not None else nullcontext():
            await self._apply(parts, records, consumer)

    async def park(self, tp: TopicPartition, start: int, record: Any, error: Exception, consumer: Any) -> bool:  # noqa: ARG002 - port
        """Set one record aside that a bug breaks on, alone: what is published is folded in any order.

        Args:
            tp: The partition.
            start: The stored place.
            record: The record.
            error: What it raised.
            consumer: Whose committed offset moves past it.

        Returns:
            False where it names no site.

        Raises:
            Halt: too many sites have parked records: the release is broken, not a record.
        """
        events = decode(self._topics, [record]).events
        if not events:
            return False
        fence, site = f"{self._service}:{tp.topic}:{tp.partition}", parking.site_of(events[0])
        parking.refuse_too_many(
            {site, *await self._mongo.db[parking.COLLECTION].distinct("site")}, self._parked_sites_max
        )
        kept = parking.row(fence, self._service, record, site, type(error).__name__, self._clock.now())
        await parking.keep(self._mongo.db, None, [kept])
        await commit(consumer, {tp: record.offset + 1})
        self._metrics.records.labels(self._service, tp.topic, "parked").inc()
        return True

    async def take_back(self, fence: str, site: str, limit: int) -> int:
        """Publish what the transform makes of a site's parked records, then delete them.

        Args:
            fence: What the rows name as their partition.
            site: The site.
            limit: At most so many.

        Returns:
            How many were taken.
        """

        async def work(session: Session) -> int:
            kept = await parking.waiting(self._mongo.db, session, fence, site, limit)
            lanes: dict[tuple[str, int], list[Record]] = defaultdict(list)
            for topic, partition, record in self._transform(decode(self._topics, kept).events):
                lanes[topic, partition].append(record)
            await self._producer.send(lanes)
            count_published(self._metrics, lanes)
            await parking.forget(self._mongo.db, session, kept)
            return len(kept)

        return await self._mongo.in_transaction(work)

    async def _apply(self, parts: Mapping[TopicPartition, Part], records: Sequence[Any], consumer: Any) -> None:
        started_s = monotonic_s()
        batch = decode(self._topics, records)
        letters = [DeadLetter(bad.record, "undecodable", bad.reason) for bad in batch.undecodable]
        self._streak.check(records, letters)
        lanes: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for topic, partition, record in self._transform(batch.events):
            lanes[topic, partition].append(record)
        if current_traceparent() is not None:
            _trace(lanes)
        for letter in letters:
            lane = lanes[self._topics[letter.record.topic].dead_letter(self._service), letter.record.partition]
            lane.append((letter.record.key, letter.record.value, letter.headers()))
        await self._producer.send(lanes)
        await commit(consumer, {tp: part[-1].offset + 1 for tp, (_, part) in parts.items()})
        self._streak.remember(records, [letter.record for letter in letters])
        batch.count(self._metrics, self._service, self._clock.now())
        count_published(self._metrics, lanes)
        self._metrics.batch_records.labels(self._service).observe(len(records))
        self._metrics.apply_seconds.labels(self._service).observe(monotonic_s() - started_s)


def _trace(lanes: Mapping[tuple[str, int], Sequence[Record]]) -> None:
    """Put the trace of what each record answers behind its headers; an answer has the subject of its question."""
    for records in lanes.values():
        for _, _, headers in records:
            subject = next((value.decode() for name, value in headers if name == "ce_subject"), "")
            add_traceparent(headers, subject)
