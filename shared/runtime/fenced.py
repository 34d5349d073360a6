"""The ledger of the services that keep state: places, effects and new events in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from shared.contracts.envelope import Event
from shared.contracts.topics import Service, Topic
from shared.kernel.clock import Clock, monotonic_s
from shared.runtime import outbox, parking
from shared.runtime.deadletter import DeadLetter, Streak
from shared.runtime.inbox import Halt, Moved, Part
from shared.runtime.metrics import Metrics
from shared.runtime.mongo import Database, Mongo, Session
from shared.runtime.received import Received, decode

if TYPE_CHECKING:  # an extra of its own, which a process without tracing does not load
    from shared.runtime.tracing import Tracing

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
    behind: list[Received] = field(default_factory=list)

    def publish(self, topic: Topic, event: Event, aggregate: str, tick: outbox.Tick) -> None:
        """Put an event into the outbox; it is sent when the transaction has committed."""
        self.rows.append(outbox.OutboxRow.for_event(topic, event, aggregate, tick, self.producer))

    def publish_written(self, topic: Topic, event: outbox.Written, aggregate: str, tick: outbox.Tick) -> None:
        """Put an event into the outbox whose body is written already."""
        self.rows.append(outbox.OutboxRow.for_written(topic, event, aggregate, tick, self.producer))

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
        parked_sites_max: With more sites held than this the consumer halts.
        wake: Called when rows were put into the outbox.
        tracing: Follows the records; None where tracing is off.
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
        parked_sites_max: int,
        wake: Callable[[], None],
        tracing: Tracing | None = None,
    ) -> None:
        self._service = service
        self._topics = topics
        self._mongo = mongo
        self._fold = fold
        self._metrics = metrics
        self._clock = clock
        self._streak = Streak(dead_letters_max)
        self._parked_sites_max = parked_sites_max
        self._tracing = tracing
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
        records = [record for _, part in parts.values() for record in part]
        with self._tracing.batch(records) if self._tracing is not None else nullcontext():
            await self._apply(parts, records)

    async def _apply(self, parts: Mapping[TopicPartition, Part], records: Sequence[Any]) -> None:
        started_s = monotonic_s()
        batch = decode(self._topics, records)
        dead = [DeadLetter(bad.record, "undecodable", bad.reason) for bad in batch.undecodable]

        async def work(session: Session) -> Tx:
            held = await self._expect(parts, session)
            tx = Tx(session, self._mongo.db, self._clock.now(), self._service)
            flowing, tx.behind = parking.parted(batch.events, held)
            if flowing:
                await self._fold(flowing, tx)
            letters = dead + [DeadLetter(received.record, "rule", reason) for received, reason in tx.rejected]
            self._streak.check(records, letters)
            rows = tx.rows + [letter.row(self._topics, self._service, tx.now_ms()) for letter in letters]
            await parking.keep(tx.db, session, (self._parked(found, parking.BEHIND, tx.now) for found in tx.behind))
            await self._move(parts, session)
            await outbox.write(self._mongo, session, rows)
            return tx

        tx = await self._mongo.in_transaction(work, self._metrics.retries.labels(self._service, "apply").inc)
        self._done(records, batch, dead, tx, started_s)

    async def park(self, tp: TopicPartition, start: int, record: Any, error: Exception, consumer: Any) -> bool:  # noqa: ARG002 - port
        """Set one record aside that a bug breaks on: from now on its site is held in this partition.

        Args:
            tp: The partition.
            start: The stored place.
            record: The record, the only one of its batch.
            error: What it raised.
            consumer: Whose batch it is.

        Returns:
            False where it names no site, so that nothing can be held with it.

        Raises:
            Moved: the stored place is another.
            Halt: too many sites would be held: the release is broken, not a record.
        """
        events = decode(self._topics, [record]).events
        if not events:
            return False
        site = parking.site_of(events[0])

        async def work(session: Session) -> None:
            await self._expect({tp: (start, [record])}, session)
            await self._refuse_too_many(site, session)
            kept = self._parked(events[0], type(error).__name__, self._clock.now())
            await parking.keep(self._mongo.db, session, [kept])
            await self._move({tp: (start, [record])}, session)
            fences = self._mongo.db[COLLECTION]
            await fences.update_one({"_id": self.fence_id(tp)}, {"$addToSet": {"parked": site}}, session=session)

        await self._mongo.in_transaction(work)
        self._metrics.records.labels(self._service, tp.topic, "parked").inc()
        return True

    async def _refuse_too_many(self, site: str, session: Session) -> None:
        fences = self._mongo.db[COLLECTION].find(
            {"service": self._service, "parked.0": {"$exists": True}}, session=session
        )
        held = set[str]().union(*[fence["parked"] async for fence in fences])
        parking.refuse_too_many(held | {site}, self._parked_sites_max)

    async def take_back(self, fence: str, site: str, limit: int) -> int:
        """Apply the first parked rows of a site and delete them; fewer than the limit were the last: the site flows.

        Args:
            fence: The id of the partition's fence.
            site: The site, as its rows name it.
            limit: At most so many.

        Returns:
            How many were taken.
        """

        async def work(session: Session) -> tuple[int, Tx]:
            kept = await parking.waiting(self._mongo.db, session, fence, site, limit)
            tx = Tx(session, self._mongo.db, self._clock.now(), self._service)
            batch = decode(self._topics, kept)
            if batch.events:
                await self._fold(batch.events, tx)
            letters = [DeadLetter(bad.record, "undecodable", bad.reason) for bad in batch.undecodable]
            letters += [DeadLetter(received.record, "rule", reason) for received, reason in tx.rejected]
            await parking.forget(self._mongo.db, session, kept)
            # Written in any case: that makes it serial with the consumer, which puts later records behind these; and
            # who remembers what the records before came to sees by the number that there are more.
            done: dict[str, Any] = {"$pull" if len(kept) < limit else "$addToSet": {"parked": site}}
            done["$inc"] = {"taken_back": 1}
            await self._mongo.db[COLLECTION].update_one({"_id": fence}, done, session=session)
            rows = tx.rows + [letter.row(self._topics, self._service, tx.now_ms()) for letter in letters]
            await outbox.write(self._mongo, session, rows)
            return len(kept), tx

        taken, tx = await self._mongo.in_transaction(work, self._metrics.retries.labels(self._service, "apply").inc)
        for call in tx.after:
            call()
        self._wake()
        return taken

    def _parked(self, received: Received, reason: str, now: datetime) -> dict[str, Any]:
        record = received.record
        fence = self.fence_id(TopicPartition(record.topic, record.partition))
        return parking.row(fence, self._service, record, parking.site_of(received), reason, now)

    async def _expect(
        self, parts: Mapping[TopicPartition, Part], session: Session
    ) -> dict[tuple[str, int], frozenset[str]]:
        """Read the fences, and return which sites each of them holds.

        Raises:
            Moved: a stored place is not where its part begins.
        """
        ids = {self.fence_id(tp): tp for tp in parts}
        cursor = self._mongo.db[COLLECTION].find({"_id": {"$in": list(ids)}}, session=session)
        fences = {ids[doc["_id"]]: doc async for doc in cursor}
        stored = {tp: int(doc["next"]) for tp, doc in fences.items()}
        moved = {tp: stored.get(tp, 0) for tp, (start, _) in parts.items() if stored.get(tp, 0) != start}
        if moved:
            raise Moved(moved)
        return {(tp.topic, tp.partition): frozenset(doc.get("parked", ())) for tp, doc in fences.items()}

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
        batch.count(metrics, service, tx.now, rejected=len(tx.rejected), behind=tx.behind)
        for call in tx.after:
            call()
        metrics.batch_records.labels(service).observe(len(records))
        metrics.apply_seconds.labels(service).observe(monotonic_s() - started_s)
        if tx.rows or dead or tx.rejected:
            self._wake()
