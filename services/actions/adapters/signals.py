"""Signals in MongoDB, inside a transaction: each change with its event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReplaceOne

from services.actions.adapters.announce import signal_event
from services.actions.adapters.documents import SIGNAL, Document, stored
from services.actions.domain.signals import OPEN, Event, Signal
from shared.contracts.topics import SIGNALS
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database
from shared.runtime.outbox import Tick

SIGNAL_STATES = "signals"


async def prepare_signals(db: Database) -> None:
    """Create the indexes that the queries of signals go by, and with them the collection."""
    newest = [("raised_on", DESCENDING), ("_id", ASCENDING)]
    await db[SIGNAL_STATES].create_index(
        [("provider_id", ASCENDING), ("site_id", ASCENDING), ("reviewed_on", DESCENDING)]
    )
    await db[SIGNAL_STATES].create_index([("provider_id", ASCENDING), ("status", ASCENDING), *newest])


class MongoSignals:
    """The port `Signals` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._ticks: dict[str, Any] = {}
        self._states: list[ReplaceOne[Document]] = []

    async def known(self, provider_id: str, sites: Sequence[str], day: date) -> list[Signal]:
        """Return the signals of sites that are open, or were reviewed on the day or later."""
        query = {
            "provider_id": provider_id,
            "site_id": {"$in": list(sites)},
            "$or": [{"status": OPEN}, {"reviewed_on": {"$gte": day.isoformat()}}],
        }
        documents = await self._tx.db[SIGNAL_STATES].find(query, session=self._tx.session).to_list(None)
        self._ticks |= {document["_id"]: document["tick"] for document in documents}
        return [SIGNAL.validate_python(document) for document in documents]

    async def save(self, signal: Signal, event: Event | None, at: datetime, replay: bool) -> None:
        """Store a new state, and its event where somebody is to be told."""
        tick = self._ticks.get(signal.signal_id)
        if event is not None:
            moved = Tick.after(tick, self._tx.now_ms())
            tick = moved.stored()
            told = signal_event(signal, event, self._tx.now, at, replay)
            self._tx.publish(SIGNALS, told, signal.signal_id, moved)
        document = {"_id": signal.signal_id, **stored(asdict(signal)), "tick": tick}
        self._states.append(ReplaceOne({"_id": signal.signal_id}, document, upsert=True))

    async def flush(self) -> None:
        """Write what was saved, in bulk."""
        if self._states:
            await self._tx.db[SIGNAL_STATES].bulk_write(self._states, ordered=False, session=self._tx.session)
