"""The queries of the data dictionary are there for every table and name no other."""

from __future__ import annotations

import re

from services.reporting.domain.exports import TABLES
from services.reporting.routes.worked_queries import QUERIES, fetch_line, query_line


def test_every_table_has_a_query_over_its_own_file():
    """Whoever opens a table's page finds one; it reads the file that the line before it fetched."""
    assert set(QUERIES) == set(TABLES)
    for table in TABLES:
        assert fetch_line(table).endswith(f"-o {table}.parquet")
        assert re.findall(r"'(\w+)\.parquet'", query_line(table)) == [table]
