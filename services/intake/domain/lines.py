"""Cuts a stream of bytes into lines, and lines into CSV records, in bounded memory; one broken line stops no other."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

BOM = b"\xef\xbb\xbf"
NOT_UTF8 = " (perhaps Windows-1252, as older spreadsheets save it): save it as CSV UTF-8"
RECORD_LINES_MAX = 1_000


class Line(NamedTuple):
    """One physical line without its end; `data` is None where the line was over the limit and was passed over."""

    number: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Record:
    """One CSV record and the line on which it begins; `fault` says why it cannot be read."""

    number: int
    cells: tuple[str, ...] = ()
    fault: str | None = None


class Lines:
    """Cuts bytes into lines.

    Args:
        longest_bytes: Longest line that is kept.
    """

    def __init__(self, longest_bytes: int) -> None:
        self._longest = longest_bytes
        self._rest = b""
        self._skipping = False
        self._number = 0

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """Take more bytes and give the lines that are complete."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        yield from map(self._line, whole)
        if len(self._rest) > self._longest:
            self._rest, self._skipping = b"", True

    def finish(self) -> Iterator[Line]:
        """Give the last line, where it has no end of line."""
        if self._rest or self._skipping:
            rest, self._rest = self._rest, b""
            yield self._line(rest)

    def _line(self, data: bytes) -> Line:
        self._number += 1
        if self._skipping or len(data) > self._longest:
            self._skipping = False
            return Line(self._number, None)
        if self._number == 1:
            data = data.removeprefix(BOM)
        return Line(self._number, data.removesuffix(b"\r"))


class CsvRecords:
    """Joins lines to CSV records (RFC 4180): a quoted cell may run over several lines.

    Args:
        longest_bytes: Longest record; an opening quote that is never closed is given up there, and its first line
            alone is refused.
    """

    def __init__(self, longest_bytes: int) -> None:
        self._longest = longest_bytes
        self._open: list[tuple[int, str]] = []
        self._size = 0

    def feed(self, line: Line) -> Iterator[Record]:
        """Take one more line and give the records that it completes; empty lines between records are passed over."""
        if line.data is None:
            yield from self._give_up()
            yield Record(line.number, fault="the line is too long")
            return
        try:
            text = line.data.decode()
        except UnicodeDecodeError as error:
            yield from self._give_up()
            yield Record(line.number, fault=f"is not UTF-8 at byte {error.start + 1}{NOT_UTF8}")
            return
        yield from self._take(line.number, text)

    def finish(self) -> Iterator[Record]:
        """Give what is still open at the end."""
        yield from self._give_up()

    def _take(self, number: int, text: str) -> Iterator[Record]:
        if not self._open and not text.strip():
            return
        self._open.append((number, text))
        self._size += len(text)
        if len(self._open) > 1 and '"' not in text and not self._over():
            return
        yield from self._close()

    def _close(self) -> Iterator[Record]:
        first = self._open[0][0]
        try:
            rows = csv.reader((text + "\n" for _, text in self._open), strict=True)
            cells = next(rows)
        except csv.Error as error:
            if "unexpected end" in str(error) and not self._over():
                return
            yield from self._resume(f"is no CSV: {error}")
            return
        self._open, self._size = [], 0
        yield Record(first, tuple(cells))

    def _over(self) -> bool:
        return self._size > self._longest or len(self._open) > RECORD_LINES_MAX

    def _give_up(self) -> Iterator[Record]:
        while self._open:
            yield from self._resume("a quote is opened here and never closed")

    def _resume(self, fault: str) -> Iterator[Record]:
        """Refuse the first open line and read the others as if it were not there."""
        (number, _), *others = self._open
        self._open, self._size = [], 0
        yield Record(number, fault=fault)
        for other_number, text in others:
            yield from self._take(other_number, text)
