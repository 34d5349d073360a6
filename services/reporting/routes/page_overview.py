"""The way in, a provider's overview, the page of all pages, and the search for a report by its number."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup

from services.reporting.domain.overview import WEEK, Overview, SiteSeries, Week
from services.reporting.domain.reading import ReportFilter
from services.reporting.routes.addresses import PROVIDERS, page_address, report_address, reports_address
from services.reporting.routes.api import Reader
from services.reporting.routes.asked import Day
from services.reporting.routes.desk import Desk
from services.reporting.usecases.access import READERS, Access, access_to
from services.reporting.usecases.packs import MAY_READ
from services.reporting.usecases.read_matters import read_matters
from services.reporting.usecases.read_page import ProviderPage, read_provider_page
from shared.kernel.errors import NotFound
from shared.kernel.principal import EVERY_PROVIDER, Principal, Role
from shared.runtime.auth import Allow
from shared.web.navigation import navigation, provider_home
from shared.web.pages import PAGE_HEADERS
from shared.web.plots import NARROW, WIDE, Column, Shape, small_columns, stacked_columns
from shared.web.words import count_words, day_words

Anyone = Annotated[Principal, Depends(Allow(*READERS, Role.COMMISSIONER))]
"""All who have a page to begin with: a commissioner's is the list of packs."""
LISTED_MAX = 6
"""So many questions, verdicts or actions are told on the overview; the rest is one link away."""
SITES_ON_A_PAGE = 20
"""So many small charts fit into a page for a poor connection."""


def overview_pages(desk: Desk) -> APIRouter:
    """Build the routes.

    Args:
        desk: What pages are made with.
    """
    answers = OverviewPages(desk)
    router = APIRouter(include_in_schema=False)
    router.get("/")(answers.start)
    router.get("/find")(answers.find)
    router.get("/providers/{provider_id}")(answers.provider)
    router.get("/providers/{provider_id}/more")(answers.more)
    return router


class OverviewPages:
    """The answers.

    Args:
        desk: What they are made with.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def start(self, principal: Anyone) -> Response:
        """Lead to what the reader's navigation begins with; whoever is bound to no provider chooses."""
        desk = self._desk
        if principal.tenant == EVERY_PROVIDER:
            ids = await desk.views.provider_ids()
            html = desk.pages.render("providers.html", providers=ids, home=provider_home)
            return HTMLResponse(html, headers=PAGE_HEADERS)
        first = navigation(principal.roles, principal.tenant, principal.sites)[0]
        return RedirectResponse(first.href, 303, headers={"Cache-Control": "no-store"})

    async def find(self, principal: Reader, report: Annotated[str, Query(max_length=128)] = "") -> Response:
        """Lead to a report by its number; to the list where there is none of that number."""
        desk = self._desk
        access = await access_to(desk.views, principal)
        number = report.strip()
        wanted = ReportFilter(report_ids=(number,), limit=1)
        found = await desk.views.reports(access, wanted) if number else []
        if not found:
            raise NotFound(f"no report has the number {number}" if number else "no number was given")
        address = report_address(access.provider_id, found[0].site_id, found[0].report_id)
        return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})

    async def provider(
        self,
        principal: Reader,
        provider_id: str,
        until: Annotated[Day | None, Query()] = None,
        skip: Annotated[int, Query(ge=0, le=100_000)] = 0,
    ) -> Response:
        """Show a provider's overview, up to the week of a day."""
        desk = self._desk
        access = await access_to(desk.views, principal, provider_id)
        page = await read_provider_page(desk.views, desk.figures, access, desk.age(), until, desk.extent.page_weeks)
        matters = await read_matters(desk.views, access, None, desk.clock.now(), LISTED_MAX)
        context = await self._drawn(page, access, skip)
        return await desk.page("provider.html", access, page=page, matters=matters, **context)

    async def more(self, principal: Reader, provider_id: str) -> Response:
        """List all pages."""
        access = await access_to(self._desk.views, principal, provider_id)
        return await self._desk.page(
            "more.html",
            access,
            "more",
            packs=bool(access.roles & set(MAY_READ)),
            leads=bool(access.roles & {Role.GOVERNANCE, Role.SAFEGUARDING}),
        )

    async def _drawn(self, page: ProviderPage, access: Access, skip: int) -> dict[str, Any]:
        shown, asked = page.overview, page.asked_until
        provider_id = access.provider_id
        sites = shown.sites[skip : skip + SITES_ON_A_PAGE]

        def behind(**wanted: Any) -> str:
            """Return an address relative to this page's own: hundreds of them stand on it."""
            return reports_address(provider_id, **wanted).removeprefix(PROVIDERS)

        def turned(to: int) -> str | None:
            """Return the address of this page with other sites."""
            inside = 0 <= to < len(shown.sites) and to != skip
            return page_address(provider_id, "", until=asked, skip=to).replace("/?", "?") if inside else None

        return {
            "own_sites_only": access.sites is not None,
            "shown": shown,
            "sites": sites,
            "first_site": skip + 1,
            "newer_sites": turned(max(0, skip - SITES_ON_A_PAGE)) if skip else None,
            "further_sites": turned(skip + SITES_ON_A_PAGE),
            "questions_shown": LISTED_MAX,
            "earlier": shown.weeks[0].start - WEEK if shown.weeks else None,
            "reports_behind": behind,
            "wide": await self._all_sites(shown, WIDE, "wide"),
            "narrow": await self._all_sites(shown, NARROW, "narrow"),
            "small": await self._each_site(sites, shown.highest_at_a_site),
        }

    async def _each_site(self, sites: tuple[SiteSeries, ...], top: int) -> list[Markup]:
        kind = small_columns(sorted({week.start for site in sites for week in site.weeks}), top)
        told = [
            (f"s{number}", f"{site.name}, each week", _described(site.weeks) if site.weeks else "")
            for number, site in enumerate(sites)
        ]
        drawn = await self._desk.charts.draw_each(kind, [_columns(site.weeks) for site in sites], told)
        return [one if site.weeks else Markup("") for site, one in zip(sites, drawn, strict=True)]

    async def _all_sites(self, shown: Overview, shape: Shape, name: str) -> Markup:
        if not shown.weeks:
            return Markup("")
        title = "Reports each week, all sites together"
        specification = stacked_columns(_columns(shown.weeks), shape)
        return await self._desk.charts.draw(specification, f"all-{name}", title, _described(shown.weeks))


def _columns(weeks: tuple[Week, ...]) -> list[Column]:
    return [Column(week.start, (week.counts.near_misses, week.counts.others)) for week in weeks]


def _described(weeks: tuple[Week, ...]) -> str:
    numbers = [week.counts.reports for week in weeks]
    return (
        f"{count_words(len(weeks), 'week')} to the one from {day_words(weeks[-1].start)}: "
        f"lowest {min(numbers)}, highest {max(numbers)}, last {numbers[-1]} reports."
    )
