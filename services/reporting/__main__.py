"""The command line of reporting: rebuild the views from the log, check them against their facts, and print them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from services.reporting.adapters.mongo_admin import MongoAdmin
from services.reporting.app import create_mongo, open_rebuild
from services.reporting.ports import Admin
from services.reporting.usecases import rebuild as steps
from shared.kernel.errors import Unavailable

app = typer.Typer(help="Looks after the governance views.", no_args_is_help=True)
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
PublishAll = Annotated[
    bool,
    typer.Option("--publish-all", help="Publish every row anew: after a restore, or for a new topic."),
]
SHOWN_AT_MOST = 20


@app.command()
def rebuild(yes: Yes = False, publish_all: PublishAll = False) -> None:
    """Build all views anew from the log beside the live ones, and swap; the service may go on running."""
    if not yes:
        typer.confirm("Read the whole log into new views and put them in the place of the live ones?", abort=True)

    async def run() -> steps.Rebuilt:
        async with open_rebuild() as made:
            with _told() as tell:
                return await steps.rebuild_views(made.log, made.views, tell, publish_all=publish_all)

    done = _run(run())
    typer.echo(f"{done.records:,} records read; the new views are live; {done.changed:,} rows are published")


@app.command()
def verify() -> None:
    """Recompute every row from the facts and compare; ends with 1 where anything differs."""
    found: list[steps.Verified] = []

    async def check(admin: Admin) -> None:
        with _told() as tell:
            found.append(await steps.verify_views(admin, tell))

    _with_admin(check)
    (seen,) = found
    for bucket in seen.rows[:SHOWN_AT_MOST]:
        typer.echo(f"row {bucket.row_id()} should say {bucket.counts.reports} reports", err=True)
    for fact in seen.facts[:SHOWN_AT_MOST]:
        typer.echo(f"fact {fact} is not what its parts make of it", err=True)
    typer.echo(f"{seen.cells:,} sites and weeks: {len(seen.rows):,} rows and {len(seen.facts):,} facts differ")
    raise typer.Exit(0 if seen.sound else 1)


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


@contextmanager
def _told() -> Iterator[Callable[[steps.Progress], None]]:
    """Show progress on the error stream, so that what is printed stays clean."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("starting", total=None)
        yield lambda at: shown.update(task, completed=at.done, total=at.total, description=at.doing)


def _with_admin(work: Callable[[Admin], Awaitable[None]]) -> None:
    async def run() -> None:
        mongo = create_mongo()
        mongo.open()
        try:
            await work(MongoAdmin(mongo))
        finally:
            mongo.close()

    _run(run())


def _run(work: Any) -> Any:
    try:
        return asyncio.run(work)
    except Unavailable as error:
        sys.exit(str(error))


if __name__ == "__main__":
    app()
