"""Kafka: the settings that lose nothing, written once; prebuilt batches out; Kafka's own topic ids."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import aiokafka.conn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.partitioner import murmur2
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from shared.contracts.envelope import Headers
from shared.kernel.errors import Unavailable
from shared.runtime.logging import logger
from shared.runtime.settings import RuntimeSettings
from shared.runtime.topic_ids import topic_ids

log = logger(__name__)

Record = tuple[bytes | None, bytes | None, Headers]
"""Key, value (None: a tombstone), headers."""
MAX_BATCH_BYTES = 512 * 1024
MAX_RECORD_BYTES = 900_000
"""Kafka takes a little over 1,000,000 with key, headers and envelope; more is refused before it is promised."""
SEND_WITHIN_S = 30.0
STOP_WITHIN_S = 5.0


@lru_cache(maxsize=100_000)
def partition_of(key: str, partitions: int) -> int:
    """Return the partition of a `provider:site`, by the murmur2 that Kafka's own clients use.

    Args:
        key: The text of the partition key.
        partitions: Number of partitions of the topic.
    """
    hashed: int = murmur2(key.encode()) & 0x7FFFFFFF
    return hashed % partitions


def make_broker(settings: RuntimeSettings, service: str) -> KafkaBroker:
    """Make the FastStream broker that only consumes; sending goes through `Producer`.

    Args:
        settings: Where Kafka is and how long to be patient.
        service: Becomes the client id.
    """
    return KafkaBroker(
        # A list: FastStream takes several addresses in one text for a single one.
        [address.strip() for address in settings.kafka_bootstrap_servers.split(",")],
        security=settings.kafka.security(),
        client_id=f"nearmiss-{service}",
        consumer_only=True,
        allow_auto_create_topics=False,
        graceful_timeout=settings.graceful_timeout_s,
        parser=survive_bad_headers,
        apply_types=False,
        logger=None,
    )


def subscriber_options(settings: RuntimeSettings, group_id: str, listener: Any) -> dict[str, Any]:
    """Return the consumer settings that lose nothing; the library's defaults do.

    Default acknowledgement is at most once, the default offset is "latest", and the default assignor
    splits the topics of one site between members.
    """
    return {
        "group_id": group_id,
        "batch": True,
        "max_records": settings.batch_max_records,
        "batch_timeout_ms": settings.batch_timeout_ms,
        "fetch_max_wait_ms": 100,
        "auto_offset_reset": "earliest",
        "ack_policy": AckPolicy.MANUAL,
        "partition_assignment_strategy": [RangePartitionAssignor],
        "listener": listener,
        "session_timeout_ms": settings.session_timeout_ms,
        "rebalance_timeout_ms": settings.session_timeout_ms,
        "heartbeat_interval_ms": 1_000,
        "decoder": _raw,
    }


async def survive_bad_headers(message: Any, original: Any) -> Any:
    """Keep one header that is not UTF-8, or null, from taking its whole batch with it.

    FastStream decodes headers before a handler can see the batch; such a header would raise there and
    the batch would be passed over.
    """
    for record in message if isinstance(message, tuple) else (message,):
        if any(value is None or not value.isascii() for _, value in record.headers):
            object.__setattr__(record, "headers", tuple((name, _text(value)) for name, value in record.headers))
    return await original(message)


def _text(value: bytes | None) -> bytes:
    if value is None:
        return b""
    try:
        value.decode()
    except UnicodeDecodeError:
        return value.hex().encode()
    return value


async def _raw(message: Any) -> Any:
    return message.raw_message


class Connection(AIOKafkaConnection):
    """A connection on which to send after it was lost is an error of Kafka's, under uvloop as under asyncio.

    uvloop raises a bare RuntimeError there, which aiokafka takes for a bug of its own: the task that sent, be it of
    the group, of fetching or of the metadata, ends for ever.
    """

    def send(self, request: Any, expect_response: bool = True) -> Any:
        """Send a request as aiokafka does.

        Args:
            request: What is asked.
            expect_response: Whether Kafka answers it.

        Raises:
            KafkaConnectionError: the connection is lost.
        """
        if self._writer is not None and self._writer.is_closing():
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} was lost")
        return super().send(request, expect_response)


aiokafka.conn.AIOKafkaConnection = Connection  # it takes no class of connection, and makes each by this name


class ContinuousConsumer(AIOKafkaConsumer):
    """A consumer that knows from which offset on it fetched each batch, and whether it can fetch at all.

    A batch that begins above the offset asked for is either a gap in the log (compaction, markers) or
    follows one that was lost between the consumer and the handler; only this tells the two apart.

    Attributes:
        began: Per partition of the latest `getmany`: the offset it was fetched from; missing right after
            an assignment.
        broken: Why it will never fetch again; None while it may. What runs in its background ended by an error, which
            every `getmany` raises anew, while an error that passes is raised once.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.began: dict[TopicPartition, int] = {}
        self.broken: str | None = None
        self._error: KafkaError | None = None
        self._reached: dict[TopicPartition, int] = {}

    async def getmany(self, *partitions: TopicPartition, **limits: Any) -> dict[TopicPartition, list[Any]]:
        """Fetch, and note where each partition's records were fetched from."""
        try:
            batches: dict[TopicPartition, list[Any]] = await super().getmany(*partitions, **limits)
        except KafkaError as error:
            log.warning("cannot fetch", error=str(error))
            if error is self._error:
                self.broken = str(error)
            self._error = error
            raise
        self._error = None
        self.began = {tp: self._reached[tp] for tp in batches if tp in self._reached}
        self._reached.update((tp, records[-1].offset + 1) for tp, records in batches.items())
        return batches

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Fetch from an offset on; aiokafka drops what it had buffered from elsewhere."""
        super().seek(partition, offset)
        self._reached[partition] = offset

    def forget(self) -> None:
        """Forget all places after a rebalance: fetching goes on from wherever Kafka says."""
        self._reached = {}


async def connect_broker(broker: KafkaBroker) -> None:
    """Connect a broker and have its subscribers use `ContinuousConsumer`."""
    await broker.connect()
    config = broker.config.broker_config
    options: dict[str, Any] = getattr(config.builder, "keywords", {})
    config.builder = partial(ContinuousConsumer, **options)


class Producer:
    """Sends prebuilt batches, idempotent and acknowledged by all in-sync replicas.

    Args:
        settings: Where Kafka is.
        service: Becomes the client id.
    """

    def __init__(self, settings: RuntimeSettings, service: str) -> None:
        self._settings = settings
        self._client_id = f"nearmiss-{service}-out"
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()

    async def start(self) -> None:
        """Connect; raises aiokafka's KafkaConnectionError where no broker answers."""
        await self._connected()

    async def _connected(self) -> AIOKafkaProducer:
        """Return the producer, made anew where there is none; relay and hot path may ask at the same time."""
        async with self._connecting:
            if self._producer is None:
                self._producer = await self._connect()
            return self._producer

    async def _connect(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self._settings.kafka.options(),
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            max_batch_size=MAX_BATCH_BYTES,
            max_request_size=4 * MAX_BATCH_BYTES,
            request_timeout_ms=20_000,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    async def stop(self) -> None:
        """Send what is under way, for a short time, and disconnect."""
        if self._producer is None:
            return
        try:
            await asyncio.wait_for(asyncio.shield(self._producer.stop()), STOP_WITHIN_S)
            self._producer = None
        except TimeoutError:
            await self._abandon(self._producer)

    async def _abandon(self, producer: AIOKafkaProducer) -> None:
        """Drop the producer with whatever it still holds: nothing of it may reach Kafka later.

        An idempotent producer never gives a batch up, and after some broker troubles never sends one again;
        `stop` would wait for it. Its sender is ended first, then its connections.
        """
        if self._producer is producer:  # another sender may have replaced it already
            self._producer = None
        await producer._sender.close()
        await producer.client.close()

    async def send(self, lanes: Mapping[tuple[str, int], Sequence[Record]], within_s: float = SEND_WITHIN_S) -> None:
        """Send records and wait until Kafka has all of them; after a failure the next call connects anew.

        One aiokafka batch per partition, sent whole: a `send` per record costs more than the work that
        the record carries.

        Args:
            lanes: Records in order, per topic and partition.
            within_s: After so long the send is given up, connecting included.

        Raises:
            KafkaError: Kafka refused a batch; some lanes may have been written.
            TimeoutError: not all acknowledgements came in time; some lanes may have been written.
        """
        async with asyncio.timeout(within_s):
            producer = await self._connected()
            try:
                await self._send(producer, lanes)
            except BaseException:
                await self._abandon(producer)
                raise

    async def _send(self, producer: AIOKafkaProducer, lanes: Mapping[tuple[str, int], Sequence[Record]]) -> None:
        futures: list[asyncio.Future[Any]] = []
        for (topic, partition), records in lanes.items():
            batch = producer.create_batch()
            for key, value, headers in records:
                if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
                    futures.append(await producer.send_batch(batch, topic, partition=partition))
                    batch = producer.create_batch()
                    batch.append(key=key, value=value, timestamp=None, headers=headers)  # a first one always fits
            if batch.record_count():
                futures.append(await producer.send_batch(batch, topic, partition=partition))
        if futures:
            await asyncio.gather(*futures)

    async def topic_ids(self, names: Sequence[str]) -> dict[str, str]:
        """Return Kafka's own ids of topics, by name; one that is not there is left out.

        Args:
            names: The topics' names.

        Raises:
            KafkaError: Kafka does not answer.
        """
        return await topic_ids((await self._connected()).client, names)

    @property
    def client(self) -> Any:
        """Return aiokafka's network client, for metadata that its admin does not offer."""
        if self._producer is None:
            raise RuntimeError("the producer is used before the app has started")
        return self._producer.client


async def deliver(producer: Producer, lanes: Mapping[tuple[str, int], Sequence[Record]]) -> None:
    """Send records for a command that a person runs, who can run it again.

    Args:
        producer: Sends; it connects by itself.
        lanes: Records in order, per topic and partition.

    Raises:
        Unavailable: Kafka did not take them all; some may have been written.
    """
    try:
        await producer.send(lanes)
    except (KafkaError, TimeoutError) as error:
        raise Unavailable("Kafka did not take all records; run it again when Kafka answers") from error
