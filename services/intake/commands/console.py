"""What all commands share: their options, the client, and how they fail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from services.intake.adapters.client import CallFailed, IntakeClient

console = Console()

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Url = Annotated[str, typer.Option(help="Base address of intake", envvar="NEARMISS_INTAKE_URL")]
Key = Annotated[str, typer.Option(help="API key", envvar="NEARMISS_API_KEY")]
ProviderOption = Annotated[str | None, typer.Option("--provider", help="for keys that are not bound to a provider")]


def client_of(url: str, key: str) -> IntakeClient:
    """Return a client of intake."""
    return IntakeClient(url, key)


def send_table(client: IntakeClient, path: str, body: bytes, params: dict[str, str] | None = None) -> dict[str, Any]:
    """Send a CSV table; a refusal ends the command."""
    try:
        return client.post(path, body, "text/csv", params)
    except CallFailed as error:
        fail(str(error))


def params_of(provider: str | None) -> dict[str, str]:
    """Return the query that names a provider."""
    return {"provider_id": provider} if provider else {}


def show_table(answer: dict[str, Any]) -> None:
    """Show what became of a table."""
    console.print(f"rows {answer['rows']}, changed {answer['changed']}, unchanged {answer.get('unchanged', 0)}")
    for fault in answer.get("errors", ()):
        console.print(f"line {fault['line']}: {fault['field'] or ''} {fault['detail']}", markup=False, highlight=False)


def fail(reason: str) -> NoReturn:
    """End the command with a reason on standard error."""
    typer.echo(reason, err=True)
    raise typer.Exit(2)
