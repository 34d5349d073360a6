"""The command for dead letters: list, show, replay, drop. `python -m shared.runtime.dlq --help`.

A replayed dead letter is not sent to its topic again: every other consumer would get it too, and on a compacted topic
an older state would outlive a newer one. It is handed to the service that refused it, which takes it like a parked one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer

from shared.contracts.topics import Topic, inputs_of
from shared.kernel.clock import Clock, SystemClock
from shared.runtime import parking, recovery, releases
from shared.runtime.log_reader import read_raw
from shared.runtime.mongo import Database
from shared.runtime.settings import RuntimeSettings

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
ByOption = Annotated[str, typer.Option(help="Who does it; written down.")]
ServiceOption = Annotated[str, typer.Option(help="The service that refused the records.")]


@dataclass(frozen=True)
class Chosen:
    """Which dead letters are meant.

    Attributes:
        topic: Only of this input topic; empty for all.
        kind: Only undecodable, or only rule.
        event_type: Only events of this type.
        reason: Only where the reason has these words.
        origin: Only this one: topic/partition/offset.
        handled: Also those that were replayed or dropped.
        limit: At most so many.
    """

    topic: str = ""
    kind: str = ""
    event_type: str = ""
    reason: str = ""
    origin: str = ""
    handled: bool = False
    limit: int = 100

    def fits(self, letter: Letter) -> bool:
        """Tell whether a dead letter is meant."""
        return (
            self.topic in ("", letter.topic.name)
            and self.kind in ("", letter.headers.get("dead_letter_kind"))
            and self.event_type in ("", letter.headers.get("ce_type"))
            and self.reason in letter.headers.get("dead_letter_reason", "")
            and self.origin in ("", letter.origin)
        )


@dataclass(frozen=True)
class Letter:
    """A dead letter as it lies in its topic."""

    topic: Topic
    record: Any
    headers: dict[str, str]

    @property
    def origin(self) -> str:
        """Where the record lay: topic/partition/offset."""
        return self.headers.get("dead_letter_origin", "")

    @property
    def refused_at(self) -> datetime:
        """When it was refused."""
        return datetime.fromtimestamp(self.record.timestamp / 1000, UTC)

    def told(self) -> dict[str, Any]:
        """Say what it is without anything that people wrote."""
        return {
            "origin": self.origin,
            "kind": self.headers.get("dead_letter_kind", ""),
            "type": self.headers.get("ce_type", ""),
            "reason": self.headers.get("dead_letter_reason", ""),
            "refused_at": self.refused_at.isoformat(timespec="seconds"),
        }


@app.command("list")
def list_(
    service: Annotated[str, typer.Option(help="Only this service.")] = "",
    topic: Annotated[str, typer.Option(help="Only of this topic.")] = "",
    kind: Annotated[str, typer.Option(help="undecodable or rule.")] = "",
    event_type: Annotated[str, typer.Option("--type", help="Only events of this type.")] = "",
    reason: Annotated[str, typer.Option(help="Only where the reason has these words.")] = "",
    handled: Annotated[bool, typer.Option(help="Also those that were replayed or dropped.")] = False,
    limit: Annotated[int, typer.Option(min=1)] = 100,
) -> None:
    """Print one line of JSON for each dead letter that nobody has dealt with."""
    chosen = Chosen(topic, kind, event_type, reason, "", handled, limit)
    asyncio.run(_list(RuntimeSettings(), (service,) if service else recovery.SERVICES, chosen))


@app.command()
def show(service: ServiceOption, origin: Annotated[str, typer.Option(help="topic/partition/offset")]) -> None:
    """Print one dead letter: its headers and the shape of its body."""
    asyncio.run(_show(RuntimeSettings(), service, Chosen(origin=origin, handled=True)))


@app.command()
def replay(
    service: ServiceOption,
    by: ByOption,
    topic: Annotated[str, typer.Option(help="Only of this topic.")] = "",
    kind: Annotated[str, typer.Option(help="undecodable or rule.")] = "",
    event_type: Annotated[str, typer.Option("--type", help="Only events of this type.")] = "",
    origin: Annotated[str, typer.Option(help="Only this one: topic/partition/offset.")] = "",
    limit: Annotated[int, typer.Option(min=1)] = 100,
    dry_run: Annotated[bool, typer.Option(help="Say what would be replayed.")] = False,
) -> None:
    """Hand dead letters to the service again, once it or its rules are mended."""
    chosen = Chosen(topic, kind, event_type, "", origin, False, limit)
    asyncio.run(_replay(RuntimeSettings(), SystemClock(), service, chosen, by, dry_run=dry_run))


@app.command()
def drop(
    service: ServiceOption,
    by: ByOption,
    origin: Annotated[str, typer.Option(help="topic/partition/offset")],
    why: Annotated[str, typer.Option(help="The reason; written down.")],
    dry_run: Annotated[bool, typer.Option(help="Say what would be dropped.")] = False,
) -> None:
    """Mark one dead letter as given up; Kafka forgets its body after 14 days as that of all others."""
    asyncio.run(_drop(RuntimeSettings(), SystemClock(), service, Chosen(origin=origin), by, why, dry_run=dry_run))


async def _letters(settings: RuntimeSettings, service: str, chosen: Chosen) -> AsyncIterator[Letter]:
    async with recovery.database(settings, service) as db:
        done = {} if chosen.handled else await recovery.acts_on(db)
    left = chosen.limit
    for topic in inputs_of(service):  # type: ignore[arg-type]  # any word may be typed: it has no inputs
        if topic.name != (chosen.topic or chosen.origin.partition("/")[0] or topic.name):
            continue
        letters = topic.dead_letter(service)  # type: ignore[arg-type]  # a service with inputs is one of ours
        async for record in read_raw(settings.kafka, letters, topic.partitions):
            letter = Letter(topic, record, dict(recovery.readable(record.headers)))
            if left and chosen.fits(letter) and not _before(letter.refused_at, done.get(letter.origin)):
                left -= 1
                yield letter


def _before(refused_at: datetime, acted_at: datetime | None) -> bool:
    """Tell whether somebody dealt with it after it was refused; one that is refused again after a replay is open."""
    return acted_at is not None and refused_at <= acted_at


async def _list(settings: RuntimeSettings, services: tuple[str, ...], chosen: Chosen) -> None:
    for service in services:
        async for letter in _letters(settings, service, chosen):
            _print({"service": service} | letter.told())


async def _show(settings: RuntimeSettings, service: str, chosen: Chosen) -> None:
    async for letter in _letters(settings, service, chosen):
        _print(letter.told() | {"headers": letter.headers, "body": recovery.shape_of(letter.record.value)})
        return
    typer.echo(f"{service} has no dead letter {chosen.origin}", err=True)
    raise typer.Exit(1)


async def _replay(
    settings: RuntimeSettings, clock: Clock, service: str, chosen: Chosen, by: str, *, dry_run: bool
) -> None:
    letters = [letter async for letter in _letters(settings, service, chosen)]
    async with recovery.database(settings, service) as db:
        for letter in letters:
            if dry_run:
                _print({"would_replay": letter.origin})
                continue
            await _hand_over(db, clock, service, letter, by)
            _print({"replayed": letter.origin})
    if not letters:
        typer.echo("no dead letter is meant by this", err=True)


async def _hand_over(db: Database, clock: Clock, service: str, letter: Letter, by: str) -> None:
    """Put a dead letter where the service takes parked records from, as a site of its own, and ask for it."""
    name, partition, offset = letter.origin.rsplit("/", 2)
    record = letter.record
    headers = [(key, value) for key, value in record.headers if not key.startswith("dead_letter_")]
    kept = parking.Kept(name, int(partition), int(offset), record.key, record.value, headers, "", "")
    fence, site, now = f"dead letters:{service}", f"dead letter {letter.origin}", clock.now()
    await recovery.write_act(db, "replayed", letter.origin, by, "", now)
    await parking.keep(db, None, [parking.row(f"{fence}:{name}:{partition}", service, kept, site, "replayed", now)])
    await releases.ask(db, service, f"{fence}:{name}:{partition}", site, by, now)


async def _drop(
    settings: RuntimeSettings, clock: Clock, service: str, chosen: Chosen, by: str, why: str, *, dry_run: bool
) -> None:
    async for letter in _letters(settings, service, chosen):
        if not dry_run:
            async with recovery.database(settings, service) as db:
                await recovery.write_act(db, "dropped", letter.origin, by, why, clock.now())
        _print({"would_drop" if dry_run else "dropped": letter.origin})
        return
    typer.echo(f"{service} has no open dead letter {chosen.origin}", err=True)
    raise typer.Exit(1)


def _print(line: dict[str, Any]) -> None:
    typer.echo(orjson.dumps(line, default=str).decode())


if __name__ == "__main__":
    app()
