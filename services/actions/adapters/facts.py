"""Facts, registry and exposure in MongoDB, inside a transaction; bulk reads and writes only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from pymongo import ASCENDING, ReplaceOne, UpdateOne

from services.actions.adapters.documents import (
    EVIDENCE_FIELDS,
    Document,
    evidence_of,
    exposure_document,
    exposure_of,
    fact_document,
    fact_key,
    fact_of,
    joined,
    stored,
)
from services.actions.domain.exposure import Exposure
from services.actions.domain.facts import Evidence, Fact
from services.actions.domain.rising_rate import SiteHistory
from services.actions.ports import EvidenceAsk, FactKey, ProviderCard, SiteCard, SiteKey
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database

FACTS, STATES, SITES, PROVIDERS, EXPOSURE = "facts", "site_states", "sites", "providers", "exposure"
ASKS_A_QUERY = 100


async def prepare_facts(db: Database) -> None:
    """Create the indexes that the queries here go by, and with them the collections."""
    site = [("provider_id", ASCENDING), ("site_id", ASCENDING)]
    await db[FACTS].create_index([*site, ("reported_on", ASCENDING)])
    await db[FACTS].create_index([*site, ("domains", ASCENDING), ("reported_on", ASCENDING)])
    await db[EXPOSURE].create_index([*site, ("period_end", ASCENDING)])
    await db[STATES].create_index([("provider_id", ASCENDING), ("first_reported_on", ASCENDING)])
    await db[SITES].create_index(site)
    await db[PROVIDERS].create_index([("provider_id", ASCENDING)])


class MongoFacts:
    """The port `Facts` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    async def keep_registry(self, sites: Sequence[SiteCard], providers: Sequence[ProviderCard]) -> None:
        """Store the newest revision of each; a site heard of before its provider makes the provider known."""
        cards: list[SiteCard | ProviderCard] = [*sites, *providers]
        seen: dict[str, date] = {}
        for card in cards:
            seen[card.provider_id] = min(card.first_seen_on, seen.get(card.provider_id, card.first_seen_on))
        unnamed = [ProviderCard(known, known, 0, day) for known, day in seen.items()]
        if sites:
            await self._write(SITES, [_newest(joined(c.provider_id, c.site_id), c.revision, _site(c)) for c in sites])
        await self._write(PROVIDERS, [_provider(card) for card in [*unnamed, *providers]])

    async def keep_exposure(self, periods: Sequence[Exposure]) -> None:
        """Store the highest revision of each site, unit and period."""
        documents = [exposure_document(period) for period in periods]
        await self._write(EXPOSURE, [_newest(doc["_id"], doc["revision"], doc) for doc in documents])
        starts: dict[SiteKey, date] = {}
        for period in periods:
            site = (period.provider_id, period.site_id)
            starts[site] = min(period.period_start, starts.get(site, period.period_start))
        await self._write(STATES, [_state(site, "first_exposure_on", day) for site, day in starts.items()])

    async def load(self, keys: Collection[FactKey]) -> dict[FactKey, Fact]:
        """Return what is known of reports; unknown ones are left out."""
        found = self._find(FACTS, {"_id": {"$in": [joined(*key) for key in keys]}})
        facts = [fact_of(document) async for document in found]
        return {fact_key(fact): fact for fact in facts}

    async def save(self, facts: Collection[Fact]) -> None:
        """Store facts, and write to the states of their sites.

        Two transactions that change different reports of one site would otherwise each miss the other's
        report, and both the match that they make together; the common document makes one of them run again.
        """
        documents = [fact_document(fact) for fact in facts]
        await self._write(FACTS, [ReplaceOne({"_id": doc["_id"]}, doc, upsert=True) for doc in documents])
        firsts: dict[SiteKey, date | None] = {}
        for fact in facts:
            site, evidence = (fact.provider_id, fact.site_id), fact.evidence()
            days = [day for day in (firsts.get(site), evidence.day if evidence else None) if day]
            firsts[site] = min(days, default=None)
        await self._write(STATES, [_state(site, "first_reported_on", day) for site, day in firsts.items()])

    async def evidence(self, asks: Sequence[EvidenceAsk]) -> dict[SiteKey, list[Evidence]]:
        """Return at least the reports asked for, each once, by site."""
        found: dict[FactKey, Evidence] = {}
        for start in range(0, len(asks), ASKS_A_QUERY):
            clauses = [_clause(ask) for ask in asks[start : start + ASKS_A_QUERY]]
            async for document in self._find(FACTS, {"$or": clauses}, EVIDENCE_FIELDS):
                report = evidence_of(document)
                found[report.provider_id, report.site_id, report.report_id] = report
        sites: dict[SiteKey, list[Evidence]] = defaultdict(list)
        for key, report in found.items():
            sites[key[:2]].append(report)
        return sites

    async def histories(self, provider_id: str, sites: Sequence[str], first: date, last: date) -> list[SiteHistory]:
        """Return sites with the reports and exposure of a span of days."""
        here = {"provider_id": provider_id, "site_id": {"$in": list(sites)}}
        span = {"$gte": first.isoformat(), "$lte": last.isoformat()}
        reports: dict[str, list[Evidence]] = defaultdict(list)
        async for document in self._find(FACTS, {**here, "counts": True, "reported_on": span}, EVIDENCE_FIELDS):
            reports[document["site_id"]].append(evidence_of(document))
        periods: dict[str, list[Exposure]] = defaultdict(list)
        async for document in self._find(EXPOSURE, {**here, "period_end": span}):
            periods[document["site_id"]].append(exposure_of(document))
        names = {doc["site_id"]: _name_on(doc, last) async for doc in self._find(SITES, here)}
        states = {doc["site_id"]: doc async for doc in self._find(STATES, here)}
        began = await self._reporting_began(provider_id)
        return [
            SiteHistory(
                provider_id=provider_id,
                site_id=site_id,
                name=names.get(site_id, site_id),
                starts_on=_starts_on(states.get(site_id, {}), began),
                evidence=reports[site_id],
                exposure=periods[site_id],
            )
            for site_id in sites
        ]

    async def _reporting_began(self, provider_id: str) -> str | None:
        """Return the day of the provider's first report of all."""
        query = {"provider_id": provider_id, "first_reported_on": {"$ne": None}}
        async for document in self._find(STATES, query).sort("first_reported_on", ASCENDING).limit(1):
            day: str = document["first_reported_on"]
            return day
        return None

    def _find(self, collection: str, query: Document, fields: Document | None = None) -> Any:
        return self._tx.db[collection].find(query, fields, session=self._tx.session)

    async def _write(self, collection: str, writes: Sequence[Any]) -> None:
        if writes:
            await self._tx.db[collection].bulk_write(list(writes), ordered=False, session=self._tx.session)


