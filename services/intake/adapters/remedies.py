"""Sends open actions and routines of a file to the service of remedies, once each, with the user's own key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

import orjson

from services.intake.adapters.accounting import Accounting, ErrorFiles, reason_of
from services.intake.adapters.client import CallFailed, IntakeClient
from services.intake.adapters.files import FileRow, is_table, read_rows
from services.intake.domain.assets import Asset, Inspection, read_assets
from services.intake.domain.rows import Row

DAYS_A_MONTH = 365.25 / 12
Kind = Literal["actions", "routines"]
PATHS: Mapping[Kind, str] = {"actions": "/v1/actions", "routines": "/v1/routines"}
REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    "actions": ("site", "title", "owner_role"),
    "routines": ("site", "title", "rule", "starts_on", "owner_role"),
}


def rows_of(path: Path, progress: Callable[[int], None]) -> Iterator[FileRow]:
    """Give a file's rows and say how far they came.

    Raises:
        UnreadableFile: the file is not as it must be.
    """
    for row in read_rows(path):
        progress(row.read_bytes)
        yield row


def inspection_rows(rows: Iterable[FileRow]) -> Iterator[FileRow]:
    """Give a routine for each examination of an asset that has a due date; faulty assets are refused elsewhere.

    It recurs at the distance of the last one and the next, in months; without a last one each year.

    Args:
        rows: Rows with the columns of assets.
    """
    for row in rows:
        if row.fields is None:
            continue
        told, _ = read_assets([Row(row.line, {name: str(value) for name, value in row.fields.items()})])
        for asset in (one.asset for one in told if one.asset.retired_on is None):
            for one in asset.inspections:
                if one.due_on is not None:
                    yield FileRow(row.line, _routine_of(asset, one, one.due_on), None, row.read_bytes)


def _routine_of(asset: Asset, inspection: Inspection, due_on: date) -> dict[str, Any]:
    months = 12
    if inspection.last_on is not None:
        months = max(1, round((due_on - inspection.last_on).days / DAYS_A_MONTH))
    return {
        "site": asset.site_id,
        "kind": "inspection",
        "title": f"{inspection.kind.replace('_', ' ').upper()} examination: {asset.number}",
        "rule": f"FREQ=MONTHLY;INTERVAL={months}",
        "starts_on": due_on.isoformat(),
        "owner_role": "manager",
    }


def upload_remedies(
    client: IntakeClient, path: Path, kind: Kind, params: dict[str, str], rows: Iterable[FileRow]
) -> Accounting:
    """Open an action or set up a routine for each row.

    Steps are parted by semicolons; an action without any gets its title as its one step. What was made stands in
    `<name>.made.ndjson`, by a hash of the row: the same row is never made twice from the same folder.

    Args:
        client: The service of remedies.
        path: The file that the rows are from; what is written is written beside it.
        kind: What the rows are.
        params: Query that names the provider, where the key is not bound to one.
        rows: Rows with the fields of its HTTP API.

    Raises:
        CallFailed: the service stayed away.
    """
    account = Accounting()
    made = path.with_name(path.name + ".made.ndjson")
    known = {orjson.loads(line)["row"] for line in made.read_bytes().splitlines()} if made.exists() else set()
    with ErrorFiles(path, resumed=False) as refused, made.open("ab") as ledger:
        for row in rows:
            body = None if row.fields is None else _body(kind, row.fields)
            digest = hashlib.sha256(orjson.dumps([kind, body], option=orjson.OPT_SORT_KEYS)).hexdigest()
            errors = _missing(kind, body) if body is not None else [{"field": None, "detail": row.fault}]
            if body is not None and not errors and digest not in known:
                errors = _make(client, kind, body, params)
                if not errors:
                    ledger.write(orjson.dumps({"row": digest, "line": row.line}) + b"\n")
                    ledger.flush()
            outcome = "refused" if errors else "repeated" if digest in known else "accepted"
            if errors:
                account.refused.append((row.line, reason_of(errors)))
                refused.write(row.line, errors, row.fields, is_table(path))
            known.add(digest)
            account.note({"site_id": (body or {}).get("site")}, outcome)
    return account


def _body(kind: Kind, fields: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in fields.items() if value not in (None, "")}
    if isinstance(said.get("steps"), str):
        said["steps"] = [step.strip() for step in said["steps"].split(";") if step.strip()]
    if isinstance(said.get("grace_days"), str) and said["grace_days"].isdigit():
        said["grace_days"] = int(said["grace_days"])
    if kind == "actions":
        said.setdefault("strength", "intermediate")
        steps = said.setdefault("steps", [said.get("title", "")])
        said["steps"] = [{"title": step} if isinstance(step, str) else step for step in steps]
    else:
        said.setdefault("kind", "checklist")
    return said


def _missing(kind: Kind, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    needed = ("site",) if "playbook" in body else REQUIRED[kind]
    return [{"field": name, "detail": "is empty"} for name in needed if not body.get(name)]


def _make(client: IntakeClient, kind: Kind, body: dict[str, Any], params: dict[str, str]) -> list[dict[str, Any]]:
    try:
        client.post(PATHS[kind], orjson.dumps(body), "application/json", params)
    except CallFailed as error:
        if error.away:
            raise
        return [{"field": None, "detail": str(error)}]
    return []
