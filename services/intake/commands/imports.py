"""The command that imports what a provider has: reports by a confirmed mapping, assets, open actions, routines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from services.intake.adapters.accounting import OUTCOMES, Accounting, write_reconciliation
from services.intake.adapters.client import CallFailed, IntakeClient
from services.intake.adapters.files import Notes, UnreadableFile, is_table, load_map, read_rows
from services.intake.adapters.profiles import DISTINCT_MAX, ROWS_MAX, find_profile, save_profile
from services.intake.adapters.remedies import Kind, inspection_rows, rows_of, upload_remedies
from services.intake.adapters.upload import upload_reports
from services.intake.commands.console import File, Key, ProviderOption, Url, client_of, console, fail, params_of
from services.intake.domain.columns import REPORT_COLUMNS, REPORT_REQUIRED
from services.intake.domain.guessing import Column, Proposal, guess_map
from services.intake.domain.mapping import ImportMap
from shared.taxonomy.loader import load_taxonomy

SHOWN_MAX = 50
VIEWS_WAIT_S = 30.0
PROFILES = Path(typer.get_app_dir("near-miss-learning")) / "profiles"
Reporting = Annotated[
    str | None, typer.Option("--views-url", envvar="NEARMISS_REPORTING_URL", help="base address of reporting")
]
Actions = Annotated[
    str | None, typer.Option("--actions-url", envvar="NEARMISS_ACTIONS_URL", help="base address of actions")
]


def import_file(
    file: File,
    url: Url,
    key: Key,
    kind: Annotated[
        Literal["reports", "actions", "routines", "assets"], typer.Option(help="what rows are")
    ] = "reports",
    map_name: Annotated[str | None, typer.Option("--map", help="YAML file, or the name of a shipped map")] = None,
    origin: Annotated[Literal["live", "backfill"] | None, typer.Option(help="how the rows came")] = None,
    history: Annotated[bool, typer.Option("--history", help="the same as --origin backfill")] = False,
    provider: ProviderOption = None,
    system: Annotated[str | None, typer.Option(help="name of the source system, for its references")] = None,
    profiles: Annotated[Path, typer.Option(help="where mapping profiles are saved")] = PROFILES,
    yes: Annotated[bool, typer.Option("--yes", help="take the guessed mapping without asking")] = False,
    views_url: Reporting = None,
    actions_url: Actions = None,
) -> None:
    """Import a .csv, .xlsx, .ndjson or .jsonl file; every row is accounted for.

    Columns that are not those of a report are mapped by a saved profile, or by a guess that is shown and, once
    confirmed, saved. What was refused lies beside the file, to be corrected and imported; so does a reconciliation.
    """
    client = client_of(url, key)
    try:
        if kind == "reports":
            import_map = _map_of(client, file, map_name, provider, system or file.stem, profiles, yes)
            seen = _Views(client, views_url, url, provider)
            account = _reports(client, file, import_map, "backfill" if history else origin, seen)
        else:
            account = _others(client, file, kind, provider, actions_url or _beside(url, "/act"))
    except (CallFailed, UnreadableFile) as error:
        fail(str(error))
    _show_account(file, account)


def _reports(
    client: IntakeClient, file: Path, import_map: ImportMap | None, origin: str | None, views: _Views
) -> Accounting:
    notes, before = Notes(), views.by_site()
    with _bar(file) as move:
        account = upload_reports(client, file, import_map, origin, move, notes)
    if notes.encoding != "UTF-8":
        console.print(f"{file.name} was read as {notes.encoding}")
    if notes.cleaned_cells:
        console.print(f"{notes.cleaned_cells} cells held characters written out by a spreadsheet: cleaned")
    after = views.settled(before, account.outcomes["accepted"])
    sheet = write_reconciliation(file, account, before, after)
    console.print(f"reconciliation by site and month: {sheet.name}", markup=False, highlight=False)
    return account


def _others(client: IntakeClient, file: Path, kind: str, provider: str | None, actions_url: str) -> Accounting:
    remedies = client.beside(actions_url)
    params = params_of(provider)
    with _bar(file) as move:
        if kind == "assets":
            answer = client.post("/v1/assets:import", file.read_bytes(), "text/csv")
            console.print(f"assets: {answer['changed']} changed, {answer['unchanged']} as they were")
            for fault in answer["errors"]:
                console.print(f"line {fault['line']}: {fault['field']} {fault['detail']}", markup=False)
            return upload_remedies(remedies, file, "routines", params, inspection_rows(rows_of(file, move)))
        chosen: Kind = "actions" if kind == "actions" else "routines"
        return upload_remedies(remedies, file, chosen, params, rows_of(file, move))


def _map_of(
    client: IntakeClient, file: Path, name: str | None, provider: str | None, system: str, profiles: Path, yes: bool
) -> ImportMap | None:
    """Return the map that is named, saved or guessed; None where the rows are reports already."""
    if name:
        return load_map(name)
    if not is_table(file):
        return None
    first = next(iter(read_rows(file)), None)
    headings = tuple(first.fields) if first is not None and first.fields is not None else ()
    if set(headings) <= set(REPORT_COLUMNS) and set(REPORT_REQUIRED) <= set(headings):
        return None
    saved = find_profile(profiles, headings)
    if saved is not None:
        console.print(f"mapped by the saved profile {saved[0]}", markup=False, highlight=False)
        return saved[1]
    proposal = guess_map(_columns(file), _sites(client, provider), _domains(), system)
    _show_proposal(file, proposal)
    if proposal.missing:
        path = save_profile(profiles, f"{file.stem}-draft", (), proposal.import_map)
        fail(f"no column was found for {', '.join(proposal.missing)}: complete {path} and import with --map {path}")
    if not yes and not typer.confirm("Import with this mapping?"):
        raise typer.Exit(1)
    path = save_profile(profiles, file.stem, headings, proposal.import_map)
    console.print(f"saved as {path}; files with the same headings use it", markup=False, highlight=False)
    return proposal.import_map


def _columns(file: Path) -> list[Column]:
    found: dict[str, dict[str, None]] = {}
    for row in islice(read_rows(file), ROWS_MAX):
        for name, value in (row.fields or {}).items():
            values = found.setdefault(name, {})
            if len(values) < DISTINCT_MAX and str(value).strip():
                values[str(value)] = None
    return [Column(name, tuple(values)) for name, values in found.items()]


def _sites(client: IntakeClient, provider: str | None) -> dict[str, str]:
    """Return the ids of the sites in reach by id and by every name that they have or had."""
    found = client.get("/v1/registry/sites", params_of(provider))["sites"]
    names = {version["name"]: site["site_id"] for site in found for version in site["history"]}
    return names | {site["site_id"]: site["site_id"] for site in found}


def _domains() -> dict[str, str]:
    domains = load_taxonomy().domains
    return {one.title: name for name, one in domains.items()} | {name: name for name in domains}


def _show_proposal(file: Path, proposal: Proposal) -> None:
    table = Table(title=f"{file.name}: what its columns seem to be")
    for name in ("field", "column", "found by"):
        table.add_column(name)
    for guess in proposal.guesses:
        table.add_row(guess.target, " + ".join(guess.columns), guess.why)
    console.print(table)
    for column, values in proposal.import_map.values.items():
        shown = "; ".join(f"{told} = {meant or '(nothing)'}" for told, meant in list(values.items())[:8])
        console.print(f"{column}: {shown}{' ...' if len(values) > 8 else ''}", markup=False, highlight=False)
    if proposal.unused:
        console.print(f"not used: {', '.join(proposal.unused)}", markup=False, highlight=False)


class _Views:
    """What the views show of the provider, where the key may read them."""

    def __init__(self, client: IntakeClient, views_url: str | None, url: str, provider: str | None) -> None:
        self._client = client
        self._url = views_url or _beside(url, "")
        self._provider = provider

    def by_site(self) -> dict[str, int] | None:
        """Return the number of reports by site; None where it cannot be asked."""
        try:
            own = self._provider or self._client.get("/v1/registry/sites")["provider_id"]
            totals = self._client.beside(self._url, tries=1).get(f"/v1/providers/{own}/totals")
        except CallFailed:
            return None
        return {site["site_id"]: site["reports"] for site in totals["sites"]}

    def settled(self, before: dict[str, int] | None, accepted: int) -> dict[str, int] | None:
        """Return the number once all that was accepted is in the views, or what is there after a while."""
        if before is None:
            return None
        until, seen = time.monotonic() + VIEWS_WAIT_S, before
        while sum(seen.values()) < sum(before.values()) + accepted and time.monotonic() < until:
            time.sleep(0.5)
            seen = self.by_site() or seen
        return seen


def _beside(url: str, prefix: str) -> str:
    """Return another service's address behind the same front door."""
    return url.rstrip("/").removesuffix("/in") + prefix


@contextmanager
def _bar(file: Path) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(file.name, total=file.stat().st_size)
        yield lambda done: bar.update(task, completed=done)


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
        beside = f"{file.name}.refused.{'csv' if is_table(file) else 'ndjson'}"
        console.print(f"refused rows with reasons, to correct and import: {beside}", markup=False, highlight=False)
    counts: dict[str, Any] = {name: account.outcomes[name] for name in OUTCOMES}
    typer.echo(orjson.dumps({"lines": account.lines, **counts}).decode())
