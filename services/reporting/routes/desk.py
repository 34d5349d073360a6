"""What all pages of reporting are made with: views, words, charts, and what every page says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from fastapi.responses import HTMLResponse

from services.reporting.domain.standing import Standing
from services.reporting.ports import Figures, Freshness, Views
from services.reporting.routes import addresses
from services.reporting.routes.titles import Titles
from services.reporting.usecases.access import Access
from services.reporting.usecases.read_figures import Domains
from services.reporting.usecases.read_page import Age, age_of
from shared.kernel.clock import Clock, london_date
from shared.kernel.principal import Role
from shared.web.charts import Charts
from shared.web.navigation import acting, counting, navigation, provider_home, reviewing
from shared.web.pages import PAGE_HEADERS, Pages

LINKS: Mapping[str, Callable[..., str]] = {
    "report": addresses.report_address,
    "reports": addresses.reports_address,
    "site": addresses.site_address,
    "domain": addresses.domain_address,
    "page": addresses.page_address,
}
ELSEWHERE: Mapping[str, Callable[..., str]] = {
    "signal": addresses.signal_address,
    "task": addresses.task_address,
    "duty": addresses.duty_address,
    "card": addresses.card_address,
    "occurrence": addresses.occurrence_address,
}
"""Pages of actions; whoever may not open them gets no address, and the words without a link."""


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


Standings = Callable[[], Sequence[Standing] | None]
"""Tells where each service that reads the log stands; None where nobody can tell."""


@dataclass(frozen=True)
class Desk:
    """What the page routes work with.

    Attributes:
        views: Where states and reports are read.
        figures: Where sums are read.
        domains: Groups and domains in screen order.
        freshness: How far the views have followed the log.
        pages: Renders templates.
        charts: Draws.
        titles: Words of the taxonomy.
        clock: The source of now.
        extent: How much is shown.
        standings: Where the services behind the pages stand.
    """

    views: Views
    figures: Figures
    domains: Domains
    freshness: Freshness
    pages: Pages
    charts: Charts
    titles: Titles
    clock: Clock
    extent: Extent
    standings: Standings

    def age(self) -> Age:
        """Say how fresh the views are now."""
        return age_of(self.freshness, self.clock.now(), self.extent.stale_after_minutes)

    def today(self) -> date:
        """Return the day in England."""
        return london_date(self.clock.now())

    async def page(
        self, template: str, access: Access, here: str = "", status: int = 200, **context: Any
    ) -> HTMLResponse:
        """Render a page of a provider.

        Args:
            template: File name of the template.
            access: What the reader may see.
            here: Name of the navigation's entry that the page belongs to, as the last part of its address.
            status: The answer's HTTP status.
            context: What the template names beside what every page has.
        """
        provider = await self.views.provider(access)
        sites = await self.views.sites(access)
        today = self.today()
        own: dict[str, Callable[..., str | None]] = {
            name: partial(link, access.provider_id) for name, link in LINKS.items()
        }
        around = {
            "name": provider.name if provider else access.provider_id,
            "synthetic": bool(provider and provider.synthetic),
            "home": provider_home(access.provider_id),
            "names": {site.site_id: site.at(today).name for site in sites},
            "to": {**own, **_elsewhere(access)},
            "acts": addresses.ACTS if acting(access.roles) else None,
            "reviews": reviewing(access.roles),
            "enters_exposure": counting(access.roles),
            "authors": writes_packs(access),
            "titles": self.titles,
            "age": self.age(),
            "today": today,
            "held": access.held,
            "text": access.text,
        }
        links = navigation(access.roles, access.provider_id, access.sites)
        at = provider_home(access.provider_id) + (f"/{here}" if here else "")
        return HTMLResponse(self.pages.render(template, links, at, **around | context), status, headers=PAGE_HEADERS)


def writes_packs(access: Access) -> bool:
    """Tell whether a reader may issue packs: who answers for the whole provider."""
    return Role.GOVERNANCE in access.roles and access.sites is None


def _elsewhere(access: Access) -> dict[str, Callable[..., str | None]]:
    doors: dict[str, Callable[..., str | None]] = dict(ELSEWHERE)
    if not acting(access.roles):
        doors = dict.fromkeys(ELSEWHERE, _nowhere)
    return doors | {"triage": addresses.triage_address if reviewing(access.roles) else _nowhere}


def _nowhere(_: str) -> None:
    """Return no address."""
