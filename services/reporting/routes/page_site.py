"""The page of one site: what needs its manager today."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Response
from markupsafe import Markup

from services.reporting.domain.facts import ALL
from services.reporting.domain.reading import ReportFilter, StateFilter
from services.reporting.domain.states import OCCURRENCE
from services.reporting.routes import chart_words as words
from services.reporting.routes.api import Reader
from services.reporting.routes.desk import Desk
from services.reporting.usecases.access import Access, access_to, require_site
from services.reporting.usecases.periods import complete_weeks
from services.reporting.usecases.read_figures import read_control
from services.reporting.usecases.read_matters import OPEN, read_matters
from shared.kernel.clock import week_start
from shared.web.plots import NARROW, WIDE, control_chart

LISTED_MAX = 5
"""So many of each list are told here; the rest is one link away."""
OWED_WEEKS, CHART_WEEKS = 8, 26


def site_pages(desk: Desk) -> APIRouter:
    """Build the route.

    Args:
        desk: What pages are made with.
    """
    answers = SitePages(desk)
    router = APIRouter(include_in_schema=False)
    router.get("/providers/{provider_id}/sites/{site_id}")(answers.site)
    return router


class SitePages:
    """The answers.

    Args:
        desk: What they are made with.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def site(self, principal: Reader, provider_id: str, site_id: str) -> Response:
        """Show what could have killed first, then what to review, what is due, what the data ask, what is owed."""
        desk, today = self._desk, self._desk.today()
        access = await access_to(desk.views, principal, provider_id)
        await require_site(desk.views, access, site_id)
        since = week_start(complete_weeks(None, None, today, OWED_WEEKS).first)
        to_review = ReportFilter(site_id=site_id, needs_review=True, limit=LISTED_MAX)
        owed = ReportFilter(site_id=site_id, feedback_owed=True, first=since, limit=LISTED_MAX)
        due = await desk.views.states(OCCURRENCE, access, StateFilter(site_id, OPEN, limit=None))
        return await desk.page(
            "site.html",
            access,
            f"sites/{site_id}",
            site_id=site_id,
            since=since,
            matters=await read_matters(desk.views, access, site_id, desk.clock.now(), LISTED_MAX),
            occurrences=sorted(due, key=lambda found: (str(found.body.get("due_on")), found.state_id)),
            to_review=await desk.views.reports(access, to_review),
            reviews=await desk.figures.count_reports(access, replace(to_review, after=None)),
            owed=await desk.figures.count_reports(access, owed),
            listed=LISTED_MAX,
            **await self._chart(access, site_id),
        )

    async def _chart(self, access: Access, site_id: str) -> dict[str, Any]:
        desk = self._desk
        span = complete_weeks(None, None, desk.today(), CHART_WEEKS)
        drawn = await read_control(desk.views, desk.figures, access, site_id, ALL, span)
        dots = words.dots(drawn)
        title, about = "Reports over half a year", words.described(drawn)
        shapes = {"wide": WIDE, "narrow": NARROW} if dots else {}
        pictures = {
            name: await desk.charts.draw(control_chart(dots, shape), f"site-{name}", title, about)
            for name, shape in shapes.items()
        }
        return {"drawn": drawn, "wide": Markup(""), "narrow": Markup("")} | pictures
