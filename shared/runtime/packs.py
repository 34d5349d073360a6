"""Packs: many events in one outbox document, for a producer of whole batches; and records again from either form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from shared.contracts.envelope import Headers, headers_of
from shared.contracts.topics import Service, Topic
from shared.kernel.errors import Invalid
from shared.runtime.kafka import MAX_RECORD_BYTES, Record
from shared.runtime.trace_context import add_traceparent

ROWS_MAX: Final = 50
BYTES_MAX: Final = 64 * 1024
"""A pack takes no more events once it holds so many bytes: the relay reads hundreds of documents at once."""
ID_HEADER: Final = "ce_id"
SUBJECT_HEADER: Final = "ce_subject"
Sendable = tuple[str, int, Record]
"""Topic, partition and record."""


@dataclass(slots=True)
class Pack:
    """Events of one type and moment that lie in the outbox as one document.

    Each must be the first event of its aggregate: what the aggregate says later has a later tick, so its row sorts
    behind the whole pack and the order within an aggregate holds as it does row by row.

    Attributes:
        topic: Where they go.
        kind: The events' word.
        recorded_at: When they were written down.
        producer: The service that sends them.
        traceparent: The trace they belong to; None takes the one of the work in hand, if any.
        aggregate: The first event's aggregate; names the document.
        rows: Of each event its id, subject, key, partition and body.
    """

    topic: Topic
    kind: str
    recorded_at: datetime
    producer: Service
    traceparent: bytes | None
    aggregate: str
    rows: list[tuple[bytes, bytes, bytes, int, bytes]] = field(default_factory=list)
    size_bytes: int = 0

    def takes(self, recorded_at: datetime, traceparent: bytes | None) -> bool:
        """Tell whether the next event fits in; one of another moment or trace belongs into another pack."""
        alike = recorded_at == self.recorded_at and traceparent == self.traceparent
        return alike and len(self.rows) < ROWS_MAX and self.size_bytes < BYTES_MAX

    def add(self, event_id: bytes, subject: bytes, key: bytes, partition: int, value: bytes) -> None:
        """Put an event in.

        Args:
            event_id: Its derived id.
            subject: What it is about.
            key: The record's key.
            partition: Where it goes, see `partition_of`.
            value: The event's body.

        Raises:
            Invalid: the event is larger than Kafka takes; the transaction it belongs to must not commit.
        """
        if len(value) > MAX_RECORD_BYTES:
            said = f"{self.kind} of {subject.decode()} is larger than {MAX_RECORD_BYTES} bytes"
            raise Invalid(f"{said}; send less at once")
        self.rows.append((event_id, subject, key, partition, value))
        self.size_bytes += len(value)

    def document(self, at_ms: int) -> dict[str, Any]:
        """Return the MongoDB document; its id is the one that its first event would have by itself.

        Args:
            at_ms: The events' place in time: each is number 1 of its aggregate then.

        Raises:
            PermissionError: the topic belongs to another service.
        """
        if self.topic.producer != self.producer:
            raise PermissionError(f"{self.producer} may not publish {self.topic.name}")
        ids, subjects, keys, partitions, values = zip(*self.rows, strict=True)
        headers = headers_of(self.kind, "", "", self.recorded_at, self.producer)
        return {
            "_id": f"{at_ms:012x}:{self.aggregate}:{1:08x}",
            "at_ms": at_ms,
            "topic": self.topic.name,
            "headers": add_traceparent(headers, "", self.traceparent),
            "rows": len(self.rows),
            "ids": ids,
            "subjects": subjects,
            "keys": keys,
            "partitions": partitions,
            "values": values,
        }


def rows_in(documents: Sequence[Mapping[str, Any]]) -> int:
    """Return how many events some outbox documents hold."""
    return sum(document.get("rows", 1) for document in documents)


def records_of(document: Mapping[str, Any]) -> Iterator[Sendable]:
    """Yield the records of an outbox document: of a pack all in order, else the one.

    Args:
        document: As `OutboxRow.document` or `Pack.document` made it.
    """
    topic = document["topic"]
    shared: Headers = [(name, bytes(value)) for name, value in document["headers"]]
    if "rows" not in document:
        yield topic, document["partition"], (document["key"], document["value"], shared)
        return
    names = [name for name, _ in shared]
    at_id, at_subject = names.index(ID_HEADER), names.index(SUBJECT_HEADER)
    columns = (document[name] for name in ("partitions", "keys", "values", "ids", "subjects"))
    for partition, key, value, event_id, subject in zip(*columns, strict=True):
        headers = shared.copy()
        headers[at_id] = (ID_HEADER, event_id)
        headers[at_subject] = (SUBJECT_HEADER, subject)
        yield topic, partition, (key, value, headers)
