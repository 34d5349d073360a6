"""`python -m tests.load`: sends a realistic load to a running system, shows progress, and says what became of it."""

from __future__ import annotations

import asyncio
import csv
import json
import secrets
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.load.arrivals import Arrival, plan
from tests.load.sending import send

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo"
LOCAL = Path(".local") / "addresses.json"
DRAIN_PATIENCE_S = 300.0


def main(
    rate: Annotated[float, typer.Option(help="New reports a second, as the mean over a day.", min=0.01)] = 5.0,
    minutes: Annotated[float, typer.Option(help="How long to send.", min=0.05)] = 2.0,
    day_minutes: Annotated[float, typer.Option(help="How long a day lasts; 1440 is a real one.", min=0.1)] = 2.0,
    addresses: Annotated[Path, typer.Option(help="The demo's addresses.json.")] = LOCAL,
    url: Annotated[str | None, typer.Option(help="Front door, where it is not the demo's.")] = None,
    key: Annotated[str | None, typer.Option(help="API key that may send and read.", envvar="NEARMISS_LOAD_KEY")] = None,
    provider: Annotated[str, typer.Option(help="The tenant.")] = "rowan-care",
    sites: Annotated[Path, typer.Option(help="CSV with a column site_id.")] = DEMO / "sites.csv",
    seed: Annotated[int, typer.Option(help="The same seed plans the same load.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Send shifts, bursts, late batches, duplicates and broken rows at a set rate, and wait until all can be seen."""
    found = json.loads(addresses.read_text()) if addresses.exists() else {}
    front, secret = url or found.get("front"), key or found.get("api_key")
    if not front or not secret:
        raise typer.BadParameter(f"no system: {addresses} is not there; start the demo, or give --url and --key")
    texts = [json.loads(line)["text"] for line in (DEMO / "reports.ndjson").read_text().splitlines()]
    with sites.open() as file:
        names = [row["site_id"] for row in csv.DictReader(file)]
    # The plan is the seed's; the keys are each run's own, or a second run would be nothing but repeats.
    run = secrets.token_hex(4)
    arrivals = [
        Arrival(a.at_s, a.kind, f"{run}-{a.key}", a.body, a.reports)
        for a in plan(rate, minutes * 60, day_minutes * 60, provider, names, texts, seed)
    ]
    summary = asyncio.run(_run(front, secret, provider, arrivals, Console(stderr=True)))
    _show(summary, as_json)
    sys.exit(0 if not summary["unexpected"] and summary["lost"] == 0 else 1)


async def _run(front: str, key: str, provider: str, arrivals: list[Arrival], console: Console) -> dict[str, Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    headers = {"Authorization": f"Bearer {key}"}
    limits = httpx.Limits(max_connections=256)
    async with httpx.AsyncClient(base_url=front, headers=headers, timeout=60.0, limits=limits) as http:
        token = (await http.post("/v1/tokens")).raise_for_status().json()["token"]

        async def seen() -> int:
            answer = await http.get(f"/v1/providers/{provider}/totals", headers={"Authorization": f"Bearer {token}"})
            return int(answer.raise_for_status().json()["totals"]["reports"])

        before, started_s = await seen(), time.monotonic()
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("sending", total=len(arrivals))
            outcome = await send(http, arrivals, lambda _: progress.advance(bar))
            sent_s = time.monotonic() - started_s
            shown = progress.add_task("in the views", total=outcome.accepted)
            while (visible := await seen() - before) < outcome.accepted:
                progress.update(shown, completed=visible)
                if time.monotonic() - started_s - sent_s > DRAIN_PATIENCE_S:
                    break
                await asyncio.sleep(0.5)
            progress.update(shown, completed=visible)
    return {
        **outcome.summary(),
        "planned_reports": sum(a.reports for a in arrivals),
        "sent_in_s": round(sent_s, 1),
        "accepted_per_s": round(outcome.accepted / sent_s, 2),
        "drained_in_s": round(time.monotonic() - started_s - sent_s, 1),
        "lost": outcome.accepted - visible,
    }


def _show(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(summary) + "\n")
        return
    for name, value in summary.items():
        sys.stdout.write(f"{name:<18} {json.dumps(value) if isinstance(value, dict | list) else value}\n")


if __name__ == "__main__":
    typer.run(main)
