"""Which failures pass by themselves: an engine is away, or two writers met. Everything else is a bug or bad input."""

from __future__ import annotations

from aiokafka.errors import KafkaError

from shared.runtime.mongo import is_transient


def is_passing(error: BaseException) -> bool:
    """Tell whether the same work may succeed later."""
    return is_transient(error) or isinstance(error, KafkaError | ConnectionError | TimeoutError)
