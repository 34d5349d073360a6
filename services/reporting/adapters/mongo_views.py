"""The views as readers see them: every query starts with the tenant and ends at the reader's reach."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Any

from pymongo import DESCENDING

from services.reporting.adapters import documents as doc
from services.reporting.domain.buckets import COLUMNS, Bucket, Counts
from services.reporting.domain.facts import ALL, HELD, NONE
from services.reporting.domain.reading import BucketFilter, Entry, ReportFilter
from services.reporting.domain.registry import Provider, Site
from services.reporting.domain.states import State
from services.reporting.ports import Reach
from shared.kernel.clock import start_of_day
from shared.runtime.mongo import Database, Mongo, translate
from shared.taxonomy import precedence

Query = dict[str, Any]
OPEN = "open"
NEWEST_FIRST = [("reported_at", DESCENDING), ("report_id", DESCENDING)]


class MongoViews:
    """Implements `ports.Views`.

    Args:
        mongo: The service's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    @property
    def _db(self) -> Database:
        return self._mongo.db

    async def provider_ids(self) -> list[str]:
        """Return all providers; for the operator of the whole installation."""
        return sorted(await translate(self._db[doc.PROVIDERS].distinct("provider_id")))

    async def provider(self, reach: Reach) -> Provider | None:
        """Return the provider, where it is known."""
        found = await translate(self._db[doc.PROVIDERS].find_one({"_id": reach.provider_id}))
        return None if found is None else doc.provider_of(found)

    async def sites(self, reach: Reach) -> list[Site]:
        """Return the sites in reach, by id."""
        wanted = _within(reach) | {"revision": {"$gt": 0}}
        found = await translate(self._db[doc.SITES].find(wanted).sort("site", 1).to_list(None))
        return [doc.site_of(document) for document in found]

    async def knows_site(self, reach: Reach, site_id: str) -> bool:
        """Tell whether a site is in reach, and is registered or has been reported from."""
        query = _within(reach, site_id)
        if await translate(self._db[doc.SITES].find_one(query | {"revision": {"$gt": 0}})):
            return True
        counted = query | {"domain": ALL, "$expr": _counted(reach)}
        return await translate(self._db[doc.BUCKETS].find_one(counted)) is not None

    async def buckets(self, reach: Reach, wanted: BucketFilter) -> AsyncIterator[Bucket]:
        """Iterate over the buckets in reach, by week, site and domain; those without any content are left out."""
        query = _within(reach, wanted.site_id) | {"$and": [{"$or": _with_content(reach)}]}
        if wanted.domain is not None:
            query["domain"] = wanted.domain
        if wanted.first is not None or wanted.last is not None:
            query["week"] = _between(wanted.first, wanted.last)
        if wanted.after is not None:
            query["$or"] = _after(wanted.after)
        cursor = self._db[doc.BUCKETS].find(query).sort([("week", 1), ("site", 1), ("domain", 1)])
        if wanted.limit is not None:
            cursor = cursor.limit(wanted.limit)
        while (document := await translate(anext(cursor, None))) is not None:
            yield doc.bucket_of(document)

    async def totals(self, reach: Reach, first: date | None, last: date | None) -> dict[str, Counts]:
        """Return the sums of the (all) buckets from one Monday to another, by site."""
        query = _within(reach) | {"domain": ALL}
        if first is not None or last is not None:
            query["week"] = _between(first, last)
        sums: Query = {"_id": "$site"}
        for column in COLUMNS:
            seen = f"$counts.{column}" if reach.held else {"$subtract": [f"$counts.{column}", f"$held.{column}"]}
            sums[column] = {"$sum": seen}
        stages: list[Query] = [{"$match": query}, {"$group": sums}]
        found = await translate(self._db[doc.BUCKETS].aggregate(stages).to_list(None))
        return {line["_id"]: Counts(**{column: line[column] for column in COLUMNS}) for line in found}

    async def first_week(self, reach: Reach) -> date | None:
        """Return the first week of which anything is known."""
        query = _within(reach) | {"domain": ALL, "$or": _with_content(reach)}
        found = await translate(self._db[doc.BUCKETS].find_one(query, sort=[("week", 1)]))
        return None if found is None else date.fromisoformat(found["week"])

    async def last_week(self, reach: Reach, before: date) -> date | None:
        """Return the last week, up to a day, with a report in reach."""
        query = _within(reach) | {"domain": ALL, "week": {"$lte": before.isoformat()}, "$expr": _counted(reach)}
        found = await translate(self._db[doc.BUCKETS].find_one(query, sort=[("week", DESCENDING)]))
        return None if found is None else date.fromisoformat(found["week"])

    async def reports(self, reach: Reach, wanted: ReportFilter) -> list[Entry]:
        """Return a page of the reports in reach, newest first."""
        query = _report_query(reach, wanted)
        if wanted.after is not None:
            moment, report_id = wanted.after
            query["$or"] = [{"reported_at": {"$lt": moment}}, {"reported_at": moment, "report_id": {"$lt": report_id}}]
        cursor = self._db[doc.FACTS].find(query).sort(NEWEST_FIRST).limit(wanted.limit)
        return [_entry(document) for document in await translate(cursor.to_list(None))]

    async def count_reports(self, reach: Reach, wanted: ReportFilter) -> int:
        """Count all reports in reach that fit, whatever the page."""
        return int(await translate(self._db[doc.FACTS].count_documents(_report_query(reach, wanted))))

    async def signals(self, reach: Reach, site_id: str | None, status: str | None) -> list[State]:
        """Return signals; status None takes all, "open" those that still ask something."""
        return await self._states(doc.SIGNALS, reach, site_id, status)

    async def signal(self, reach: Reach, signal_id: str) -> State | None:
        """Return one signal in reach."""
        return await self._state(doc.SIGNALS, reach, signal_id)

    async def actions(self, reach: Reach, site_id: str | None, status: str | None) -> list[State]:
        """Return actions; status None takes all, "open" those that still ask something."""
        return await self._states(doc.ACTIONS, reach, site_id, status)

    async def action(self, reach: Reach, action_id: str) -> State | None:
        """Return one action in reach."""
        return await self._state(doc.ACTIONS, reach, action_id)

    async def _states(self, collection: str, reach: Reach, site_id: str | None, status: str | None) -> list[State]:
        query = _visible(reach, site_id)
        if status == OPEN:
            query["open"] = True
        elif status is not None:
            query["status"] = status
        found = await translate(self._db[collection].find(query).sort("_id", 1).to_list(None))
        return await self._without_held(reach, [doc.state_of(document) for document in found])

    async def _state(self, collection: str, reach: Reach, state_id: str) -> State | None:
        query = _visible(reach) | {"_id": doc.joined(reach.provider_id, state_id)}
        found = await translate(self._db[collection].find_one(query))
        states = await self._without_held(reach, [] if found is None else [doc.state_of(found)])
        return states[0] if states else None

    async def _without_held(self, reach: Reach, states: list[State]) -> list[State]:
        """Take reports that are held by now out of the evidence that a site's roles are shown."""
        named = {report_id for state in states for report_id in state.body["report_ids"]}
        if reach.held or not named:
            return states
        query = {"provider": reach.provider_id, "report_id": {"$in": sorted(named)}, "held": True}
        held = set(await translate(self._db[doc.FACTS].distinct("report_id", query)))
        return [state.without(held) for state in states]

    async def versions(self, reach: Reach) -> list[tuple[str, str]]:
        """Return the taxonomy and model versions that labels were made with."""
        found = await translate(self._db[doc.VERSIONS].find({"provider": reach.provider_id}).to_list(None))
        return sorted((document["taxonomy"], document["model"]) for document in found)


