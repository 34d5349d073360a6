"""Reading a topic once, from its first record to where it ended when asked: for commands, outside every group."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from shared.contracts.topics import Topic
from shared.kernel.clock import monotonic_s
from shared.kernel.errors import Unavailable
from shared.runtime.access import Kafka, options_of
from shared.runtime.received import Received, decode
from shared.runtime.topic_ids import topic_ids

QUIET_MAX_S = 30.0
"""So long without a record before the end is a broker that does not answer, not a slow one."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What was read in one go.

    Attributes:
        events: The events that this release knows, in order per partition; what cannot be read is passed over.
        unreadable: How many records could not be read.
        done: Offsets gone through so far.
        total: Offsets between the beginning and the end.
        places: The next offset of each partition.
    """

    events: Sequence[Received]
    unreadable: int
    done: int
    total: int
    places: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was read in one go from several topics.

    Attributes:
        events: As in `Chunk`; in order per topic and partition.
        read: How many offsets of all topics were gone through by this.
        places: By topic, the next offset of each partition that was asked for.
    """

    events: Sequence[Received]
    read: int
    places: Mapping[str, Mapping[int, int]]


async def read_partitions(
    kafka: Kafka,
    topics: Sequence[Topic],
    numbers: Collection[int],
    places: Mapping[str, Mapping[int, int]],
    max_records: int = 2_000,
) -> AsyncIterator[Stretch]:
    """Read the same partitions of several topics as they stand now: all there is of the sites that lie in them.

    Args:
        kafka: Where it is and how to sign in.
        topics: What to read.
        numbers: Of the partitions.
        places: From which offset on, by topic and partition; what is not named, from the first record.
        max_records: At most so many records in a stretch.

    Yields:
        Stretches, at least one.

    Raises:
        Unavailable: Kafka does not answer.
    """
    by_name = {topic.name: topic for topic in topics}
    partitions = [TopicPartition(topic.name, n) for topic in topics for n in sorted(numbers) if n < topic.partitions]
    done = 0
    async with _reader(kafka) as consumer:
        async for fetch in _fetches(consumer, partitions, max_records, places):
            reached: dict[str, dict[int, int]] = {name: {} for name in by_name}
            for tp, place in fetch.reached.items():
                reached[tp.topic][tp.partition] = place
            yield Stretch(decode(by_name, fetch.records).events, fetch.done - done, reached)
            done = fetch.done


async def read_log(
    kafka: Kafka, topic: Topic, max_records: int = 2_000, places: Mapping[int, int] | None = None
) -> AsyncIterator[Chunk]:
    """Read a whole topic as it stands now; nothing is committed and no group is joined.

    Args:
        kafka: Where it is and how to sign in.
        topic: What to read.
        max_records: At most so many records in a chunk.
        places: From which offset on, by partition; None, or a partition that is not named: from the first record.

    Yields:
        Chunks, at least one; the last one has `done == total`.

    Raises:
        Unavailable: Kafka does not answer.
    """
    async with _reader(kafka) as consumer:
        async for chunk in _chunks(consumer, topic, max_records, places or {}):
            yield chunk


async def read_raw(kafka: Kafka, name: str, partitions: int) -> AsyncIterator[Any]:
    """Read every record of a topic as it stands now, undecoded.

    Args:
        kafka: Where it is and how to sign in.
        name: The topic's name, for example that of dead letters.
        partitions: How many it has.

    Yields:
        Records, in order within each partition.

    Raises:
        Unavailable: Kafka does not answer.
    """
    async with _reader(kafka) as consumer:
        every = [TopicPartition(name, number) for number in range(partitions)]
        async for fetch in _fetches(consumer, every, 2_000, {}):
            for record in fetch.records:
                yield record


@asynccontextmanager
async def _reader(kafka: Kafka) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **options_of(kafka),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        client_id="nearmiss-log-reader",
    )
    try:
        await consumer.start()
        yield consumer
    except KafkaError as error:
        raise Unavailable(
            f"Kafka does not answer ({type(error).__name__}): is it running, and is its address right?"
        ) from error
    finally:
        await consumer.stop()


