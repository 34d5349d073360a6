"""The command for parked records: list, show, release, drop. `python -m shared.runtime.parked --help`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
import typer

from shared.contracts.topics import inputs_of
from shared.kernel.clock import Clock, SystemClock
from shared.runtime import parking, recovery, releases
from shared.runtime.fenced import COLLECTION as FENCES
from shared.runtime.mongo import Database
from shared.runtime.settings import RuntimeSettings

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
PATIENCE_S = 60.0
ServiceOption = Annotated[str, typer.Option(help="The service whose records wait.")]
SiteOption = Annotated[str, typer.Option(help="provider:site, or provider:* for facts of a whole provider.")]
ByOption = Annotated[str, typer.Option(help="Who does it; written down.")]


@app.command("list")
def list_(service: Annotated[str, typer.Option(help="Only this service.")] = "") -> None:
    """Print one line of JSON for each site and partition that waits."""
    asyncio.run(_list(RuntimeSettings(), (service,) if service else recovery.SERVICES))


@app.command()
def show(
    service: ServiceOption,
    site: SiteOption,
    limit: Annotated[int, typer.Option(min=1)] = 20,
) -> None:
    """Print the records of a site in their order: where they lay, why they wait, and the shape of their bodies."""
    asyncio.run(_show(RuntimeSettings(), service, site, limit))


@app.command()
def release(
    service: ServiceOption,
    by: ByOption,
    site: Annotated[str, typer.Option(help="provider:site; leave it out with --all.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All sites of the service.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be released.")] = False,
) -> None:
    """Ask the running service, mended meanwhile, to take records back; waits for its answer."""
    if bool(site) == every:
        raise typer.BadParameter("name one --site, or --all")
    if not asyncio.run(_release(RuntimeSettings(), SystemClock(), service, site, by, dry_run=dry_run)):
        raise typer.Exit(1)


@app.command()
def drop(
    service: ServiceOption,
    site: SiteOption,
    offset: Annotated[int, typer.Option(help="The record's offset.")],
    topic: Annotated[str, typer.Option(help="The record's topic.")],
    by: ByOption,
    why: Annotated[str, typer.Option(help="The reason; written down.")],
    dry_run: Annotated[bool, typer.Option(help="Say what would be dropped.")] = False,
) -> None:
    """Give one record up for ever; what lies behind it waits until it is released."""
    if not asyncio.run(_drop(RuntimeSettings(), SystemClock(), service, site, topic, offset, by, why, dry_run=dry_run)):
        raise typer.Exit(1)


async def _list(settings: RuntimeSettings, services: tuple[str, ...]) -> None:
    for service in services:
        async with recovery.database(settings, service) as db:
            async for group in _groups(db):
                wish = await db[releases.COLLECTION].find_one(
                    {"_id": releases.release_id(group["fence"], group["site"])}
                )
                told = {"release": wish["state"], "message": wish.get("message", "")} if wish else {}
                _print({"service": service} | {key: group[key] for key in group if key != "fence"} | told)


async def _groups(db: Database) -> AsyncIterator[dict[str, Any]]:
    """Sum up what waits, by fence and site."""
    stages: list[dict[str, Any]] = [
        {"$sort": {"offset": 1}},
        {
            "$group": {
                "_id": {"fence": "$fence", "site": "$site"},
                "topic": {"$first": "$topic"},
                "partition": {"$first": "$partition"},
                "records": {"$sum": 1},
                "reason": {"$first": "$reason"},
                "since": {"$min": "$parked_at"},
            }
        },
        {"$sort": {"since": 1, "_id": 1}},
    ]
    async for group in db[parking.COLLECTION].aggregate(stages):
        yield dict(group.pop("_id")) | group


async def _show(settings: RuntimeSettings, service: str, site: str, limit: int) -> None:
    async with recovery.database(settings, service) as db:
        async for row in db[parking.COLLECTION].find({"site": site}).sort([("topic", 1), ("offset", 1)]).limit(limit):
            told = {key: row[key] for key in ("topic", "partition", "offset", "site", "reason", "parked_at")}
            headers = recovery.readable(row["headers"])
            _print(told | {"type": headers.get("ce_type", ""), "body": recovery.shape_of(row["value"])})


async def _release(settings: RuntimeSettings, clock: Clock, service: str, site: str, by: str, *, dry_run: bool) -> bool:
    async with recovery.database(settings, service) as db:
        groups = [group async for group in _groups(db) if site in ("", group["site"])]
        if not groups:
            typer.echo(f"nothing of {site or 'any site'} waits in {service}", err=True)
            return False
        if dry_run:
            for group in groups:
                _print({"would_release": group["site"], "topic": group["topic"], "records": group["records"]})
            return True
        wishes = []
        for group in groups:
            now = clock.now()
            wishes.append(await releases.ask(db, service, group["fence"], group["site"], by, now))
            await recovery.write_act(db, "released", wishes[-1], by, "", now)
        return await _answered(db, wishes)


async def _answered(db: Database, wishes: list[str]) -> bool:
    """Wait until the service has answered all wishes, and print its answers."""
    loop = asyncio.get_running_loop()
    end, open_wishes, good = loop.time() + PATIENCE_S, set(wishes), True
    while open_wishes:
        async for wish in db[releases.COLLECTION].find({"_id": {"$in": list(open_wishes)}}):
            if wish["state"] != releases.ASKED:
                open_wishes.discard(wish["_id"])
                good = good and wish["state"] == releases.DONE
                _print({key: wish[key] for key in ("site", "state", "taken", "message")})
        if open_wishes and loop.time() > end:
            typer.echo(
                "the service does not answer: is it running? The wish stays, it will do it when it starts", err=True
            )
            return False
        await asyncio.sleep(0.2)
    return good


async def _drop(
    settings: RuntimeSettings,
    clock: Clock,
    service: str,
    site: str,
    topic: str,
    offset: int,
    by: str,
    why: str,
    *,
    dry_run: bool,
) -> bool:
    if topic not in {known.name for known in inputs_of(service)}:  # type: ignore[arg-type]  # any word may be typed
        raise typer.BadParameter(f"{service} reads no topic {topic}")
    async with recovery.database(settings, service) as db:
        which = {"site": site, "topic": topic, "offset": offset}
        row = await db[parking.COLLECTION].find_one(which)
        if row is None:
            typer.echo(f"no such record of {site} waits in {service}", err=True)
            return False
        target = f"{topic}/{row['partition']}/{offset}"
        if dry_run:
            _print({"would_drop": target})
            return True
        await recovery.write_act(db, "dropped", target, by, why, clock.now())
        await db[parking.COLLECTION].delete_one({"_id": row["_id"]})
        if await db[parking.COLLECTION].count_documents({"fence": row["fence"], "site": site}) == 0:
            # The service lets the site flow: what comes at this very moment goes behind, and is taken back with it.
            await releases.ask(db, service, row["fence"], site, by, clock.now())
        held = await db[FENCES].count_documents({"_id": row["fence"], "parked": site})
        _print({"dropped": target, "site_still_held": bool(held)})
        return True


def _print(line: dict[str, Any]) -> None:
    typer.echo(orjson.dumps(line, default=str).decode())


if __name__ == "__main__":
    app()
