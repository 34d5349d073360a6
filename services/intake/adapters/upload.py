"""Sends a file of reports in pieces, goes on where it was cut off, and accounts for every row of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from services.intake.adapters.accounting import Accounting, ErrorFiles, reason_of
from services.intake.adapters.client import IntakeClient
from services.intake.adapters.files import FileRow, Notes, as_submission, fingerprint, is_table, read_rows
from services.intake.domain.mapping import ImportMap
from services.intake.domain.registers import SITE_COLUMNS

PIECE_ROWS = 1_000
Errors = dict[int, list[dict[str, Any]]]


def upload_reports(
    client: IntakeClient,
    path: Path,
    import_map: ImportMap | None,
    origin: str | None,
    progress: Callable[[int], None],
    notes: Notes | None = None,
) -> Accounting:
    """Send all rows of a file; the same file sent again repeats and doubles nothing.

    How far it came stands in `<name>.progress.json` until the file is through: the same command then goes on from
    there. Refused rows are written beside the file (`ErrorFiles`).

    Args:
        client: Intake.
        path: The file.
        import_map: How its rows become reports; None where they are reports already.
        origin: How rows came that do not say it.
        progress: Called with the bytes read so far.
        notes: Where to note what was recognised in the file.

    Raises:
        CallFailed: intake refused the whole or stayed away; sending the file again goes on where it ended.
        UnreadableFile: the file is not as it must be.
    """
    key = fingerprint(path, repr(import_map), origin or "")
    mark = _Mark(path.with_name(path.name + ".progress.json"), key)
    done, account = mark.read()
    params = {"origin": origin} if origin else {}
    with ErrorFiles(path, resumed=done > 0) as refused:
        for number, rows in enumerate(_pieces(path, notes)):
            if number >= done:
                _take_piece(client, path, rows, import_map, params, f"{key}:{number}", account, refused)
                mark.write(number + 1, account)
            progress(rows[-1].read_bytes)
    mark.clear()
    return account


def _take_piece(
    client: IntakeClient,
    path: Path,
    rows: list[FileRow],
    import_map: ImportMap | None,
    params: dict[str, str],
    key: str,
    account: Accounting,
    refused: ErrorFiles,
) -> None:
    """Send some rows and write down what became of each."""
    bodies = {row.line: as_submission(row.fields, path, import_map) for row in rows if row.fields is not None}
    outcomes, errors = _send(client, bodies, params, key)
    for row in rows:
        if row.fields is None:
            errors[row.line] = [{"field": None, "detail": row.fault}]
        if row.line in errors:
            account.refused.append((row.line, reason_of(errors[row.line])))
            refused.write(row.line, errors[row.line], row.fields, is_table(path))
        account.note(bodies.get(row.line), outcomes.get(row.line, "refused"))


def _send(
    client: IntakeClient, bodies: dict[int, dict[str, Any]], params: dict[str, str], key: str
) -> tuple[dict[int, str], Errors]:
    """Send reports; return their outcomes and what was wrong, by the file's line."""
    lines = list(bodies)
    if not lines:
        return {}, {}
    body = b"\n".join(map(orjson.dumps, bodies.values()))
    answer = client.post("/v1/reports:import", body, "application/x-ndjson", params, key)
    errors: Errors = {}
    for fault in answer["errors"]:
        where = errors.setdefault(lines[fault["line"] - 1], [])
        where.append({"field": fault["field"], "detail": fault["detail"]})
    return {lines[one["line"] - 1]: one["status"] for one in answer["reports"]}, errors


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


def _pieces(path: Path, notes: Notes | None) -> Iterator[list[FileRow]]:
    rows = read_rows(path, notes)
    while piece := list(islice(rows, PIECE_ROWS)):
        yield piece


class _Mark:
    """How far a file came; it is good for exactly that file, map and origin."""

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key

    def read(self) -> tuple[int, Accounting]:
        """Return how many pieces are through, and their account."""
        try:
            stored = orjson.loads(self._path.read_bytes())
            if stored["key"] == self._key:
                return stored["pieces"], Accounting.of(stored["account"])
        except (OSError, ValueError, KeyError, TypeError):
            pass  # there is none, or it is not ours: the file is sent from its beginning, which doubles nothing
        return 0, Accounting()

    def write(self, pieces: int, account: Accounting) -> None:
        """Note that so many pieces are through; whole or not at all."""
        draft = self._path.with_name(self._path.name + ".new")
        draft.write_bytes(orjson.dumps({"key": self._key, "pieces": pieces, "account": account.stored()}))
        draft.replace(self._path)

    def clear(self) -> None:
        """Forget it: the file is through."""
        self._path.unlink(missing_ok=True)