def _within(reach: Reach, site_id: str | None = None) -> Query:
    """Return the condition that keeps a query inside the reader's reach; a site out of it matches nothing."""
    query: Query = {"provider": reach.provider_id}
    if site_id is not None:
        inside = reach.sites is None or site_id in reach.sites
        query["site"] = site_id if inside else {"$in": []}
    elif reach.sites is not None:
        query["site"] = {"$in": sorted(reach.sites)}
    return query


def _visible(reach: Reach, site_id: str | None = None) -> Query:
    query = _within(reach, site_id)
    if not reach.held:
        query["visibility"] = {"$ne": HELD}
    return query


def _counted(reach: Reach) -> Query:
    """Return the expression that holds for a bucket with a report that the reader sees."""
    return {"$gt": ["$counts.reports", 0 if reach.held else "$held.reports"]}


def _with_content(reach: Reach) -> list[Query]:
    """Return what makes a bucket worth showing: a report that the reader sees, or, for the whole site, exposure."""
    return [{"$expr": _counted(reach)}, {"domain": ALL, "exposure": {"$ne": None}}]


def _between(first: date | None, last: date | None) -> Query:
    bounds = {"$gte": doc.day_text(first), "$lte": doc.day_text(last)}
    return {name: day for name, day in bounds.items() if day is not None}


def _after(place: tuple[str, str, str]) -> list[Query]:
    week, site, domain = place
    return [
        {"week": {"$gt": week}},
        {"week": week, "site": {"$gt": site}},
        {"week": week, "site": site, "domain": {"$gt": domain}},
    ]


def _report_query(reach: Reach, wanted: ReportFilter) -> Query:
    query = _within(reach, wanted.site_id)
    query["reported_at"] = {"$exists": True}
    if wanted.first is not None:
        query["reported_at"]["$gte"] = start_of_day(wanted.first)
    if wanted.last is not None:
        query["reported_at"]["$lt"] = start_of_day(wanted.last + timedelta(days=7))
    if not reach.held:
        query["held"] = False
    if wanted.domain == NONE:
        query["domains"] = []
    elif wanted.domain not in (None, ALL):
        query["domains"] = wanted.domain
    if wanted.classes:
        query["event_class"] = {"$in": list(wanted.classes)}
    if wanted.needs_review:
        query["needs_review"] = True
    if wanted.report_ids is not None:
        query["report_id"] = {"$in": list(wanted.report_ids)}
    return query


def _entry(document: Mapping[str, Any]) -> Entry:
    fact = doc.fact_of(document)
    assert fact.report is not None
    labels = precedence.effective(fact.labels) if fact.labels else {}
    return Entry(
        report_id=fact.report_id,
        site_id=fact.site_id,
        report=fact.report,
        domains=tuple(document["domains"]),
        primary_domain=labels.get("primary_domain"),
        event_class=document["event_class"],
        held=document["held"],
        needs_review=document["needs_review"],
        corrected=bool(fact.labels and fact.labels["corrected"]),
    )
