"""The command line of reporting: rebuild the views from the log, and print them for comparison."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

import orjson
import typer

from services.reporting.adapters.mongo_admin import MongoAdmin
from services.reporting.app import create_mongo
from services.reporting.ports import Admin
from services.reporting.usecases.rebuild import StillRunning, rebuild_views
from shared.kernel.errors import Unavailable

app = typer.Typer(help="Looks after the governance views.", no_args_is_help=True)
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def rebuild(yes: Yes = False) -> None:
    """Drop the views, to be made again from the log; the service must be stopped."""
    if not yes:
        typer.confirm("Drop all facts and views? They are made again from the log when the service starts.", abort=True)
    try:
        _with_admin(rebuild_views)
    except StillRunning as error:
        sys.exit(str(error))
    typer.echo("dropped; start the service and it reads the log from the beginning")


@app.command()
def dump() -> None:
    """Print the views as canonical JSON lines, without processing times and without report text."""
    _with_admin(_print)


async def _print(admin: Admin) -> None:
    async for line in admin.lines():
        sys.stdout.buffer.write(canonical(line) + b"\n")
    sys.stdout.buffer.flush()


def canonical(line: Any) -> bytes:
    """Write a value so that equal values have equal bytes."""
    return orjson.dumps(line, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not expected in a view")


def _with_admin(work: Callable[[Admin], Awaitable[None]]) -> None:
    async def run() -> None:
        mongo = create_mongo()
        mongo.open()
        try:
            await work(MongoAdmin(mongo))
        finally:
            mongo.close()

    try:
        asyncio.run(run())
    except Unavailable as error:
        sys.exit(str(error))


if __name__ == "__main__":
    app()
