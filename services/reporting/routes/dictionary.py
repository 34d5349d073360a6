"""The data dictionary, made from the contracts and the export tables: what is in every field that leaves us."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from services.reporting.domain.exports import TABLES
from services.reporting.ports import Freshness
from services.reporting.routes.answers import Conditional, answer
from services.reporting.usecases.access import READERS
from shared.contracts.envelope import Event
from shared.contracts.publish import examples_of
from shared.contracts.topics import TOPICS, Topic
from shared.kernel.principal import Principal
from shared.runtime.auth import Allow

Reader = Annotated[Principal, Depends(Allow(*READERS))]


BOUNDS = {"minimum": "at least {}", "exclusiveMinimum": "more than {}", "maximum": "at most {}"} | {
    "maxLength": "at most {} characters"
}
"""Bounds of a field as JSON Schema names them, and how they read."""


@dataclass(frozen=True)
class Field:
    """One field of an event; nested ones are dotted.

    Attributes:
        name: Its name; units stand at its end, as in _s, _days, _hours.
        type: Its type, with its bounds.
        required: Whether it is always there.
        meaning: What it holds, where its own class says so; empty where the name does.
    """

    name: str
    type: str
    required: bool
    meaning: str = ""


@dataclass(frozen=True)
class EventEntry:
    """One event: what it says, its fields, and one as it travels."""

    name: str
    meaning: str
    fields: tuple[Field, ...]
    example: Mapping[str, Any]


@dataclass(frozen=True)
class TopicEntry:
    """One topic of the log."""

    name: str
    purpose: str
    key: str
    producer: str
    consumers: tuple[str, ...]
    trust: str
    events: tuple[EventEntry, ...]


@cache
def topic_entries() -> tuple[TopicEntry, ...]:
    """Return every topic with its events and their fields, as the contracts state them."""
    return tuple(_entry(topic) for topic in TOPICS)


def make_dictionary(freshness: Freshness) -> APIRouter:
    """Build the route.

    Args:
        freshness: How far the views have followed the log.
    """
    router = APIRouter(prefix="/v1", tags=["dictionary"], route_class=Conditional)

    @router.get("/dictionary")
    async def dictionary(_: Reader) -> Response:
        """Return topics with their events and fields, and the export tables with their columns."""
        tables = [asdict(table) for table in TABLES.values()]
        return answer(freshness, {"topics": [asdict(entry) for entry in topic_entries()], "tables": tables})

    return router


def _entry(topic: Topic) -> TopicEntry:
    events = tuple(_event(topic, kind) for kind in topic.events)
    shown = (topic.name, topic.purpose, topic.key_shape, topic.producer, topic.consumers, topic.trust)
    return TopicEntry(*shown, events)


def _event(topic: Topic, kind: type[Event]) -> EventEntry:
    schema = kind.model_json_schema()
    fields = tuple(_fields(schema, schema.get("$defs", {})))
    _, example = next(examples_of(topic, kind))
    return EventEntry(kind.__name__, _first_words(kind.__doc__ or ""), fields, json.loads(example))


def _first_words(text: str) -> str:
    return " ".join(text.strip().split("\n\n")[0].split())


def _fields(schema: Mapping[str, Any], defs: Mapping[str, Any], prefix: str = "") -> Iterator[Field]:
    required = set(schema.get("required", ()))
    for name, part in schema.get("properties", {}).items():
        inside = list(_inner(part, defs))
        meaning = _first_words(next((inner.get("description", "") for inner in inside), ""))
        yield Field(prefix + name, _type(part), name in required, meaning)
        for inner in inside:
            yield from _fields(inner, defs, f"{prefix}{name}.")


def _inner(part: Mapping[str, Any], defs: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the objects that a field holds: itself, one of its alternatives, or its items."""
    if "$ref" in part:
        yield defs[part["$ref"].rpartition("/")[2]]
    for option in (*part.get("anyOf", ()), *([part["items"]] if isinstance(part.get("items"), dict) else ())):
        yield from _inner(option, defs)


def _type(part: Mapping[str, Any]) -> str:
    if "$ref" in part:
        return "object"
    if "const" in part:
        return json.dumps(part["const"])
    if options := part.get("anyOf"):
        return " or ".join(dict.fromkeys(_type(option) for option in options))
    if part.get("type") == "array":
        return f"list of {_type(part['items'])}" if isinstance(part.get("items"), dict) else "list"
    bounds = [words.format(part[name]) for name, words in BOUNDS.items() if name in part]
    return ", ".join([str(part.get("format") or part.get("type") or "any"), *bounds])
