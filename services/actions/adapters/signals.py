"""Signals and evaluations in MongoDB, inside a transaction: each change with its event."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReplaceOne

from services.actions.adapters.announce import evaluation_event, signal_event
from services.actions.adapters.documents import SIGNAL, Document, stored
from services.actions.adapters.fields import fields_of
from services.actions.domain.evaluations import Evaluation
from services.actions.domain.signals import Signal
from shared.contracts.topics import ACTIONS, SIGNALS
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database
from shared.runtime.outbox import Tick

SIGNAL_STATES, EVALUATIONS = "signals", "evaluations"


async def prepare_signals(db: Database) -> None:
    """Create the indexes that the queries of signals and evaluations go by, and with them the collections."""
    newest = [("raised_on", DESCENDING), ("_id", ASCENDING)]
    await db[SIGNAL_STATES].create_index([("provider_id", ASCENDING), ("status", ASCENDING), *newest])
    await db[EVALUATIONS].create_index([("provider_id", ASCENDING), ("started_on", DESCENDING), ("_id", ASCENDING)])
    await db[EVALUATIONS].create_index([("provider_id", ASCENDING), ("action_id", ASCENDING)])


class MongoSignals:
    """The port `Signals` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._ticks: dict[str, Any] = {}
        self._states: dict[str, dict[str, Document]] = {SIGNAL_STATES: {}, EVALUATIONS: {}}

    async def load(self, provider_id: str, ids: Collection[str]) -> dict[str, Signal]:
        """Return signals of a provider; unknown ones are left out."""
        query = {"_id": {"$in": list(ids)}, "provider_id": provider_id}
        documents = await self._tx.db[SIGNAL_STATES].find(query, session=self._tx.session).to_list(None)
        self._ticks |= {document["_id"]: document["tick"] for document in documents}
        return {document["_id"]: SIGNAL.validate_python(document) for document in documents}

    async def save(self, signal: Signal, word: str, at: datetime, replay: bool = False, by_role: str = "") -> None:
        """Store a new state with its event."""
        moved = self._moved(signal.signal_id)
        event = signal_event(signal, word, self._tx.now, at, replay, by_role)
        self._tx.publish(SIGNALS, event, signal.signal_id, moved)
        self._keep(SIGNAL_STATES, signal.signal_id, fields_of(signal))

    async def know_evaluations(self, provider_id: str, ids: Collection[str]) -> None:
        """Look up how far evaluations are, before they are saved."""
        query = {"_id": {"$in": list(ids)}, "provider_id": provider_id}
        documents = await self._tx.db[EVALUATIONS].find(query, {"tick": 1}, session=self._tx.session).to_list(None)
        self._ticks |= {document["_id"]: document["tick"] for document in documents}

    async def verdicts(self, provider_id: str, ids: Collection[str]) -> dict[str, str]:
        """Return the verdicts that hold, by evaluation, those saved in this transaction included."""
        query = {"_id": {"$in": list(ids)}, "provider_id": provider_id, "verdict": {"$ne": None}}
        found = self._tx.db[EVALUATIONS].find(query, {"verdict.verdict": 1}, session=self._tx.session)
        known = {document["_id"]: str(document["verdict"]["verdict"]) async for document in found}
        saved = {key: state["verdict"] for key, state in self._states[EVALUATIONS].items() if key in ids}
        return known | {key: str(verdict["verdict"]) for key, verdict in saved.items() if verdict}

    async def save_evaluation(self, state: Evaluation, event: str | None, at: datetime, replay: bool) -> None:
        """Store a new state, and its event where somebody is to be told."""
        if event is not None:
            moved = self._moved(state.evaluation_id)
            told = evaluation_event(state, event, self._tx.now, at, replay)
            self._tx.publish(ACTIONS, told, state.evaluation_id, moved)
        self._keep(EVALUATIONS, state.evaluation_id, fields_of(state))

    async def flush(self) -> None:
        """Write what was saved, in bulk: the last state of each."""
        for collection, states in self._states.items():
            if states:
                writes = [ReplaceOne({"_id": key}, document, upsert=True) for key, document in states.items()]
                await self._tx.db[collection].bulk_write(writes, ordered=False, session=self._tx.session)

    def _moved(self, key: str) -> Tick:
        tick = Tick.after(self._ticks.get(key), self._tx.now_ms())
        self._ticks[key] = tick.stored()
        return tick

    def _keep(self, collection: str, key: str, state: Document) -> None:
        self._states[collection][key] = {"_id": key, **stored(state), "tick": self._ticks.get(key)}
