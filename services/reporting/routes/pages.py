"""The pages: a provider's overview, the list of reports behind any number, and the way in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup

from services.reporting.domain.overview import WEEK, Overview, SiteSeries, Week
from services.reporting.ports import Freshness, Views
from services.reporting.routes.api import Reader, report_place
from services.reporting.routes.asked import Day, ReportsAsked, reports_asked
from services.reporting.routes.titles import Titles
from services.reporting.usecases.access import Access, access_to
from services.reporting.usecases.read_page import Age, ProviderPage, age_of, read_provider_page
from services.reporting.usecases.read_reports import read_reports, reports_of_action, reports_of_signal
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import NotFound
from shared.kernel.principal import EVERY_PROVIDER
from shared.runtime.auth import PUBLIC
from shared.web.charts import Charts, Column, Shape, stacked_columns
from shared.web.pages import ASSET_HEADERS, PAGE_HEADERS, Link, Pages
from shared.web.words import count_words, day_words

PROVIDERS = "/providers/"
WIDE, NARROW, SMALL = Shape(720, 230), Shape(330, 210), Shape(248, 92, ticks=2, ends_only=True)


@dataclass(frozen=True)
class Extent:
    """How much pages show.

    Attributes:
        page_weeks: Complete weeks on the page of a provider.
        list_rows: Reports on one page of a list.
        stale_after_minutes: Further behind the log than this, a page says so.
    """

    page_weeks: int
    list_rows: int
    stale_after_minutes: int


class Desk:
    """What the page routes work with.

    Args:
        views: Where everything is read.
        freshness: How far the views have followed the log.
        pages: Renders templates.
        charts: Draws.
        titles: Words of the taxonomy.
        clock: The source of now.
        extent: How much is shown.
    """

    def __init__(
        self,
        views: Views,
        freshness: Freshness,
        pages: Pages,
        charts: Charts,
        titles: Titles,
        clock: Clock,
        extent: Extent,
    ) -> None:
        self.views = views
        self.freshness = freshness
        self.pages = pages
        self.charts = charts
        self.titles = titles
        self.clock = clock
        self.extent = extent

    def age(self) -> Age:
        """Say how fresh the views are now."""
        return age_of(self.freshness, self.clock.now(), self.extent.stale_after_minutes)

    def page(self, template: str, access: Access | None, here: str, **context: Any) -> HTMLResponse:
        """Render a page with the navigation of a provider."""
        links = [] if access is None else navigation(access.provider_id)
        html = self.pages.render(
            template,
            links,
            here,
            titles=self.titles,
            held=access.held if access else False,
            text=access.text if access else False,
            **context,
        )
        return HTMLResponse(html, headers=PAGE_HEADERS)

    async def name(self, access: Access) -> tuple[str, bool]:
        """Return the provider's name and whether its data are invented."""
        provider = await self.views.provider(access)
        return (provider.name, provider.synthetic) if provider else (access.provider_id, False)


def make_pages(desk: Desk) -> APIRouter:
    """Build the routes."""
    answers = Answers(desk)
    router = APIRouter(include_in_schema=False)
    router.get("/static/{name}", dependencies=[Depends(PUBLIC)])(answers.stylesheet)
    router.get("/")(answers.start)
    router.get("/providers/{provider_id}")(answers.provider)
    router.get("/providers/{provider_id}/reports")(answers.reports)
    return router


class Answers:
    """The answers to people.

    Args:
        desk: What they are made with.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def stylesheet(self, name: str) -> Response:
        """Send the stylesheet, under its hashed name alone."""
        if name != self._desk.pages.stylesheet.name:
            raise NotFound("no such file")
        return Response(self._desk.pages.stylesheet.content, media_type="text/css", headers=ASSET_HEADERS)

    async def start(self, principal: Reader) -> Response:
        """Lead to the own provider; whoever is bound to none chooses."""
        desk = self._desk
        if principal.tenant == EVERY_PROVIDER:
            return desk.page("providers.html", None, "/", providers=await desk.views.provider_ids(), home=home)
        return RedirectResponse(home(principal.tenant), 303, headers={"Cache-Control": "no-store"})

    async def provider(
        self, principal: Reader, provider_id: str, until: Annotated[Day | None, Query()] = None
    ) -> Response:
        """Show a provider's overview, up to the week of a day."""
        desk = self._desk
        access = await access_to(desk.views, principal, provider_id)
        page = await read_provider_page(desk.views, access, desk.age(), until, desk.extent.page_weeks)
        return desk.page("provider.html", access, home(provider_id), **await _provider(desk, page, access))

    async def reports(
        self,
        principal: Reader,
        provider_id: str,
        asked: Annotated[ReportsAsked, Depends(reports_asked)],
        signal: Annotated[str | None, Query(max_length=128)] = None,
        action: Annotated[str | None, Query(max_length=128)] = None,
    ) -> Response:
        """List the reports behind a number, a question or an action."""
        access = await access_to(self._desk.views, principal, provider_id)
        return await _reports(self._desk, access, asked, signal, action)


