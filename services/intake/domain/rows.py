"""One row of a table and its cells, read with faults that name line and column instead of exceptions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.intake.domain.text import Unclean, clean
from shared.kernel.errors import Fault

IDENTIFIER = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
"""Ids of providers and sites: no colon, which joins them in keys on the log."""
WORD = r"[a-z][a-z0-9_]{0,63}"
LABEL_MAX_CHARS = 200
LIST_MAX_ITEMS = 50
_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line on which it begins (1 is the heading) and its cells by column, stripped, empty ones too."""

    line: int
    cells: Mapping[str, str]


class Cells:
    """Reads the cells of a row and gathers what is wrong with them.

    Args:
        row: The row.
    """

    def __init__(self, row: Row) -> None:
        self._row = row
        self.faults: list[Fault] = []

    def wrong(self, column: str, detail: str) -> None:
        """Note a fault of a column."""
        self.faults.append(Fault(detail, column, self._row.line))

    def label(self, column: str, *, optional: bool = False, longest: int = LABEL_MAX_CHARS) -> str:
        """Read a text of at most so many characters."""
        try:
            value = clean(self._row.cells.get(column, "")).strip()
        except Unclean as error:
            self.wrong(column, str(error))
            return ""
        if not value and not optional:
            self.wrong(column, "is empty")
        if len(value) > longest:
            self.wrong(column, f"is over {longest} characters")
        return value

    def labels(self, column: str) -> tuple[str, ...]:
        """Read a list of at most 50 items of 200 characters, split by semicolons."""
        text = self.label(column, optional=True, longest=LIST_MAX_ITEMS * (LABEL_MAX_CHARS + 2))
        items = tuple(item for item in map(str.strip, text.split(";")) if item)
        if any(len(item) > LABEL_MAX_CHARS for item in items):
            self.wrong(column, f"an item is over {LABEL_MAX_CHARS} characters")
        if len(items) > LIST_MAX_ITEMS:
            self.wrong(column, f"has {len(items)} items: at most {LIST_MAX_ITEMS} are taken")
        return items

    def _matching(self, column: str, pattern: str, rule: str, *, optional: bool) -> str:
        value = self._row.cells.get(column, "").strip()
        if not value and optional:
            return ""
        if not value:
            self.wrong(column, "is empty")
        elif not re.fullmatch(pattern, value):
            self.wrong(column, rule)
        return value

    def identifier(self, column: str, *, optional: bool = False) -> str:
        """Read an id."""
        rule = "must be 1 to 64 letters, digits, dots, dashes or underscores, beginning with a letter or digit"
        return self._matching(column, IDENTIFIER, rule, optional=optional)

    def word(self, column: str, *, optional: bool = False) -> str:
        """Read a word of a small list."""
        rule = "must be one lower-case word: letters, digits and underscores"
        return self._matching(column, WORD, rule, optional=optional)

    def one_of(self, column: str, words: Sequence[str]) -> str:
        """Read one of some words."""
        value = self._row.cells.get(column, "").strip()
        if value not in words:
            self.wrong(column, "must be one of " + ", ".join(words))
        return value

    def day(self, column: str, *, optional: bool = False) -> date | None:
        """Read an ISO date."""
        value = self._row.cells.get(column, "").strip()
        if not value and optional:
            return None
        try:
            if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                raise ValueError
            return date.fromisoformat(value)
        except ValueError:
            self.wrong(column, "must be a date such as 2025-11-03" if value else "is empty")
            return None

    def count(self, column: str) -> int | None:
        """Read a whole number of 0 or more; an empty cell is None."""
        value = self._row.cells.get(column, "").strip()
        if not value:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", value):
            self.wrong(column, "must be a whole number of 0 or more")
            return None
        return int(value)

    def amount(self, column: str) -> float:
        """Read a finite number from 0 to a thousand million."""
        value = self._row.cells.get(column, "").strip()
        if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,9})?", value) or float(value) > 1e9:
            self.wrong(column, "must be a number from 0 to 1000000000" if value else "is empty")
            return 0.0
        return float(value)

    def flag(self, column: str) -> bool | None:
        """Read true or false; an empty cell is None."""
        value = self._row.cells.get(column, "").strip().lower()
        if value and value not in _YES | _NO:
            self.wrong(column, "must be true or false")
        return None if not value else value in _YES
