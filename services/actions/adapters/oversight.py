"""Cards, messages and whether people were told, in MongoDB: their kinds, their events, and messages that wait."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from pydantic import TypeAdapter
from pymongo import ASCENDING, ReturnDocument

from services.actions.adapters.documents import joined
from services.actions.adapters.fields import fields_of
from services.actions.adapters.states import Kind, MongoStates, prepare_kind
from services.actions.domain.oversight.cards import Card
from services.actions.domain.oversight.faults import OUT, AssetFault, out_days
from services.actions.domain.oversight.notices import ALERT, SENT, WAITING, Notice
from services.actions.domain.oversight.repeats import Repeat
from services.actions.domain.oversight.told import OPEN as TOLD_OPEN
from services.actions.domain.oversight.told import Told
from services.actions.domain.programmes import Programme
from services.actions.domain.rebases import Rebase
from services.actions.ports import Act
from shared.contracts import cards as cards_wire
from shared.contracts import notifications, upkeep
from shared.contracts.envelope import Event
from shared.contracts.topics import ACTIONS, SIGNALS
from shared.kernel.clock import start_of_day
from shared.kernel.ids import event_id
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database, Mongo, translate

NOTICE_EVENTS: dict[str, type[notifications.NotificationEvent]] = {
    event.__name__: event
    for event in (
        notifications.NotificationSent,
        notifications.NotificationFailed,
        notifications.NotificationAcknowledged,
    )
}
RAISED, ASKED = "CardRaised", "RepeatAsked"


def _card_event(card: Card, act: Act, recorded_at: datetime) -> Event:
    state = cards_wire.Card.model_validate(fields_of(card))
    head = {
        "provider_id": card.provider_id, "site_id": card.site_id, "recorded_at": recorded_at,
        "effective_at": act.at, "replay": act.replay,
    }  # fmt: skip
    if act.event == RAISED:
        key = event_id(RAISED, card.card_id, card.version, f"oversight@{card.rule_version}")
        return cards_wire.CardRaised.model_validate({**head, "event_id": key, "card": state})
    key = event_id("CardCleared", card.card_id, card.version)
    return cards_wire.CardCleared.model_validate({**head, "event_id": key, "by_role": act.by_role, "card": state})


def _told_event(told: Told, act: Act, recorded_at: datetime) -> Event:
    return upkeep.PersonTold(
        event_id=event_id("PersonTold", told.told_id, told.version),
        provider_id=told.provider_id,
        site_id=told.site_id,
        recorded_at=recorded_at,
        effective_at=act.at,
        replay=act.replay,
        by_role=act.by_role,
        told=upkeep.Told.model_validate(fields_of(told)),
    )


def _notice_event(notice: Notice, act: Act, recorded_at: datetime) -> Event:
    said = {
        "event_id": event_id(act.event, notice.notification_id, notice.version), "provider_id": notice.provider_id,
        "site_id": notice.site_id, "recorded_at": recorded_at, "effective_at": act.at,
        "notification": notifications.Notification.model_validate(fields_of(notice)),
    }  # fmt: skip
    return NOTICE_EVENTS[act.event].model_validate(said)


CARDS = Kind("cards", TypeAdapter(Card), SIGNALS, "card_id", "raised_at", _card_event)
TOLD = Kind("people_told", TypeAdapter(Told), ACTIONS, "told_id", "due_at", _told_event)
NOTICES = Kind("notices", TypeAdapter(Notice), ACTIONS, "notification_id", "due_at", _notice_event)


def _repeat_event(repeat: Repeat, act: Act, recorded_at: datetime) -> Event:
    state = cards_wire.Repeat.model_validate(fields_of(repeat))
    head = {
        "provider_id": repeat.provider_id, "site_id": repeat.site_id, "recorded_at": recorded_at,
        "effective_at": act.at, "replay": act.replay, "repeat": state,
    }  # fmt: skip
    if act.event == ASKED:
        key = event_id(ASKED, repeat.repeat_id, repeat.version, f"{repeat.pack}@{repeat.pack_version}")
        return cards_wire.RepeatAsked.model_validate({**head, "event_id": key})
    key = event_id("RepeatAnswered", repeat.repeat_id, repeat.version)
    return cards_wire.RepeatAnswered.model_validate({**head, "event_id": key, "by_role": act.by_role})


def _fault_event(fault: AssetFault, act: Act, recorded_at: datetime) -> Event:
    state = upkeep.AssetFault.model_validate(fields_of(fault) | {"out_days": out_days(fault, act.at)})
    return upkeep.AssetStatusChanged(
        event_id=event_id("AssetStatusChanged", fault.fault_id, fault.version),
        provider_id=fault.provider_id,
        site_id=fault.site_id,
        recorded_at=recorded_at,
        effective_at=act.at,
        replay=act.replay,
        by_role=act.by_role,
        fault=state,
    )


def _programme_event(programme: Programme, act: Act, recorded_at: datetime) -> Event:
    derived_with = f"effectiveness@{programme.rule_version}"
    return upkeep.ProgrammeAssessed(
        event_id=event_id("ProgrammeAssessed", programme.programme_id, programme.version, derived_with),
        provider_id=programme.provider_id,
        recorded_at=recorded_at,
        effective_at=act.at,
        replay=act.replay,
        programme=upkeep.Programme.model_validate(fields_of(programme)),
    )


def _rebase_event(rebase: Rebase, act: Act, recorded_at: datetime) -> Event:
    return cards_wire.LimitsRebased(
        event_id=event_id("LimitsRebased", rebase.rebase_id, rebase.version),
        provider_id=rebase.provider_id,
        site_id=rebase.site_id,
        recorded_at=recorded_at,
        effective_at=act.at,
        replay=act.replay,
        by_role=act.by_role,
        rebase=cards_wire.Rebase.model_validate(fields_of(rebase)),
    )


REBASES = Kind("rebases", TypeAdapter(Rebase), SIGNALS, "rebase_id", "decided_at", _rebase_event)
PROGRAMMES = Kind("programmes", TypeAdapter(Programme), ACTIONS, "programme_id", "set_up_on", _programme_event)
REPEATS = Kind("repeats", TypeAdapter(Repeat), ACTIONS, "repeat_id", "asked_at", _repeat_event)
FAULTS = Kind("asset_faults", TypeAdapter(AssetFault), ACTIONS, "fault_id", "out_since", _fault_event)
DAYS = "digest_days"


async def prepare_oversight(db: Database) -> None:
    """Create the indexes that the queries here go by, and with them the collections."""
    for kind in (CARDS, TOLD, NOTICES, REPEATS, FAULTS, PROGRAMMES, REBASES):
        await prepare_kind(db, kind)
    await db[NOTICES.collection].create_index([("provider_id", ASCENDING), ("subject_id", ASCENDING)])
    await db[NOTICES.collection].create_index([("status", ASCENDING), ("next_at", ASCENDING)])
    await db[NOTICES.collection].create_index([("link_hashes", ASCENDING)])
    await db[FAULTS.collection].create_index([("provider_id", ASCENDING), ("site_id", ASCENDING), ("asset", ASCENDING)])
    await db[FAULTS.collection].create_index([("link_hash", ASCENDING)])
    await db[DAYS].create_index([("day", ASCENDING)])


class MongoNotices(MongoStates[Notice]):
    """The port `Notices` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx, NOTICES)

    async def of_subjects(self, provider_id: str, subjects: Collection[str]) -> dict[str, list[Notice]]:
        """Return the messages about reports, by report."""
        found: dict[str, list[Notice]] = {}
        if not subjects:
            return found
        for _, notice in await self.find({"provider_id": provider_id, "subject_id": {"$in": list(subjects)}}):
            found.setdefault(notice.subject_id, []).append(notice)
        return found

    async def first_of_day(self, provider_id: str, day: date) -> bool:
        """Note that a day's digests are made; False where they were."""
        key = {"_id": joined(provider_id, day)}
        change = {"$setOnInsert": {"day": day.isoformat()}}
        done = await self._tx.db[DAYS].update_one(key, change, upsert=True, session=self._tx.session)
        return done.upserted_id is not None


