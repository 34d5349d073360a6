"""Missed occurrences in MongoDB as those see them who are asked next: light rows, one query for all routines."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from pymongo import ASCENDING

from services.actions.adapters.documents import Document
from services.actions.adapters.routines import OCCURRENCES
from services.actions.domain.occurrences import DONE, MISSED
from services.actions.domain.oversight.ladder import Miss
from shared.kernel.clock import london_date
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database

ROW = {"routine_id": 1, "due_on": 1}
ASKED_ABOUT: Document = {"status": MISSED, "escalated_to": {"$type": "string"}}


async def prepare_missed(db: Database) -> None:
    """Create the index of missed occurrences that somebody is asked about."""
    await db[OCCURRENCES].create_index([("provider_id", ASCENDING)], partialFilterExpression=ASKED_ABOUT)


class MongoMissed:
    """The port `Missed` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    async def late(self, provider_id: str, first: date, last: date, last_role: str) -> list[Miss]:
        """Return what was counted as missed from one day to another and is not with the last role."""
        query: Document = {"late_on": {"$gte": first.isoformat(), "$lte": last.isoformat()}}
        return await self._rows(
            {"provider_id": provider_id, "status": MISSED, **query, "escalated_to": {"$ne": last_role}}
        )

    async def asked_about(self, provider_id: str) -> list[Miss]:
        """Return what was missed and somebody is asked about."""
        return await self._rows({"provider_id": provider_id, **ASKED_ABOUT})

    async def of_routines(self, routine_ids: Collection[str]) -> list[Miss]:
        """Return all that was missed of routines."""
        return await self._rows({"routine_id": {"$in": sorted(routine_ids)}, "status": MISSED})

    async def done_on(self, routine_ids: Collection[str]) -> dict[str, date]:
        """Return by routine the day in England on which it was last carried out; none where it never was."""
        match = {"routine_id": {"$in": sorted(routine_ids)}, "status": DONE}
        last = {"$group": {"_id": "$routine_id", "at": {"$max": "$done_at"}}}
        found = self._tx.db[OCCURRENCES].aggregate([{"$match": match}, last], session=self._tx.session)
        return {row["_id"]: london_date(row["at"]) async for row in found}

    async def _rows(self, query: Document) -> list[Miss]:
        found = self._tx.db[OCCURRENCES].find(query, ROW, session=self._tx.session)
        return [Miss(row["_id"], row["routine_id"], date.fromisoformat(row["due_on"])) async for row in found]
