"""The ledger of the services that keep state: places, effects and new events in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiokafka import TopicPartition
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from shared.contracts.envelope import Event
from shared.contracts.topics import Service, Topic
from shared.kernel.clock import Clock, monotonic_s
from shared.runtime import outbox
from shared.runtime.deadletter import DeadLetter, Streak
from shared.runtime.inbox import Halt, Moved, Part
from shared.runtime.metrics import Metrics
from shared.runtime.mongo import Database, Mongo, Session
from shared.runtime.received import Received, decode

COLLECTION = "fences"


@dataclass
class Tx:
    """What a fold works with: one try of one transaction.

    Attributes:
        session: To be passed to every read and write.
        db: The service's database.
        now: The moment at which the batch is applied.
        producer: The service, as producer of what it publishes.
    """

    session: Session
    db: Database
    now: datetime
    producer: Service
    rows: list[outbox.OutboxRow] = field(default_factory=list)
    rejected: list[tuple[Received, str]] = field(default_factory=list)
    after: list[Callable[[], None]] = field(default_factory=list)

    def publish(self, topic: Topic, event: Event, aggregate: str, tick: outbox.Tick) -> None:
        """Put an event into the outbox; it is sent when the transaction has committed."""
        self.rows.append(outbox.OutboxRow.for_event(topic, event, aggregate, tick, self.producer))

    def reject(self, received: Received, reason: str) -> None:
        """Send a record that breaks a rule to the dead letter; the reason never holds report text."""
        self.rejected.append((received, reason))

    def after_commit(self, call: Callable[[], None]) -> None:
        """Have something called once the transaction has committed; not called for a try that failed."""
        self.after.append(call)

    def now_ms(self) -> int:
        """Return the moment in milliseconds since 1970."""
        return int(self.now.timestamp() * 1000)


Fold = Callable[[Sequence[Received], Tx], Awaitable[None]]


class FencedLedger:
    """Applies batches with a fold inside the transaction that moves the fence.

    Args:
        service: The consumer.
        topics: Its topics by name.
        mongo: Its database.
        fold: What a batch does; idempotent by event id, revision or version.
        metrics: Where outcomes are counted.
        clock: The source of now.
        dead_letters_max: So many unreadable records in a row halt the consumer.
        wake: Called when rows were put into the outbox.
    """

    def __init__(
        self,
        service: Service,
        topics: Mapping[str, Topic],
        mongo: Mongo,
        fold: Fold,
        metrics: Metrics,
        clock: Clock,
        dead_letters_max: int,
        wake: Callable[[], None],
    ) -> None:
        self._service = service
        self._topics = topics
        self._mongo = mongo
        self._fold = fold
        self._metrics = metrics
        self._clock = clock
        self._streak = Streak(dead_letters_max)
        self._wake = wake
        self.ids: dict[str, str] = {}

    def fence_id(self, tp: TopicPartition) -> str:
        """Return the fence's id: service, Kafka's own topic id, partition."""
        return f"{self._service}:{self.ids[tp.topic]}:{tp.partition}"

    async def adopt(self, ids: Mapping[str, str]) -> None:
        """Take the topics' ids of this cluster, and refuse to start where a known topic has a new one.

        Raises:
            Halt: a topic was made anew since it was last read.
        """
        self.ids = dict(ids)
        async for fence in self._mongo.db[COLLECTION].find({"service": self._service}):
            known = self.ids.get(fence["topic"])
            if known is not None and known != fence["topic_id"]:
                raise Halt(
                    f"topic {fence['topic']} was made anew (id {known}, the fence knows {fence['topic_id']}). "
                    f"Restore the old one, or delete {self._service}'s fences of the topic and rebuild its state."
                )

    async def read(self, partitions: Sequence[TopicPartition], consumer: Any) -> dict[TopicPartition, int]:
        """Return the stored places, making a missing fence at 0."""
        fences = self._mongo.db[COLLECTION]
        ids = {self.fence_id(tp): tp for tp in partitions}
        found = {ids[doc["_id"]]: int(doc["next"]) async for doc in fences.find({"_id": {"$in": list(ids)}})}
        missing = [
            {"_id": fid, "service": self._service, "topic": tp.topic, "topic_id": self.ids[tp.topic], "next": 0}
            for fid, tp in ids.items()
            if tp not in found
        ]
        if missing:
            try:
                await fences.insert_many(missing, ordered=False)
            except BulkWriteError:
                return await self.read(partitions, consumer)  # another member made some at the same moment
        return {tp: found.get(tp, 0) for tp in partitions}

    async def places(self) -> dict[tuple[str, int], int]:
        """Return the next offset of every fence of the service, by topic and partition."""
        fences = self._mongo.db[COLLECTION].find(
            {"service": self._service, "topic_id": {"$in": list(self.ids.values())}}
        )
        return {(doc["topic"], int(doc["_id"].rpartition(":")[2])): int(doc["next"]) async for doc in fences}

    async def apply(self, parts: Mapping[TopicPartition, Part], consumer: Any) -> None:  # noqa: ARG002 - port
        """Decode, fold, write dead letters and outbox and move the fences, all or nothing."""
        started_s = monotonic_s()
        records = [record for _, part in parts.values() for record in part]
        batch = decode(self._topics, records)
        dead = [DeadLetter(bad.record, "undecodable", bad.reason) for bad in batch.undecodable]

        async def work(session: Session) -> Tx:
            await self._expect(parts, session)
            tx = Tx(session, self._mongo.db, self._clock.now(), self._service)
            if batch.events:
                await self._fold(batch.events, tx)
            letters = dead + [DeadLetter(received.record, "rule", reason) for received, reason in tx.rejected]
            self._streak.check(records, letters)
            rows = tx.rows + [letter.row(self._topics, self._service, tx.now_ms()) for letter in letters]
            await self._move(parts, session)
            await outbox.write(self._mongo, session, rows)
            return tx

        tx = await self._mongo.in_transaction(work, self._metrics.retries.labels(self._service, "apply").inc)
        self._done(records, batch, dead, tx, started_s)

    async def _expect(self, parts: Mapping[TopicPartition, Part], session: Session) -> None:
        ids = {self.fence_id(tp): tp for tp in parts}
        cursor = self._mongo.db[COLLECTION].find({"_id": {"$in": list(ids)}}, session=session)
        stored = {ids[doc["_id"]]: int(doc["next"]) async for doc in cursor}
        moved = {tp: stored.get(tp, 0) for tp, (start, _) in parts.items() if stored.get(tp, 0) != start}
        if moved:
            raise Moved(moved)

    async def _move(self, parts: Mapping[TopicPartition, Part], session: Session) -> None:
        moves = [
            UpdateOne(
                {"_id": self.fence_id(tp), "next": start},
                {
                    "$set": {
                        "next": records[-1].offset + 1,
                        "service": self._service,
                        "topic": tp.topic,
                        "topic_id": self.ids[tp.topic],
                    }
                },
                upsert=start == 0,
            )
            for tp, (start, records) in parts.items()
        ]
        await self._mongo.db[COLLECTION].bulk_write(moves, ordered=False, session=session)

    def _done(self, records: Sequence[Any], batch: Any, dead: Sequence[DeadLetter], tx: Tx, started_s: float) -> None:
        metrics, service = self._metrics, self._service
        self._streak.remember(records, [*(letter.record for letter in dead), *(r.record for r, _ in tx.rejected)])
        for received, _ in tx.rejected:
            metrics.dead_letters.labels(service, received.topic.name, "rule").inc()
        batch.count(metrics, service, tx.now, rejected=len(tx.rejected))
        for call in tx.after:
            call()
        metrics.apply_seconds.labels(service).observe(monotonic_s() - started_s)
        if tx.rows or dead or tx.rejected:
            self._wake()
