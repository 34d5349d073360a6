"""The HTTP API of the views that compare: charts, heat map, culture, data quality, continuity, learning, roll-ups."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response

from services.reporting.domain.facts import ALL
from services.reporting.domain.reading import Span
from services.reporting.ports import Figures, Freshness, Views
from services.reporting.routes import tables
from services.reporting.routes.answers import Conditional, answer
from services.reporting.routes.asked import From, Place, To, Word
from services.reporting.routes.state_api import state_rows
from services.reporting.usecases import read_figures as read
from services.reporting.usecases.access import READERS, Access, access_to
from services.reporting.usecases.periods import complete_weeks
from services.reporting.usecases.read_learning import read_learning
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Fault, Invalid
from shared.kernel.principal import Principal
from shared.runtime.auth import Allow
from shared.taxonomy.model import Taxonomy

Reader = Annotated[Principal, Depends(Allow(*READERS))]
By = Literal["region", "contract", "council", "setting"]
QUARTER_WEEKS, YEAR_WEEKS = 13, 52


def domains_of(taxonomy: Taxonomy) -> read.Domains:
    """Return groups and domains as the figures need them."""
    groups = tuple(group.name for group in taxonomy.groups)
    return read.Domains(groups, {name: domain.group for name, domain in taxonomy.domains.items()})


def make_figures_api(
    views: Views, figures: Figures, freshness: Freshness, clock: Clock, taxonomy: Taxonomy
) -> APIRouter:
    """Build the routes.

    Args:
        views: Where sites and states are read.
        figures: Where sums are read.
        freshness: How far the views have followed the log.
        clock: The source of today.
        taxonomy: Groups and domains.
    """
    api = FiguresApi(views, figures, freshness, clock, domains_of(taxonomy))
    router = APIRouter(prefix="/v1", tags=["figures"], route_class=Conditional)
    router.get("/series")(api.series)
    router.get("/heat")(api.heat)
    router.get("/culture")(api.culture)
    router.get("/data-quality")(api.quality)
    router.get("/continuity")(api.continuity)
    router.get("/learning-log")(api.learning)
    router.get("/roll-ups")(api.roll_ups)
    return router


class FiguresApi:
    """The answers to programs; the pages call the same use cases.

    Args:
        views: Where sites and states are read.
        figures: Where sums are read.
        freshness: How far the views have followed the log.
        clock: The source of today.
        domains: Groups and domains.
    """

    def __init__(
        self, views: Views, figures: Figures, freshness: Freshness, clock: Clock, domains: read.Domains
    ) -> None:
        self._views = views
        self._figures = figures
        self._freshness = freshness
        self._clock = clock
        self._domains = domains

    def _today(self) -> date:
        return london_date(self._clock.now())

    def _span(self, first: date | None, last: date | None, weeks: int) -> Span:
        return complete_weeks(first, last, self._today(), weeks)

    def _answer(self, access: Access, span: Span | None, body: dict[str, Any]) -> Response:
        period = {"from": span.first, "to": span.last, "weeks": span.weeks} if span else {}
        return answer(self._freshness, {"provider_id": access.provider_id, **period, **body})

    async def series(
        self,
        principal: Reader,
        provider: Word = None,
        site: Word = None,
        domain: Word = None,
        first: From = None,
        last: To = None,
        count: Literal["reports", "near_misses"] = "reports",
    ) -> Response:
        """Return the weeks of a site's domain, or of all sites', and the control chart that suits them."""
        access, span = await access_to(self._views, principal, provider), self._span(first, last, YEAR_WEEKS)
        self._require_domain(domain)
        near_misses = count == "near_misses"
        drawn = await read.read_control(
            self._views, self._figures, access, site, domain or ALL, span, near_misses_only=near_misses
        )
        asked = {"site_id": site, "domain": domain or ALL, "count": count}
        return self._answer(access, span, asked | vars(drawn))

    def _require_domain(self, domain: str | None) -> None:
        if domain and not domain.startswith("(") and domain not in self._domains.group_of:
            known = ", ".join(self._domains.group_of)
            raise Invalid("this domain is not known", (Fault(f"must be one of {known}", field="domain"),))

    async def heat(
        self,
        principal: Reader,
        provider: Word = None,
        after: Place = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> Response:
        """Return the evidence of change at each site against its own history, by group and domain."""
        access = await access_to(self._views, principal, provider)
        place = tables.read_place(after, 1)
        skipped = int(place[0]) if place and place[0].isdigit() else 0
        found = await read.read_heat(self._views, self._figures, access, self._domains, self._today(), skipped, limit)
        rows = [vars(named) | vars(row) for named, row in found.rows]
        end = tables.write_place(str(found.next)) if found.next is not None else None
        told = {name: value for name, value in vars(found).items() if name not in ("rows", "next")}
        return self._answer(access, None, told | {"rows": rows, "next": end})

    async def culture(
        self, principal: Reader, provider: Word = None, site: Word = None, first: From = None, last: To = None
    ) -> Response:
        """Return figures on whether people dare to report, by site; never a ranking."""
        access, span = await access_to(self._views, principal, provider), self._span(first, last, QUARTER_WEEKS)
        found = await read.read_culture(self._views, self._figures, access, self._domains, site, span, self._today())
        return self._answer(access, span, _per_site(found))

    async def quality(
        self, principal: Reader, provider: Word = None, site: Word = None, first: From = None, last: To = None
    ) -> Response:
        """Return how complete and how certain the data are, by site."""
        access, span = await access_to(self._views, principal, provider), self._span(first, last, QUARTER_WEEKS)
        found = await read.read_quality(self._views, self._figures, access, site, span, self._today())
        return self._answer(access, span, _per_site(found))

    async def continuity(
        self, principal: Reader, provider: Word = None, site: Word = None, first: From = None, last: To = None
    ) -> Response:
        """Return hours lost by kind and site, what is still disrupted, and how plans did."""
        access, span = await access_to(self._views, principal, provider), self._span(first, last, QUARTER_WEEKS)
        found = await read.read_continuity(self._views, self._figures, access, site, span, self._clock.now())
        return self._answer(access, span, vars(found))

    async def learning(
        self,
        principal: Reader,
        provider: Word = None,
        site: Word = None,
        first: From = None,
        last: To = None,
        after: Place = None,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        """Return what was changed and whether it worked, in pages; and what people wrote into the log, the newest."""
        access, span = await access_to(self._views, principal, provider), self._span(first, last, YEAR_WEEKS)
        place = tables.read_place(after, 1)
        skipped = int(place[0]) if place and place[0].isdigit() else 0
        found = await read_learning(self._views, access, site, span, self._today(), skipped, limit)
        whole = len(found.action_ids)
        told: dict[str, Any] = {
            "lessons": [vars(one) for one in found.lessons],
            "lessons_in_all": whole,
            "published": state_rows(found.published, access),
            "published_in_all": found.published_in_all,
            "next": tables.write_place(str(skipped + limit)) if skipped + limit < whole else None,
        }
        return self._answer(access, span, told)

    async def roll_ups(
        self, principal: Reader, provider: Word = None, by: By = "region", first: From = None, last: To = None
    ) -> Response:
        """Return sums over sites by region, contract, council or kind of service."""
        access, span = await access_to(self._views, principal, provider), self._span(first, last, QUARTER_WEEKS)
        found = await read.read_roll_up(self._views, self._figures, access, by, span, self._today())
        return self._answer(access, span, {"by": by, "rows": [vars(row) for row in found]})


def _per_site(found: read.PerSite[Any]) -> dict[str, Any]:
    return {
        "sites": [vars(named) | vars(figures) for named, figures in found.sites],
        "together": vars(found.together),
        "too_few_to_tell": found.too_few,
    }
