"""Reads files of reports (NDJSON, CSV) row by row in constant memory, and the maps that describe them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from services.intake.domain.columns import unflatten
from services.intake.domain.lines import CsvRecords, Line, Lines
from services.intake.domain.mapping import ImportMap, WrongMap, read_map

CHUNK_BYTES = 1 << 16
LINE_MAX_BYTES = 500_000
MAPS = Path(__file__).resolve().parent.parent / "maps"
NDJSON_SUFFIXES = frozenset({".ndjson", ".jsonl"})


class UnreadableFile(Exception):
    """The file cannot be read as what it is; the message says what to do."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row: the line on which it begins, its fields, or why it has none; and how far into the file it ends."""

    line: int
    fields: dict[str, Any] | None
    fault: str | None
    read_bytes: int


def read_rows(path: Path) -> Iterator[FileRow]:
    """Read a file's rows.

    Args:
        path: A .ndjson, .jsonl or .csv file in UTF-8.

    Raises:
        UnreadableFile: it is of another kind, or a CSV file has no heading.
    """
    if path.suffix.lower() in NDJSON_SUFFIXES:
        yield from _ndjson(path)
    elif path.suffix.lower() == ".csv":
        yield from _csv(path)
    else:
        raise UnreadableFile(f"{path.name}: give a .ndjson, .jsonl or .csv file")


def _lines(path: Path) -> Iterator[tuple[Line, int]]:
    lines, done = Lines(LINE_MAX_BYTES), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            done += len(chunk)
            for line in lines.feed(chunk):
                yield line, done
    for line in lines.finish():
        yield line, done


def _ndjson(path: Path) -> Iterator[FileRow]:
    for line, done in _lines(path):
        if line.data is None:
            yield FileRow(line.number, None, f"the line is over {LINE_MAX_BYTES} bytes", done)
            continue
        if not line.data.strip():
            continue
        try:
            fields = orjson.loads(line.data)
        except orjson.JSONDecodeError as error:
            yield FileRow(line.number, None, f"not JSON: {error}", done)
            continue
        if isinstance(fields, dict):
            yield FileRow(line.number, fields, None, done)
        else:
            yield FileRow(line.number, None, "must be a JSON object", done)


def _csv(path: Path) -> Iterator[FileRow]:
    joined = CsvRecords(LINE_MAX_BYTES)
    columns: tuple[str, ...] = ()

    def row(number: int, cells: tuple[str, ...], fault: str | None, done: int) -> FileRow:
        if not fault and len(cells) != len(columns):
            fault = f"has {len(cells)} cells where the heading has {len(columns)}"
        return FileRow(number, None if fault else dict(zip(columns, cells, strict=True)), fault, done)

    done = 0
    for line, done in _lines(path):
        for record in joined.feed(line):
            if columns:
                yield row(record.number, record.cells, record.fault, done)
            elif record.fault:
                raise UnreadableFile(f"{path.name}: the heading {record.fault}")
            else:
                columns = tuple(cell.strip() for cell in record.cells)
    for record in joined.finish():
        yield row(record.number, record.cells, record.fault, done)
    if not columns:
        raise UnreadableFile(f"{path.name}: the file is empty")


def as_submission(fields: dict[str, Any], path: Path, import_map: ImportMap | None) -> dict[str, Any]:
    """Return a row as the body of a report: by the map, else a CSV row by its flat columns, else as it is."""
    if import_map is not None:
        return import_map.submission(fields)
    return unflatten(fields) if path.suffix.lower() == ".csv" else fields


def load_map(name: str) -> ImportMap:
    """Read a map.

    Args:
        name: Path of a YAML file, or the name of one that is shipped, such as oregon_ltc.

    Raises:
        UnreadableFile: there is none, or it is no map.
    """
    path = Path(name) if Path(name).suffix else MAPS / f"{name}.yaml"
    try:
        return read_map(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, WrongMap) as error:
        raise UnreadableFile(f"map {name}: {error}") from None


def fingerprint(path: Path, *others: str) -> str:
    """Return a hash of a file's content and of what else decides what it becomes."""
    digest = hashlib.sha256("|".join(others).encode())
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()[:40]