async def log_size(kafka: Kafka, topics: Sequence[Topic], places: Mapping[str, Mapping[int, int]]) -> int:
    """Return how many offsets lie between places and the present ends of topics.

    Args:
        kafka: Where it is and how to sign in.
        topics: The topics.
        places: By topic and partition; what is not named counts from its first record.

    Raises:
        Unavailable: Kafka does not answer.
    """
    consumer = AIOKafkaConsumer(**options_of(kafka), group_id=None, client_id="nearmiss-log-reader")
    try:
        await consumer.start()
        partitions = [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)]
        first = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        return sum(
            max(0, ends[tp] - max(first[tp], places.get(tp.topic, {}).get(tp.partition, 0))) for tp in partitions
        )
    except KafkaError as error:
        raise Unavailable(f"Kafka does not answer ({type(error).__name__}): is its address right?") from error
    finally:
        await consumer.stop()


async def log_ids(kafka: Kafka, topics: Sequence[Topic]) -> dict[str, str]:
    """Return Kafka's own ids of topics, by name.

    Args:
        kafka: Where it is and how to sign in.
        topics: The topics.

    Raises:
        Unavailable: Kafka does not answer.
    """
    client = AIOKafkaClient(**options_of(kafka), client_id="nearmiss-log-reader")
    try:
        await client.bootstrap()
        return await topic_ids(client, [topic.name for topic in topics])
    except KafkaError as error:
        raise Unavailable(f"Kafka does not answer ({type(error).__name__}): is its address right?") from error
    finally:
        await client.close()


class _Fetch(NamedTuple):
    """Some records, how many offsets are gone through, how many there are in all, how far each partition is read."""

    records: list[Any]
    done: int
    total: int
    reached: dict[TopicPartition, int]


async def _fetches(
    consumer: AIOKafkaConsumer,
    partitions: Sequence[TopicPartition],
    max_records: int,
    places: Mapping[str, Mapping[int, int]],
) -> AsyncIterator[_Fetch]:
    consumer.assign(partitions)
    beginnings = await consumer.beginning_offsets(partitions)
    first = {tp: max(beginnings[tp], places.get(tp.topic, {}).get(tp.partition, 0)) for tp in partitions}
    for tp in partitions:
        consumer.seek(tp, first[tp])
    ends = await consumer.end_offsets(partitions)
    total = sum(ends[tp] - first[tp] for tp in partitions)
    at, heard_s = dict(first), monotonic_s()
    while any(at[tp] < ends[tp] for tp in partitions):
        fetched = await consumer.getmany(timeout_ms=500, max_records=max_records)
        for tp in partitions:
            position = await consumer.position(tp)
            if position > at[tp]:
                at[tp], heard_s = position, monotonic_s()
        if monotonic_s() - heard_s > QUIET_MAX_S:
            raise Unavailable(f"{partitions[0].topic} could not be read to its end")
        records = [record for tp, part in fetched.items() for record in part if record.offset < ends[tp]]
        done = sum(min(at[tp], ends[tp]) - first[tp] for tp in partitions)
        yield _Fetch(records, done, total, {tp: min(at[tp], ends[tp]) for tp in partitions})
        heard_s = monotonic_s()  # what the reader did meanwhile is not Kafka's silence
    if not total:
        yield _Fetch([], 0, 0, {tp: ends[tp] for tp in partitions})


async def _chunks(
    consumer: AIOKafkaConsumer, topic: Topic, max_records: int, places: Mapping[int, int]
) -> AsyncIterator[Chunk]:
    partitions = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
    async for fetch in _fetches(consumer, partitions, max_records, {topic.name: places}):
        batch = decode({topic.name: topic}, fetch.records)
        reached = {tp.partition: place for tp, place in fetch.reached.items()}
        yield Chunk(batch.events, len(batch.undecodable), fetch.done, fetch.total, reached)
