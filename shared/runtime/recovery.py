"""What the commands for dead letters and parked records share: whose database, who acted, and how a body is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, get_args

import orjson

from shared.contracts.topics import Service
from shared.runtime.mongo import Database, Mongo
from shared.runtime.settings import RuntimeSettings

ACTS: Final = "recovery"
SERVICES: Final[tuple[str, ...]] = get_args(Service)
_OPEN_FIELDS: Final = frozenset(
    ["type", "event_id", "provider_id", "site_id", "report_id", "revision", "recorded_at", "replay", "taxonomy_version"]
)
_DEPTH: Final = 4


@asynccontextmanager
async def database(settings: RuntimeSettings, service: str) -> AsyncIterator[Database]:
    """Open a service's database for a command.

    Args:
        settings: Where MongoDB is.
        service: The service.
    """
    mongo = Mongo(settings.mongodb_uri.get_secret_value(), f"{settings.database_prefix}{service}")
    mongo.open()
    try:
        await mongo.ping()
        yield mongo.db
    finally:
        mongo.close()


async def write_act(db: Database, act: str, target: str, by: str, why: str, now: datetime) -> None:
    """Write down who did what to set-aside records; nothing is ever taken out of this collection.

    Args:
        db: The service's database.
        act: replayed, dropped or released.
        target: Which record or site.
        by: Who did it.
        why: The reason that was given.
        now: The moment.
    """
    await db[ACTS].insert_one({"act": act, "target": target, "by": by, "why": why, "at": now})


async def acts_on(db: Database) -> dict[str, datetime]:
    """Return when something was done last, by target."""
    return {done["target"]: done["at"] async for done in db[ACTS].find().sort("at", 1)}


def shape_of(body: bytes | None) -> Any:
    """Describe a body without what anybody wrote: ids and times as they are, of all else the kind and the size.

    Args:
        body: A record's value.
    """
    if body is None:
        return "no body"
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return f"no JSON: {len(body)} bytes, position {error.pos}"
    return _shape(content, _DEPTH)


def _shape(content: Any, depth: int) -> Any:
    match content:
        case dict() if depth:
            return {
                str(name)[:60]: value if _is_open(name, value) else _shape(value, depth - 1)
                for name, value in content.items()
            }
        case dict():
            return f"{len(content)} fields"
        case list():
            return f"list of {len(content)}"
        case str():
            return f"text of {len(content)}"
        case bool() | None:
            return content
        case _:
            return "number"


def _is_open(name: Any, value: Any) -> bool:
    return name in _OPEN_FIELDS and isinstance(value, str | int | bool) and len(str(value)) <= 100


def readable(headers: Any) -> Mapping[str, str]:
    """Turn headers into words; what is no text is told by its size."""
    return {name: _words(value) for name, value in headers}


def _words(value: bytes | None) -> str:
    if value is None:
        return ""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"{len(value)} bytes"
