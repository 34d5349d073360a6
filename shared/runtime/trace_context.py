"""The trace that a piece of work belongs to, as the W3C header `traceparent`; nothing here needs OpenTelemetry.

Off, all of this is one look at a variable that is empty; the services' shared headers stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from shared.contracts.envelope import Headers

TRACEPARENT = "traceparent"
"""https://www.w3.org/TR/trace-context/: 00-<trace id>-<span id>-<flags>."""


@dataclass(frozen=True)
class Trail:
    """The traces of the work in hand.

    Attributes:
        whole: The traceparent of the request, or of the whole batch.
        by_subject: In a batch of several records: the traceparent of each, by what the record is about.
    """

    whole: bytes
    by_subject: Mapping[str, bytes]

    def of(self, subject: str) -> bytes:
        """Return the traceparent that an event about something belongs to."""
        return self.by_subject.get(subject, self.whole)


_TRAIL: ContextVar[Trail | None] = ContextVar("nearmiss_trail", default=None)


def current_traceparent() -> bytes | None:
    """Return the traceparent of the request or batch in hand; None where nothing is traced."""
    trail = _TRAIL.get()
    return None if trail is None else trail.whole


@contextmanager
def working_for(trail: Trail) -> Iterator[None]:
    """Say which trace a block works for."""
    token = _TRAIL.set(trail)
    try:
        yield
    finally:
        _TRAIL.reset(token)


def add_traceparent(headers: Headers, subject: str, traceparent: bytes | None = None) -> Headers:
    """Put the traceparent behind an event's headers, where the work in hand is traced.

    Args:
        headers: The event's own; a new list, it is added to.
        subject: What the event is about.
        traceparent: The trace, where it is known better than the present task knows it.

    Returns:
        The same list.
    """
    if traceparent is None:
        trail = _TRAIL.get()
        if trail is None:
            return headers
        traceparent = trail.of(subject)
    headers.append((TRACEPARENT, traceparent))
    return headers
