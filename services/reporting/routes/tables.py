"""Rows as JSON, NDJSON or CSV, and the opaque places where a page of them ends."""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from fastapi import Request

from shared.kernel.errors import Fault, Invalid

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
FORMATS = {"json": JSON, "ndjson": NDJSON, "csv": CSV}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
CHUNK_ROWS = 500


def media_type(request: Request, asked: str | None) -> str:
    """Choose how rows are written.

    Args:
        request: Its Accept header counts where nothing was asked for.
        asked: json, ndjson or csv.

    Raises:
        Invalid: another word was asked for.
    """
    if asked is not None:
        if asked not in FORMATS:
            raise Invalid("this format is not offered", (Fault("must be json, ndjson or csv", field="format"),))
        return FORMATS[asked]
    accept = request.headers.get("accept", "")
    return next((kind for kind in (NDJSON, CSV) if kind in accept), JSON)


async def stream(kind: str, rows: AsyncIterator[Mapping[str, Any]], columns: Sequence[str]) -> AsyncIterator[bytes]:
    """Write rows as NDJSON or CSV in pieces, in constant memory.

    See `begun` for what is read before this returns.

    Args:
        kind: NDJSON or CSV.
        rows: The rows.
        columns: Their fields in order; the head of a CSV.
    """
    return await begun(_pieces(kind, rows, columns))


async def begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Read the first piece of a stream, so that what fails at once is an error and not a file that breaks off.

    Args:
        pieces: At least one.
    """
    first = await anext(pieces)

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return whole()


async def _pieces(kind: str, rows: AsyncIterator[Mapping[str, Any]], columns: Sequence[str]) -> AsyncIterator[bytes]:
    write = _csv if kind == CSV else _ndjson
    head = _csv([dict(zip(columns, columns, strict=True))], columns) if kind == CSV else b""
    piece: list[Mapping[str, Any]] = []
    async for row in rows:
        piece.append(row)
        if len(piece) == CHUNK_ROWS:
            yield head + write(piece, columns)
            head, piece = b"", []
    yield head + write(piece, columns)


def _ndjson(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    return b"".join(orjson.dumps({name: row[name] for name in columns}) + b"\n" for row in rows)


def _csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([_cell(row[name]) for name in columns] for row in rows)
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    """Keep a spreadsheet from running a word that came from outside as a formula; moments as in NDJSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def write_place(*parts: str) -> str:
    """Write where a page ended; readers hand it back and need not understand it."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def read_place(place: str | None, parts: int) -> tuple[str, ...] | None:
    """Read where the page before ended.

    Args:
        place: What `write_place` gave; None for the first page.
        parts: How many parts it has.

    Raises:
        Invalid: it is not one of ours.
    """
    if place is None:
        return None
    fault = Invalid("this page does not exist", (Fault("take it from `next` of the page before", field="after"),))
    try:
        read = orjson.loads(base64.urlsafe_b64decode(place + "=" * (-len(place) % 4)))
    except (binascii.Error, ValueError) as error:
        raise fault from error
    if not isinstance(read, list) or len(read) != parts or not all(isinstance(part, str) for part in read):
        raise fault
    return tuple(read)
