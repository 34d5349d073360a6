"""What every event carries, and the CloudEvents 1.0 attributes that go into the Kafka headers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache, lru_cache
from operator import attrgetter
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from shared.redaction.text import RedactedText

Id = Annotated[str, Field(min_length=1, max_length=128)]
Word = Annotated[str, Field(min_length=1, max_length=64)]
"""A word of the taxonomy or of a small list; open on purpose, so that an unknown one is never refused."""
Redacted = Annotated[str, AfterValidator(RedactedText.from_wire)]
Short = Annotated[str, Field(max_length=200), AfterValidator(RedactedText.from_wire)]


class Wire(BaseModel):
    """Base of everything on the wire: unknown fields are ignored, values never change."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        json_schema_serialization_defaults_required=True,
        hide_input_in_errors=True,  # an error that is logged must not show what someone wrote
    )


class Event(Wire):
    """Base of all events.

    Attributes:
        type: The event's word; the only closed word on the wire.
        event_id: Derived id: the same fact has the same id however often it is sent.
        provider_id: The tenant.
        site_id: The site; None for provider-wide facts.
        recorded_at: When our system wrote it down.
        effective_at: When it counts from; differs from recorded_at only for replayed history.
        replay: True when the fact was loaded as history by replay: no messages, no response times.
    """

    subject_field: ClassVar[str]
    may_be_provider_wide: ClassVar[bool] = False
    """Whether it may name no site; of any other event a missing site is a fault."""

    type: str
    event_id: Id
    provider_id: Id
    site_id: Id | None = None
    recorded_at: AwareDatetime
    effective_at: AwareDatetime | None = None
    replay: bool = False

    def subject(self) -> str:
        """Return the id of what the event is about."""
        return str(_reader_of(self.subject_field)(self))


@cache
def _reader_of(path: str) -> Callable[[Any], Any]:
    """Return what reads a field by its path; looked up for every event that is sent."""
    return attrgetter(path)


def partition_key(provider_id: str, site_id: str | None) -> str:
    """Return the text whose murmur2 hash names the partition: all facts of a site lie together."""
    return f"{provider_id}:{site_id or '*'}"


SPEC_VERSION = ("ce_specversion", b"1.0")
CONTENT_TYPE = ("content-type", b"application/json")
Headers = list[tuple[str, bytes]]


@cache
def _shared_headers(kind: str, producer: str) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    """Return the headers that all events of a type by one service have."""
    return ("ce_type", kind.encode()), ("ce_source", f"/nearmiss/{producer}".encode())


def headers_for(event: Event, producer: str) -> Headers:
    """Build the CloudEvents binary-mode headers of an event.

    Args:
        event: The event that is sent.
        producer: Name of the service that sends it; becomes the source `/nearmiss/<producer>`.

    Returns:
        Header pairs for a Kafka record.
    """
    return headers_of(event.type, event.event_id, event.subject(), event.recorded_at, producer)


def headers_of(kind: str, event_id: str, subject: str, recorded_at: datetime, producer: str) -> Headers:
    """Build the same headers from what an event says of itself.

    Args:
        kind: The event's word.
        event_id: Its derived id.
        subject: What it is about.
        recorded_at: When it was written down.
        producer: Name of the service that sends it.
    """
    shared, source = _shared_headers(kind, producer)
    return [
        SPEC_VERSION,
        ("ce_id", event_id.encode()),
        shared,
        source,
        ("ce_subject", subject.encode()),
        ("ce_time", _time_header(recorded_at)),
        CONTENT_TYPE,
    ]


@lru_cache(maxsize=256)
def _time_header(moment: datetime) -> bytes:
    """Return a moment as the header has it; a batch's events mostly share theirs."""
    return moment.isoformat().encode()
