"""Reads a body that is a table (CSV) or a JSON list into rows; a table that cannot be read is refused as a whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fastapi import Request

from services.intake.domain.columns import check_heading
from services.intake.domain.lines import CsvRecords, Line, Lines, Record
from services.intake.domain.rows import Row
from services.intake.routes.strict_json import NotJson, parse_json
from shared.kernel.errors import Fault, Invalid, TooLarge

RECORD_MAX_BYTES = 500_000
"""Longest line of an import: the longest narrative, written all in JSON escapes, fits twice."""


async def read_body(request: Request, longest_bytes: int) -> bytes:
    """Read a body up to a limit of its own.

    Raises:
        TooLarge: it is longer.
    """
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > longest_bytes:
            raise TooLarge(f"the body is over {longest_bytes} bytes; send it in parts")
        parts.append(chunk)
    return b"".join(parts)


def csv_body(example: str) -> dict[str, Any]:
    """Return what a route says in the OpenAPI document of a CSV body that it reads itself."""
    content = {"text/csv": {"schema": {"type": "string"}, "example": example}}
    return {"openapi_extra": {"requestBody": {"required": True, "content": content}}}


def read_table(body: bytes, required: Sequence[str], known: Sequence[str]) -> tuple[list[Row], list[Fault]]:
    """Read a CSV table.

    Args:
        body: UTF-8, with a heading.
        required: Columns that must be there.
        known: Columns that may be there.

    Returns:
        The rows, and the faults of lines that are no rows.

    Raises:
        Invalid: there is no heading, or it is not as it must be; nothing was taken.
    """
    records = _records(body)
    if not records or records[0].fault:
        raise Invalid("the table has no heading; nothing was taken", (Fault(_why(records), None, 1),))
    columns = check_heading(records[0].cells, required, known)
    rows, faults = [], []
    for record in records[1:]:
        fault = record.fault or why_not_a_row(record, columns)
        if fault:
            faults.append(Fault(fault, None, record.number))
        else:
            rows.append(Row(record.number, dict(zip(columns, record.cells, strict=True))))
    return rows, faults


def why_not_a_row(record: Record, columns: Sequence[str]) -> str | None:
    """Say why a record has not as many cells as there are columns; None where it has."""
    if len(record.cells) == len(columns):
        return None
    return f"has {len(record.cells)} cells where the heading has {len(columns)}"


def _records(body: bytes) -> list[Record]:
    lines, joined = Lines(RECORD_MAX_BYTES), CsvRecords(RECORD_MAX_BYTES)
    found: list[Record] = []
    for line in _all_lines(lines, body):
        found += joined.feed(line)
    return [*found, *joined.finish()]


def _all_lines(lines: Lines, body: bytes) -> list[Line]:
    return [*lines.feed(body), *lines.finish()]


def _why(records: Sequence[Record]) -> str:
    return (records[0].fault or "is empty") if records else "the body is empty"


def read_list(body: bytes, known: Sequence[str]) -> tuple[list[Row], list[Fault]]:
    """Read a JSON list of flat objects; its lines are counted from 1.

    Args:
        body: The JSON text.
        known: Fields that an object may have.

    Returns:
        The rows, and the faults of items that are no rows.

    Raises:
        Invalid: the body is not a JSON list; nothing was taken.
    """
    try:
        items = parse_json(body)
    except NotJson as error:
        raise Invalid("the body is not JSON", (Fault(f"not JSON: {error}"),)) from None
    if not isinstance(items, list):
        raise Invalid("the body must be a JSON list", (Fault("must be a list of objects"),))
    rows, faults = [], []
    for number, item in enumerate(items, start=1):
        wrong = _item_faults(item, known, number)
        if wrong:
            faults += wrong
        else:
            rows.append(Row(number, {name: _cell(value) for name, value in item.items()}))
    return rows, faults


def _item_faults(item: Any, known: Sequence[str], number: int) -> list[Fault]:
    if not isinstance(item, dict):
        return [Fault("must be an object", None, number)]
    wrong = [
        Fault("is not known; expected are " + ", ".join(known), name, number) for name in item if name not in known
    ]
    wrong += [
        Fault("must be a text or a number", name, number)
        for name, value in item.items()
        if name in known and not isinstance(value, str | int | float | None)
    ]
    return wrong


def _cell(value: Any) -> str:
    """Return a JSON value as the cell that a table would have."""
    if value is None:
        return ""
    return value if isinstance(value, str) else format(value, "f") if isinstance(value, float) else json.dumps(value)
