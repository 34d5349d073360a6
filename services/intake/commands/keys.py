"""Commands of API keys and sign-in links: make, list, replace, revoke."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table

from services.intake.adapters.client import CallFailed, IntakeClient
from services.intake.commands.console import Key, ProviderOption, Url, client_of, console, fail, params_of
from shared.kernel.clock import SystemClock

app = typer.Typer(no_args_is_help=True, help="API keys and sign-in links")
Roles = Annotated[list[str], typer.Option("--role", help="feed, manager, governance, safeguarding, analyst, operator")]
Sites = Annotated[list[str], typer.Option("--site", help="only these sites")]
User = Annotated[str | None, typer.Option("--user", help="user id of the person whose own it is")]
Label = Annotated[str, typer.Option(help="what it is for")]


@app.command()
def make(
    url: Url,
    key: Key,
    role: Roles = [],  # noqa: B006 - Typer reads the default, nobody changes it
    site: Sites = [],  # noqa: B006 - as above
    user: User = None,
    provider: ProviderOption = None,
    label: Label = "unnamed",
    days: Annotated[int, typer.Option(min=1, max=731, help="how long it is valid")] = 365,
) -> None:
    """Make an API key; it is shown this once."""
    until = datetime.fromtimestamp(_now_s() + days * 86_400, UTC).isoformat()
    body = {"roles": role, "sites": site or None, "user_id": user, "provider_id": provider, "label": label}
    _show(_post(client_of(url, key), "/v1/keys", body | {"expires_at": until}))


@app.command()
def link(
    url: Url,
    key: Key,
    role: Roles = [],  # noqa: B006 - as above
    site: Sites = [],  # noqa: B006 - as above
    user: User = None,
    provider: ProviderOption = None,
    label: Label = "unnamed",
    hours: Annotated[int, typer.Option(min=1, max=24 * 90, help="how long it opens")] = 24,
) -> None:
    """Make a sign-in link; it is shown this once."""
    body = {"roles": role, "sites": site or None, "user_id": user, "provider_id": provider, "label": label}
    _show(_post(client_of(url, key), "/v1/sign-in-links", body | {"expires_in_hours": hours}))


@app.command(name="list")
def listed(url: Url, key: Key, provider: ProviderOption = None) -> None:
    """List keys and links in reach, without secrets."""
    client = client_of(url, key)
    table = Table()
    for name in ("kind", "id", "label", "roles", "sites", "person", "until", "revoked"):
        table.add_column(name, overflow="fold")
    try:
        for kind, path in (("keys", "/v1/keys"), ("links", "/v1/sign-in-links")):
            for one in client.get(path, params_of(provider))[kind]:
                table.add_row(
                    kind.removesuffix("s"),
                    one["id"],
                    one["label"],
                    " ".join(one["roles"]),
                    " ".join(one["sites"] or ()) or "all",
                    one["user_id"] or "",
                    one["expires_at"],
                    one["revoked_at"] or "",
                )
    except CallFailed as error:
        fail(str(error))
    console.print(table)


@app.command()
def rotate(
    key_id: Annotated[str, typer.Argument(help="id of the key to replace")],
    url: Url,
    key: Key,
    overlap_hours: Annotated[int, typer.Option(min=0, max=720, help="so long both are valid")] = 24,
) -> None:
    """Replace an API key: the new one is shown this once, the old one ends after the overlap."""
    _show(_post(client_of(url, key), f"/v1/keys/{key_id}:rotate", {"overlap_hours": overlap_hours}))


@app.command()
def revoke(
    credential_id: Annotated[str, typer.Argument(help="id of the key or link")],
    url: Url,
    key: Key,
    is_link: Annotated[bool, typer.Option("--link", help="it is a sign-in link")] = False,
) -> None:
    """Revoke a key or a link at once."""
    try:
        client_of(url, key).delete(f"/v1/{'sign-in-links' if is_link else 'keys'}/{credential_id}")
    except CallFailed as error:
        fail(str(error))
    console.print(f"revoked {credential_id}")


def _post(client: IntakeClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in body.items() if value is not None}
    try:
        return client.post(path, orjson.dumps(said), "application/json")
    except CallFailed as error:
        fail(str(error))


def _show(answer: dict[str, Any]) -> None:
    for name, value in answer.items():
        typer.echo(f"{name}: {value}")


def _now_s() -> float:
    return SystemClock().now().timestamp()
