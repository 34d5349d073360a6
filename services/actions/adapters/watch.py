"""What the review runs read of a provider, outside any transaction, and what they leave behind, inside one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from pydantic import TypeAdapter
from pymongo import ASCENDING, ReplaceOne, UpdateOne

from services.actions.adapters.documents import EVALUATION, LOG_ENTRY, Document, exposure_of, fact_of, joined, stored
from services.actions.adapters.duties import DECISIONS
from services.actions.adapters.facts import EXPOSURE, FACTS, SITES, STATES
from services.actions.adapters.fields import fields_of
from services.actions.adapters.management_log import LOG
from services.actions.adapters.signals import EVALUATIONS
from services.actions.domain.detection.facts import DAYS_KEPT, SiteCard
from services.actions.domain.escalations import REMOVED
from services.actions.domain.watch.day import Found, Judged
from services.actions.domain.watch.known import DAYS_BACK, LATE_DAYS, MARKS_DAYS, Kept, Known
from services.actions.domain.watch.weeks import exposure_weeks
from services.actions.ports.watching import WatchHead
from shared.kernel.errors import Unavailable
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database, Mongo, translate

FINDINGS, HEADS = "findings", "watch"
KEPT: TypeAdapter[Kept] = TypeAdapter(Kept)
SITES_A_QUERY = 50
LABELS_READ = (
    "domains", "primary_domain", "contributory_factors", "potential_severity", "is_near_miss", "escalate",
    "event_class",
)  # fmt: skip
FACT_FIELDS = dict.fromkeys(
    (
        "provider_id", "site_id", "report_id", "revision", "withdrawn", "reported_at", "origin", "replay",
        "visibility", "asset_ref", "person_token", "occurred_at", "occurred_precision", "asset", "marks",
        "judged_on", "repeats", *(f"labels.fields.{name}.value" for name in LABELS_READ),
    ),
    1,
)  # fmt: skip


async def prepare_watch(db: Database) -> None:
    """Create the index that the queries here go by, and with it the collections."""
    await db[FINDINGS].create_index([("provider_id", ASCENDING), ("signal.closed_on", ASCENDING)])
    await db[HEADS].create_index([("to", ASCENDING)])


class WatchReader:
    """Reads what a review goes by; facts by some sites at a time, so that nothing else waits long.

    Args:
        mongo: The service's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def head(self, provider_id: str) -> WatchHead:
        """Return how far detection is, and whether it ever found anything."""
        document = await translate(self._mongo.db[HEADS].find_one({"_id": provider_id}))
        found = await translate(self._mongo.db[FINDINGS].find_one({"provider_id": provider_id}, {"_id": 1}))
        judged = await translate(self._mongo.db[EVALUATIONS].find_one({"provider_id": provider_id}, {"_id": 1}))
        return WatchHead(_to(document), found is not None or judged is not None)

    async def chance(self, provider_id: str) -> tuple[float | None, date] | None:
        """Return how many signals per site and month chance would bring, and as of which day; None before the first."""
        document = await translate(self._mongo.db[HEADS].find_one({"_id": provider_id}))
        if document is None or "chance_on" not in document:
            return None
        return document["chance"], date.fromisoformat(document["chance_on"])

    async def fresh_sites(self, provider_id: str, day: date) -> list[str]:
        """Return the sites with reports or lines of the log that no review has looked at."""
        late = (day - timedelta(days=LATE_DAYS)).isoformat()
        facts = {
            "provider_id": provider_id,
            "counts": True,
            "judged_on": None,
            "reported_on": {"$gt": late, "$lte": day.isoformat()},
        }
        first = (day - timedelta(days=DAYS_BACK)).isoformat()
        lines = {"provider_id": provider_id, "on": {"$gte": first, "$lte": day.isoformat()}, "noted_on": None}
        told = await translate(self._mongo.db[FACTS].distinct("site_id", facts))
        noted = await translate(self._mongo.db[LOG].distinct("site_id", lines))
        return sorted({*told, *noted})

    async def known(self, provider_id: str, sites: Sequence[str], day: date) -> Known:
        """Return what is known as of the end of a day.

        Args:
            provider_id: The tenant.
            sites: The sites in question.
            day: The day.
        """
        here: Document = {"provider_id": provider_id, "site_id": {"$in": list(sites)}}
        first = (day - timedelta(days=DAYS_BACK)).isoformat()
        span = {"$gte": first, "$lte": day.isoformat()}
        facts = []
        for start in range(0, len(sites), SITES_A_QUERY):
            some = {**here, "site_id": {"$in": list(sites[start : start + SITES_A_QUERY])}}
            query = {**some, "counts": True, "reported_on": span}
            documents = await self._all(FACTS, query, FACT_FIELDS)
            # Reading of many facts is work for seconds, which would keep the loop from everything else.
            facts += await asyncio.to_thread(lambda found: [fact_of(one) for one in found], documents)
        oldest = (day - timedelta(days=DAYS_KEPT)).isoformat()
        lifted = await self._all(DECISIONS, {**here, "status": REMOVED}, {"report_id": 1, "code": 1})
        recent = {"$or": [{"signal.closed_on": None}, {"signal.to_day": {"$gte": day.toordinal() - DAYS_BACK}}]}
        kept = await self._all(FINDINGS, {"provider_id": provider_id, **recent})
        periods = [exposure_of(document) for document in await self._all(EXPOSURE, {**here, "period_end": span})]
        states = {document["site_id"]: document for document in await self._all(STATES, here)}
        began = await self._began(provider_id)
        return Known(
            provider_id=provider_id,
            day=day,
            cards=await self._cards(here, sites, day),
            starts=_starts(states, began),
            facts=facts,
            lifted={document["report_id"]: document["code"] for document in lifted},
            exposure=exposure_weeks(periods, began, day),
            log=[LOG_ENTRY.validate_python(document) for document in await self._all(LOG, {**here, "on": span})],
            kept=[KEPT.validate_python(document) for document in kept],
            evaluations=[
                EVALUATION.validate_python(document)
                for document in await self._all(EVALUATIONS, {**here, "baseline_from": {"$gte": oldest}})
            ],
        )

    async def forget_marks(self, provider_id: str, sites: Sequence[str], day: date) -> None:
        """Drop the hashes of words of reports that nothing is compared with any more."""
        until = (day - timedelta(days=MARKS_DAYS)).isoformat()
        for start in range(0, len(sites), SITES_A_QUERY):
            some = {"provider_id": provider_id, "site_id": {"$in": list(sites[start : start + SITES_A_QUERY])}}
            query = {**some, "reported_on": {"$lt": until}, "marks.0": {"$exists": True}}
            await translate(self._mongo.db[FACTS].update_many(query, {"$set": {"marks": []}}))

    async def _cards(self, here: Document, sites: Sequence[str], day: date) -> list[SiteCard]:
        found = {document["site_id"]: document for document in await self._all(SITES, here)}
        return [_card(site, found.get(site), day.isoformat()) for site in sites]

    async def _began(self, provider_id: str) -> date | None:
        """Return the day of the provider's first report of all."""
        query = {"provider_id": provider_id, "first_reported_on": {"$ne": None}}
        first = self._mongo.db[STATES].find(query, {"first_reported_on": 1}).sort("first_reported_on", ASCENDING)
        documents = await translate(first.limit(1).to_list(None))
        return date.fromisoformat(documents[0]["first_reported_on"]) if documents else None

    async def _all(self, collection: str, query: Document, fields: Document | None = None) -> list[Document]:
        documents: list[Document] = await translate(self._mongo.db[collection].find(query, fields).to_list(None))
        return documents


