"""Near misses per 1,000 units of care by group of domains, with DuckDB over the exported Parquet files."""

from __future__ import annotations

from pathlib import Path

import duckdb

BY_GROUP = """
    SELECT d.group_title, count(DISTINCT r.report_id) AS reports
    FROM read_parquet($reports) r
    JOIN read_parquet($bridge) b USING (provider_id, report_id)
    JOIN read_parquet($domains) d USING (domain)
    WHERE r.event_class = 'NEAR_MISS'
    GROUP BY d.group_title
    ORDER BY d.group_title
"""
"""Distinct reports: the bridge has a row for each domain, and summing its rows would count a report twice."""

RATES = """
    SELECT s.name, w.exposure_unit, sum(w.near_misses) * 1000.0 / sum(w.exposure) AS rate
    FROM read_parquet($weeks) w
    JOIN read_parquet($sites) s
      ON s.site_id = w.site_id AND w.week_start >= s.valid_from
     AND (s.valid_to IS NULL OR w.week_start < s.valid_to)
    WHERE w.domain = '(all)' AND w.exposure IS NOT NULL
    GROUP BY ALL
    ORDER BY s.name
"""
"""Each week under the name and kind that the site had then; weeks without exposure have no rate."""


def near_misses_by_group(folder: Path) -> list[tuple[str, int]]:
    """Count near misses by group of domains.

    Args:
        folder: Where the exported tables lie, one Parquet file each.
    """
    files = {"reports": "fact_report", "bridge": "bridge_report_domain", "domains": "dim_domain"}
    return duckdb.execute(BY_GROUP, _paths(folder, files)).fetchall()


def rates_by_site(folder: Path) -> list[tuple[str, str, float]]:
    """Return near misses per 1,000 units of each site's own exposure.

    Args:
        folder: Where the exported tables lie, one Parquet file each.
    """
    return duckdb.execute(RATES, _paths(folder, {"weeks": "site_domain_week", "sites": "dim_site"})).fetchall()


def _paths(folder: Path, files: dict[str, str]) -> dict[str, str]:
    return {name: str(folder / f"{table}.parquet") for name, table in files.items()}
