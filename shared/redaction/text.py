"""The type of text that carries no personal data; only redaction and the wire make one."""

from __future__ import annotations


class RedactedText(str):
    """Text that went through `redact`, or came from an event, which only ever carries such text."""

    __slots__ = ()

    @classmethod
    def from_wire(cls, value: str) -> RedactedText:
        """Take text from an event; called by shared/contracts alone."""
        return cls(value)
