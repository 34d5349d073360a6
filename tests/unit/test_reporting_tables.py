"""Rows as NDJSON and CSV, and places in a list."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.reporting.routes import tables
from shared.kernel.errors import Invalid

COLUMNS = ("site_id", "domain", "reports", "exposure")


async def rows(number: int) -> AsyncIterator[dict[str, Any]]:
    for n in range(number):
        yield {"site_id": f"site, {n}", "domain": "=2+3", "reports": n, "exposure": None, "inner": "not a column"}


async def written(kind: str, number: int) -> str:
    return b"".join([piece async for piece in await tables.stream(kind, rows(number), COLUMNS)]).decode()


async def test_csv_has_a_head_and_all_rows_over_many_pieces() -> None:
    """A long table keeps one head and every row; commas inside are quoted, nothing is an empty cell."""
    number = tables.CHUNK_ROWS * 2 + 1
    read = list(csv.reader(io.StringIO(await written(tables.CSV, number))))
    assert list(COLUMNS) == read[0]
    assert [f"site, {n}" for n in range(number)] == [row[0] for row in read[1:]]
    assert read[1][3] == ""


async def test_csv_without_rows_is_its_head() -> None:
    """An empty answer still says what its columns are."""
    assert await written(tables.CSV, 0) == "site_id,domain,reports,exposure\r\n"


async def test_a_spreadsheet_runs_no_word_from_outside() -> None:
    """A word that would be a formula is written as text."""
    assert next(csv.reader(io.StringIO((await written(tables.CSV, 1)).splitlines()[1])))[1] == "'=2+3"


async def test_ndjson_has_one_object_a_line_with_the_columns_alone() -> None:
    """Each line is an object of exactly the columns, with words as they are."""
    lines = [json.loads(line) for line in (await written(tables.NDJSON, 3)).splitlines()]
    assert lines[2] == {"site_id": "site, 2", "domain": "=2+3", "reports": 2, "exposure": None}
    assert len(lines) == 3


def test_a_place_comes_back_as_it_was() -> None:
    """What was written as a place is read again, whatever stands in it."""
    parts = ("2026-11-16", "site|ä", "(all)")
    assert parts == tables.read_place(tables.write_place(*parts), 3)


@pytest.mark.parametrize("place", ["x", "%%%", "bnVsbA", tables.write_place("one")])
def test_a_place_that_is_not_ours_is_refused(place: str) -> None:
    """A mangled place names its field instead of failing inside."""
    with pytest.raises(Invalid) as caught:
        tables.read_place(place, 2)
    assert caught.value.faults[0].field == "after"
