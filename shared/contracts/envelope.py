"""What every event carries, and the CloudEvents 1.0 attributes that go into the Kafka headers."""

from __future__ import annotations

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

    type: str
    event_id: Id
    provider_id: Id
    site_id: Id | None = None
    recorded_at: AwareDatetime
    effective_at: AwareDatetime | None = None
    replay: bool = False

    def subject(self) -> str:
        """Return the id of what the event is about."""
        value: Any = self
        for part in self.subject_field.split("."):
            value = getattr(value, part)
        return str(value)


def partition_key(provider_id: str, site_id: str | None) -> str:
    """Return the text whose murmur2 hash names the partition: all facts of a site lie together."""
    return f"{provider_id}:{site_id or '*'}"


SPEC_VERSION = ("ce_specversion", b"1.0")
CONTENT_TYPE = ("content-type", b"application/json")
Headers = list[tuple[str, bytes]]


def headers_for(event: Event, producer: str) -> Headers:
    """Build the CloudEvents binary-mode headers of an event.

    Args:
        event: The event that is sent.
        producer: Name of the service that sends it; becomes the source `/nearmiss/<producer>`.

    Returns:
        Header pairs for a Kafka record.
    """
    return [
        SPEC_VERSION,
        ("ce_id", event.event_id.encode()),
        ("ce_type", event.type.encode()),
        ("ce_source", f"/nearmiss/{producer}".encode()),
        ("ce_subject", event.subject().encode()),
        ("ce_time", event.recorded_at.isoformat().encode()),
        CONTENT_TYPE,
    ]
