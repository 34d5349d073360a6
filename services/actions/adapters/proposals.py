"""What proposals wait on, in MongoDB: the questions about their reports, and when there was last news of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from services.actions.adapters.documents import Document
from services.actions.adapters.signals import SIGNAL_STATES
from services.actions.adapters.tasks import HISTORY
from services.actions.domain.oversight.proposals import Question
from services.actions.domain.signals import CLOSED, OPEN
from shared.runtime.fenced import Tx

FIELDS = {"site_id": 1, "report_ids": 1, "raised_on": 1, "status": 1, "as_of": 1}


class MongoProposals:
    """The port `Proposals` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    async def questions(self, provider_id: str, sites: Collection[str], closed_since: date) -> list[Question]:
        """Return the signals of sites that are open, or closed on a day or later."""
        recent: Document = {"status": CLOSED, "as_of": {"$gte": closed_since.isoformat()}}
        query = {"provider_id": provider_id, "site_id": {"$in": sorted(sites)}, "$or": [{"status": OPEN}, recent]}
        found = self._tx.db[SIGNAL_STATES].find(query, FIELDS, session=self._tx.session)
        return [_question(document) async for document in found]

    async def news_at(self, action_ids: Collection[str]) -> dict[str, datetime]:
        """Return by task when something was last written of it."""
        match = {"action_id": {"$in": sorted(action_ids)}}
        last = {"$group": {"_id": "$action_id", "at": {"$max": "$at"}}}
        found = self._tx.db[HISTORY].aggregate([{"$match": match}, last], session=self._tx.session)
        return {row["_id"]: row["at"] async for row in found}


def _question(document: Document) -> Question:
    return Question(
        signal_id=document["_id"],
        site_id=document["site_id"],
        report_ids=frozenset(document["report_ids"]),
        raised_on=date.fromisoformat(document["raised_on"]),
        # Nothing is told of a signal after it closed, so it closed on the day as of which it is known.
        closed_on=date.fromisoformat(document["as_of"]) if document["status"] == CLOSED else None,
    )
