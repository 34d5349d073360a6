"""Reading a series from CSV text, and saying on which line something is wrong."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from shared.statistics.bad_input import BadInput
from shared.statistics.fields import parsed_number
from shared.statistics.series import ChartType, columns_for

__all__ = ["BadLine", "CsvColumns", "read_columns"]


class BadLine(ValueError):
    """A line of the file that cannot be read; the message names line, field and what to do."""

    def __init__(self, line: int, field: str, reason: str) -> None:
        super().__init__(f"line {line}, field {field}: {reason}")


@dataclass(frozen=True, slots=True)
class CsvColumns:
    """Columns of a CSV file.

    Attributes:
        labels: The column x.
        columns: Those that the chart reads, by name; None is an empty cell.
        lines: The line of each row in the file, from 1.
    """

    labels: list[str]
    columns: dict[str, list[float | None]]
    lines: list[int]

    def at(self, error: BadInput) -> BadLine:
        """Say on which line of the file an error is; the header's where a whole column is meant."""
        line = 1 if error.position is None else self.lines[error.position - 1]
        return BadLine(line, error.field, error.reason)


def read_columns(data: bytes, chart_type: ChartType) -> CsvColumns:
    """Read the columns that a chart of this type needs.

    Args:
        data: UTF-8 text with a header; further columns are left alone, empty lines are passed over.
        chart_type: Decides which columns are read.

    Returns:
        The columns.

    Raises:
        BadLine: the text is not UTF-8 or not CSV, a column is missing or there twice, a row is longer or
            shorter than the header, or a cell is no number.
    """
    rows = csv.reader(io.StringIO(_decoded(data), newline=""), strict=True)
    header: list[str] = []
    found = CsvColumns([], {}, [])
    places: dict[str, int] = {}
    try:
        for row in rows:
            if not header:
                header = [name.strip() for name in row]
                places = _places(header, chart_type)
                found.columns.update({name: [] for name in places if name != "x"})
            elif row:
                _add(found, row, rows.line_num, header, places)
    except csv.Error as error:
        raise BadLine(rows.line_num, "x", f"is not CSV ({error}); mend the quotes") from error
    if not header:
        raise BadLine(1, "x", "is missing, as is everything else; give a header and one row to a point")
    return found


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadLine(line, "x", "is not UTF-8; save the file as UTF-8") from error


def _places(header: list[str], chart_type: ChartType) -> dict[str, int]:
    if "x" not in header:
        raise BadLine(1, "x", "is missing; name the column of labels x, and separate columns by commas")
    try:
        names = ("x", *columns_for(chart_type, header))
    except BadInput as error:
        raise BadLine(1, error.field, error.reason) from error
    for name in names:
        if header.count(name) > 1:
            raise BadLine(1, name, "is there more than once; keep one column of the name")
    return {name: header.index(name) for name in names}


def _add(found: CsvColumns, row: list[str], line: int, header: list[str], places: dict[str, int]) -> None:
    if len(row) != len(header):
        field = header[min(len(row), len(header) - 1)]
        raise BadLine(line, field, f"{len(row)} cells for {len(header)} columns; give one cell to a column")
    for name, place in places.items():
        cell = row[place].strip()
        if name == "x":
            found.labels.append(cell)
            continue
        value = parsed_number(cell) if cell else None
        if cell and value is None:
            raise BadLine(line, name, "is not a number; give a number, or leave the cell empty where there is none")
        found.columns[name].append(value)
    found.lines.append(line)
