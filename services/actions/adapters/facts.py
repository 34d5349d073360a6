"""Facts, registry and exposure in MongoDB, inside a transaction; bulk reads and writes only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from pymongo import ASCENDING, InsertOne, ReplaceOne, UpdateOne

from services.actions.adapters.documents import (
    EVIDENCE_FIELDS,
    Document,
    evidence_of,
    exposure_document,
    fact_document,
    fact_key,
    fact_of,
    joined,
    stored,
)
from services.actions.domain.exposure import Exposure
from services.actions.domain.facts import Evidence, Fact
from services.actions.ports import CouncilsByDay, EvidenceAsk, FactKey, ProviderCard, SiteCard, SiteKey
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database

FACTS, STATES, SITES, PROVIDERS, EXPOSURE = "facts", "site_states", "sites", "providers", "exposure"
ASKS_A_QUERY = 100
ROWS_AN_ANSWER = 5_000
"""More than the first 101, which the engine sends of itself before it waits to be asked again."""


async def prepare_facts(db: Database) -> None:
    """Create the indexes that the queries here go by, and with them the collections."""
    site = [("provider_id", ASCENDING), ("site_id", ASCENDING)]
    await db[FACTS].create_index([*site, ("reported_on", ASCENDING)])
    await db[FACTS].create_index([("provider_id", ASCENDING), ("report_id", ASCENDING)])
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
        self._known: set[FactKey] = set()

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
        found = self._find(FACTS, {"_id": {"$in": [joined(*key) for key in keys]}}).batch_size(ROWS_AN_ANSWER)
        facts = [fact_of(document) async for document in found]
        self._known |= {fact_key(fact) for fact in facts}
        return {fact_key(fact): fact for fact in facts}

    async def save(self, facts: Collection[Fact]) -> None:
        """Store facts that were loaded, or looked for, before; and write to the states of their sites.

        Two transactions that change different reports of one site would otherwise each miss the other's
        report, and both the match that they make together; the common document makes one of them run again.
        """
        # A new one is inserted, not looked for once more; where two make the same, one of them runs again.
        await self._write(FACTS, [_stored(fact_document(fact), fact_key(fact) in self._known) for fact in facts])
        firsts: dict[SiteKey, date | None] = {}
        for fact in facts:
            site = (fact.provider_id, fact.site_id)
            days = [day for day in (firsts.get(site), fact.day) if day]
            firsts[site] = min(days, default=None)
        await self._write(STATES, [_state(site, "first_reported_on", day) for site, day in firsts.items()])

    async def report(self, provider_id: str, report_id: str) -> Fact | None:
        """Return what is known of one report of a provider, wherever it was told; None where intake told nothing."""
        document = await self._tx.db[FACTS].find_one(told_report(provider_id, report_id), session=self._tx.session)
        return None if document is None else fact_of(document)

    async def councils(self, sites: Collection[SiteKey]) -> dict[SiteKey, CouncilsByDay]:
        """Return the councils of sites; sites that nobody registered are left out."""
        found = self._find(SITES, {"_id": {"$in": [joined(*site) for site in sites]}})
        return {
            (document["provider_id"], document["site_id"]): tuple(
                (date.fromisoformat(since), tuple(names)) for since, names in document.get("councils", ())
            )
            async for document in found
        }

    async def evidence(self, asks: Sequence[EvidenceAsk]) -> dict[SiteKey, list[Evidence]]:
        """Return at least the reports asked for, each once, by site."""
        by_site: dict[SiteKey, list[EvidenceAsk]] = defaultdict(list)
        for ask in asks:
            by_site[ask.provider_id, ask.site_id].append(ask)
        # One clause for each site: with one for each playbook, planning the query took longer than answering it.
        clauses = [_clause(site, here) for site, here in by_site.items()]
        sites: dict[SiteKey, list[Evidence]] = defaultdict(list)
        for start in range(0, len(clauses), ASKS_A_QUERY):
            query = {"$or": clauses[start : start + ASKS_A_QUERY]}
            async for document in self._find(FACTS, query, EVIDENCE_FIELDS).batch_size(ROWS_AN_ANSWER):
                report = evidence_of(document)
                sites[report.provider_id, report.site_id].append(report)
        return sites

    def _find(self, collection: str, query: Document, fields: Document | None = None) -> Any:
        return self._tx.db[collection].find(query, fields, session=self._tx.session)

    async def _write(self, collection: str, writes: Sequence[Any]) -> None:
        if writes:
            await self._tx.db[collection].bulk_write(list(writes), ordered=False, session=self._tx.session)


def _stored(document: Document, known: bool) -> InsertOne[Document] | ReplaceOne[Document]:
    return ReplaceOne({"_id": document["_id"]}, document) if known else InsertOne(document)


def told_report(provider_id: str, report_id: str) -> Document:
    """Return the query of the one fact of a report that intake told of; labels alone make none."""
    return {"provider_id": provider_id, "report_id": report_id, "revision": {"$gt": 0}}


def _site(card: SiteCard) -> Document:
    return {
        "provider_id": card.provider_id,
        "site_id": card.site_id,
        "names": stored(card.names),
        "councils": stored(card.councils),
        "kinds": stored(card.kinds),
        "revision": card.revision,
    }


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


def _clause(site: SiteKey, asks: Sequence[EvidenceAsk]) -> Document:
    """Return the query of what the asks about one site need, all of them at once: a little more than each alone."""
    span = {"$gte": min(ask.first for ask in asks).isoformat(), "$lte": max(ask.last for ask in asks).isoformat()}
    clause: Document = {"provider_id": site[0], "site_id": site[1], "counts": True, "reported_on": span}
    domains = [ask.pattern.domains_all[:1] or ask.pattern.domains_any for ask in asks]
    if all(domains):
        clause["domains"] = {"$in": sorted({name for names in domains for name in names})}
    return clause
