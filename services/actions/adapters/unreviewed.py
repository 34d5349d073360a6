"""Reports that wait for their review, in MongoDB: which they are, and which reminders counted them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from pymongo import ASCENDING

from services.actions.adapters.documents import joined
from services.actions.adapters.facts import FACTS
from services.actions.domain.facts import HELD
from services.actions.domain.oversight.unreviewed import Late, mark_of
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database

FIELDS = {"_id": 0, "site_id": 1, "report_id": 1, "waits_since": 1, "visibility": 1, "reminded": 1}


async def prepare_unreviewed(db: Database) -> None:
    """Create the index that the query here goes by: of reports that wait alone."""
    await db[FACTS].create_index(
        [("provider_id", ASCENDING), ("waits_since", ASCENDING)],
        partialFilterExpression={"waits_since": {"$exists": True}},
    )


class MongoUnreviewed:
    """The port `Unreviewed` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    async def late(
        self, provider_id: str, *, told_until: datetime, received_from: datetime, last_step: int
    ) -> list[Late]:
        """Return reports that wait, that reached us late enough to matter, and that were not counted on every rung."""
        held, shown = mark_of(last_step, True), mark_of(last_step, False)
        query = {
            "provider_id": provider_id,
            "waits_since": {"$exists": True, "$lte": told_until},
            "$and": [
                {"$or": [
                    {"received_at": {"$gte": received_from}},
                    {"received_at": None, "waits_since": {"$gte": received_from}},
                ]},
                {"$or": [
                    {"visibility": HELD, "reminded": {"$ne": held}},
                    {"visibility": {"$ne": HELD}, "reminded": {"$nin": [held, shown]}},
                ]},
            ],
        }  # fmt: skip
        found = self._tx.db[FACTS].find(query, FIELDS, session=self._tx.session).sort("waits_since", ASCENDING)
        return [
            Late(
                site_id=document["site_id"],
                report_id=document["report_id"],
                waits_since=document["waits_since"],
                held=document["visibility"] == HELD,
                reminded=frozenset(document.get("reminded", ())),
            )
            async for document in found
        ]

    async def mark(self, provider_id: str, marks: Sequence[tuple[Late, tuple[str, ...]]]) -> None:
        """Note in which reminders reports were counted; two processes that do so meet, and one of them looks again."""
        keys: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for report, words in marks:
            keys[words].append(joined(provider_id, report.site_id, report.report_id))
        for words, ids in keys.items():
            change = {"$addToSet": {"reminded": {"$each": list(words)}}}
            await self._tx.db[FACTS].update_many({"_id": {"$in": ids}}, change, session=self._tx.session)
