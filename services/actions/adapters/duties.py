"""Duties and decisions on escalation in MongoDB: each change with its history line and event, and the register."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from pymongo import ASCENDING, InsertOne, ReplaceOne, UpdateOne

from services.actions.adapters.announce import decision_event, duty_event
from services.actions.adapters.documents import DECISION, DUTY, LINE, Document, fact_of, joined, stored
from services.actions.adapters.facts import FACTS, told_report
from services.actions.adapters.fields import fields_of
from services.actions.domain import duty_words, escalations
from services.actions.domain.duties import ASKED, DOES_NOT_HOLD, DONE, FOLLOW_UP, OPEN, Duty
from services.actions.domain.escalations import Decision
from services.actions.domain.facts import HELD, Fact
from services.actions.ports import Act, CouncilsByDay, FactKey, HistoryLine, SiteKey, Wanted
from shared.contracts.envelope import Event
from shared.contracts.topics import ACTIONS
from shared.kernel.clock import start_of_day
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database, Mongo, translate
from shared.runtime.outbox import Tick

DUTIES, DECISIONS, LINES, GUARDS = "duties", "escalation_decisions", "escalation_history", "duty_sites"
COUNCILS_A_FOLD = 500
"""So many duties at most take in a site's new councils in one transaction; later folds at the site take the rest."""


async def prepare_duties(db: Database) -> None:
    """Create the indexes that the queries of duties go by, and with them the collections."""
    site = [("provider_id", ASCENDING), ("site_id", ASCENDING)]
    await db[DUTIES].create_index([*site, ("report_id", ASCENDING)])
    await db[DUTIES].create_index([("provider_id", ASCENDING), ("status", ASCENDING), ("sort_at", ASCENDING)])
    await db[DUTIES].create_index([("provider_id", ASCENDING), ("status", ASCENDING), ("advised_at", ASCENDING)])
    await db[DUTIES].create_index([("provider_id", ASCENDING), ("open", ASCENDING), ("sort_at", ASCENDING)])
    await db[DUTIES].create_index([*site, ("asks_council", ASCENDING), ("sort_at", ASCENDING)])
    await db[DECISIONS].create_index([*site, ("report_id", ASCENDING)])
    await db[LINES].create_index([("about", ASCENDING), ("version", ASCENDING)])
    await db[GUARDS].create_index(site)


class MongoDuties:
    """The port `Duties` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._ticks: dict[str, Any] = {}
        self._states: dict[str, list[InsertOne[Document] | ReplaceOne[Document]]] = {DUTIES: [], DECISIONS: []}
        self._lines: list[Document] = []

    async def of_reports(self, keys: Collection[FactKey]) -> dict[str, Duty]:
        """Return the duties of reports by id."""
        sites: dict[SiteKey, list[str]] = {}
        for provider_id, site_id, report_id in keys:
            sites.setdefault((provider_id, site_id), []).append(report_id)
        clauses = [
            {"provider_id": provider_id, "site_id": site_id, "report_id": {"$in": ids}}
            for (provider_id, site_id), ids in sites.items()
        ]
        return {duty.duty_id: duty for duty in await self._find({"$or": clauses})}

    async def going_to_councils(self, known: Mapping[SiteKey, CouncilsByDay]) -> list[Duty]:
        """Return open duties with other councils than their sites have, the one with the least time left first.

        At most `COUNCILS_A_FOLD`; a site whose duties all follow is remembered, and asked again once its councils are
        others. What is not open takes them in when somebody opens it again.

        Args:
            known: The councils of sites, as this transaction read them after `guard`.
        """
        if not known:
            return []
        followed = self._tx.db[GUARDS].find(
            {"_id": {"$in": [joined(*site) for site in known]}}, {"councils": 1}, session=self._tx.session
        )
        done = {document["_id"]: document.get("councils", []) async for document in followed}
        behind = [site for site in known if done.get(joined(*site), []) != stored(known[site])]
        if not behind:
            return []
        query = {
            "$or": [clause for site in behind for clause in _other_councils(site, known[site])],
            "asks_council": True,
            "status": {"$in": list(OPEN)},
        }
        found = await self._find(query, "sort_at", COUNCILS_A_FOLD)
        if len(found) < COUNCILS_A_FOLD:
            writes = [UpdateOne({"_id": joined(*site)}, {"$set": {"councils": stored(known[site])}}) for site in behind]
            await self._tx.db[GUARDS].bulk_write(writes, ordered=False, session=self._tx.session)
        return found

    async def guard(self, sites: Collection[SiteKey]) -> None:
        """Make two transactions meet of which one changes a site's councils and the other reads them."""
        writes = [
            UpdateOne(
                {"_id": joined(*site)},
                {"$inc": {"folds": 1}, "$setOnInsert": {"provider_id": site[0], "site_id": site[1]}},
                upsert=True,
            )
            for site in sites
        ]
        await self._tx.db[GUARDS].bulk_write(writes, ordered=False, session=self._tx.session)

    async def unanswered(self, provider_id: str, first: datetime, last: datetime, after: Collection[str]) -> list[Duty]:
        """Return questions asked in a span of time that nobody answered and that are not with one of some roles."""
        query = {
            "provider_id": provider_id,
            "status": ASKED,
            "advised_at": {"$gte": first, "$lte": last},
            "escalated_to": {"$nin": list(after)},
        }
        return await self._find(query, "advised_at")

    async def load(self, provider_id: str, duty_id: str) -> Duty | None:
        """Return one duty of a provider."""
        return next(iter(await self._find({"_id": duty_id, "provider_id": provider_id})), None)

    async def save(self, duty: Duty, act: Act) -> None:
        """Store a new state with its history line and its event; once per duty and transaction."""
        told = duty if duty.visibility == HELD else duty_words.without_held_words(duty)
        self._save(DUTIES, duty.duty_id, duty, act, duty_event(told, act, self._tx.now))

    async def decision(self, provider_id: str, report_id: str) -> Decision | None:
        """Return what was decided of a report's escalation."""
        key = joined(provider_id, report_id)
        document = await self._tx.db[DECISIONS].find_one({"_id": key}, session=self._tx.session)
        if document is None:
            return None
        self._ticks[key] = document["tick"]
        return DECISION.validate_python(document)

    async def save_decision(self, decision: Decision, act: Act) -> None:
        """Store a new state with its history line and its event."""
        key = joined(decision.provider_id, decision.report_id)
        told = decision if decision.visibility == HELD else escalations.without_held_words(decision)
        self._save(DECISIONS, key, decision, act, decision_event(told, act, self._tx.now))

    async def flush(self) -> None:
        """Write what was saved, in bulk."""
        session = self._tx.session
        for collection, writes in self._states.items():
            if writes:
                moved = sum(isinstance(write, ReplaceOne) for write in writes)
                done = await self._tx.db[collection].bulk_write(writes, ordered=False, session=session)
                assert done.matched_count == moved, "each state was read in this very transaction"
        if self._lines:
            await self._tx.db[LINES].insert_many(self._lines, ordered=False, session=session)

    def _save(self, collection: str, key: str, state: Duty | Decision, act: Act, event: Event) -> None:
        tick = Tick.after(self._ticks.get(key), self._tx.now_ms())
        self._ticks[key] = tick.stored()
        document = {"_id": key, **stored(fields_of(state)), "tick": tick.stored()}
        if state.version == 1:
            self._states[collection].append(InsertOne(document))
        else:
            self._states[collection].append(ReplaceOne({"_id": key, "version": state.version - 1}, document))
        self._lines.append(
            {
                "_id": joined(collection, key, f"{state.version:08d}"),
                "about": key,
                "version": state.version,
                "act": act.event,
                "at": act.at,
                "by_role": act.by_role,
                "by": act.by,
                "status": state.status,
                "visibility": state.visibility,
                "words": act.words,
            }
        )
        self._tx.publish(ACTIONS, event, key, tick)

    async def _find(self, query: Document, order: str = "_id", limit: int = 0) -> list[Duty]:
        found = self._tx.db[DUTIES].find(query, session=self._tx.session).sort(order, ASCENDING)
        documents = [document async for document in found.limit(limit)]
        self._ticks |= {document["_id"]: document["tick"] for document in documents}
        return [DUTY.validate_python(document) for document in documents]


