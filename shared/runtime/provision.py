"""Provisioning: topics as the registry says, run once before the services start.

`python -m shared.runtime.provision` creates what is missing and refuses a topic whose partitions differ.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from shared.contracts.topics import DAY_MS, DEAD_LETTER_DAYS, TOPICS, own_views
from shared.runtime.access import Kafka, options_of
from shared.runtime.engines import wait_for_kafka
from shared.runtime.settings import RuntimeSettings

COPIES_THAT_MAY_LOSE_ONE = 3
"""With fewer, either an acknowledged record lies in one place only, or the loss of one broker stops the log."""


class WrongTopic(Exception):
    """A topic exists with another number of partitions than the registry says."""


def desired_topics(replication: int, providers: Sequence[str] = ()) -> list[NewTopic]:
    """Return every topic of the registry and the dead letters of each of its consumers.

    Args:
        replication: Replication factor; from 3 on a record is acknowledged once the majority of the copies has it.
        providers: Those that get a views topic of their own.
    """
    safe = {"min.insync.replicas": str(replication // 2 + 1)} if replication >= COPIES_THAT_MAY_LOSE_ONE else {}
    dead_letter = {"cleanup.policy": "delete", "retention.ms": str(DEAD_LETTER_DAYS * DAY_MS)} | safe
    wanted = []
    for topic in (*TOPICS, *map(own_views, providers)):
        wanted.append(NewTopic(topic.name, topic.partitions, replication, topic_configs=topic.config() | safe))
        wanted += [
            NewTopic(topic.dead_letter(service), topic.partitions, replication, topic_configs=dead_letter)
            for service in topic.consumers
        ]
    return wanted


async def provision_topics(kafka: Kafka, replication: int = 1, providers: Sequence[str] = ()) -> list[str]:
    """Create the topics that are missing.

    Args:
        kafka: Where it is and how to sign in.
        replication: Replication factor of new topics.
        providers: Those that get a views topic of their own.

    Returns:
        Names of the topics that were made.

    Raises:
        WrongTopic: a topic has another number of partitions; growth needs a new major version.
        KafkaError: the broker refused.
    """
    admin = AIOKafkaAdminClient(**options_of(kafka), client_id="nearmiss-provision")
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        wanted = desired_topics(replication, providers)
        missing = [topic for topic in wanted if topic.name not in existing]
        if missing:
            await _create(admin, missing)
        present = [topic for topic in wanted if topic.name in existing]
        await _check_partitions(admin, present)
        return [topic.name for topic in missing]
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, missing: list[NewTopic]) -> None:
    try:
        answer = await admin.create_topics(missing)
    except TopicAlreadyExistsError:
        return
    for name, code, *rest in answer.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            raise KafkaError(f"topic {name} could not be made: error {code} {rest}")


async def _check_partitions(admin: AIOKafkaAdminClient, wanted: list[NewTopic]) -> None:
    if not wanted:
        return
    described = await admin.describe_topics([topic.name for topic in wanted])
    counts = {topic["topic"]: len(topic["partitions"]) for topic in described}
    for topic in wanted:
        if counts.get(topic.name) != topic.num_partitions:
            raise WrongTopic(
                f"topic {topic.name} has {counts.get(topic.name)} partitions, the registry says "
                f"{topic.num_partitions}: sites would move between "
                "partitions. Delete the topic or make a new major version."
            )


async def main() -> None:
    """Wait for Kafka, then create what is missing and say so."""
    settings = RuntimeSettings()
    await wait_for_kafka(settings.kafka, settings.engines_wait_s)
    providers = settings.providers_with_topics
    made = await provision_topics(settings.kafka, settings.topic_replication, providers)
    sys.stdout.write(f"{len(made)} topics made, {len(desired_topics(1, providers)) - len(made)} were there\n")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except Exception as error:  # noqa: BLE001 - the command's edge: any failure becomes one line and a non-zero exit
        sys.exit(f"provisioning failed: {error}")
