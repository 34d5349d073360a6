"""The ledger of the hot path from Kafka to Kafka: publish, wait for the acknowledgements, then commit.

No state and no transaction: the ids of what it publishes are derived, so a batch that is read twice
says the same thing twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition

from shared.contracts.topics import Service, Topic
from shared.kernel.clock import Clock, monotonic_s
from shared.runtime.deadletter import DeadLetter, Streak
from shared.runtime.inbox import Part, commit
from shared.runtime.kafka import Producer, Record
from shared.runtime.metrics import Metrics
from shared.runtime.received import Received, decode

Transform = Callable[[Sequence[Received]], Iterable[tuple[str, int, Record]]]
"""From events to (topic, partition, record); pure, and quick enough not to hold the loop for a session."""


class PipeLedger:
    """Applies batches by publishing what a transform makes of them.

    Args:
        service: The consumer.
        topics: Its topics by name.
        producer: The open producer.
        transform: What a batch turns into.
        metrics: Where outcomes are counted.
        clock: The source of now.
        dead_letters_max: So many unreadable records in a row halt the consumer.
    """

    def __init__(
        self,
        service: Service,
        topics: Mapping[str, Topic],
        producer: Producer,
        transform: Transform,
        metrics: Metrics,
        clock: Clock,
        dead_letters_max: int,
    ) -> None:
        self._service = service
        self._topics = topics
        self._producer = producer
        self._transform = transform
        self._metrics = metrics
        self._clock = clock
        self._streak = Streak(dead_letters_max)

    async def read(self, partitions: Sequence[TopicPartition], consumer: Any) -> dict[TopicPartition, int]:
        """Return the committed offsets; 0 where nothing was committed yet."""
        return {tp: await consumer.committed(tp) or 0 for tp in partitions}

    async def apply(self, parts: Mapping[TopicPartition, Part], consumer: Any) -> None:
        """Transform, publish, wait for all acknowledgements, commit."""
        started_s = monotonic_s()
        records = [record for _, part in parts.values() for record in part]
        batch = decode(self._topics, records)
        letters = [DeadLetter(bad.record, "undecodable", bad.reason) for bad in batch.undecodable]
        self._streak.check(records, letters)
        lanes: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for topic, partition, record in self._transform(batch.events):
            lanes[topic, partition].append(record)
        for letter in letters:
            lane = lanes[self._topics[letter.record.topic].dead_letter(self._service), letter.record.partition]
            lane.append((letter.record.key, letter.record.value, letter.headers()))
        await self._producer.send(lanes)
        await commit(consumer, {tp: part[-1].offset + 1 for tp, (_, part) in parts.items()})
        self._streak.remember(records, [letter.record for letter in letters])
        batch.count(self._metrics, self._service, self._clock.now())
        for (topic, _), sent in lanes.items():
            self._metrics.published.labels(self._service, topic).inc(len(sent))
        self._metrics.apply_seconds.labels(self._service).observe(monotonic_s() - started_s)
