"""Learning, huddle sheets and meetings in MongoDB, inside a transaction: each change with its event."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter
from pymongo import ASCENDING, DESCENDING, InsertOne, ReplaceOne

from services.actions.adapters.documents import Document, stored
from services.actions.adapters.fields import fields_of
from services.actions.domain.huddles import Huddle
from services.actions.domain.learning import Learning, Receipt
from services.actions.domain.meetings import SIGNED, Meeting
from shared.contracts import learning as wire
from shared.contracts.envelope import Event
from shared.contracts.topics import ACTIONS
from shared.kernel.ids import event_id
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database
from shared.runtime.outbox import Tick

LEARNING, RECEIPTS, HUDDLES, MEETINGS = "learning", "learning_receipts", "huddles", "meetings"
ENTRY: TypeAdapter[Learning] = TypeAdapter(Learning)
RECEIPT: TypeAdapter[Receipt] = TypeAdapter(Receipt)
HUDDLE: TypeAdapter[Huddle] = TypeAdapter(Huddle)
MEETING: TypeAdapter[Meeting] = TypeAdapter(Meeting)
State = TypeVar("State", Learning, Receipt, Huddle, Meeting)


async def prepare_learning(db: Database) -> None:
    """Create the indexes that the queries of learning and meetings go by, and with them the collections."""
    provider = ("provider_id", ASCENDING)
    await db[LEARNING].create_index([provider, ("published_on", DESCENDING), ("_id", ASCENDING)])
    await db[RECEIPTS].create_index([provider, ("learning_id", ASCENDING)])
    await db[HUDDLES].create_index([provider, ("site_id", ASCENDING), ("month", DESCENDING)])
    await db[MEETINGS].create_index([provider, ("held_on", DESCENDING)])


class _States:
    """States of one transaction, each with its place in the outbox.

    Args:
        tx: The transaction.
        now: From when what is done counts.
    """

    def __init__(self, tx: Tx, now: datetime) -> None:
        self._tx = tx
        self._now = now
        self._ticks: dict[str, Any] = {}
        self._writes: dict[str, list[InsertOne[Document] | ReplaceOne[Document]]] = {}

    async def _read(self, collection: str, query: Document, adapter: TypeAdapter[State]) -> State | None:
        document = await self._tx.db[collection].find_one(query, session=self._tx.session)
        if document is None:
            return None
        self._ticks[document["_id"]] = document["tick"]
        return adapter.validate_python(document)

    def _put(self, collection: str, key: str, version: int, state: Document, event: Event | None) -> None:
        tick = self._ticks.get(key)
        if event is not None:
            moved = Tick.after(tick, self._tx.now_ms())
            self._tx.publish(ACTIONS, event, key, moved)
            tick = self._ticks[key] = moved.stored()
        document = {"_id": key, **stored(state), "tick": tick}
        write = InsertOne(document) if version == 1 else ReplaceOne({"_id": key, "version": version - 1}, document)
        self._writes.setdefault(collection, []).append(write)

    async def flush(self) -> None:
        """Write what was saved, in order."""
        for collection, writes in self._writes.items():
            done = await self._tx.db[collection].bulk_write(writes, session=self._tx.session)
            assert done.matched_count + done.inserted_count == len(writes), "each was read in this transaction"


class MongoLearnings(_States):
    """The port `Learnings` over one try of a transaction."""

    async def load(self, provider_id: str, learning_id: str) -> Learning | None:
        """Return one entry."""
        return await self._read(LEARNING, {"_id": learning_id, "provider_id": provider_id}, ENTRY)

    async def save(self, entry: Learning, role: str) -> None:
        """Store a new state with its event."""
        said = wire.Learning.model_validate(fields_of(entry))
        head = self._head("LearningPublished", entry.learning_id, entry.version, entry.provider_id, entry.site_id)
        event = wire.LearningPublished(**head, by_role=role, learning=said)
        self._put(LEARNING, entry.learning_id, entry.version, fields_of(entry), event)

    async def receipt(self, provider_id: str, learning_id: str, site_id: str) -> Receipt | None:
        """Return what a site said to an alert."""
        query = {"provider_id": provider_id, "learning_id": learning_id, "site_id": site_id}
        return await self._read(RECEIPTS, query, RECEIPT)

    async def save_receipt(self, receipt: Receipt, role: str) -> None:
        """Store a new state with its event."""
        said = wire.LearningReceipt.model_validate(fields_of(receipt))
        key = receipt.receipt_id
        head = self._head("LearningReceived", key, receipt.version, receipt.provider_id, receipt.site_id)
        self._put(
            RECEIPTS,
            key,
            receipt.version,
            fields_of(receipt),
            wire.LearningReceived(**head, by_role=role, receipt=said),
        )

    async def huddle(self, provider_id: str, huddle_id: str) -> Huddle | None:
        """Return a sheet's state."""
        return await self._read(HUDDLES, {"_id": huddle_id, "provider_id": provider_id}, HUDDLE)

    async def save_huddle(self, huddle: Huddle, role: str) -> None:
        """Store a new state with its event."""
        said = wire.Huddle.model_validate(fields_of(huddle))
        head = self._head("HuddleShared", huddle.huddle_id, huddle.version, huddle.provider_id, huddle.site_id)
        event = wire.HuddleShared(**head, by_role=role, huddle=said)
        self._put(HUDDLES, huddle.huddle_id, huddle.version, fields_of(huddle), event)

    def _head(self, kind: str, key: str, version: int, provider_id: str, site_id: str | None) -> dict[str, Any]:
        return {
            "event_id": event_id(kind, key, version),
            "provider_id": provider_id,
            "site_id": site_id,
            "recorded_at": self._tx.now,
            "effective_at": self._now,
        }


class MongoMeetings(_States):
    """The port `Meetings` over one try of a transaction."""

    async def load(self, provider_id: str, meeting_id: str) -> Meeting | None:
        """Return one record."""
        return await self._read(MEETINGS, {"_id": meeting_id, "provider_id": provider_id}, MEETING)

    async def save(self, meeting: Meeting, role: str) -> None:
        """Store a new state; a draft is nobody else's business, a signed record is told."""
        event = None
        if meeting.status == SIGNED:
            event = wire.MeetingSigned(
                event_id=event_id("MeetingSigned", meeting.meeting_id, meeting.version),
                provider_id=meeting.provider_id,
                recorded_at=self._tx.now,
                effective_at=meeting.signed_at,
                by_role=role,
                meeting=wire.Meeting.model_validate(fields_of(meeting)),
            )
        self._put(MEETINGS, meeting.meeting_id, meeting.version, fields_of(meeting), event)
