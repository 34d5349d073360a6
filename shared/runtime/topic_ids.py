"""Kafka's own topic ids, by Metadata version 12, which aiokafka does not speak by itself.

A recreated topic has the same name and another id; its offsets start again at zero, so a fence that
is kept by name alone would take the new records for old ones.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from io import BytesIO
from typing import Any, NamedTuple

from aiokafka.errors import IncompatibleBrokerVersion, KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

METADATA = 3
VERSION = 12
NO_ID = b"\0" * 16


class Uuid(AbstractType[bytes]):
    """Sixteen bytes as they are."""

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        """Return the bytes unchanged."""
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        """Read sixteen bytes."""
        return data.read(16)


_NAME = CompactString("utf-8")


class MetadataResponseV12(Response):
    """The broker's answer; only the topics' names and ids are of use here."""

    API_KEY = METADATA
    API_VERSION = VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(("node", Int32), ("host", _NAME), ("port", Int32), ("rack", _NAME), ("tags", TaggedFields)),
        ),
        ("cluster_id", _NAME),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _NAME),
                ("topic_id", Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class MetadataRequestV12(RequestStruct):
    """The request on the wire."""

    API_KEY = METADATA
    API_VERSION = VERSION
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = MetadataResponseV12
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", Uuid), ("name", _NAME), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicIdsRequest(Request[MetadataRequestV12]):
    """Asks for some topics by name.

    Args:
        names: The topics' names.
    """

    API_KEY = METADATA

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[MetadataRequestV12]) -> MetadataRequestV12:
        """Fill the wire struct."""
        return request_struct_class([(NO_ID, name, {}) for name in self._names], False, False, {})


class Described(NamedTuple):
    """What a broker says of a topic."""

    topic_id: str
    partitions: int


async def describe_topics(client: Any, names: Sequence[str]) -> dict[str, Described]:
    """Ask a broker for the ids and partitions of topics.

    Args:
        client: A bootstrapped aiokafka client.
        names: The topics' names.

    Returns:
        What is known of each topic that exists; one that does not is left out.

    Raises:
        IncompatibleBrokerVersion: the broker does not know topic ids.
    """
    try:
        answer = await client.send(client.get_random_node(), TopicIdsRequest(names))
    except KafkaError:
        raise
    except RuntimeError as error:  # what aiokafka raises where it cannot agree on a version
        raise IncompatibleBrokerVersion(str(error)) from error
    return {
        topic[1]: Described(str(uuid.UUID(bytes=topic[2])), len(topic[4])) for topic in answer.topics if topic[0] == 0
    }


async def topic_ids(client: Any, names: Sequence[str]) -> dict[str, str]:
    """Ask a broker for the ids of topics.

    Args:
        client: A bootstrapped aiokafka client.
        names: The topics' names.

    Returns:
        The id of each topic that exists; one that does not is left out.

    Raises:
        IncompatibleBrokerVersion: the broker does not know topic ids.
    """
    return {name: one.topic_id for name, one in (await describe_topics(client, names)).items()}
