"""Commands of intake: register providers and sites, record exposure, import reports from files."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from services.intake.adapters.client import CallFailed, IntakeClient
from services.intake.adapters.files import UnreadableFile, load_map
from services.intake.adapters.upload import OUTCOMES, Accounting, site_rows, upload_reports
from services.intake.domain.mapping import WrongMap
from services.intake.domain.registers import PROVIDER_COLUMNS, SITE_COLUMNS

SHOWN_MAX = 50
app = typer.Typer(no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
console = Console()

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Url = Annotated[str, typer.Option(help="Base address of intake", envvar="NEARMISS_INTAKE_URL")]
Key = Annotated[str, typer.Option(help="API key", envvar="NEARMISS_API_KEY")]
MapOption = Annotated[str, typer.Option("--map", help="YAML file, or the name of a shipped map such as oregon_ltc")]


@app.command()
def registry(file: File, kind: Annotated[Literal["providers", "sites"], typer.Option()], url: Url, key: Key) -> None:
    """Register the providers or sites of a CSV file."""
    client = IntakeClient(url, key)
    _show_table(_answer(client, "/v1/registry:import", file.read_bytes(), {"kind": kind}))


@app.command()
def exposure(
    file: File,
    url: Url,
    key: Key,
    provider: Annotated[str | None, typer.Option(help="for keys that are not bound to a provider")] = None,
) -> None:
    """Record the exposure of a CSV file: site_id, period_start, period_end, unit, value, basis."""
    client = IntakeClient(url, key)
    _show_table(_answer(client, "/v1/exposure", file.read_bytes(), {"provider_id": provider} if provider else {}))


@app.command(name="import")
def import_reports(
    file: File,
    url: Url,
    key: Key,
    map_name: Annotated[str | None, typer.Option("--map", help="YAML file, or the name of a shipped map")] = None,
    origin: Annotated[Literal["live", "backfill"] | None, typer.Option(help="how the rows came")] = None,
) -> None:
    """Import the reports of a .ndjson, .jsonl or .csv file; every row is accounted for."""
    client = IntakeClient(url, key)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        import_map = load_map(map_name) if map_name else None
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(file.name, total=file.stat().st_size)
            account = upload_reports(client, file, import_map, origin, lambda done: bar.update(task, completed=done))
    except (CallFailed, UnreadableFile) as error:
        _fail(str(error))
    _show_account(file, account)


@app.command(name="import-sites")
def import_sites(file: File, map_name: MapOption, url: Url, key: Key) -> None:
    """Register the distinct sites that a file of reports names, and their provider, as its map says."""
    client = IntakeClient(url, key)
    try:
        import_map = load_map(map_name)
        rows = site_rows(file, import_map)
    except (UnreadableFile, WrongMap) as error:
        _fail(str(error))
    said = import_map.sites
    assert said is not None
    provider = {
        "provider_id": said.provider_id,
        "name": said.provider_name,
        "synthetic": str(said.synthetic).lower(),
    }
    _answer(client, "/v1/registry:import", _table([provider], PROVIDER_COLUMNS), {"kind": "providers"})
    _show_table(_answer(client, "/v1/registry:import", _table(rows, SITE_COLUMNS), {"kind": "sites"}))


def _answer(client: IntakeClient, path: str, body: bytes, params: dict[str, str]) -> dict[str, Any]:
    try:
        return client.post(path, body, "text/csv", params)
    except CallFailed as error:
        _fail(str(error))


def _table(rows: list[dict[str, str]], columns: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _show_table(answer: dict[str, Any]) -> None:
    console.print(f"rows {answer['rows']}, changed {answer['changed']}, unchanged {answer['unchanged']}")
    for fault in answer["errors"]:
        console.print(f"line {fault['line']}: {fault['field'] or ''} {fault['detail']}", markup=False, highlight=False)


def _show_account(file: Path, account: Accounting) -> None:
    """Show what became of every row; the last line is the same as JSON, for programs."""
    table = Table(title=file.name)
    table.add_column("lines", justify="right")
    for name in OUTCOMES:
        table.add_column(name, justify="right")
    table.add_row(str(account.lines), *(str(account.outcomes[name]) for name in OUTCOMES))
    console.print(table)
    for line, reason in account.refused[:SHOWN_MAX]:
        console.print(f"line {line}: {reason}", markup=False, highlight=False)
    if account.refused:
        console.print(f"refused rows with reasons: {file.name}.refused.ndjson", markup=False, highlight=False)
    counts = {name: account.outcomes[name] for name in OUTCOMES}
    typer.echo(json.dumps({"lines": account.lines, **counts}))


def _fail(reason: str) -> NoReturn:
    typer.echo(reason, err=True)
    raise typer.Exit(2)


if __name__ == "__main__":
    app()
