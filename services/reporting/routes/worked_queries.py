"""One query for each export table that works as it stands: in DuckDB, over the file that the line before it fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

QUERIES: Final[Mapping[str, str]] = {
    "dim_site": "SELECT site_id, name, setting FROM 'dim_site.parquet' WHERE valid_to IS NULL ORDER BY name",
    "dim_calendar": "SELECT year, quarter, min(day) AS first_day FROM 'dim_calendar.parquet' GROUP BY ALL ORDER BY ALL",
    "dim_domain": "SELECT group_title, list(title ORDER BY title) AS domains "
    "FROM 'dim_domain.parquet' GROUP BY ALL ORDER BY group_title",
    "fact_report": "SELECT week_start, event_class, count(*) AS reports "
    "FROM 'fact_report.parquet' GROUP BY ALL ORDER BY ALL",
    "bridge_report_domain": "SELECT domain, count(DISTINCT report_id) AS reports "
    "FROM 'bridge_report_domain.parquet' GROUP BY ALL ORDER BY ALL",
    "fact_action": "SELECT status, count(*) AS actions FROM 'fact_action.parquet' GROUP BY ALL ORDER BY ALL",
    "fact_verdict": "SELECT verdict, count(*) AS evaluations FROM 'fact_verdict.parquet' "
    "WHERE verdict IS NOT NULL GROUP BY ALL ORDER BY ALL",
    "fact_signal": "SELECT status, count(*) AS questions FROM 'fact_signal.parquet' GROUP BY ALL ORDER BY ALL",
    "site_domain_week": "SELECT site_id, sum(reports) AS reports FROM 'site_domain_week.parquet' "
    "WHERE domain = '(all)' GROUP BY ALL ORDER BY ALL",
}


def fetch_line(table: str) -> str:
    """Return the command that fetches a table; the token is that of a read-only key.

    Args:
        table: Name of an export table.
    """
    address = f"https://$ADDRESS/v1/export/{table}?format=parquet"
    return f'curl -H "Authorization: Bearer $TOKEN" "{address}" -o {table}.parquet'


def query_line(table: str) -> str:
    """Return the command that asks the file.

    Args:
        table: Name of an export table.
    """
    return f'duckdb -c "{QUERIES[table]}"'
