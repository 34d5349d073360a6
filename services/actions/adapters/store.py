"""The database of actions: transactions, reading for people, and whose turn it is to review."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import TypeVar

from pymongo import ASCENDING, DESCENDING

from services.actions.adapters.asset_register import prepare_assets
from services.actions.adapters.directory import prepare_directory
from services.actions.adapters.documents import (
    EVALUATION,
    LINE,
    LOG_ENTRY,
    SIGNAL,
    TASK,
    Document,
    joined,
    progress_document,
    progress_of,
    stored,
)
from services.actions.adapters.duties import prepare_duties
from services.actions.adapters.facts import FACTS, PROVIDERS, SITES, STATES, prepare_facts
from services.actions.adapters.learning import prepare_learning
from services.actions.adapters.learning_book import prepare_feeds
from services.actions.adapters.management_log import LOG, prepare_log
from services.actions.adapters.missed import prepare_missed
from services.actions.adapters.oversight import prepare_oversight
from services.actions.adapters.routines import prepare_routines
from services.actions.adapters.signals import EVALUATIONS, SIGNAL_STATES, prepare_signals
from services.actions.adapters.tasks import HISTORY, TASKS, prepare_tasks
from services.actions.adapters.unreviewed import prepare_unreviewed
from services.actions.adapters.watch import prepare_watch
from services.actions.adapters.work import MongoWork, within
from services.actions.domain.evaluations import Evaluation
from services.actions.domain.facts import HELD
from services.actions.domain.management_log import LogEntry
from services.actions.domain.progress import Progress
from services.actions.domain.signals import Signal
from services.actions.domain.tasks import Task
from services.actions.ports import HistoryLine, ProviderCard, Wanted
from shared.contracts.envelope import Event
from shared.contracts.topics import Topic
from shared.kernel.act_time import ActTime
from shared.kernel.clock import Clock
from shared.runtime import outbox
from shared.runtime.fenced import Tx
from shared.runtime.lease import Lease
from shared.runtime.mongo import Mongo, Session, translate

T = TypeVar("T")
REVIEWS = "reviews"


class ReplayTx(Tx):
    """A transaction of replayed acts: whatever it tells is marked as history."""

    def publish(self, topic: Topic, event: Event, aggregate: str, tick: outbox.Tick) -> None:
        """Put an event into the outbox, marked as replayed."""
        super().publish(topic, event.model_copy(update={"replay": True}), aggregate, tick)


class MongoStore:
    """The port `Store`.

    Args:
        mongo: The service's database.
        clock: The source of now.
        holder: Id of this process.
        lease_ms: How long a dead process keeps a provider's reviews from the others.
        wake: Called when events were put into the outbox.
        act_time: From when acts count; None for now.
    """

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        holder: str,
        lease_ms: int,
        wake: Callable[[], None],
        act_time: ActTime | None = None,
    ) -> None:
        self._mongo = mongo
        self._clock = clock
        self._holder = holder
        self._lease_ms = lease_ms
        self._wake = wake
        self._act_time = act_time or ActTime(clock)
        self._leases: dict[str, Lease] = {}

    async def prepare(self) -> None:
        """Create indexes and collections up front: a transaction cannot always make them."""
        await prepare_facts(self._mongo.db)
        await prepare_unreviewed(self._mongo.db)
        await prepare_tasks(self._mongo.db)
        await prepare_signals(self._mongo.db)
        await prepare_duties(self._mongo.db)
        await prepare_log(self._mongo.db)
        await prepare_watch(self._mongo.db)
        await prepare_routines(self._mongo.db)
        await prepare_missed(self._mongo.db)
        await prepare_oversight(self._mongo.db)
        await prepare_directory(self._mongo.db)
        await prepare_assets(self._mongo.db)
        await prepare_learning(self._mongo.db)
        await prepare_feeds(self._mongo.db)
        await self._mongo.db[REVIEWS].create_index([("last_day", ASCENDING)])
        await self._mongo.db[outbox.COLLECTION].create_index([("at_ms", ASCENDING)])

    async def run(self, work: Callable[[MongoWork], Awaitable[T]]) -> T:
        """Run work in one transaction, again where it met another one."""
        told = False

        async def whole(session: Session) -> T:
            nonlocal told
            kind = ReplayTx if self._act_time.replays else Tx
            tx = kind(session, self._mongo.db, self._clock.now(), "actions")
            result = await within(tx, work, self._act_time.now() if self._act_time.replays else None)
            await outbox.write(self._mongo, session, tx.rows)
            told = bool(tx.rows)
            return result

        result = await translate(self._mongo.in_transaction(whole))
        if told:
            self._wake()
        return result

    async def site_known(self, provider_id: str, site_id: str) -> bool:
        """Tell whether a site exists."""
        return await self._one(SITES, {"_id": joined(provider_id, site_id)}) is not None

    async def task(self, provider_id: str, action_id: str) -> tuple[Task, list[HistoryLine]] | None:
        """Return one task with its history, oldest line first."""
        document = await self._one(TASKS, {"_id": action_id, "provider_id": provider_id})
        if document is None:
            return None
        lines = self._mongo.db[HISTORY].find({"action_id": action_id}).sort("version", ASCENDING)
        history = [LINE.validate_python(line) for line in await translate(lines.to_list(None))]
        return TASK.validate_python(document), history

    async def task_list(self, wanted: Wanted) -> list[Task]:
        """Return tasks, newest proposal first."""
        return [TASK.validate_python(document) for document in await self._list(TASKS, "proposed_at", wanted)]

    async def signal_list(self, wanted: Wanted) -> list[Signal]:
        """Return signals, last raised first."""
        return [SIGNAL.validate_python(document) for document in await self._list(SIGNAL_STATES, "raised_on", wanted)]

    async def signal(self, provider_id: str, signal_id: str) -> Signal | None:
        """Return one signal."""
        document = await self._one(SIGNAL_STATES, {"_id": signal_id, "provider_id": provider_id})
        return None if document is None else SIGNAL.validate_python(document)

    async def evaluation_list(self, wanted: Wanted) -> list[Evaluation]:
        """Return evaluations, last started first."""
        return [EVALUATION.validate_python(found) for found in await self._list(EVALUATIONS, "started_on", wanted)]

    async def evaluation_of(self, provider_id: str, action_id: str) -> Evaluation | None:
        """Return the evaluation of an action, or of a line of the log."""
        document = await self._one(EVALUATIONS, {"provider_id": provider_id, "action_id": action_id})
        return None if document is None else EVALUATION.validate_python(document)

    async def log_list(self, wanted: Wanted) -> list[LogEntry]:
        """Return lines of the management log, the newest first."""
        return [LOG_ENTRY.validate_python(found) for found in await self._list(LOG, "on", wanted)]

    async def providers(self) -> list[ProviderCard]:
        """Return all providers."""
        found = self._mongo.db[PROVIDERS].find({}).sort("_id", ASCENDING)
        return [_provider(document) for document in await translate(found.to_list(None))]

    async def provider(self, provider_id: str) -> ProviderCard | None:
        """Return one provider."""
        document = await self._one(PROVIDERS, {"_id": provider_id})
        return None if document is None else _provider(document)

    async def sites_of(self, provider_id: str) -> list[str]:
        """Return the ids of all sites of a provider from which anything was heard, in order."""
        found = self._mongo.db[STATES].find({"provider_id": provider_id}, {"site_id": 1}).sort("_id", ASCENDING)
        return [document["site_id"] for document in await translate(found.to_list(None))]

    async def unclassified(self, provider_id: str, first: date, last: date) -> int:
        """Return how many reports told in a span of days count and have no labels yet."""
        query = {
            "provider_id": provider_id,
            "labels": None,
            "counts": True,
            "reported_on": {"$gte": first.isoformat(), "$lte": last.isoformat()},
        }
        return int(await translate(self._mongo.db[FACTS].count_documents(query)))

    async def progress(self, provider_id: str) -> Progress:
        """Return how far a provider's reviews are."""
        return progress_of(provider_id, await self._one(REVIEWS, {"_id": provider_id}))

    async def keep_progress(self, progress: Progress) -> None:
        """Store how far a provider's reviews are."""
        change = {"$set": progress_document(progress)}
        await translate(self._mongo.db[REVIEWS].update_one({"_id": progress.provider_id}, change, upsert=True))

    async def claim(self, provider_id: str) -> bool:
        """Take or renew the sole right to review a provider."""
        lease = self._leases.setdefault(provider_id, Lease(f"review:{provider_id}", self._holder, self._lease_ms))
        if lease.fresh() or await translate(lease.take(self._mongo.db)):
            return True
        return await translate(lease.take(self._mongo.db))  # the first try of all only makes the document

    async def release(self, provider_id: str) -> None:
        """Let go of the right."""
        if (lease := self._leases.pop(provider_id, None)) is not None:
            await translate(lease.release(self._mongo.db))

    async def _one(self, collection: str, query: Document) -> Document | None:
        document: Document | None = await translate(self._mongo.db[collection].find_one(query))
        return document

    async def _list(self, collection: str, order: str, wanted: Wanted) -> list[Document]:
        query: Document = {"provider_id": wanted.provider_id}
        if wanted.statuses:
            query["status"] = {"$in": list(wanted.statuses)}
        if wanted.sites is not None:
            query["site_id"] = {"$in": sorted(wanted.sites)}
        if not wanted.held:
            query["visibility"] = {"$ne": HELD}
        if wanted.after is not None:
            place, key = stored(wanted.after[0]), wanted.after[1]
            query["$or"] = [{order: {"$lt": place}}, {order: place, "_id": {"$gt": key}}]
        found = self._mongo.db[collection].find(query).sort([(order, DESCENDING), ("_id", ASCENDING)])
        documents: list[Document] = await translate(found.limit(wanted.limit).to_list(None))
        return documents


def _provider(document: Document) -> ProviderCard:
    first_seen_on = date.fromisoformat(document["first_seen_on"])
    return ProviderCard(document["provider_id"], document["name"], document["revision"], first_seen_on)
