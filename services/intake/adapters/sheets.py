"""Reads the first sheet of an Excel workbook row by row, as texts."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from openpyxl.reader.excel import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

UNPACKED_MAX_BYTES = 2_000_000_000
"""A workbook is a packed file: what would unpack to more than this is refused unread."""


class NoSheet(ValueError):
    """The file is no workbook that can be read; the message says why."""


def sheet_rows(path: Path) -> Iterator[tuple[int, list[str], float]]:
    """Read the rows of the first sheet that has any, from its heading on.

    Days and times become ISO 8601, whole numbers stay whole; a formula gives the value that was saved with it.

    Args:
        path: A .xlsx file.

    Yields:
        The row's number (1 is the first), its cells, and how far it lies in the sheet, from 0 to 1.

    Raises:
        NoSheet: it is no workbook, or too large.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(one.file_size for one in packed.infolist()) > UNPACKED_MAX_BYTES:
                raise NoSheet("the workbook is too large: save the sheet as CSV UTF-8")
        book = load_workbook(path, read_only=True, data_only=True)  # type: ignore[no-untyped-call] # it has no types
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        if isinstance(error, NoSheet):
            raise
        raise NoSheet("it is no Excel workbook (.xlsx), or it is locked with a password") from None
    try:
        for sheet in book.worksheets:
            yield from _rows(sheet)
            return
    finally:
        book.close()


def _rows(sheet: Any) -> Iterator[tuple[int, list[str], float]]:
    most = max(1, sheet.max_row or 1)
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        texts = [_text(cell) for cell in cells]
        if any(texts):
            yield number, texts, min(1.0, number / most)


def _text(cell: Any) -> str:
    if isinstance(cell, datetime):
        bare = cell.time() == time(0)
        return cell.date().isoformat() if bare else cell.isoformat(sep="T", timespec="seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)
