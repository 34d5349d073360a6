"""How far each service has read its inputs, and what it refused: asked of Kafka alone, for people who look after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.contracts.topics import SERVICES, Service, Topic, group, inputs_of
from shared.kernel.errors import Unavailable
from shared.runtime.access import Kafka, options_of

CLIENT_ID = "nearmiss-stages"


@dataclass(frozen=True, slots=True)
class Stage:
    """One service that reads the log.

    Attributes:
        service: Its name.
        waiting: Records of its inputs that it has not noted as read; notes come once a second.
        dead_letters: Records that it refused and that are still kept.
    """

    service: str
    waiting: int
    dead_letters: int


async def look_at_stages(kafka: Kafka) -> tuple[Stage, ...]:
    """Return the state of every service that reads the log, in the order of the registry.

    Args:
        kafka: Where it is and how to sign in.

    Raises:
        Unavailable: Kafka does not answer.
    """
    consumer = AIOKafkaConsumer(**options_of(kafka), group_id=None, client_id=CLIENT_ID)
    admin = AIOKafkaAdminClient(**options_of(kafka), client_id=CLIENT_ID)
    try:
        await consumer.start()
        await admin.start()
        return tuple([await _stage(service, consumer, admin) for service in SERVICES if inputs_of(service)])
    except KafkaError as error:
        raise Unavailable(f"Kafka does not answer ({type(error).__name__}): is it running?") from error
    finally:
        await consumer.stop()
        await admin.close()


async def _stage(service: Service, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> Stage:
    inputs = list(_partitions(service))
    refused = [TopicPartition(topic.dead_letter(service), number) for topic, number in inputs]
    read = [TopicPartition(topic.name, number) for topic, number in inputs]
    first = await consumer.beginning_offsets([*read, *refused])
    ends = await consumer.end_offsets([*read, *refused])
    noted = {tp: found.offset for tp, found in (await admin.list_consumer_group_offsets(group(service))).items()}
    waiting = sum(max(0, ends[tp] - max(first[tp], noted.get(tp, 0))) for tp in read)
    return Stage(service, waiting, sum(ends[tp] - first[tp] for tp in refused))


def _partitions(service: Service) -> Iterator[tuple[Topic, int]]:
    for topic in inputs_of(service):
        for number in range(topic.partitions):
            yield topic, number
