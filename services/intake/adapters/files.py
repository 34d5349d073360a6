"""Reads files of reports (NDJSON, CSV, XLSX) row by row in constant memory, and the maps that describe them."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from services.intake.adapters.sheets import NoSheet, sheet_rows
from services.intake.domain.artefacts import escape_in, without_escapes
from services.intake.domain.columns import unflatten
from services.intake.domain.lines import CsvRecords, Line, Lines
from services.intake.domain.mapping import ImportMap, WrongMap, read_map

CHUNK_BYTES = 1 << 16
LINE_MAX_BYTES = 500_000
ERROR_COLUMNS = frozenset({"refused_because", "original_line"})
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


@dataclass(slots=True)
class Notes:
    """What was recognised while a file was read, for the account of it."""

    encoding: str = "UTF-8"
    cleaned_cells: int = 0


def read_rows(path: Path, notes: Notes | None = None) -> Iterator[FileRow]:
    """Read a file's rows.

    What spreadsheets leave behind is cleaned and counted: written-out control characters, a byte-order mark, Windows
    line ends; a CSV file that is not UTF-8 is read as Windows-1252, which is noted. The columns of an error file
    (`refused_because`, `original_line`) are left out, so that it can be fed again.

    Args:
        path: A .ndjson, .jsonl, .csv or .xlsx file.
        notes: Where to note what was recognised.

    Raises:
        UnreadableFile: it is of another kind, or a table has no heading.
    """
    notes = notes or Notes()
    kind = path.suffix.lower()
    if kind in NDJSON_SUFFIXES:
        yield from _ndjson(path)
    elif kind == ".csv":
        yield from _cleaned(_csv(path, notes), notes)
    elif kind == ".xlsx":
        yield from _cleaned(_xlsx(path), notes)
    else:
        raise UnreadableFile(f"{path.name}: give a .csv, .xlsx, .ndjson or .jsonl file")


def is_table(path: Path) -> bool:
    """Tell whether a file has flat columns."""
    return path.suffix.lower() in (".csv", ".xlsx")


def _cleaned(rows: Iterator[FileRow], notes: Notes) -> Iterator[FileRow]:
    for row in rows:
        if row.fields is None:
            yield row
            continue
        fields = {}
        for name, cell in row.fields.items():
            if name in ERROR_COLUMNS:
                continue
            fields[name] = without_escapes(cell) if escape_in(cell) else cell
            notes.cleaned_cells += fields[name] != cell
        yield FileRow(row.line, fields, row.fault, row.read_bytes)


def _xlsx(path: Path) -> Iterator[FileRow]:
    columns: tuple[str, ...] = ()
    size = path.stat().st_size
    try:
        for number, cells, part in sheet_rows(path):
            if not columns:
                columns = tuple(cell.strip() for cell in cells)
                while columns and not columns[-1]:
                    columns = columns[:-1]
                _check_columns(path, columns)
                continue
            fault = (
                f"has {len(cells)} cells where the heading has {len(columns)}" if any(cells[len(columns) :]) else None
            )
            padded = [*cells, *[""] * len(columns)][: len(columns)]
            fields = None if fault else dict(zip(columns, padded, strict=True))
            yield FileRow(number, fields, fault, int(size * part))
    except NoSheet as error:
        raise UnreadableFile(f"{path.name}: {error}") from None
    if not columns:
        raise UnreadableFile(f"{path.name}: the sheet is empty")


def _check_columns(path: Path, columns: tuple[str, ...]) -> None:
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise UnreadableFile(f"{path.name}: the heading has {', '.join(name or '(empty)' for name in twice)} twice")


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _lines(path: Path, encoding: str | None = None) -> Iterator[tuple[Line, int]]:
    lines, done = Lines(LINE_MAX_BYTES), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            done += len(chunk)
            if encoding is not None:
                chunk = chunk.decode(encoding, errors="replace").encode()
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
            if set(fields) == {"line", "errors", "row"} and isinstance(fields["row"], dict):
                fields = fields["row"]  # a line of an error file, corrected
            yield FileRow(line.number, fields, None, done)
        else:
            yield FileRow(line.number, None, "must be a JSON object", done)


def _csv(path: Path, notes: Notes) -> Iterator[FileRow]:
    encoding = None if _is_utf8(path) else "cp1252"
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise UnreadableFile(f"{path.name}: is UTF-16 (Unicode text); save it as CSV UTF-8")
    if encoding:
        notes.encoding = "Windows-1252"
    joined = CsvRecords(LINE_MAX_BYTES)
    columns: tuple[str, ...] = ()

    def row(number: int, cells: tuple[str, ...], fault: str | None, done: int) -> FileRow:
        if not fault and len(cells) != len(columns):
            fault = f"has {len(cells)} cells where the heading has {len(columns)}"
        return FileRow(number, None if fault else dict(zip(columns, cells, strict=True)), fault, done)

    done = 0
    for line, done in _lines(path, encoding):
        for record in joined.feed(line):
            if columns:
                yield row(record.number, record.cells, record.fault, done)
            elif record.fault:
                raise UnreadableFile(f"{path.name}: the heading {record.fault}")
            else:
                columns = tuple(cell.strip() for cell in record.cells)
                _check_columns(path, columns)
    for record in joined.finish():
        yield row(record.number, record.cells, record.fault, done)
    if not columns:
        raise UnreadableFile(f"{path.name}: the file is empty")


def as_submission(fields: dict[str, Any], path: Path, import_map: ImportMap | None) -> dict[str, Any]:
    """Return a row as the body of a report: by the map, else a CSV row by its flat columns, else as it is."""
    if import_map is not None:
        return import_map.submission(fields)
    return unflatten(fields) if is_table(path) else fields


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
