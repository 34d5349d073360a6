"""What must be so before a service starts, and stay so: fit engines, and topics as the registry says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka.errors import IncompatibleBrokerVersion

from shared.contracts.topics import Topic
from shared.kernel.clock import monotonic_s
from shared.runtime.engines import EngineAway
from shared.runtime.inbox import Halt
from shared.runtime.kafka import Producer
from shared.runtime.mongo import Mongo
from shared.runtime.topic_ids import Described, describe_topics

MONGO_OLDEST = (6, 0)
"""Tests run on 6.0; snapshot reads outside transactions, which the outbox relay needs, came with 5.0."""
LOOK_EVERY_S = 1.0
WATCH_EVERY_S = 15.0
WATCH_WITHIN_S = 10.0


class EngineUnfit(SystemExit):
    """An engine answers but cannot do what is needed; waiting would not help."""


def mongo_fault(version: str, hello: Mapping[str, Any]) -> str | None:
    """Say why a MongoDB cannot be used.

    Args:
        version: As buildInfo gives it, "6.0.5".
        hello: The answer to hello.

    Returns:
        What is wrong and what to do; None where all is well.
    """
    parts = version.split(".")[:2]
    if tuple(int(part) for part in parts if part.isdigit()) < MONGO_OLDEST:
        oldest = ".".join(map(str, MONGO_OLDEST))
        return f"MongoDB {version} is too old: {oldest} or newer is needed. Name another one in MONGODB_URI."
    if "setName" not in hello:
        return (
            "MongoDB is a single server: transactions need a replica set, one node is enough. Start it with --replSet "
            "and call rs.initiate(), then name the set in MONGODB_URI (?replicaSet=...)."
        )
    return None


async def check_mongo(mongo: Mongo) -> None:
    """Refuse a MongoDB that is too old or no replica set.

    Raises:
        EngineUnfit: names what is wrong and what to do.
    """
    build, hello = await mongo.db.command("buildInfo"), await mongo.db.command("hello")
    if fault := mongo_fault(str(build["version"]), hello):
        raise EngineUnfit(fault)


def wrong_partitions(topics: Mapping[str, Topic], found: Mapping[str, Described]) -> str | None:
    """Say which topics have another number of partitions than the registry says.

    Args:
        topics: The registry's, by name.
        found: What the broker says.

    Returns:
        All of them and what to do; None where all are right.
    """
    wrong = [
        f"{name} has {found[name].partitions}, not {topic.partitions}"
        for name, topic in topics.items()
        if found[name].partitions != topic.partitions
    ]
    if not wrong:
        return None
    return (
        f"topics with the wrong number of partitions: {'; '.join(wrong)}. Sites would move between them. Delete "
        "a topic that is still empty and run python -m shared.runtime.provision; else make a new major version of it."
    )


async def check_topics(client: Any, topics: Mapping[str, Topic], patience_s: float) -> dict[str, str]:
    """Wait for topics to be there, and refuse wrong ones.

    Args:
        client: A bootstrapped aiokafka client.
        topics: Those that the service reads and writes, by name.
        patience_s: Longest time to wait for them to be made.

    Returns:
        Kafka's own id of each.

    Raises:
        EngineAway: some are still missing.
        EngineUnfit: the broker is too old.
        Halt: some have the wrong number of partitions.
    """
    started_s = monotonic_s()
    while True:
        try:
            found = await describe_topics(client, list(topics))
        except IncompatibleBrokerVersion as error:
            raise EngineUnfit(
                "Kafka is too old: it does not tell its topics' own ids (Metadata version 12, Kafka 2.8 or newer; "
                "tested with 4.3.1). Name another one in KAFKA_BOOTSTRAP_SERVERS."
            ) from error
        missing = set(topics) - set(found)
        if not missing:
            break
        if monotonic_s() - started_s > patience_s:
            raise EngineAway(f"topics {sorted(missing)} do not exist: run python -m shared.runtime.provision")
        await asyncio.sleep(LOOK_EVERY_S)
    if fault := wrong_partitions(topics, found):
        raise Halt(fault)
    return {name: one.topic_id for name, one in found.items()}


class TopicWatch:
    """Notices that an input was made anew while it is read: Kafka's client waits for ever then, or begins at zero.

    Args:
        producer: Whose connection asks.

    Attributes:
        known: Kafka's own ids of the inputs as the service found them, by name.
    """

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._looked_s = monotonic_s()
        self.known: Mapping[str, str] = {}

    async def look(self) -> str | None:
        """Ask now and then, and say which topics are others of the same name by now; None where all is well.

        Raises:
            KafkaError: Kafka does not answer.
            TimeoutError: not in time.
        """
        if monotonic_s() - self._looked_s < WATCH_EVERY_S:
            return None
        self._looked_s = monotonic_s()
        async with asyncio.timeout(WATCH_WITHIN_S):
            found = await self._producer.topic_ids(list(self.known))
        anew = sorted(name for name, known in self.known.items() if found.get(name, known) != known)
        if not anew:
            return None
        return (
            f"topics made anew while they were read: {', '.join(anew)}. Restore the old ones, or delete this service's "
            "fences of them and rebuild its state."
        )