def _other_councils(site: SiteKey, councils: CouncilsByDay) -> list[Document]:
    """Return the queries of duties at a site whose councils are not those of the day on which they were first known."""
    days: list[date | None] = [since for since, _ in councils]
    clauses = []
    for place, (since, names) in enumerate(councils):
        following = (days[place + 1 :] or [None])[0]
        span = {"$gte": start_of_day(since)} if place else {}
        if following is not None:
            span["$lt"] = start_of_day(following)
        clause = {"provider_id": site[0], "site_id": site[1], "councils": {"$ne": list(names)}}
        clauses.append(clause | ({"first_known_at": span} if span else {}))
    return clauses


class MongoRegister:
    """The port `Register`.

    Args:
        mongo: The service's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def duty(self, provider_id: str, duty_id: str) -> tuple[Duty, list[HistoryLine]] | None:
        """Return one duty with its history, oldest line first."""
        document = await self._one(DUTIES, {"_id": duty_id, "provider_id": provider_id})
        return None if document is None else (DUTY.validate_python(document), await self._lines(duty_id))

    async def duty_list(self, wanted: Wanted) -> list[Duty]:
        """Return duties, the one with the least time left first."""
        in_state: Document = {"status": {"$in": list(wanted.statuses)}}
        if wanted.statuses == ("open",):
            in_state = {"open": True}
        elif wanted.statuses == (FOLLOW_UP,):
            in_state = {"open": True, "status": {"$in": [DOES_NOT_HOLD, DONE]}}
        query: Document = {"provider_id": wanted.provider_id, **in_state}
        if wanted.sites is not None:
            query["site_id"] = {"$in": sorted(wanted.sites)}
        if not wanted.held:
            query["visibility"] = {"$ne": HELD}
        if wanted.after is not None:
            place, key = wanted.after
            query["$or"] = [{"sort_at": {"$gt": place}}, {"sort_at": place, "_id": {"$gt": key}}]
        found = self._mongo.db[DUTIES].find(query).sort([("sort_at", ASCENDING), ("_id", ASCENDING)])
        documents = await translate(found.limit(wanted.limit).to_list(None))
        return [DUTY.validate_python(document) for document in documents]

    async def escalation(
        self, provider_id: str, report_id: str
    ) -> tuple[Fact, Decision | None, list[HistoryLine]] | None:
        """Return a report with what was decided of its escalation, oldest line first."""
        fact = await self._one(FACTS, told_report(provider_id, report_id))
        if fact is None:
            return None
        key = joined(provider_id, report_id)
        document = await self._one(DECISIONS, {"_id": key})
        decision = None if document is None else DECISION.validate_python(document)
        return fact_of(fact), decision, await self._lines(key)

    async def _one(self, collection: str, query: Document) -> Document | None:
        document: Document | None = await translate(self._mongo.db[collection].find_one(query))
        return document

    async def _lines(self, about: str) -> list[HistoryLine]:
        found = self._mongo.db[LINES].find({"about": about}).sort("version", ASCENDING)
        return [LINE.validate_python(line) for line in await translate(found.to_list(None))]
