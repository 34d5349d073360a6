"""Routines in MongoDB as readers get them, what comparisons counted, and whose turn it is to move routines on."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import date

from pydantic import TypeAdapter
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from services.actions.adapters.documents import LINE, Document, joined, stored
from services.actions.adapters.fields import fields_of
from services.actions.adapters.routines import (
    COMPARISONS,
    OCCURRENCE,
    OCCURRENCES,
    ROUTINE,
    ROUTINE_LINES,
    ROUTINES,
    ROW_KEYS,
)
from services.actions.adapters.tasks import TASKS
from services.actions.domain.facts import HELD
from services.actions.domain.occurrences import DONE, Occurrence
from services.actions.domain.routines import Routine
from services.actions.domain.tasks import Task
from services.actions.ports import HistoryLine, Wanted
from services.actions.usecases.remedy_ports import Comparison
from shared.kernel.clock import london_date
from shared.runtime.lease import Lease
from shared.runtime.mongo import Mongo, translate

COMPARISON: TypeAdapter[Comparison] = TypeAdapter(Comparison)
KEY_BYTES = 32


class MongoRoutineBook:
    """The port `RoutineBook`.

    Args:
        mongo: The service's database.
        holder: Id of this process.
        lease_ms: How long a dead process keeps a provider's routines from the others.
    """

    def __init__(self, mongo: Mongo, holder: str, lease_ms: int) -> None:
        self._mongo = mongo
        self._holder = holder
        self._lease_ms = lease_ms
        self._leases: dict[str, Lease] = {}

    async def routine(self, provider_id: str, routine_id: str) -> tuple[Routine, list[HistoryLine]] | None:
        """Return one routine with its history, oldest line first."""
        document = await self._one(ROUTINES, {"_id": routine_id, "provider_id": provider_id})
        return None if document is None else (ROUTINE.validate_python(document), await self._lines(routine_id))

    async def routine_list(self, wanted: Wanted) -> list[Routine]:
        """Return routines, the one that starts first at the top."""
        found = await self._list(ROUTINES, "starts_on", wanted, {})
        return [ROUTINE.validate_python(document) for document in found]

    async def occurrence(
        self, provider_id: str, occurrence_id: str
    ) -> tuple[Occurrence, list[HistoryLine], list[Comparison]] | None:
        """Return one occurrence with its history and what was compared for it, oldest first."""
        document = await self._one(OCCURRENCES, {"_id": occurrence_id, "provider_id": provider_id})
        if document is None:
            return None
        found = self._mongo.db[COMPARISONS].find({"occurrence_id": occurrence_id}).sort("at", ASCENDING)
        compared = [COMPARISON.validate_python(row) for row in await translate(found.to_list(None))]
        return OCCURRENCE.validate_python(document), await self._lines(occurrence_id), compared

    async def occurrence_list(
        self, wanted: Wanted, routine_id: str | None, first: date | None, last: date | None
    ) -> list[Occurrence]:
        """Return occurrences, the earliest due day first."""
        clauses: list[Document] = []
        if routine_id is not None:
            clauses.append({"routine_id": routine_id})
        if first is not None:
            clauses.append({"due_on": {"$gte": first.isoformat()}})
        if last is not None:
            clauses.append({"due_on": {"$lte": last.isoformat()}})
        found = await self._list(OCCURRENCES, "due_on", wanted, {"$and": clauses} if clauses else {})
        return [OCCURRENCE.validate_python(document) for document in found]

    async def done_on(self, provider_id: str, routine_ids: Collection[str]) -> dict[str, date]:
        """Return by routine the day in England on which it was last carried out; none where it never was."""
        match = {"provider_id": provider_id, "routine_id": {"$in": sorted(routine_ids)}, "status": DONE}
        last = {"$group": {"_id": "$routine_id", "at": {"$max": "$done_at"}}}
        found = self._mongo.db[OCCURRENCES].aggregate([{"$match": match}, last])
        return {row["_id"]: london_date(row["at"]) for row in await translate(found.to_list(None))}

    async def row_key(self, provider_id: str, site_id: str) -> bytes:
        """Return the secret with which a site's rows are named; made at first use."""
        key = joined(provider_id, site_id)
        document = await self._one(ROW_KEYS, {"_id": key})
        if document is None:
            document = {"_id": key, "provider_id": provider_id, "site_id": site_id}
            document["key"] = secrets.token_bytes(KEY_BYTES)
            try:
                await translate(self._mongo.db[ROW_KEYS].insert_one(document))
            except DuplicateKeyError:
                return await self.row_key(provider_id, site_id)  # another process made it at the same moment
        return bytes(document["key"])

    async def keep_comparison(self, occurrence: Occurrence, comparison: Comparison) -> None:
        """Keep what a comparison counted; the same again at the same moment is the same."""
        key = joined(occurrence.occurrence_id, comparison.at.isoformat())
        document = {"_id": key, "occurrence_id": occurrence.occurrence_id, **stored(fields_of(comparison))}
        await translate(self._mongo.db[COMPARISONS].replace_one({"_id": key}, document, upsert=True))

    async def related(self, task: Task, held: bool, statuses: Collection[str]) -> list[str]:
        """Return the strengths of the other tasks of the site that share a report or the signal."""
        shared: list[Document] = [{"report_ids": {"$in": list(task.report_ids)}}]
        if task.signal_id is not None:
            shared.append({"signal_id": task.signal_id})
        query: Document = {
            "provider_id": task.provider_id,
            "site_id": task.site_id,
            "_id": {"$ne": task.action_id},
            "status": {"$in": list(statuses)},
            "$or": shared,
        }
        if not held:
            query["visibility"] = {"$ne": HELD}
        found = self._mongo.db[TASKS].find(query, {"strength": 1})
        return [document["strength"] for document in await translate(found.to_list(None))]

    async def claim(self, provider_id: str) -> bool:
        """Take or renew the sole right to move a provider's routines on."""
        lease = self._leases.setdefault(provider_id, Lease(f"routines:{provider_id}", self._holder, self._lease_ms))
        return lease.fresh() or await translate(lease.take(self._mongo.db))

    async def _one(self, collection: str, query: Document) -> Document | None:
        document: Document | None = await translate(self._mongo.db[collection].find_one(query))
        return document

    async def _lines(self, about: str) -> list[HistoryLine]:
        found = self._mongo.db[ROUTINE_LINES].find({"about": about}).sort("version", ASCENDING)
        return [LINE.validate_python(line) for line in await translate(found.to_list(None))]

    async def _list(self, collection: str, order: str, wanted: Wanted, more: Document) -> list[Document]:
        query: Document = {"provider_id": wanted.provider_id, "status": {"$in": list(wanted.statuses)}, **more}
        if wanted.sites is not None:
            query["site_id"] = {"$in": sorted(wanted.sites)}
        if not wanted.held:
            query["visibility"] = {"$ne": HELD}
        if wanted.after is not None:
            place, key = stored(wanted.after[0]), wanted.after[1]
            query["$or"] = [{order: {"$gt": place}}, {order: place, "_id": {"$gt": key}}]
        found = self._mongo.db[collection].find(query).sort([(order, ASCENDING), ("_id", ASCENDING)])
        documents: list[Document] = await translate(found.limit(wanted.limit).to_list(None))
        return documents
