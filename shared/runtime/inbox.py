"""Reading the log without losing or doubling a record: places, gap check, rewind, bisection, alarm.

The ledger holds how far each partition has been read. A batch is applied only where it begins at the
stored place; one whose first offset lies above it counts only where the consumer fetched on from that
very place (compaction leaves gaps), because otherwise the records between were lost on the way (a
failed batch, an error outside the handler). The rebalance listener only throws the known places away:
seeking inside it comes too late.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shared.kernel.clock import monotonic_s
from shared.runtime.logging import logger
from shared.runtime.metrics import Metrics
from shared.runtime.passing import is_passing
from shared.runtime.settings import RuntimeSettings

log = logger(__name__)
COMMIT_EVERY_S = 1.0

Records = list[Any]
Part = tuple[int, Records]
"""The stored place that a batch of one partition begins at, and its records in order."""


class Moved(Exception):
    """Someone else has moved the stored place; nothing of the batch was applied.

    Args:
        stored: The places as they are now.
    """

    def __init__(self, stored: Mapping[TopicPartition, int]) -> None:
        super().__init__("the stored place has moved")
        self.stored = dict(stored)


class Halt(Exception):
    """The consumer must not go on: applying more would do damage; the message says what to do."""


class Ledger(Protocol):
    """Where it is written how far each partition was read, and how a batch takes effect."""

    async def read(self, partitions: Sequence[TopicPartition], consumer: Any) -> dict[TopicPartition, int]:
        """Return the next offset to apply for each partition."""
        ...

    async def apply(self, parts: Mapping[TopicPartition, Part], consumer: Any) -> None:
        """Apply the records of all parts and move their places, all or nothing.

        Raises:
            Moved: a stored place is not the part's; nothing was applied.
            Halt: the consumer must stop.
        """
        ...

    async def park(self, tp: TopicPartition, start: int, record: Any, error: Exception, consumer: Any) -> bool:
        """Set one record aside that a bug breaks on, and move its place past it.

        Returns:
            False where that cannot be done; then the partition stops.

        Raises:
            Moved: the stored place is another.
            Halt: the consumer must stop.
        """
        ...


class Inbox(ConsumerRebalanceListener):
    """Feeds batches of one consumer to a ledger.

    Args:
        service: The service's name, for metrics.
        ledger: Where places are kept and records applied.
        metrics: Where lag, retries and alarms are shown.
        settings: Backoff and patience.
    """

    def __init__(self, service: str, ledger: Ledger, metrics: Metrics, settings: RuntimeSettings) -> None:
        self._service = service
        self._ledger = ledger
        self._metrics = metrics
        self._settings = settings
        self.subscriber: Any = None
        self.starts: dict[TopicPartition, int] = {}
        self.stopped: dict[TopicPartition, str] = {}
        self.halted: str | None = None
        self.fatal: str | None = None
        self.busy = False
        self.waiting: dict[TopicPartition, int] = {}
        self.turned_at_s = monotonic_s()
        self._failures = 0
        self._committed_at_s = 0.0
        self._suspects: dict[TopicPartition, tuple[int, int]] = {}

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Forget all places; a handler that runs keeps the old dictionary."""
        self._forget(revoked)

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Forget all places; the handler reads them when the first batch comes."""
        self._forget(assigned)

    def _forget(self, partitions: Any) -> None:
        self.starts = {}
        self._suspects = {}
        if self.subscriber.consumer is not None:
            self.subscriber.consumer.forget()
        for tp in set(partitions) | set(self.stopped):
            self._metrics.stopped.labels(self._service, tp.topic, tp.partition).set(0)
        self.stopped = {}

    async def on_batch(self, records: Any) -> None:
        """Apply one batch as it comes from the consumer; raises nothing, so that nothing is committed past."""
        if self.halted or self.fatal:
            return
        self.busy = True
        self.turned_at_s = monotonic_s()
        try:
            await self._consume(records, self.starts, self.subscriber.consumer)
        finally:
            self.busy = False
            self.turned_at_s = monotonic_s()

    async def _consume(self, records: Any, starts: dict[TopicPartition, int], consumer: Any) -> None:
        parts: dict[TopicPartition, Records] = {}
        for record in records:
            parts.setdefault(TopicPartition(record.topic, record.partition), []).append(record)
        for tp in [tp for tp in parts if tp in self.stopped]:
            del parts[tp]
        try:
            unknown = [tp for tp in parts if tp not in starts]
            if unknown:
                starts.update(await self._ledger.read(unknown, consumer))
            for tp in list(parts):
                await self._check(consumer, starts, parts, tp)
            if parts:
                await self._apply(consumer, starts, parts)
            await self._commit(consumer, starts)
        except Exception as error:
            if not is_passing(error):
                raise
            await self._rewind(consumer, starts, parts, error)

    def _seek(self, consumer: Any, tp: TopicPartition, offset: int, why: str) -> None:
        self._metrics.rewinds.labels(self._service, why).inc()
        if tp in consumer.assignment():
            consumer.seek(tp, offset)

    async def _check(
        self, consumer: Any, starts: dict[TopicPartition, int], parts: dict[TopicPartition, Records], tp: TopicPartition
    ) -> None:
        start, first = starts[tp], parts[tp][0].offset
        if first == start or (first > start and consumer.began.get(tp) == start):
            return
        del parts[tp]
        if first < start and (end := (await consumer.end_offsets([tp]))[tp]) < start:
            self.fatal = (
                f"{tp.topic} partition {tp.partition} ends at {end}, but {start} was already read: the topic was cut "
                "or made anew. Restore it, or remove this service's fences of the topic and rebuild its state."
            )
            log.critical("service must stop", reason=self.fatal)
            return
        self._seek(consumer, tp, start, "gap" if first > start else "below")

    async def _apply(
        self, consumer: Any, starts: dict[TopicPartition, int], parts: dict[TopicPartition, Records]
    ) -> None:
        while parts:
            try:
                await self._ledger.apply({tp: (starts[tp], records) for tp, records in parts.items()}, consumer)
            except Moved as moved:
                starts.update(moved.stored)
                for tp in moved.stored:
                    await self._check(consumer, starts, parts, tp)
                continue
            except Halt as halt:
                self._halt(consumer, str(halt))
                return
            except Exception as error:
                if is_passing(error):
                    raise
                await self._isolate(consumer, starts, parts, error)
                return
            for tp, records in parts.items():
                starts[tp] = records[-1].offset + 1
            self._failures = 0
            return

    async def _isolate(
        self, consumer: Any, starts: dict[TopicPartition, int], parts: dict[TopicPartition, Records], error: Exception
    ) -> None:
        """Find the record that a bug breaks on: each partition alone, then halves; progress is kept."""
        for tp, records in list(parts.items()):
            if len(parts) == 1 and len(records) == 1:
                await self._set_aside(consumer, starts, tp, records[0], error)
                return
            middle = len(records) // 2 if len(parts) == 1 else len(records)
            for half in filter(None, (records[:middle], records[middle:])):
                await self._apply(consumer, starts, {tp: half})
                if tp in self.stopped or self.halted:
                    break
                if starts[tp] != half[-1].offset + 1:  # someone else moved the place: the rest would leave a gap
                    self._seek(consumer, tp, starts[tp], "moved")
                    break

    async def _set_aside(
        self, consumer: Any, starts: dict[TopicPartition, int], tp: TopicPartition, record: Any, error: Exception
    ) -> None:
        """Park the record that a bug breaks on; where even that cannot be done, stop its partition."""
        try:
            parked = await self._ledger.park(tp, starts[tp], record, error, consumer)
        except Moved as moved:
            starts.update(moved.stored)
            self._seek(consumer, tp, starts[tp], "moved")
            return
        except Halt as halt:
            self._halt(consumer, str(halt))
            return
        if not parked:
            self._stop(consumer, tp, record.offset, error)
            return
        starts[tp] = record.offset + 1
        log.error(
            "a bug: the record and what follows of its site are parked",
            topic=tp.topic,
            partition=tp.partition,
            offset=record.offset,
            error=type(error).__name__,
            exc_info=error,
        )

    def _stop(self, consumer: Any, tp: TopicPartition, offset: int, error: Exception) -> None:
        self.stopped[tp] = f"{type(error).__name__} at offset {offset}"
        self._metrics.stopped.labels(self._service, tp.topic, tp.partition).set(1)
        log.error(
            "a bug stopped a partition",
            topic=tp.topic,
            partition=tp.partition,
            offset=offset,
            error=type(error).__name__,
            exc_info=error,
        )
        if tp in consumer.assignment():
            self._seek(consumer, tp, offset, "stopped")
            consumer.pause(tp)

    def _halt(self, consumer: Any, reason: str) -> None:
        self.halted = reason
        self._metrics.halted.labels(self._service).set(1)
        log.critical("the consumer was halted", reason=reason)
        consumer.pause(*consumer.assignment())

    async def _rewind(
        self, consumer: Any, starts: dict[TopicPartition, int], parts: dict[TopicPartition, Records], error: Exception
    ) -> None:
        self._metrics.retries.labels(self._service, "apply").inc()
        for tp in parts:
            if tp in starts:
                self._seek(consumer, tp, starts[tp], "failed")
        ceiling_s = min(self._settings.retry_backoff_max_s, self._settings.retry_backoff_min_s * 2**self._failures)
        self._failures = min(self._failures + 1, 20)
        log.warning("batch will be read again", error=type(error).__name__, pause_s=round(ceiling_s, 2))
        await asyncio.sleep(ceiling_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret

    async def _commit(self, consumer: Any, starts: Mapping[TopicPartition, int]) -> None:
        """Tell Kafka how far we are, for showing lag only: the ledger is the truth."""
        if monotonic_s() - self._committed_at_s < COMMIT_EVERY_S:
            return
        self._committed_at_s = monotonic_s()
        await commit(consumer, starts)

    async def settle(self) -> None:
        """Commit the last places before the consumer leaves, so that its successor need not seek back."""
        if self.subscriber.consumer is not None and not self.busy:
            await commit(self.subscriber.consumer, self.starts)

    async def tend(self) -> None:
        """Look after the consumer between batches, once a second.

        Shows lag, and puts a consumer back that has moved past its place without the handler having
        seen the records, or that was assigned a partition whose stored place lies before Kafka's.
        """
        consumer = self.subscriber.consumer
        if consumer is None or self.busy or self.halted:
            return
        if consumer.broken:
            self.fatal = f"the consumer broke and would never read again: {consumer.broken}"
            return
        waiting: dict[TopicPartition, int] = {}
        starts = self.starts
        flowing = [tp for tp in consumer.assignment() if tp not in self.stopped]
        if unknown := [tp for tp in flowing if tp not in starts]:
            for tp, place in (await self._ledger.read(unknown, consumer)).items():
                starts.setdefault(tp, place)
        for tp in flowing:
            try:
                if lag := await self._tend_one(consumer, tp):
                    waiting[tp] = lag
            except (KafkaError, TimeoutError, IllegalStateError):
                continue  # the broker is away or the partition just left; the next round looks again
        self.waiting = waiting
        if not waiting:
            self.turned_at_s = monotonic_s()

    def stands_still(self, patience_s: float) -> str | None:
        """Say what it has been at for too long; None while it makes progress, or was halted until a person looks.

        Args:
            patience_s: So long without progress is too long.
        """
        if self.halted or monotonic_s() - self.turned_at_s <= patience_s:
            return None
        if self.busy:
            return "one batch is being applied and does not end"
        places = ", ".join(f"{tp.topic}/{tp.partition}: {lag}" for tp, lag in sorted(self.waiting.items()))
        return f"records wait and the consumer stands still: {places or 'it could not be seen where'}"

    async def _tend_one(self, consumer: Any, tp: TopicPartition) -> int:
        starts = self.starts
        if (want := starts.get(tp)) is None:
            return 0  # a rebalance came between; the next round looks again
        position = await asyncio.wait_for(consumer.position(tp), 1.0)
        lag = max(0, (consumer.highwater(tp) or 0) - want)
        self._metrics.lag.labels(self._service, tp.topic, tp.partition).set(lag)
        if position <= want or self.busy or starts is not self.starts or starts.get(tp, want) != want:
            self._suspects.pop(tp, None)
        elif self._suspects.get(tp) == (position, want):
            del self._suspects[tp]
            self._seek(consumer, tp, want, "gap")
        else:
            self._suspects[tp] = (position, want)
        return lag


async def commit(consumer: Any, starts: Mapping[TopicPartition, int]) -> None:
    """Commit explicit offsets; a lost partition, an expired member or a broker that is away is harmless here."""
    mine = {tp: offset for tp, offset in starts.items() if tp in consumer.assignment()}
    if not mine:
        return
    try:
        await consumer.commit(mine)
    except (CommitFailedError, IllegalStateError, KafkaError) as error:
        log.info("offsets were not committed", error=type(error).__name__)
