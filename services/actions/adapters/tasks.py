"""Tasks in MongoDB, inside a transaction: each change with its history line and its event."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from pymongo import ASCENDING, DESCENDING, InsertOne, ReplaceOne

from services.actions.adapters.announce import task_event
from services.actions.adapters.documents import TASK, Document, joined, stored
from services.actions.domain.facts import HELD
from services.actions.domain.matching import Lanes
from services.actions.domain.tasks import OPEN, Task
from services.actions.ports import Act, LaneKey, SiteKey
from shared.contracts.topics import ACTIONS
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database
from shared.runtime.outbox import Tick

TASKS, HISTORY = "tasks", "history"
_LANE: Document = {
    "_id": {name: f"${name}" for name in ("provider_id", "site_id", "playbook_id", "visibility")},
    "closed_at": {"$max": "$closed_at"},
    "ordinal": {"$max": "$ordinal"},
}


async def prepare_tasks(db: Database) -> None:
    """Create the indexes that the queries of tasks go by, and with them the collections."""
    site = [("provider_id", ASCENDING), ("site_id", ASCENDING)]
    newest = [("proposed_at", DESCENDING), ("_id", ASCENDING)]
    await db[TASKS].create_index([*site, ("playbook_id", ASCENDING), ("ordinal", ASCENDING)])
    await db[TASKS].create_index([("provider_id", ASCENDING), ("status", ASCENDING), *newest])
    await db[HISTORY].create_index([("action_id", ASCENDING), ("version", ASCENDING)])


class MongoTasks:
    """The port `Tasks` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._ticks: dict[str, Any] = {}
        self._new: list[InsertOne[Document]] = []
        self._moved: list[ReplaceOne[Document]] = []
        self._lines: list[Document] = []

    async def lanes(self, sites: Collection[SiteKey]) -> dict[LaneKey, Lanes]:
        """Return what tasks there are at sites, by playbook."""
        here = {"$or": [{"provider_id": provider_id, "site_id": site_id} for provider_id, site_id in sites]}
        open_tasks: dict[tuple[LaneKey, str], Task] = {}
        async for document in self._tasks.find({**here, "status": {"$in": list(OPEN)}}, session=self._tx.session):
            task = self._remember(document)
            open_tasks[(task.provider_id, task.site_id, task.playbook_id), task.visibility] = task
        past: dict[LaneKey, dict[str, Document]] = {}
        async for row in self._tasks.aggregate([{"$match": here}, {"$group": _LANE}], session=self._tx.session):
            key, visibility = row["_id"], row["_id"]["visibility"]
            past.setdefault((key["provider_id"], key["site_id"], key["playbook_id"]), {})[visibility] = row
        return {
            key: Lanes(
                site=open_tasks.get((key, "site")),
                held=open_tasks.get((key, HELD)),
                site_closed_at=rows.get("site", {}).get("closed_at"),
                closed_at=max((row["closed_at"] for row in rows.values() if row["closed_at"]), default=None),
                ordinal=max(row["ordinal"] for row in rows.values()),
            )
            for key, rows in past.items()
        }

    async def load(self, provider_id: str, action_id: str) -> Task | None:
        """Return one task of a provider."""
        query = {"_id": action_id, "provider_id": provider_id}
        document = await self._tasks.find_one(query, session=self._tx.session)
        return None if document is None else self._remember(document)

    async def save(self, task: Task, act: Act) -> None:
        """Store a new state with its history line and its event; once per task and transaction."""
        tick = Tick.after(self._ticks.get(task.action_id), self._tx.now_ms())
        self._ticks[task.action_id] = tick.stored()
        document = {"_id": task.action_id, **stored(asdict(task)), "tick": tick.stored()}
        if task.version == 1:
            self._new.append(InsertOne(document))
        else:
            self._moved.append(ReplaceOne({"_id": task.action_id, "version": task.version - 1}, document))
        self._lines.append(
            {
                "_id": joined(task.action_id, f"{task.version:08d}"),
                "action_id": task.action_id,
                "version": task.version,
                "act": act.event,
                "at": self._tx.now,
                "by_role": act.by_role,
                "by": act.by,
                "status": task.status,
                "visibility": task.visibility,
                "words": act.words,
            }
        )
        self._tx.publish(ACTIONS, task_event(task, act, self._tx.now), task.action_id, tick)

    async def flush(self) -> None:
        """Write what was saved, in bulk."""
        if not self._lines:
            return
        session = self._tx.session
        done = await self._tasks.bulk_write([*self._new, *self._moved], ordered=False, session=session)
        assert done.matched_count == len(self._moved), "each state was read in this very transaction"
        await self._tx.db[HISTORY].insert_many(self._lines, ordered=False, session=session)

    @property
    def _tasks(self) -> Any:
        return self._tx.db[TASKS]

    def _remember(self, document: Document) -> Task:
        self._ticks[document["_id"]] = document["tick"]
        return TASK.validate_python(document)
