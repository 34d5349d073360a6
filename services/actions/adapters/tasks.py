"""Tasks in MongoDB, inside a transaction: each change with its history line and its event."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, InsertOne, ReplaceOne

from services.actions.adapters.announce import task_event
from services.actions.adapters.documents import TASK, Document, joined, stored
from services.actions.adapters.fields import fields_of
from services.actions.domain.facts import HELD
from services.actions.domain.matching import Lanes
from services.actions.domain.tasks import ACCEPTED, FREE, IN_PROGRESS, OPEN, PROPOSED, Task
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
        by_provider: dict[str, list[str]] = {}
        for provider_id, site_id in sites:
            by_provider.setdefault(provider_id, []).append(site_id)
        # One clause for each provider: with one for each site, planning the query took most of a fold's time.
        here = {"$or": [{"provider_id": key, "site_id": {"$in": ids}} for key, ids in by_provider.items()]}
        open_tasks: dict[tuple[LaneKey, str], Task] = {}
        async for document in self._tasks.find({**here, "status": {"$in": list(OPEN)}}, session=self._tx.session):
            task = self._remember(document)
            open_tasks[(task.provider_id, task.site_id, _lane(task)), task.visibility] = task
        past: dict[LaneKey, dict[str, Document]] = {}
        kept = {**here, "playbook_id": {"$ne": FREE}}
        async for row in self._tasks.aggregate([{"$match": kept}, {"$group": _LANE}], session=self._tx.session):
            key, visibility = row["_id"], row["_id"]["visibility"]
            past.setdefault((key["provider_id"], key["site_id"], key["playbook_id"]), {})[visibility] = row
        free = {
            key: Lanes(held=task) if task.visibility == HELD else Lanes(site=task)
            for (key, _), task in open_tasks.items()
            if key not in past
        }
        return free | {
            key: Lanes(
                site=open_tasks.get((key, "site")),
                held=open_tasks.get((key, HELD)),
                site_closed_at=rows.get("site", {}).get("closed_at"),
                closed_at=max((row["closed_at"] for row in rows.values() if row["closed_at"]), default=None),
                ordinal=max(row["ordinal"] for row in rows.values()),
            )
            for key, rows in past.items()
        }

    async def ordinal(self, site: SiteKey, playbook_id: str) -> int:
        """Return how many tasks of a playbook a site has had; FREE for those without one."""
        query = {"provider_id": site[0], "site_id": site[1], "playbook_id": playbook_id}
        newest = await self._tasks.find_one(query, sort=[("ordinal", DESCENDING)], session=self._tx.session)
        return 0 if newest is None else int(newest["ordinal"])

    async def load(self, provider_id: str, action_id: str) -> Task | None:
        """Return one task of a provider."""
        query = {"_id": action_id, "provider_id": provider_id}
        document = await self._tasks.find_one(query, session=self._tx.session)
        return None if document is None else self._remember(document)

    async def overdue_of_signals(self, provider_id: str, today: date) -> list[Task]:
        """Return tasks under way that answer a signal and whose day has passed."""
        query = {
            "provider_id": provider_id,
            "status": {"$in": [ACCEPTED, IN_PROGRESS]},
            "due_on": {"$lt": today.isoformat()},
            "signal_id": {"$ne": None},
        }
        return [self._remember(document) async for document in self._tasks.find(query, session=self._tx.session)]

    async def undecided(self, provider_id: str, before: datetime) -> list[Task]:
        """Return proposals made before a moment, the longest first."""
        query = {"provider_id": provider_id, "status": PROPOSED, "proposed_at": {"$lte": before}}
        found = self._tasks.find(query, session=self._tx.session).sort("proposed_at", ASCENDING)
        return [self._remember(document) async for document in found]

    async def late(self, provider_id: str, due_until: date, last_role: str) -> list[Task]:
        """Return tasks under way that were due until a day and are not with the last role, the longest first."""
        query = {
            "provider_id": provider_id,
            "status": {"$in": [ACCEPTED, IN_PROGRESS]},
            "due_on": {"$lte": due_until.isoformat()},
            "escalated_to": {"$ne": last_role},
        }
        found = self._tasks.find(query, session=self._tx.session).sort("due_on", ASCENDING)
        return [self._remember(document) async for document in found]

    async def save(self, task: Task, act: Act) -> None:
        """Store a new state with its history line and its event; once per task and transaction."""
        tick = Tick.after(self._ticks.get(task.action_id), self._tx.now_ms())
        self._ticks[task.action_id] = tick.stored()
        document = {"_id": task.action_id, **stored(fields_of(task)), "tick": tick.stored()}
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
                "at": act.at,
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


def _lane(task: Task) -> str:
    """Return what a site has one open task of: the playbook; a task without one stands for itself."""
    return task.action_id if task.playbook_id == FREE else task.playbook_id
