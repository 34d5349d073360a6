"""Cuts a stream of bytes that is one JSON array into its items, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.intake.domain.lines import BOM, Line

_SPACE = b" \t\n\r"
_OUTSIDE = re.compile(rb'["\[\]{},]')
_INSIDE = re.compile(rb'["\\]')


class BrokenArray(ValueError):
    """The stream is no JSON array; the message says why and at which byte, counted from 1."""

    def __init__(self, why: str, byte: int) -> None:
        super().__init__(f"not a JSON array: {why} at byte {byte}")


class JsonItems:
    """Finds where the items of an array begin and end; what is in them is not looked at.

    Args:
        longest_bytes: Longest item that is kept; a longer one is passed over and given without data.
    """

    def __init__(self, longest_bytes: int) -> None:
        self._longest = longest_bytes
        self._number = 0
        self._depth = 0  # 0 before the array, 1 between items, more within one
        self._in_string = False
        self._escaped = False
        self._item = bytearray()
        self._too_long = False
        self._seen = 0  # bytes of earlier chunks
        self._ended = False
        self._after_comma = False
        self.item_byte = 0
        """Where the item that was given last begins, counted from 1."""
        self._began = 0

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """Take more bytes and give the items that are complete, numbered from 1.

        Raises:
            BrokenArray: the bytes cannot be part of an array.
        """
        position = 0
        while position < len(chunk):
            if self._ended or self._depth == 0:
                position = self._around(chunk, position)
            elif self._in_string:
                position = self._string(chunk, position)
            else:
                found = _OUTSIDE.search(chunk, position)
                end = found.start() if found else len(chunk)
                self._keep(chunk, position, end)
                position = end
                if found:
                    yield from self._sign(chunk, position)
                    position += 1
        self._seen += len(chunk)

    def finish(self) -> None:
        """Say that the stream is over.

        Raises:
            BrokenArray: the array is not closed, or there is none.
        """
        if not self._ended:
            raise BrokenArray("it ends too early" if self._depth else "it is empty", self._seen + 1)

    def _around(self, chunk: bytes, position: int) -> int:
        """Pass over space before and after the array."""
        byte = chunk[position : position + 1]
        at = self._seen + position
        if byte not in (b" ", b"\t", b"\n", b"\r") and BOM[at : at + 1] != byte:
            if self._ended:
                raise BrokenArray("something follows it", at + 1)
            if byte != b"[":
                raise BrokenArray("it must begin with [", at + 1)
            self._depth = 1
        return position + 1

    def _string(self, chunk: bytes, position: int) -> int:
        if self._escaped:
            self._escaped = False
            self._keep(chunk, position, position + 1)
            return position + 1
        found = _INSIDE.search(chunk, position)
        end = found.end() if found else len(chunk)
        self._keep(chunk, position, end)
        if found:
            self._escaped = found[0] == b"\\"
            self._in_string = found[0] != b'"'
        return end

    def _sign(self, chunk: bytes, position: int) -> Iterator[Line]:
        sign = chunk[position : position + 1]
        if sign == b"," and self._depth == 1:
            yield self._item_done(position)
            self._after_comma = True
            return
        if sign == b"]" and self._depth == 1:
            self._ended = True
            if self._after_comma or self._item or self._too_long:
                yield self._item_done(position)
            return
        self._keep(chunk, position, position + 1)
        if sign == b'"':
            self._in_string = True
        elif sign in b"[{":
            self._depth += 1
        elif sign in b"]}":
            self._depth -= 1
            if self._depth < 1:
                raise BrokenArray(f"{sign.decode()} closes nothing", self._seen + position + 1)

    def _keep(self, chunk: bytes, start: int, end: int) -> None:
        """Keep bytes of an item, without the space before it."""
        data = chunk[start:end]
        if not self._item and not self._too_long:
            data = data.lstrip(_SPACE)
            if not data:
                return
            self._began = self._seen + end - len(data) + 1
        if self._too_long or len(self._item) + len(data) > self._longest:
            self._item.clear()
            self._too_long = True
        else:
            self._item += data

    def _item_done(self, position: int) -> Line:
        if not self._item and not self._too_long:
            raise BrokenArray("an item is missing", self._seen + position + 1)
        self._number += 1
        self.item_byte = self._began
        data = None if self._too_long else bytes(self._item)
        self._item.clear()
        self._too_long = self._after_comma = False
        return Line(self._number, data)