def _site(card: SiteCard) -> Document:
    return {
        "provider_id": card.provider_id,
        "site_id": card.site_id,
        "names": stored(card.names),
        "revision": card.revision,
    }


def _name_on(document: Document, day: date) -> str:
    """Return what a site was called on a day."""
    names: list[list[str]] = document["names"]
    return next((name for since, name in reversed(names) if since <= day.isoformat()), names[0][1])


def _newest(key: str, revision: int, document: Document) -> UpdateOne:
    """Replace a document if the revision is above the stored one."""
    newer = {"$gt": [revision, {"$ifNull": ["$revision", 0]}]}
    whole = {"$literal": {**document, "_id": key}}
    return UpdateOne({"_id": key}, [{"$replaceWith": {"$cond": [newer, whole, "$$ROOT"]}}], upsert=True)


def _provider(card: ProviderCard) -> UpdateOne:
    newer = {"$gt": [card.revision, {"$ifNull": ["$revision", -1]}]}
    whole = {"provider_id": card.provider_id, "name": card.name, "revision": card.revision}
    state = {"$cond": [newer, {"$literal": whole}, "$$ROOT"]}
    seen = {"first_seen_on": {"$min": ["$first_seen_on", card.first_seen_on.isoformat()]}}
    key = {"_id": card.provider_id}
    return UpdateOne(key, [{"$replaceWith": {"$mergeObjects": [state, key, seen]}}], upsert=True)


def _state(site: SiteKey, field: str, day: date | None) -> UpdateOne:
    """Write to a site's state; always a real change, so that two writers meet."""
    update: Document = {"$inc": {"folds": 1}, "$setOnInsert": {"provider_id": site[0], "site_id": site[1]}}
    if day is not None:
        update["$min"] = {field: day.isoformat()}
    return UpdateOne({"_id": joined(*site)}, update, upsert=True)


def _clause(ask: EvidenceAsk) -> Document:
    pattern = ask.pattern
    conditions: list[Document] = []
    if pattern.domains_all:
        conditions.append({"domains": {"$all": list(pattern.domains_all)}})
    if pattern.domains_any:
        conditions.append({"domains": {"$in": list(pattern.domains_any)}})
    if pattern.factors_any:
        conditions.append({"factors": {"$in": list(pattern.factors_any)}})
    return {
        "provider_id": ask.provider_id,
        "site_id": ask.site_id,
        "counts": True,
        "reported_on": {"$gte": ask.first.isoformat(), "$lte": ask.last.isoformat()},
        "$and": conditions,
    }


def _starts_on(state: Document, began: str | None) -> date | None:
    """Return from when on a site's silence means something.

    That is its first report or first exposure, but never before the provider's first report of all:
    exposure loaded for the time before anybody could report would make every beginning look like a rise.
    """
    firsts = [day for day in (state.get("first_reported_on"), state.get("first_exposure_on")) if day]
    if not firsts or began is None:
        return None
    return date.fromisoformat(max(min(firsts), began))