class MongoWatch:
    """The port `Watch` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    async def keep(self, provider_id: str, day: date, head: WatchHead, found: Found) -> None:
        """Store what a review leaves behind; see the port."""
        heads, session = self._tx.db[HEADS], self._tx.session
        known = await heads.find_one({"_id": provider_id}, session=session)
        if _to(known) != head.to:
            raise Unavailable("another process took the review over")
        await heads.update_one({"_id": provider_id}, {"$set": {"to": day.isoformat()}}, upsert=True, session=session)
        findings = [_finding(provider_id, kept) for kept in found.kept]
        await self._write(FINDINGS, findings)
        await self._write(FACTS, [_judged(provider_id, judged, day) for judged in found.judged])
        noted = {"_id": {"$in": list(found.noted)}, "provider_id": provider_id}
        if found.noted:
            await self._tx.db[LOG].update_many(noted, {"$set": {"noted_on": day.isoformat()}}, session=session)

    async def keep_chance(self, provider_id: str, expected: float | None, on: date) -> None:
        """Store how many signals per site and month chance alone would bring."""
        change = {"$set": {"chance": expected, "chance_on": on.isoformat()}}
        await self._tx.db[HEADS].update_one({"_id": provider_id}, change, upsert=True, session=self._tx.session)

    async def _write(self, collection: str, writes: Sequence[Any]) -> None:
        if writes:
            await self._tx.db[collection].bulk_write(list(writes), ordered=False, session=self._tx.session)


def _to(document: Document | None) -> date | None:
    return date.fromisoformat(document["to"]) if document and "to" in document else None


def _finding(provider_id: str, kept: Kept) -> ReplaceOne[Document]:
    key = joined(provider_id, kept.signal.signal_id)
    return ReplaceOne({"_id": key}, {"_id": key, "provider_id": provider_id, **stored(fields_of(kept))}, upsert=True)


def _judged(provider_id: str, judged: Judged, day: date) -> UpdateOne:
    key = joined(provider_id, judged.site_id, judged.report_id)
    return UpdateOne({"_id": key}, {"$set": {"judged_on": day.isoformat(), "repeats": judged.repeats}})


def _card(site: str, document: Document | None, day: str) -> SiteCard:
    if document is None:
        return SiteCard(site, site, "")
    names: list[list[str]] = document["names"]
    name = next((name for since, name in reversed(names) if since <= day), names[0][1])
    kinds: list[list[Any]] = document.get("kinds") or [[day, "", None]]
    _, setting, size = next((kind for kind in reversed(kinds) if kind[0] <= day), kinds[0])
    return SiteCard(site, name, setting, size)


def _starts(states: dict[str, Document], began: date | None) -> dict[str, date]:
    """Return from when on each site's silence means something.

    That is its first report or first exposure, but never before the provider's first report of all.
    """
    found: dict[str, date] = {}
    for site, state in states.items():
        firsts = [day for day in (state.get("first_reported_on"), state.get("first_exposure_on")) if day]
        if firsts and began is not None:
            found[site] = max(date.fromisoformat(min(firsts)), began)
    return found
