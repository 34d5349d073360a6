"""Conditions of queries: each starts with the tenant and ends at the reader's reach."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from services.reporting.adapters import documents as doc
from services.reporting.domain.facts import ALL, HELD, LIVE, NONE
from services.reporting.domain.reading import ANY_KIND, ReportFilter
from services.reporting.ports import Reach
from shared.kernel.clock import start_of_day

Query = dict[str, Any]
HIDDEN: Final[Query] = {"$or": [{"report.visibility": HELD}, {"report": None, "erased_held": True}]}
"""Holds for reports that a site's roles must not know of: held by now, or held when they were erased."""
BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
"""A report that counts was told after this; asking so, unlike asking whether it exists, is answered from the index."""
OPEN = "open"


def within(reach: Reach, site_id: str | None = None) -> Query:
    """Return the condition that keeps a query inside the reader's reach; a site out of it matches nothing."""
    query: Query = {"provider": reach.provider_id}
    if site_id is not None:
        inside = reach.sites is None or site_id in reach.sites
        query["site"] = site_id if inside else {"$in": []}
    elif reach.sites is not None:
        query["site"] = {"$in": sorted(reach.sites)}
    return query


def visible(reach: Reach, site_id: str | None = None) -> Query:
    """Return the condition for states: inside the reach, and not held from a reader who must not see it."""
    query = within(reach, site_id)
    if not reach.held:
        query["visibility"] = {"$ne": HELD}
    return query


def states_query(reach: Reach, site_id: str | None, status: str | None) -> Query:
    """Return the condition for states of a site and status; "open" means those that still ask something."""
    query = visible(reach, site_id)
    if status == OPEN:
        query["open"] = True
    elif status is not None:
        query["status"] = status
    return query


def counted(reach: Reach) -> Query:
    """Return the expression that holds for a bucket with a report that the reader sees."""
    return {"$gt": ["$counts.reports", 0 if reach.held else "$held.reports"]}


def with_content(reach: Reach) -> list[Query]:
    """Return what makes a bucket worth showing: a report that the reader sees, or, for the whole site, exposure."""
    return [{"$expr": counted(reach)}, {"domain": ALL, "exposure": {"$ne": None}}]


def between(first: date | None, last: date | None) -> Query:
    """Return the condition for a week from one Monday to another."""
    bounds = {"$gte": doc.day_text(first), "$lte": doc.day_text(last)}
    return {name: day for name, day in bounds.items() if day is not None}


def after(place: tuple[str, str, str]) -> list[Query]:
    """Return the alternatives for buckets behind a place in the order of week, site and domain."""
    week, site, domain = place
    return [
        {"week": {"$gt": week}},
        {"week": week, "site": {"$gt": site}},
        {"week": week, "site": site, "domain": {"$gt": domain}},
    ]


def report_query(reach: Reach, wanted: ReportFilter) -> Query:
    """Return the condition for the reports in reach that fit."""
    query = within(reach, wanted.site_id)
    query["reported_at"] = {"$gt": BEFORE_ALL}
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
    if wanted.feedback_owed:
        query |= {"report.origin": LIVE, "dialogue.feedback_at": None}
    if wanted.disruption is not None:
        query["disruption"] = {"$exists": True} if wanted.disruption == ANY_KIND else wanted.disruption
    if wanted.report_ids is not None:
        query["report_id"] = {"$in": list(wanted.report_ids)}
    return query
