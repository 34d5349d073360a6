"""Sends a file of reports in pieces and accounts for every row of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from services.intake.adapters.client import IntakeClient
from services.intake.adapters.files import FileRow, as_submission, fingerprint, read_rows
from services.intake.domain.mapping import ImportMap
from services.intake.domain.registers import SITE_COLUMNS

PIECE_ROWS = 1_000
OUTCOMES = ("accepted", "repeated", "amended", "refused")


@dataclass(slots=True)
class Accounting:
    """What became of a file: rows, outcomes, and the refused rows by line and reason."""

    lines: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[int, str]] = field(default_factory=list)


def upload_reports(
    client: IntakeClient,
    path: Path,
    import_map: ImportMap | None,
    origin: str | None,
    progress: Callable[[int], None],
) -> Accounting:
    """Send all rows of a file; the same file sent again repeats and doubles nothing.

    Refused rows are written beside the file as <name>.refused.ndjson (they hold report text, so only the owner can
    read it): line, errors, and the row as it was.

    Args:
        client: Intake.
        path: The file.
        import_map: How its rows become reports; None where they are reports already.
        origin: How rows came that do not say it.
        progress: Called with the bytes read so far.

    Raises:
        CallFailed: intake refused the whole or stayed away; sending the file again goes on where it ended.
        UnreadableFile: the file is not as it must be.
    """
    account = Accounting()
    key = fingerprint(path, repr(import_map), origin or "")
    params = {"origin": origin} if origin else {}
    with _RefusedFile(path.with_name(path.name + ".refused.ndjson")) as refused:
        for number, rows in enumerate(_pieces(path)):
            errors = _send(client, path, rows, import_map, params, f"{key}:{number}", account)
            account.lines += len(rows)
            for row in rows:
                if row.line in errors:
                    account.outcomes["refused"] += 1
                    account.refused.append((row.line, _reason(errors[row.line])))
                    refused.write({"line": row.line, "errors": errors[row.line], "row": row.fields})
            progress(rows[-1].read_bytes)
    return account


def _send(
    client: IntakeClient,
    path: Path,
    rows: list[FileRow],
    import_map: ImportMap | None,
    params: dict[str, str],
    key: str,
    account: Accounting,
) -> dict[int, list[dict[str, Any]]]:
    """Send some rows; return what was wrong, by the file's line."""
    errors: dict[int, list[dict[str, Any]]] = {
        row.line: [{"field": None, "detail": row.fault}] for row in rows if row.fields is None
    }
    sent = [(row.line, row.fields) for row in rows if row.fields is not None]
    if not sent:
        return errors
    body = b"\n".join(orjson.dumps(as_submission(fields, path, import_map)) for _, fields in sent)
    answer = client.post("/v1/reports:import", body, "application/x-ndjson", params, key)
    for name in ("accepted", "repeated", "amended"):
        account.outcomes[name] += answer[name]
    for fault in answer["errors"]:
        line = sent[fault["line"] - 1][0]
        errors.setdefault(line, []).append({"field": fault["field"], "detail": fault["detail"]})
    return errors


def site_rows(path: Path, import_map: ImportMap) -> list[dict[str, str]]:
    """Return the distinct sites of a file as rows of a site register, by site id; the first row of a site speaks.

    Raises:
        UnreadableFile: the file is not as it must be.
        WrongMap: the map does not say how sites are registered.
    """
    found: dict[str, dict[str, str]] = {}
    for row in read_rows(path):
        if row.fields is not None:
            site = dict.fromkeys(SITE_COLUMNS, "") | import_map.site_row(row.fields)
            found.setdefault(site["site_id"], site)
    return [found[site_id] for site_id in sorted(found) if site_id]


def _pieces(path: Path) -> Iterator[list[FileRow]]:
    rows = read_rows(path)
    while piece := list(islice(rows, PIECE_ROWS)):
        yield piece


def _reason(errors: list[dict[str, Any]]) -> str:
    return "; ".join(f"{error['field']}: {error['detail']}" if error["field"] else error["detail"] for error in errors)


class _RefusedFile:
    """The file of refused rows; made only when there is one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> _RefusedFile:
        self._path.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def write(self, entry: dict[str, Any]) -> None:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        os.write(self._descriptor, orjson.dumps(entry) + b"\n")
