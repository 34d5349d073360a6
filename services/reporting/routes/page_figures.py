"""Pages of figures that compare: a domain's control chart, the map of risks, culture, continuity, what was changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from markupsafe import Markup

from services.reporting.domain.control import Control
from services.reporting.domain.lessons import Lesson
from services.reporting.domain.pulse import share_of_yes
from services.reporting.domain.reading import StateFilter
from services.reporting.domain.states import EVALUATION
from services.reporting.routes import chart_words as words
from services.reporting.routes.addresses import domain_address, page_address, query, turns
from services.reporting.routes.api import Reader
from services.reporting.routes.asked import From, To, Word
from services.reporting.routes.desk import Desk
from services.reporting.usecases import read_figures as read
from services.reporting.usecases.access import access_to
from services.reporting.usecases.periods import complete_weeks
from services.reporting.usecases.read_learning import read_judged, read_learning
from shared.kernel.errors import NotFound
from shared.web.bars import Bar, bars
from shared.web.plots import NARROW, WIDE, Shape, control_chart
from shared.web.timeline import interval

QUARTER_WEEKS, YEAR_WEEKS = 13, 52
BARS_PX = 330
INTERVAL = Shape(480, 36)
ROWS = 20
"""Sites on one page of the map: a table of eight columns that stays light for a poor connection."""
SITES_LISTED, LISTED = 50, 20
"""Sites in one table, lessons on one page, single disruptions in one list: more are a page further, or counted."""
POINTS_LISTED = 78
"""So many points of a chart stand in the table behind it; all of them come from the API."""
Skip = Annotated[int, Query(ge=0, le=100_000)]


def figure_pages(desk: Desk) -> APIRouter:
    """Build the routes.

    Args:
        desk: What pages are made with.
    """
    answers = FigurePages(desk)
    router = APIRouter(prefix="/providers/{provider_id}", include_in_schema=False)
    router.get("/domains/{domain}")(answers.domain)
    router.get("/risks")(answers.risks)
    router.get("/culture")(answers.culture)
    router.get("/continuity")(answers.continuity)
    router.get("/learning")(answers.learning)
    router.get("/status")(answers.status)
    return router


class FigurePages:
    """The answers.

    Args:
        desk: What they are made with.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def domain(
        self, principal: Reader, provider_id: str, domain: str, site: Word = None, first: From = None, last: To = None
    ) -> Response:
        """Show a domain's chart, of one site or of all, with the points that stand out explained."""
        desk = self._desk
        if domain not in desk.domains.group_of and domain not in ("(all)", "(none)"):
            raise NotFound(f"domain {domain} is not known here")
        access = await access_to(desk.views, principal, provider_id)
        span = complete_weeks(first, last, desk.today(), YEAR_WEEKS)
        drawn = await read.read_control(desk.views, desk.figures, access, site, domain, span)
        judged = await desk.views.states(EVALUATION, access, StateFilter(site, limit=None)) if site else []
        begun = words.begun_in(judged, domain, drawn)
        return await desk.page(
            "domain.html",
            access,
            "risks",
            domain=domain,
            site_id=site,
            span=span,
            drawn=drawn,
            told=words.standing_out(drawn),
            chosen=words.CHOSEN,
            measured=lambda value: words.measured(value, drawn, desk.titles.unit(drawn.unit or "")),
            day_of=words.day_of,
            begun=begun,
            wide=await self._drawn(drawn, begun, WIDE, "wide"),
            narrow=await self._drawn(drawn, begun, NARROW, "narrow"),
            listed=POINTS_LISTED,
            whole="/v1/series"
            + query(provider=provider_id, site=site, domain=domain, **{"from": span.first, "to": span.last}),
            near=[(name, domain_address(provider_id, name, site)) for name in ("(all)", *desk.domains.group_of)],
        )

    async def _drawn(self, drawn: Control, begun: Sequence[words.Begun], shape: Shape, name: str) -> Markup:
        dots = words.dots(drawn)
        if not dots:
            return Markup("")
        picture = control_chart(dots, shape, [one.on for one in begun])
        return await self._desk.charts.draw(picture, f"c-{name}", "Over time", words.described(drawn))

    async def risks(
        self,
        principal: Reader,
        provider_id: str,
        group: Annotated[str | None, Query(max_length=64)] = None,
        skip: Skip = 0,
    ) -> Response:
        """Show sites by groups of domains, or by the domains of one group, against each site's own history."""
        desk = self._desk
        if group is not None and group not in desk.domains.groups:
            raise NotFound(f"group {group} is not known here")
        access = await access_to(desk.views, principal, provider_id)
        heat = await read.read_heat(desk.views, desk.figures, access, desk.domains, desk.today(), skip, ROWS)
        inside = {name for name, owner in desk.domains.group_of.items() if owner == group}
        rows = [
            (site, row, [cell for cell in row.domains if cell.name in inside] if group else row.groups)
            for site, row in heat.rows
        ]
        return await desk.page(
            "risks.html",
            access,
            "risks",
            heat=heat,
            rows=rows,
            group=group,
            first_site=skip + 1,
            here_as=lambda **asked: query(**asked, skip=skip or None),
            before=page_address(provider_id, "risks", group=group, skip=max(0, skip - ROWS)) if skip else None,
            after=page_address(provider_id, "risks", group=group, skip=heat.next) if heat.next is not None else None,
        )

    async def culture(
        self, principal: Reader, provider_id: str, first: From = None, last: To = None, skip: Skip = 0
    ) -> Response:
        """Show whether people dare to report and hear back."""
        desk = self._desk
        access = await access_to(desk.views, principal, provider_id)
        span = complete_weeks(first, last, desk.today(), QUARTER_WEEKS)
        found = await read.read_culture(desk.views, desk.figures, access, desk.domains, None, span, desk.today())
        pulse = await read.read_pulse(desk.views, desk.figures, access, span)
        return await desk.page(
            "culture.html",
            access,
            "culture",
            found=found,
            span=span,
            rows=found.sites[skip : skip + SITES_LISTED],
            first_site=skip + 1,
            turns=turns(provider_id, "culture", skip, SITES_LISTED, len(found.sites), **_period(first, last)),
            named_at_most=LISTED,
            silent=[site for site, culture in found.sites if culture.silent],
            pulse=pulse,
            questions=words.PULSE_QUESTIONS,
            share_of_yes=share_of_yes,
            pulse_chart=await self._bars_drawn(words.pulse_bars(pulse.together), "pulse", "What people answer"),
            reasons=await self._bars_drawn(
                words.reason_bars(found.together.reasons, desk.titles), "reasons", "Why people gave no name"
            ),
        )

    async def _bars_drawn(self, rows: Sequence[Bar], name: str, title: str) -> Markup:
        """Draw bars, where there are any."""
        if not rows:
            return Markup("")
        told = "; ".join(f"{bar.label}: {bar.words}" for bar in rows)
        return await self._desk.charts.draw(bars(rows, BARS_PX), name, title, told)

    async def continuity(
        self, principal: Reader, provider_id: str, first: From = None, last: To = None, skip: Skip = 0
    ) -> Response:
        """Show what was disrupted, what still is, and whether plans worked."""
        desk = self._desk
        access = await access_to(desk.views, principal, provider_id)
        span = complete_weeks(first, last, desk.today(), QUARTER_WEEKS)
        found = await read.read_continuity(desk.views, desk.figures, access, None, span, desk.clock.now())
        by_site = {lost.site_id: lost for lost in found.by_site}
        sites = await read.named_sites(desk.views, access, desk.today())
        told = [(site, by_site[site.site_id]) for site in sites if site.site_id in by_site]
        return await desk.page(
            "continuity.html",
            access,
            "continuity",
            found=found,
            span=span,
            by_site=told[skip : skip + SITES_LISTED],
            turns=turns(provider_id, "continuity", skip, SITES_LISTED, len(told), **_period(first, last)),
            named_at_most=LISTED,
            silent=len(sites) - len(told),
            hours=await self._bars_drawn(
                words.hour_bars(found, desk.titles), "hours", "Hours lost by kind of disruption"
            ),
        )

    async def learning(
        self, principal: Reader, provider_id: str, first: From = None, last: To = None, skip: Skip = 0
    ) -> Response:
        """Show what was changed and whether it worked."""
        desk = self._desk
        access = await access_to(desk.views, principal, provider_id)
        span = complete_weeks(first, last, desk.today(), YEAR_WEEKS)
        found = await read_learning(desk.views, access, None, span, desk.today(), skip, LISTED)
        return await desk.page(
            "learning.html",
            access,
            "learning",
            found=found,
            came_of=await read_judged(desk.views, access, None, found.action_ids),
            turns=turns(provider_id, "learning", skip, LISTED, len(found.action_ids), **_period(first, last)),
            span=span,
            pictures={one.action_id: await self._interval_drawn(one) for one in found.lessons},
        )

    async def _interval_drawn(self, lesson: Lesson) -> Markup:
        """Draw the rate after against the rate before, where it was judged by one."""
        said = lesson.judgement
        if said is None or said.rate_ratio is None:
            return Markup("")
        drawn = interval(said.rate_ratio, said.ci_low, said.ci_high, INTERVAL)
        name, title = f"i-{lesson.action_id}", "Reports after against before"
        return await self._desk.charts.draw(drawn, name, title, words.ratio_words(said))

    async def status(self, principal: Reader, provider_id: str) -> Response:
        """Show how far the pages have followed the log, and where each service behind them stands."""
        desk = self._desk
        access = await access_to(desk.views, principal, provider_id)
        versions, standings = await desk.views.versions(access), desk.standings()
        return await desk.page("status.html", access, "status", versions=versions, standings=standings)


def _period(first: date | None, last: date | None) -> dict[str, date | None]:
    return {"from": first, "to": last}