class MongoTold(MongoStates[Told]):
    """The port `ToldStates` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx, TOLD)

    async def late(self, provider_id: str, before: datetime, limit: int) -> list[Told]:
        """Return open questions that were due before a moment and have not been passed on."""
        query = {
            "provider_id": provider_id,
            "status": {"$in": list(TOLD_OPEN)},
            "due_at": {"$lt": before},
            "escalated_to": None,
        }
        return [state for _, state in await self.find(query, limit)]


class MongoRepeats(MongoStates[Repeat]):
    """The port `Repeats` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx, REPEATS)

    async def unanswered(self, provider_id: str, before: datetime, role: str, limit: int) -> list[Repeat]:
        """Return open questions asked before a moment that are not with a role yet."""
        query = {
            "provider_id": provider_id,
            "status": "asked",
            "asked_at": {"$lt": before},
            "asked_role": {"$ne": role},
        }
        return [repeat for _, repeat in await self.find(query, limit)]

    async def about_overdue(self, provider_id: str) -> list[Repeat]:
        """Return open questions about overdue actions."""
        query = {"provider_id": provider_id, "status": "asked", "ground": "overdue"}
        return [repeat for _, repeat in await self.find(query)]


class MongoFaults(MongoStates[AssetFault]):
    """The port `Faults` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx, FAULTS)

    async def of_asset(self, provider_id: str, site_id: str, asset: str) -> list[AssetFault]:
        """Return all faults of an asset; two transactions that add one meet, for the id holds the number of faults."""
        query = {"provider_id": provider_id, "site_id": site_id, "asset": asset}
        return [fault for _, fault in await self.find(query)]

    async def late(self, provider_id: str, before: date, limit: int) -> list[AssetFault]:
        """Return assets out of use that nobody else has been asked about, the longest first; see `ports.oversight`."""
        query = {
            "provider_id": provider_id,
            "status": OUT,
            "escalated_to": None,
            "$or": [
                {"promised_on": {"$lt": before.isoformat()}},
                {"promised_on": None, "out_since": {"$lt": start_of_day(before)}},
            ],
        }
        return [fault for _, fault in await self.find(query, limit)]


class MongoProgrammes(MongoStates[Programme]):
    """The port `Programmes` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx, PROGRAMMES)

    async def running(self, provider_id: str) -> list[Programme]:
        """Return a provider's programmes."""
        return [programme for _, programme in await self.find({"provider_id": provider_id})]


