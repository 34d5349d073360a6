"""The HTTP API: counts, totals, removed escalations, reports and sites as data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.reporting.domain.buckets import COLUMNS, Bucket, Counts
from services.reporting.domain.escalations import Escalations
from services.reporting.domain.reading import BucketFilter, Entry
from services.reporting.domain.registry import Site
from services.reporting.ports import Figures, Freshness, Views
from services.reporting.routes import tables
from services.reporting.routes.answers import HEADERS, Conditional, answer
from services.reporting.routes.asked import From, Place, ReportsAsked, To, Word, reports_asked
from services.reporting.usecases.access import READERS, Access, access_to, require_order, require_site
from services.reporting.usecases.read_reports import read_reports
from shared.kernel.clock import Clock, london_date
from shared.kernel.principal import Principal
from shared.runtime.auth import Allow

Reader = Annotated[Principal, Depends(Allow(*READERS))]
Limit = Annotated[int, Query(ge=1, le=10_000)]


def make_api(views: Views, figures: Figures, freshness: Freshness, clock: Clock) -> APIRouter:
    """Build the routes.

    Args:
        views: Where rows, reports and sites are read.
        figures: Where sums are read.
        freshness: How far the views have followed the log.
        clock: The source of today.
    """
    api = Api(views, figures, freshness, clock)
    router = APIRouter(prefix="/v1", tags=["views"], route_class=Conditional)
    router.get("/views/site-domain-week")(api.site_domain_week)
    router.get("/providers/{provider_id}/totals")(api.totals)
    router.get("/providers/{provider_id}/escalations")(api.escalations)
    router.get("/reports")(api.reports)
    router.get("/sites")(api.sites)
    return router


class Api:
    """The answers to programs.

    Args:
        views: Where rows, reports and sites are read.
        figures: Where sums are read.
        freshness: How far the views have followed the log.
        clock: The source of today.
    """

    def __init__(self, views: Views, figures: Figures, freshness: Freshness, clock: Clock) -> None:
        self._views = views
        self._figures = figures
        self._freshness = freshness
        self._clock = clock

    def _answer(self, body: Mapping[str, Any]) -> Response:
        return answer(self._freshness, body)

    async def site_domain_week(
        self,
        request: Request,
        principal: Reader,
        provider: Word = None,
        site: Word = None,
        domain: Word = None,
        first: From = None,
        last: To = None,
        form: Annotated[str | None, Query(alias="format")] = None,
        after: Place = None,
        limit: Limit = 1_000,
    ) -> Response:
        """Return counts by site, domain and week; NDJSON and CSV come whole, JSON in pages."""
        access = await _access(self._views, principal, provider, site, first, last)
        kind = tables.media_type(request, form)
        place = tables.read_place(after, 3)
        paged = kind == tables.JSON
        wanted = BucketFilter(
            site_id=site,
            domain=domain,
            first=first,
            last=last,
            after=(place[0], place[1], place[2]) if place else None,
            limit=limit if paged else None,
        )
        rows = _rows(self._views, access, wanted)
        if not paged:
            content = await tables.stream(kind, rows, _columns(access))
            return StreamingResponse(content, media_type=kind, headers=HEADERS)
        listed = [row async for row in rows]
        return self._answer({"rows": listed, "next": _row_place(listed[-1]) if len(listed) == limit else None})

    async def totals(self, principal: Reader, provider_id: str, first: From = None, last: To = None) -> Response:
        """Return the sums over a provider's sites, and each site's own."""
        access = await _access(self._views, principal, provider_id, None, first, last)
        known = {site.site_id: site for site in await self._views.sites(access)}
        by_site = await self._figures.counts(access, first, last)
        today = london_date(self._clock.now())
        sites = [
            {"site_id": site_id, "name": _name(known.get(site_id), today)} | vars(by_site.get(site_id, Counts()))
            for site_id in sorted(known.keys() | {s for s, counts in by_site.items() if counts.reports})
        ]
        total = sum(by_site.values(), Counts())
        period = {"provider_id": access.provider_id, "from": first, "to": last}
        return self._answer(period | {"totals": vars(total), "sites": sites})

    async def escalations(self, principal: Reader, provider_id: str, first: From = None, last: To = None) -> Response:
        """Return how many escalations were removed, by site and in all; a rate is null where none is escalated."""
        access = await _access(self._views, principal, provider_id, None, first, last)
        known = {site.site_id: site for site in await self._views.sites(access)}
        by_site = await self._figures.escalations(access, first, last)
        today = london_date(self._clock.now())
        sites = [
            {"site_id": site_id, "name": _name(known.get(site_id), today)}
            | _escalations(by_site.get(site_id, Escalations()))
            for site_id in sorted(known.keys() | by_site.keys())
        ]
        total = _escalations(sum(by_site.values(), Escalations()))
        period = {"provider_id": access.provider_id, "from": first, "to": last}
        return self._answer(period | {"totals": total, "sites": sites})

    async def reports(
        self,
        principal: Reader,
        asked: Annotated[ReportsAsked, Depends(reports_asked)],
        provider: Word = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> Response:
        """Return the redacted reports behind any number, newest first."""
        access = await access_to(self._views, principal, provider)
        found = await read_reports(self._views, self._figures, access, asked.wanted(limit))
        end = report_place(found.entries[-1]) if found.more else None
        return self._answer({"reports": [_report(e, access) for e in found.entries], "total": found.total, "next": end})

    async def sites(self, principal: Reader, provider: Word = None) -> Response:
        """Return the sites in reach with their dated history."""
        access = await access_to(self._views, principal, provider)
        return self._answer(
            {"provider_id": access.provider_id, "sites": [_site(s) for s in await self._views.sites(access)]}
        )


async def _access(
    views: Views,
    principal: Principal,
    provider: str | None,
    site: str | None,
    first: date | None = None,
    last: date | None = None,
) -> Access:
    access = await access_to(views, principal, provider)
    require_order(first, last)
    await require_site(views, access, site)
    return access


def _columns(access: Access) -> tuple[str, ...]:
    held = ("held",) if access.held else ()
    return ("provider_id", "site_id", "domain", "week_start", *COLUMNS, *held, "exposure", "exposure_unit")


async def _rows(views: Views, access: Access, wanted: BucketFilter) -> AsyncIterator[dict[str, Any]]:
    async for bucket in views.buckets(access, wanted):
        yield _row(bucket, access)


def _row(bucket: Bucket, access: Access) -> dict[str, Any]:
    return {
        "provider_id": bucket.cell.provider_id,
        "site_id": bucket.cell.site_id,
        "domain": bucket.domain,
        "week_start": bucket.cell.week.isoformat(),
        **vars(bucket.seen(access.held)),
        **({"held": bucket.held.reports} if access.held else {}),
        "exposure": bucket.exposure,
        "exposure_unit": bucket.exposure_unit,
    }


def _row_place(row: Mapping[str, Any]) -> str:
    return tables.write_place(row["week_start"], row["site_id"], row["domain"])


def _escalations(found: Escalations) -> dict[str, Any]:
    return vars(found) | {"removal_rate": found.removal_rate}


def _site(site: Site) -> dict[str, Any]:
    fields = {name: value for name, value in vars(site).items() if name != "provider_id"}
    return fields | {"history": [vars(version) for version in site.history]}


def _name(site: Site | None, today: date) -> str | None:
    return None if site is None else site.at(today).name


def _report(entry: Entry, access: Access) -> dict[str, Any]:
    told = vars(entry.report)
    words = ("text", "place", "what_stopped_it")
    never = ("withdrawn", "reporter_token")
    shown = {name: value for name, value in told.items() if name not in never and (access.text or name not in words)}
    return {
        "report_id": entry.report_id,
        "site_id": entry.site_id,
        **shown,
        "domains": entry.domains,
        "primary_domain": entry.primary_domain,
        "event_class": entry.event_class,
        "needs_review": entry.needs_review,
        "corrected": entry.corrected,
    }


def report_place(entry: Entry) -> str:
    """Write the place of a report in a list, for the page after it."""
    return tables.write_place(entry.report.reported_at.isoformat(), entry.report_id)
