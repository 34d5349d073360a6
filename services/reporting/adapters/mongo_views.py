"""The views as readers see them: every query starts with the tenant and ends at the reader's reach."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Any

from pymongo import DESCENDING

from services.reporting.adapters import documents as doc
from services.reporting.adapters.queries import (
    HIDDEN,
    after,
    between,
    counted,
    report_query,
    states_query,
    visible,
    with_content,
    within,
)
from services.reporting.adapters.registered import Registered
from services.reporting.adapters.shelves import LiveShelf
from services.reporting.domain.buckets import Bucket
from services.reporting.domain.facts import ALL, DialoguePart
from services.reporting.domain.reading import BucketFilter, Entry, ReportFilter, StateFilter
from services.reporting.domain.registry import Provider, Site
from services.reporting.domain.states import ACTION, EVALUATION, LEARNING, PROVIDER_WIDE, SIGNAL, State
from services.reporting.ports import Reach
from shared.runtime.mongo import translate
from shared.taxonomy import precedence

DATES = {EVALUATION: "body.verdict.on", ACTION: "body.completed_at", LEARNING: "body.published_at"}
"""Where a state says when it was judged, completed or published: text that sorts by time."""
ROWS_AT_ONCE = STATES_AT_ONCE = 2_000
OF_PROVIDER = frozenset({LEARNING})
"""Kinds that may concern no single site, and then every reader of the provider."""
NEWEST_FIRST = [("reported_at", DESCENDING), ("report_id", DESCENDING)]


class MongoViews:
    """Implements `ports.Views`.

    Args:
        shelf: The live views.
    """

    def __init__(self, shelf: LiveShelf) -> None:
        self._db = shelf
        self._registered = Registered(shelf)

    async def provider_ids(self) -> list[str]:
        """Return all providers; for the operator of the whole installation."""
        return sorted(await translate(self._db[doc.PROVIDERS].distinct("provider_id")))

    async def provider(self, reach: Reach) -> Provider | None:
        """Return the provider, where it is known."""
        found = await translate(self._db[doc.PROVIDERS].find_one({"_id": reach.provider_id}))
        return None if found is None else doc.provider_of(found)

    async def sites(self, reach: Reach) -> list[Site]:
        """Return the sites in reach, by id."""
        found = await self._registered.of(reach.provider_id)
        return [site for site in found if reach.sites is None or site.site_id in reach.sites]

    async def knows_site(self, reach: Reach, site_id: str) -> bool:
        """Tell whether a site is in reach, and is registered or has been reported from."""
        query = within(reach, site_id)
        if await translate(self._db[doc.SITES].find_one(query | {"revision": {"$gt": 0}})):
            return True
        reported = query | {"domain": ALL, "$expr": counted(reach)}
        return await translate(self._db[doc.BUCKETS].find_one(reported)) is not None

    async def buckets(self, reach: Reach, wanted: BucketFilter) -> AsyncIterator[Bucket]:
        """Iterate over the buckets in reach, by week, site and domain; those without any content are left out."""
        query = within(reach, wanted.site_id) | {"$and": [{"$or": with_content(reach)}]}
        if wanted.domain is not None:
            query["domain"] = wanted.domain
        if wanted.first is not None or wanted.last is not None:
            query["week"] = between(wanted.first, wanted.last)
        if wanted.after is not None:
            query["$or"] = after(wanted.after)
        cursor = self._db[doc.BUCKETS].find(query).sort([("week", 1), ("site", 1), ("domain", 1)])
        if wanted.limit is not None:
            cursor = cursor.limit(wanted.limit)
        while found := await translate(cursor.to_list(ROWS_AT_ONCE)):
            for document in found:
                yield doc.bucket_of(document)

    async def first_week(self, reach: Reach) -> date | None:
        """Return the first week of which anything is known."""
        query = within(reach) | {"domain": ALL, "$or": with_content(reach)}
        found = await translate(self._db[doc.BUCKETS].find_one(query, sort=[("week", 1)]))
        return None if found is None else date.fromisoformat(found["week"])

    async def last_week(self, reach: Reach, before: date) -> date | None:
        """Return the last week, up to a day, with a report in reach."""
        query = within(reach) | {"domain": ALL, "week": {"$lte": before.isoformat()}, "$expr": counted(reach)}
        found = await translate(self._db[doc.BUCKETS].find_one(query, sort=[("week", DESCENDING)]))
        return None if found is None else date.fromisoformat(found["week"])

    async def reports(self, reach: Reach, wanted: ReportFilter) -> list[Entry]:
        """Return a page of the reports in reach, newest first."""
        query = report_query(reach, wanted)
        if wanted.after is not None:
            moment, report_id = wanted.after
            query["$or"] = [{"reported_at": {"$lt": moment}}, {"reported_at": moment, "report_id": {"$lt": report_id}}]
        cursor = self._db[doc.FACTS].find(query).sort(NEWEST_FIRST).limit(wanted.limit)
        return [_entry(document) for document in await translate(cursor.to_list(None))]

    async def signal(self, reach: Reach, signal_id: str) -> State | None:
        """Return one signal in reach."""
        return await self._state(SIGNAL, reach, signal_id)

    async def action(self, reach: Reach, action_id: str) -> State | None:
        """Return one action in reach."""
        return await self._state(ACTION, reach, action_id)

    async def _state(self, collection: str, reach: Reach, state_id: str) -> State | None:
        query = visible(reach) | {"_id": doc.joined(reach.provider_id, state_id)}
        found = await translate(self._db[collection].find_one(query))
        states = await self._without_held(reach, [] if found is None else [doc.state_of(found)])
        return states[0] if states else None

    async def _without_held(self, reach: Reach, states: list[State]) -> list[State]:
        """Take out what a site's roles must not see: held items, and of reports held by now their ids and their duties.

        What the state itself says of who may see it can be older than the report's being held; neither a withdrawal
        nor an erasure shows a held report to its site.
        """
        if reach.held:
            return states
        states = [state.without_held_items() for state in states]
        named = {report_id for state in states for report_id in state.reports()}
        if not named:
            return states
        query = {"provider": reach.provider_id, "report_id": {"$in": sorted(named)}} | HIDDEN
        held = set(await translate(self._db[doc.FACTS].distinct("report_id", query)))
        return [shown for state in states if (shown := state.without(held)) is not None]

    async def states(self, kind: str, reach: Reach, wanted: StateFilter) -> list[State]:
        """Return a page of the states of one kind in reach, by id; it is full unless the list ends there."""
        query = states_query(reach, wanted.site_id, wanted.status)
        if kind in OF_PROVIDER and wanted.site_id is None and reach.sites is not None:
            query["site"]["$in"].append(PROVIDER_WIDE)
        if wanted.after is not None:
            query["state_id"] = {"$gt": wanted.after}
        if wanted.since is not None:
            # Days are England's, moments are UTC's: a day more is read, and whoever asks looks closer.
            query[DATES[kind]] = {"$gte": doc.day_text(wanted.since - timedelta(days=1))}
        if wanted.state_ids is not None:
            query["state_id"] = {"$in": list(wanted.state_ids)}
        if wanted.action_ids is not None:
            query["body.action_id"] = {"$in": list(wanted.action_ids)}
        if wanted.report_id is not None:
            query["$or"] = [{"body.report_ids": wanted.report_id}, {"body.report_id": wanted.report_id}]
        limit, shown, fields = wanted.limit or 0, list[State](), _projection(wanted.fields)
        while True:
            cursor = self._db[kind].find(query, fields, batch_size=STATES_AT_ONCE)
            cursor = cursor.sort("state_id", 1).limit(limit)
            found = [doc.state_of(document) for document in await translate(cursor.to_list(None))]
            shown += await self._without_held(reach, found)
            if not limit or len(found) < limit or len(shown) >= limit:
                return shown[:limit] if limit else shown
            query["state_id"] = {"$gt": found[-1].state_id}

    async def versions(self, reach: Reach) -> list[tuple[str, str]]:
        """Return the taxonomy and model versions that labels were made with."""
        found = await translate(self._db[doc.VERSIONS].find({"provider": reach.provider_id}).to_list(None))
        return sorted((document["taxonomy"], document["model"]) for document in found)


def _projection(fields: tuple[str, ...] | None) -> dict[str, int] | None:
    """Return which fields of states are read; the one report that a state is about always is, as it may be held."""
    if fields is None:
        return None
    names = ("provider", "site", "state_id", "version", "status", "visibility", "body.report_id")
    return dict.fromkeys((*names, *(f"body.{name}" for name in fields)), 1) | {"_id": 0}


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
        dialogue=fact.dialogue or DialoguePart(),
    )
