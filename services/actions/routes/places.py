"""Places in a list, so that a reader can go on where a page ended; and the days that may be named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Query
from pydantic import Field

from shared.kernel.errors import Fault, Invalid

Moment = TypeVar("Moment", date, datetime)
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
"""A day that care can be given on; the calendar's own ends leave no room to count days from."""
SEPARATOR = "~"


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for.

    Attributes:
        limit: At most so many entries.
        after: The place where the page before ended; None for the start of the list.
    """

    limit: int
    after: str | None

    def start(self, kind: type[Moment]) -> tuple[Moment, str] | None:
        """Return where to go on; see `from_place`."""
        return from_place(self.after, kind)

    def following(self, entries: Sequence[tuple[date | datetime, str]]) -> str | None:
        """Return the place behind the last of a page's entries; None where the list has ended."""
        return place(*entries[-1]) if len(entries) == self.limit else None


def page_asked(limit: Annotated[int, Query(ge=1, le=500)] = 100, after: str | None = None) -> Page:
    """Read which part of a list is asked for; a dependency of routes."""
    return Page(limit, after)


Paging = Annotated[Page, Depends(page_asked)]


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
        if isinstance(read, datetime):
            if read.tzinfo is None:
                raise ValueError("no offset")
            read = read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("no such place in the list", (Fault("use `next` of the page before", "after"),)) from None
    return read, key
