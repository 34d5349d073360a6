"""Places in a list, so that a reader can go on where a page ended."""

from __future__ import annotations

from datetime import date, datetime
from typing import TypeVar

from shared.kernel.errors import Fault, Invalid

Moment = TypeVar("Moment", date, datetime)
SEPARATOR = "~"


def place(moment: date | datetime, key: str) -> str:
    """Write the place behind an entry.

    Args:
        moment: What the list is ordered by.
        key: The entry's id.
    """
    return f"{moment.isoformat()}{SEPARATOR}{key}"


def from_place(text: str | None, kind: type[Moment]) -> tuple[Moment, str] | None:
    """Read a place that `place` wrote.

    Args:
        text: The place; None for the start of the list.
        kind: What the list is ordered by.

    Raises:
        Invalid: the text is no such place.
    """
    if text is None:
        return None
    moment, _, key = text.replace(" ", "+").partition(SEPARATOR)
    try:
        read = kind.fromisoformat(moment)
        if isinstance(read, datetime) and read.tzinfo is None:
            raise ValueError("no offset")
    except ValueError:
        raise Invalid("no such place in the list", (Fault("use `next` of the page before", "after"),)) from None
    return read, key
