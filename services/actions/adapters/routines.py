"""Routines and occurrences in MongoDB, inside a transaction: each change with its history line and its event."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from pydantic import TypeAdapter
from pymongo import ASCENDING, DESCENDING, InsertOne, ReplaceOne, UpdateOne

from services.actions.adapters.documents import Document, joined, stored
from services.actions.adapters.fields import fields_of
from services.actions.adapters.routine_events import occurrence_event, routine_event
from services.actions.domain.occurrences import DUE, PLANNED, Occurrence
from services.actions.domain.routines import ACTIVE, Routine
from services.actions.ports import Act, SiteKey
from shared.contracts.envelope import Event
from shared.contracts.topics import ACTIONS
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database
from shared.runtime.outbox import Tick

ROUTINES, OCCURRENCES, ROUTINE_LINES, COMPARISONS = "routines", "occurrences", "routine_history", "comparisons"
ROW_KEYS = "row_keys"
ROUTINE: TypeAdapter[Routine] = TypeAdapter(Routine)
OCCURRENCE: TypeAdapter[Occurrence] = TypeAdapter(Occurrence)
Write = InsertOne[Document] | ReplaceOne[Document] | UpdateOne


async def prepare_routines(db: Database) -> None:
    """Create the indexes that the queries of routines go by, and with them the collections."""
    provider, site = ("provider_id", ASCENDING), ("site_id", ASCENDING)
    await db[ROUTINES].create_index([provider, site, ("ordinal", DESCENDING)])
    await db[ROUTINES].create_index([provider, ("status", ASCENDING), ("starts_on", ASCENDING), ("_id", ASCENDING)])
    await db[OCCURRENCES].create_index([provider, ("status", ASCENDING), ("due_on", ASCENDING), ("_id", ASCENDING)])
    await db[OCCURRENCES].create_index([provider, ("status", ASCENDING), ("late_on", ASCENDING)])
    await db[OCCURRENCES].create_index([("routine_id", ASCENDING), ("due_on", ASCENDING)])
    await db[ROUTINE_LINES].create_index([("about", ASCENDING), ("version", ASCENDING)])
    await db[COMPARISONS].create_index([("occurrence_id", ASCENDING), ("at", ASCENDING)])
    await db[ROW_KEYS].create_index([provider, site])


class MongoRoutines:
    """The port `Routines` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._ticks: dict[str, Any] = {}
        self._writes: dict[str, list[Write]] = {ROUTINES: [], OCCURRENCES: []}
        self._lines: list[Document] = []

    async def ordinal(self, site: SiteKey) -> int:
        """Return how many routines a site has had."""
        query = {"provider_id": site[0], "site_id": site[1]}
        newest = await self._tx.db[ROUTINES].find_one(query, sort=[("ordinal", -1)], session=self._tx.session)
        return 0 if newest is None else int(newest["ordinal"])

    async def load(self, provider_id: str, routine_id: str) -> Routine | None:
        """Return one routine of a provider."""
        found = await self._find(ROUTINES, {"_id": routine_id, "provider_id": provider_id}, "_id", 1)
        return ROUTINE.validate_python(found[0]) if found else None

    async def save(self, routine: Routine, act: Act) -> None:
        """Store a new state with its history line and its event."""
        event = routine_event(routine, act, self._tx.now)
        tick = self._tell(routine.routine_id, routine, act, event)
        document = {"_id": routine.routine_id, **stored(fields_of(routine)), "tick": tick}
        self._put(ROUTINES, document, new=routine.version == 1)

    async def keep_plan(self, routine: Routine, new: Sequence[Occurrence]) -> None:
        """Store how far a routine is planned, with the occurrences made; nobody is told."""
        change = {"$set": {"planned_to": stored(routine.planned_to)}}
        self._writes[ROUTINES].append(UpdateOne({"_id": routine.routine_id, "version": routine.version}, change))
        for occurrence in new:
            self._put(OCCURRENCES, _occurrence_document(occurrence, None), new=True)

    async def days(self, routine_id: str, first: date) -> set[date]:
        """Return the days from a day on for which there are occurrences."""
        query = {"routine_id": routine_id, "due_on": {"$gte": first.isoformat()}}
        found = self._tx.db[OCCURRENCES].find(query, {"due_on": 1}, session=self._tx.session)
        return {date.fromisoformat(document["due_on"]) async for document in found}

    async def unplan(self, routine_id: str, first: date) -> None:
        """Take back what is only planned from a day on; at once, so that the days can be planned anew."""
        query = {"routine_id": routine_id, "status": PLANNED, "due_on": {"$gte": first.isoformat()}}
        await self._tx.db[OCCURRENCES].delete_many(query, session=self._tx.session)

    async def to_plan(self, provider_id: str, last: date, limit: int) -> list[Routine]:
        """Return active routines that are not planned up to a day."""
        behind = [{"planned_to": None}, {"planned_to": {"$lt": last.isoformat()}}]
        query = {"provider_id": provider_id, "status": ACTIVE, "$or": behind}
        return [ROUTINE.validate_python(document) for document in await self._find(ROUTINES, query, "_id", limit)]

    async def to_move(self, provider_id: str, today: date, limit: int) -> list[Occurrence]:
        """Return planned occurrences whose day has come, and due ones whose grace is over."""
        day = today.isoformat()
        come = {"provider_id": provider_id, "status": PLANNED, "due_on": {"$lte": day}}
        over = {"provider_id": provider_id, "status": DUE, "late_on": {"$lte": day}}
        found = await self._find(OCCURRENCES, come, "due_on", limit)
        found += await self._find(OCCURRENCES, over, "late_on", limit)
        return [OCCURRENCE.validate_python(document) for document in found]

    async def occurrence(self, provider_id: str, occurrence_id: str) -> Occurrence | None:
        """Return one occurrence of a provider."""
        found = await self._find(OCCURRENCES, {"_id": occurrence_id, "provider_id": provider_id}, "_id", 1)
        return OCCURRENCE.validate_python(found[0]) if found else None

    async def occurrences(self, provider_id: str, keys: Collection[str]) -> list[Occurrence]:
        """Return occurrences of a provider, the earliest due day first; unknown ones are left out."""
        found = await self._find(OCCURRENCES, {"_id": {"$in": list(keys)}, "provider_id": provider_id}, "due_on", 0)
        return [OCCURRENCE.validate_python(document) for document in found]

    async def save_occurrence(self, occurrence: Occurrence, act: Act) -> None:
        """Store a new state with its history line and its event; once per occurrence and transaction."""
        event = occurrence_event(occurrence, act, self._tx.now)
        tick = self._tell(occurrence.occurrence_id, occurrence, act, event)
        self._put(OCCURRENCES, _occurrence_document(occurrence, tick), new=False)

    async def flush(self) -> None:
        """Write what was saved, in the order in which it was saved."""
        session = self._tx.session
        for collection, writes in self._writes.items():
            if writes:
                done = await self._tx.db[collection].bulk_write(writes, session=session)
                found = sum(not isinstance(write, InsertOne) for write in writes)
                assert done.matched_count == found, "each state was read in this very transaction"
        if self._lines:
            await self._tx.db[ROUTINE_LINES].insert_many(self._lines, ordered=False, session=session)

    def _put(self, collection: str, document: Document, *, new: bool) -> None:
        before = {"_id": document["_id"], "version": document["version"] - 1}
        self._writes[collection].append(InsertOne(document) if new else ReplaceOne(before, document))

    def _tell(self, about: str, state: Routine | Occurrence, act: Act, event: Event) -> dict[str, int]:
        tick = Tick.after(self._ticks.get(about), self._tx.now_ms())
        self._lines.append(
            {
                "_id": joined(about, f"{state.version:08d}"),
                "about": about,
                "version": state.version,
                "act": act.event,
                "at": act.at,
                "by_role": act.by_role,
                "by": act.by,
                "status": state.status,
                "visibility": state.visibility,
                "words": act.words,
            }
        )
        self._tx.publish(ACTIONS, event, about, tick)
        self._ticks[about] = tick.stored()
        return tick.stored()

    async def _find(self, collection: str, query: Document, order: str, limit: int) -> list[Document]:
        found = self._tx.db[collection].find(query, session=self._tx.session).sort([(order, 1), ("_id", 1)])
        documents: list[Document] = await found.limit(limit).to_list(None)
        self._ticks |= {document["_id"]: document["tick"] for document in documents}
        return documents


def _occurrence_document(occurrence: Occurrence, tick: dict[str, int] | None) -> Document:
    return {
        "_id": occurrence.occurrence_id,
        **stored(fields_of(occurrence)),
        "tick": tick,
        "late_on": occurrence.missed_on.isoformat(),
    }
