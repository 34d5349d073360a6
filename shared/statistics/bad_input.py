"""What is wrong with the numbers somebody gave, and where; nothing is read or written here."""

from __future__ import annotations

__all__ = ["BadInput"]


class BadInput(ValueError):
    """Input that has no honest answer.

    Attributes:
        field: The column, field or option that is wrong.
        reason: What is wrong with it and what to do, without the value of any other field.
        position: Of the value inside its array, from 1; None where the whole field is meant.
    """

    def __init__(self, field: str, reason: str, position: int | None = None) -> None:
        self.field = field
        self.reason = reason
        self.position = position
        where = f"field {field}" if position is None else f"field {field}, position {position}"
        super().__init__(f"{where}: {reason}")