class MongoFaultLinks:
    """The port `FaultLinks`.

    Args:
        mongo: The service's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def by_link(self, link_hash: str) -> AssetFault | None:
        """Return the fault that a link belongs to."""
        document = await translate(self._mongo.db[FAULTS.collection].find_one({"link_hash": link_hash}))
        return None if document is None else FAULTS.adapter.validate_python(document)


class MongoPost:
    """The port `Post`.

    Args:
        mongo: The service's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def claim(self, now: datetime, until: datetime, link_hash: str) -> Notice | None:
        """Take the message that has waited longest, so that no other process tries it before `until`."""
        free = {"$or": [{"claimed_until": None}, {"claimed_until": {"$lte": now}}]}
        document = await translate(
            self._mongo.db[NOTICES.collection].find_one_and_update(
                {"status": WAITING, "next_at": {"$lte": now}, **free},
                {"$set": {"claimed_until": until}, "$inc": {"attempts": 1}, "$push": {"link_hashes": link_hash}},
                sort=[("next_at", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
        )
        return None if document is None else NOTICES.adapter.validate_python(document)

    async def overdue(self, now: datetime, limit: int) -> list[Notice]:
        """Return alerts that were sent and that nobody acknowledged in time."""
        found = self._mongo.db[NOTICES.collection].find({"status": SENT, "next_at": {"$lte": now}})
        documents = await translate(found.sort("next_at", ASCENDING).limit(limit).to_list(None))
        return [NOTICES.adapter.validate_python(document) for document in documents]

    async def unanswered(self) -> int:
        """Count the alerts of all providers that were sent and that nobody has acknowledged."""
        return await translate(self._mongo.db[NOTICES.collection].count_documents({"status": SENT, "kind": ALERT}))

    async def by_link(self, link_hash: str) -> Notice | None:
        """Return the message that a link belongs to."""
        document = await translate(self._mongo.db[NOTICES.collection].find_one({"link_hashes": link_hash}))
        return None if document is None else NOTICES.adapter.validate_python(document)
