"""Accounts for every row of an imported file: outcomes by site and month, error files, and the reconciliation sheet."""

from __future__ import annotations

import csv
import os
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from services.intake.domain.times import parse_moment
from shared.kernel.clock import london_date

OUTCOMES = ("accepted", "repeated", "amended", "refused")
REASON, LINE = "refused_because", "original_line"


@dataclass(slots=True)
class Accounting:
    """What became of a file.

    Attributes:
        lines: Rows that were read.
        outcomes: How many came to what.
        refused: The refused rows by line and reason.
        by_site: Outcomes by site and month (2025-11) in which staff told it; `(unknown)` where a row does not say.
    """

    lines: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[int, str]] = field(default_factory=list)
    by_site: defaultdict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def note(self, body: Mapping[str, Any] | None, outcome: str) -> None:
        """Count a row.

        Args:
            body: The report that it became; None where it could not be read.
            outcome: One of OUTCOMES.
        """
        self.lines += 1
        self.outcomes[outcome] += 1
        self.by_site[_site(body), _month(body)][outcome] += 1

    def stored(self) -> dict[str, Any]:
        """Return it as it is written beside a file that is not through."""
        return {
            "lines": self.lines,
            "outcomes": dict(self.outcomes),
            "refused": self.refused,
            "by_site": [[*key, dict(counts)] for key, counts in self.by_site.items()],
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Accounting:
        """Return what `stored` wrote."""
        account = cls(stored["lines"], Counter(stored["outcomes"]), [(line, why) for line, why in stored["refused"]])
        for site, month, counts in stored["by_site"]:
            account.by_site[site, month] = Counter(counts)
        return account


def _site(body: Mapping[str, Any] | None) -> str:
    site = (body or {}).get("site_id")
    return site if isinstance(site, str) and site else "(unknown)"


def _month(body: Mapping[str, Any] | None) -> str:
    told = (body or {}).get("reported_at") or (body or {}).get("occurred_at")
    try:
        return london_date(parse_moment(told).at).isoformat()[:7] if isinstance(told, str) else "(not said)"
    except ValueError:
        return "(unknown)"


class ErrorFiles:
    """The refused rows beside the file, made only when there is one; they hold report text: only the owner reads them.

    `<name>.refused.ndjson` has line, errors and the row as it was; of a table there is `<name>.refused.csv` too, with
    the file's own columns and the reason. Either can be corrected and imported in place of the file. A cell that a
    spreadsheet would run as a formula is kept as it was sent: open the file as text columns.

    Args:
        path: The imported file.
        resumed: Whether to go on writing files that are there.
    """

    def __init__(self, path: Path, resumed: bool) -> None:
        self._path = path
        self._files: dict[str, int] = {}
        self._columns: list[str] = []
        if not resumed:
            for suffix in ("ndjson", "csv"):
                self._named(suffix).unlink(missing_ok=True)

    def __enter__(self) -> ErrorFiles:
        """Be used by `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what is open."""
        for descriptor in self._files.values():
            os.close(descriptor)

    def write(self, line: int, errors: list[dict[str, Any]], row: Mapping[str, Any] | None, flat: bool) -> None:
        """Write a refused row.

        Args:
            line: Where it begins in the file.
            errors: What is wrong, by field.
            row: Its fields as they were; None where it could not be read.
            flat: Whether the file is a table.
        """
        os.write(self._opened("ndjson"), orjson.dumps({"line": line, "errors": errors, "row": row}) + b"\n")
        if flat and row is not None:
            self._table_row({LINE: line, REASON: reason_of(errors), **row})

    def _table_row(self, row: dict[str, Any]) -> None:
        new = not self._named("csv").exists()
        with os.fdopen(os.dup(self._opened("csv")), "w", encoding="utf-8", newline="") as file:
            if new:
                file.write("\ufeff")  # so that a spreadsheet reads it as UTF-8
            self._columns = self._columns or list(row)
            writer = csv.DictWriter(file, self._columns, extrasaction="ignore")
            if new:
                writer.writeheader()
            writer.writerow(row)

    def _opened(self, suffix: str) -> int:
        if suffix not in self._files:
            flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND
            self._files[suffix] = os.open(self._named(suffix), flags, 0o600)
        return self._files[suffix]

    def _named(self, suffix: str) -> Path:
        return self._path.with_name(f"{self._path.name}.refused.{suffix}")


def reason_of(errors: list[dict[str, Any]]) -> str:
    """Return what is wrong with a row in one line."""
    return "; ".join(f"{error['field']}: {error['detail']}" if error["field"] else error["detail"] for error in errors)


def write_reconciliation(
    path: Path, account: Accounting, before: Mapping[str, int] | None, after: Mapping[str, int] | None
) -> Path:
    """Write the sheet that says where every row is.

    Args:
        path: The imported file.
        account: What became of its rows.
        before: Reports in the views by site before the import; None where the key may not read them.
        after: The same afterwards.

    Returns:
        `<name>.reconciliation.csv`, a row for each site and month, and one for each site with what the views show.
    """
    target = path.with_name(path.name + ".reconciliation.csv")
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["site_id", "month", "rows", *OUTCOMES, "merged", "in_views_before", "in_views_after"])
        by_site: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for (site, month), counts in sorted(account.by_site.items()):
            writer.writerow([site, month, counts.total(), *_counted(counts), "", ""])
            by_site[site] += counts
        for site, counts in sorted(by_site.items()):
            seen = [_known(before, site), _known(after, site)]
            writer.writerow([site, "all", counts.total(), *_counted(counts), *seen])
        totals = [sum(one.values()) if one is not None else "" for one in (before, after)]
        writer.writerow(["all", "all", account.lines, *_counted(account.outcomes), *totals])
    return target


def _counted(counts: Counter[str]) -> list[int]:
    return [*(counts[name] for name in OUTCOMES), counts["repeated"] + counts["amended"]]


def _known(seen: Mapping[str, int] | None, site: str) -> int | str:
    return "" if seen is None else seen.get(site, 0)
