"""Commands of the register: providers, sites, assets, people with a diff first, role addresses, exposure."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Literal

import typer
from rich.table import Table

from services.intake.adapters.client import CallFailed
from services.intake.adapters.files import UnreadableFile, load_map
from services.intake.adapters.upload import site_rows
from services.intake.commands.console import (
    File,
    Key,
    ProviderOption,
    Url,
    client_of,
    console,
    fail,
    params_of,
    send_table,
    show_table,
)
from services.intake.domain.mapping import WrongMap
from services.intake.domain.registers import PROVIDER_COLUMNS, SITE_COLUMNS

MapOption = Annotated[str, typer.Option("--map", help="YAML file, or the name of a shipped map such as oregon_ltc")]


def registry(file: File, kind: Annotated[Literal["providers", "sites"], typer.Option()], url: Url, key: Key) -> None:
    """Register the providers or sites of a CSV file."""
    show_table(send_table(client_of(url, key), "/v1/registry:import", file.read_bytes(), {"kind": kind}))


def assets(file: File, url: Url, key: Key) -> None:
    """Register the assets of a CSV file: number, kind, owner, examinations."""
    show_table(send_table(client_of(url, key), "/v1/assets:import", file.read_bytes()))


def people(
    file: File,
    url: Url,
    key: Key,
    provider: ProviderOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="apply without asking")] = False,
) -> None:
    """Show what a list of all people would change and, once confirmed, apply exactly that."""
    client, body = client_of(url, key), file.read_bytes()
    plan = send_table(client, "/v1/people:plan", body, params_of(provider))
    table = Table(title=f"{file.name}: {plan['unchanged']} stay as they are")
    for name in ("", "person", "name", "what"):
        table.add_column(name)
    for one in plan["differences"]:
        table.add_row(one["kind"], one["person_id"], one["name"], "; ".join(one["details"]))
    console.print(table)
    if not plan["differences"] and not plan["roles_changed"]:
        console.print("nothing to change")
        return
    if not yes and not typer.confirm("Apply this?"):
        raise typer.Exit(1)
    applied = send_table(client, "/v1/people:apply", body, params_of(provider) | {"plan_id": plan["plan_id"]})
    console.print(f"{len(applied['differences'])} people changed, {applied['roles_changed']} roles told")


def roles(file: File, url: Url, key: Key, provider: ProviderOption = None) -> None:
    """Set the work addresses of roles from a CSV file: role, site_id, work_address."""
    show_table(send_table(client_of(url, key), "/v1/roles:import", file.read_bytes(), params_of(provider)))


def exposure(file: File, url: Url, key: Key, provider: ProviderOption = None) -> None:
    """Record the exposure of a CSV file: site_id, period_start, period_end, unit, value, basis."""
    show_table(send_table(client_of(url, key), "/v1/exposure", file.read_bytes(), params_of(provider)))


def sites(url: Url, key: Key, provider: ProviderOption = None) -> None:
    """List the sites in reach."""
    try:
        found = client_of(url, key).get("/v1/registry/sites", params_of(provider))["sites"]
    except CallFailed as error:
        fail(str(error))
    table = Table()
    for name in ("site", "name", "setting", "opened", "closed"):
        table.add_column(name)
    for site in found:
        now = site["history"][-1]
        table.add_row(site["site_id"], now["name"], now["setting"], site["opened_on"], site["closed_on"] or "")
    console.print(table)


def import_sites(file: File, map_name: MapOption, url: Url, key: Key) -> None:
    """Register the distinct sites that a file of reports names, and their provider, as its map says."""
    client = client_of(url, key)
    try:
        import_map = load_map(map_name)
        rows = site_rows(file, import_map)
    except (UnreadableFile, WrongMap) as error:
        fail(str(error))
    said = import_map.sites
    assert said is not None
    provider = {
        "provider_id": said.provider_id,
        "name": said.provider_name,
        "synthetic": str(said.synthetic).lower(),
    }
    send_table(client, "/v1/registry:import", _table([provider], PROVIDER_COLUMNS), {"kind": "providers"})
    show_table(send_table(client, "/v1/registry:import", _table(rows, SITE_COLUMNS), {"kind": "sites"}))


def _table(rows: list[dict[str, str]], columns: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
