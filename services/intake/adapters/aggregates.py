"""The one way in which intake writes: read documents, decide, write them with their events, in one transaction."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Any, TypeVar

import bson
from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError, CollectionInvalid

from shared.contracts.envelope import Event
from shared.contracts.topics import Topic
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.runtime import outbox
from shared.runtime.mongo import Mongo, PlainDatabase, PlainSession, translate
from shared.runtime.outbox import OutboxRow, Tick
from shared.runtime.packs import Pack
from shared.runtime.written import insert_encoded

Document = dict[str, Any]
FoundDocuments = Mapping[str, Mapping[str, Document]]
"""Documents by collection and id."""
T = TypeVar("T")
PATIENCE_S = 12.0
"""So long a request waits for the database before it is told to come again; the driver alone would try for 40 s."""
DUPLICATE_KEY = 11000
_LENGTH = Struct("<i").pack
_AROUND_BYTES = 5
"""Length and end of a BSON document."""
MEETINGS_MAX = 5


@dataclass(frozen=True, slots=True)
class Write:
    """One document's new state, without its tick, and the event that tells of it; None for what nobody is told of."""

    collection: str
    document: Document
    topic: Topic | None = None
    event: Event | None = None
    traceparent: bytes | None = None


@dataclass(frozen=True, slots=True)
class Fresh:
    """New documents of a collection as BSON elements, without their ticks, and the packs of events that tell of them.

    In the same transaction nothing else is written of them.
    """

    collection: str
    documents: Sequence[bytes]
    packs: Sequence[Pack]


async def patiently(work: Awaitable[T]) -> T:
    """Await database work of a request, for a bounded time.

    Raises:
        Unavailable: the database did not answer; nothing or everything of the work was written.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await translate(work)
    except TimeoutError as error:
        raise Unavailable("the database does not answer") from error


class Aggregates:
    """Documents that events tell of.

    Args:
        mongo: Intake's database.
        clock: Dates the outbox rows.
        wake: Called when rows were committed.
    """

    def __init__(self, mongo: Mongo, clock: Clock, wake: Callable[[], None]) -> None:
        self._mongo = mongo
        self._clock = clock
        self._wake = wake

    async def prepare(self, *collections: str) -> None:
        """Make collections before transactions need them."""
        for name in (*collections, outbox.COLLECTION):
            try:
                await self._mongo.db.create_collection(name)
            except CollectionInvalid:
                continue  # it is there already

    async def change(
        self, wanted: Mapping[str, Sequence[str]], decide: Callable[[FoundDocuments], tuple[Sequence[Write | Fresh], T]]
    ) -> T:
        """Read, decide, write; the whole again where another process wrote the same documents meanwhile.

        Args:
            wanted: Ids to read, by collection; a collection without ids is not asked.
            decide: Takes what was found; returns what to write, in order, and the result. It runs in a thread of the
                database's, beside the event loop.

        Returns:
            The decision's result.

        Raises:
            Unavailable: the database did not answer.
        """

        def work(db: PlainDatabase, session: PlainSession) -> T:
            found = {name: _read(db, session, name, ids) for name, ids in wanted.items() if ids}
            writes, result = decide(found)
            self._write(db, session, found, writes)
            return result

        result = await patiently(self._until_it_holds(work))
        self._wake()
        return result

    async def _until_it_holds(self, work: Callable[[PlainDatabase, PlainSession], T]) -> T:
        for _ in range(MEETINGS_MAX):
            try:
                return await self._mongo.in_one_go(work, PATIENCE_S)
            except BulkWriteError as error:
                if any(one["code"] != DUPLICATE_KEY for one in (error.details or {}).get("writeErrors", ())):
                    raise
        raise Unavailable("the same things are being written again and again")

    def _write(
        self, db: PlainDatabase, session: PlainSession, found: FoundDocuments, writes: Sequence[Write | Fresh]
    ) -> None:
        now_ms = int(self._clock.now().timestamp() * 1000)
        latest: dict[str, dict[str, Document]] = defaultdict(dict)
        rows = []
        for write in writes:
            if isinstance(write, Fresh):
                rows += [pack.document(now_ms) for pack in write.packs]
                _insert(db, session, write, Tick.after(None, now_ms))
                continue
            identity = write.document["_id"]
            before = latest[write.collection].get(identity) or found.get(write.collection, {}).get(identity)
            tick = Tick.after((before or {}).get("tick"), now_ms)
            latest[write.collection][identity] = {**write.document, "tick": tick.stored()}
            if write.topic is not None and write.event is not None:
                aggregate = f"{write.collection}:{identity}"
                row = OutboxRow.for_event(write.topic, write.event, aggregate, tick, "intake", write.traceparent)
                rows.append(row.document())
        for name, documents in latest.items():
            _store(db, session, name, found.get(name, {}), documents)
        if rows:
            insert_encoded(db, outbox.COLLECTION, [bson.encode(row) for row in rows], session)


def _insert(db: PlainDatabase, session: PlainSession, fresh: Fresh, tick: Tick) -> None:
    end = bson.encode({"tick": tick.stored()})[4:]
    around = len(end) + _AROUND_BYTES - 1
    insert_encoded(db, fresh.collection, [_LENGTH(len(one) + around) + one + end for one in fresh.documents], session)


def _read(db: PlainDatabase, session: PlainSession, collection: str, ids: Sequence[str]) -> dict[str, Document]:
    query = {"_id": {"$in": list(dict.fromkeys(ids))}}
    return {document["_id"]: document for document in db[collection].find(query, session=session)}


def _store(
    db: PlainDatabase,
    session: PlainSession,
    name: str,
    found: Mapping[str, Document],
    documents: Mapping[str, Document],
) -> None:
    new = [document for identity, document in documents.items() if identity not in found]
    changed = [ReplaceOne({"_id": key}, document) for key, document in documents.items() if key in found]
    if new:
        db[name].insert_many(new, ordered=False, session=session)
    if changed:
        db[name].bulk_write(changed, ordered=False, session=session)
