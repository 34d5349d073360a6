"""Whole states in MongoDB, one way for every kind: each change with its history line and its event."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter
from pymongo import ASCENDING, DESCENDING, InsertOne, ReplaceOne

from services.actions.adapters.documents import LINE, Document, joined, stored
from services.actions.adapters.fields import fields_of
from services.actions.domain.facts import HELD
from services.actions.ports import Act, HistoryLine, Wanted
from shared.contracts.envelope import Event
from shared.contracts.topics import Topic
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database, Mongo, translate
from shared.runtime.outbox import Tick

LINES = "state_history"


class Versioned(Protocol):
    """What every state has."""

    @property
    def provider_id(self) -> str:
        """Return the tenant."""
        ...

    @property
    def version(self) -> int:
        """Return the version; it goes up by one with every change."""
        ...

    @property
    def status(self) -> str:
        """Return the status."""
        ...

    @property
    def visibility(self) -> str:
        """Return site, or held."""
        ...


S = TypeVar("S", bound=Versioned)


@dataclass(frozen=True)
class Kind(Generic[S]):
    """What is particular to one kind of state.

    Attributes:
        collection: Where it lies.
        adapter: Reads a document.
        topic: Where its events go.
        key: The field that is its id.
        order: The field that lists go by, newest first.
        event: Makes the event of an act.
    """

    collection: str
    adapter: TypeAdapter[S]
    topic: Topic
    key: str
    order: str
    event: Callable[[S, Act, datetime], Event]


async def prepare_kind(db: Database, kind: Kind[Any]) -> None:
    """Create the indexes that lists of a kind go by, and with them the collection."""
    newest = [(kind.order, DESCENDING), ("_id", ASCENDING)]
    await db[kind.collection].create_index([("provider_id", ASCENDING), ("status", ASCENDING), *newest])
    await db[LINES].create_index([("about", ASCENDING), ("version", ASCENDING)])


class MongoStates(Generic[S]):
    """The port `States` over one try of a transaction.

    Args:
        tx: The transaction.
        kind: Which kind.
    """

    def __init__(self, tx: Tx, kind: Kind[S]) -> None:
        self._tx = tx
        self._kind = kind
        self._ticks: dict[str, Any] = {}
        self._states: dict[str, tuple[int, S]] = {}
        self._stored: dict[str, int] = {}
        self._lines: list[Document] = []

    async def load(self, provider_id: str, keys: Collection[str]) -> dict[str, S]:
        """Return states of a provider by id; unknown ones are left out."""
        if not keys:
            return {}
        return dict(await self.find({"_id": {"$in": list(keys)}, "provider_id": provider_id}))

    async def find(self, query: Document, limit: int = 0) -> list[tuple[str, S]]:
        """Return states by a query, with their ids, in the order of lists; they may be saved in this transaction."""
        found = self._tx.db[self._kind.collection].find(query, session=self._tx.session)
        documents = await found.sort(self._kind.order, ASCENDING).limit(limit).to_list(None)
        self._ticks |= {document["_id"]: document["tick"] for document in documents}
        self._stored |= {document["_id"]: document["version"] for document in documents}
        return [(document["_id"], self._kind.adapter.validate_python(document)) for document in documents]

    async def save(self, state: S, act: Act) -> None:
        """Store a new state with its history line and, where the act names one, its event."""
        key = str(getattr(state, self._kind.key))
        tick = Tick.after(self._ticks.get(key), self._tx.now_ms())
        self._ticks[key] = tick.stored()
        self._states[key] = (self._stored.get(key, 0), state)
        self._lines.append(
            {
                "_id": joined(self._kind.collection, key, f"{state.version:08d}"),
                "about": key,
                "version": state.version,
                "act": act.event or state.status,
                "at": self._tx.now,
                "by_role": act.by_role,
                "by": act.by,
                "status": state.status,
                "visibility": state.visibility,
                "words": act.words,
            }
        )
        if act.event:
            self._tx.publish(self._kind.topic, self._kind.event(state, act, self._tx.now), key, tick)

    async def flush(self) -> None:
        """Write what was saved, in bulk: the last state of each."""
        if not self._states:
            return
        writes: list[InsertOne[Document] | ReplaceOne[Document]] = []
        for key, (before, state) in self._states.items():
            document = {"_id": key, **stored(fields_of(state)), "tick": self._ticks[key]}
            query = {"_id": key, "version": before}
            writes.append(ReplaceOne(query, document) if before else InsertOne(document))
        session = self._tx.session
        done = await self._tx.db[self._kind.collection].bulk_write(writes, ordered=False, session=session)
        moved = sum(isinstance(write, ReplaceOne) for write in writes)
        assert done.matched_count == moved, "each state was read in this very transaction"
        await self._tx.db[LINES].insert_many(self._lines, ordered=False, session=session)


class MongoShelf(Generic[S]):
    """The port `Shelf`.

    Args:
        mongo: The service's database.
        kind: Which kind.
    """

    def __init__(self, mongo: Mongo, kind: Kind[S]) -> None:
        self._mongo = mongo
        self._kind = kind

    async def one(self, provider_id: str, key: str) -> tuple[S, list[HistoryLine]] | None:
        """Return one state with its history, oldest line first."""
        query = {"_id": key, "provider_id": provider_id}
        document = await translate(self._mongo.db[self._kind.collection].find_one(query))
        if document is None:
            return None
        found = self._mongo.db[LINES].find({"about": key}).sort("version", ASCENDING)
        lines = [LINE.validate_python(line) for line in await translate(found.to_list(None))]
        return self._kind.adapter.validate_python(document), lines

    async def page(self, wanted: Wanted) -> list[S]:
        """Return states, the newest first."""
        query: Document = {"provider_id": wanted.provider_id}
        if wanted.statuses:
            query["status"] = {"$in": list(wanted.statuses)}
        if wanted.sites is not None:
            query["site_id"] = {"$in": sorted(wanted.sites)}
        if not wanted.held:
            query["visibility"] = {"$ne": HELD}
        order = self._kind.order
        if wanted.after is not None:
            place, key = stored(wanted.after[0]), wanted.after[1]
            query["$or"] = [{order: {"$lt": place}}, {order: place, "_id": {"$gt": key}}]
        found = self._mongo.db[self._kind.collection].find(query).sort([(order, DESCENDING), ("_id", ASCENDING)])
        documents = await translate(found.limit(wanted.limit).to_list(None))
        return [self._kind.adapter.validate_python(document) for document in documents]
