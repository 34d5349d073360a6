"""Which failures pass by themselves: an engine is away, or two writers met. Everything else is a bug or bad input."""

from __future__ import annotations

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)

from shared.runtime.mongo import is_transient

NEVER = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
"""What Kafka will say of the same request for ever; waiting for it would look like health."""


def is_passing(error: BaseException) -> bool:
    """Tell whether the same work may succeed later."""
    if isinstance(error, NEVER):
        return False
    return is_transient(error) or isinstance(error, KafkaError | ConnectionError | TimeoutError)
