"""What became of each report, in MongoDB: the facts for the reporter's return page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from pymongo import ReplaceOne

from services.intake.adapters.aggregates import Aggregates
from services.intake.domain.progress import ActionState, Classified, take_in
from shared.runtime.fenced import Tx

COLLECTION = "progress"


class MongoProgress:
    """The store of progress; written inside the transaction that moves the fence.

    Args:
        aggregates: Makes the collection.
    """

    def __init__(self, aggregates: Aggregates) -> None:
        self._aggregates = aggregates

    async def prepare(self) -> None:
        """Make the collection."""
        await self._aggregates.prepare(COLLECTION)

    async def take_in(self, facts: Sequence[Classified | ActionState], tx: Tx) -> None:
        """Take facts into what is known of their reports, with one read and one write."""
        by_report: dict[str, list[Classified | ActionState]] = defaultdict(list)
        for fact in facts:
            by_report[fact.report_id].append(fact)
        if not by_report:
            return
        collection = tx.db[COLLECTION]
        documents = await collection.find({"_id": {"$in": list(by_report)}}, session=tx.session).to_list(None)
        known: dict[str, dict[str, Any]] = {document["_id"]: document for document in documents}
        writes = []
        for report_id, told in by_report.items():
            before = known.get(report_id)
            state = before
            for fact in told:
                state = take_in(state, fact)
            if state is not None and {"_id": report_id} | state != before:
                writes.append(ReplaceOne({"_id": report_id}, state, upsert=True))
        if writes:
            await collection.bulk_write(writes, ordered=False, session=tx.session)