def home(provider_id: str) -> str:
    """Return the address of a provider's page."""
    return PROVIDERS + quote(provider_id, safe="")


def reports_address(provider_id: str, **asked: Any) -> str:
    """Return the address of the list of reports behind a number."""
    parameters = urlencode({name: value for name, value in asked.items() if value is not None}, doseq=True)
    return f"{home(provider_id)}/reports" + (f"?{parameters}" if parameters else "")


def navigation(provider_id: str) -> list[Link]:
    """Return the entries of the navigation, in the same place on every page."""
    return [Link("Overview", home(provider_id)), Link("Reports", reports_address(provider_id))]


async def _provider(desk: Desk, page: ProviderPage, access: Access) -> dict[str, Any]:
    shown = page.overview
    today = london_date(page.age.as_of)

    def behind(**asked: Any) -> str:
        """Return an address relative to this page's own: hundreds of them stand on it."""
        return reports_address(access.provider_id, **asked).removeprefix(PROVIDERS)

    return {
        "name": page.provider.name if page.provider else access.provider_id,
        "synthetic": bool(page.provider and page.provider.synthetic),
        "own_sites_only": access.sites is not None,
        "page": page,
        "shown": shown,
        "names": {site.site_id: site.at(today).name for site in page.sites},
        "today": today,
        "earlier": shown.weeks[0].start - WEEK if shown.weeks else None,
        "reports_behind": behind,
        "home": home(access.provider_id),
        "wide": await _all_sites(desk, shown, WIDE, "wide"),
        "narrow": await _all_sites(desk, shown, NARROW, "narrow"),
        "small": await _each_site(desk, shown),
    }


async def _all_sites(desk: Desk, shown: Overview, shape: Shape, name: str) -> Markup:
    if not shown.weeks:
        return Markup("")
    title = "Reports each week, all sites together"
    specification = stacked_columns(_columns(shown.weeks), shape)
    return await desk.charts.draw(specification, f"all-{name}", title, _described(shown.weeks))


async def _each_site(desk: Desk, shown: Overview) -> list[tuple[SiteSeries, Markup]]:
    drawings = (_one_site(desk, site, number, shown.highest_at_a_site) for number, site in enumerate(shown.sites))
    return list(zip(shown.sites, await asyncio.gather(*drawings), strict=True))


async def _one_site(desk: Desk, site: SiteSeries, number: int, top: int) -> Markup:
    if not site.weeks:
        return Markup("")
    specification = stacked_columns(_columns(site.weeks), SMALL, top)
    return await desk.charts.draw(specification, f"s{number}", f"{site.name}, each week", _described(site.weeks))


def _columns(weeks: tuple[Week, ...]) -> list[Column]:
    return [Column(week.start, (week.counts.near_misses, week.counts.others)) for week in weeks]


def _described(weeks: tuple[Week, ...]) -> str:
    numbers = [week.counts.reports for week in weeks]
    return (
        f"{count_words(len(weeks), 'week')} to the one from {day_words(weeks[-1].start)}: "
        f"lowest {min(numbers)}, highest {max(numbers)}, last {numbers[-1]} reports."
    )


async def _reports(
    desk: Desk, access: Access, asked: ReportsAsked, signal_id: str | None, action_id: str | None
) -> Response:
    report_ids, about = None, None
    if signal_id is not None:
        signal, report_ids = await reports_of_signal(desk.views, access, signal_id)
        about = signal.body["question"]
    elif action_id is not None:
        action, report_ids = await reports_of_action(desk.views, access, action_id)
        about = action.body["title"]
    found = await read_reports(desk.views, access, asked.wanted(desk.extent.list_rows, report_ids))
    name, synthetic = await desk.name(access)
    today = london_date(desk.clock.now())
    following = asked.query(signal=signal_id, action=action_id, after=None)
    if found.more:
        following["after"] = report_place(found.entries[-1])
    return desk.page(
        "reports.html",
        access,
        reports_address(access.provider_id),
        name=name,
        synthetic=synthetic,
        home=home(access.provider_id),
        names={site.site_id: site.at(today).name for site in await desk.views.sites(access)},
        asked=asked,
        about=about,
        found=found,
        first_page=reports_address(access.provider_id, **asked.query(signal=signal_id, action=action_id)),
        next_page=reports_address(access.provider_id, **following) if found.more else None,
        whole_list=reports_address(access.provider_id),
        age=desk.age(),
    )
