"""The page of exposure: one grid for all sites a week."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.intake.domain.exposures import BASES
from services.intake.routes.reports import Provider
from services.intake.usecases.exposure_grid import WEEK, ExposureGrid, monday_of
from shared.kernel.clock import Clock, london_date
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import Allow, refuse_other_sites
from shared.web.navigation import navigation
from shared.web.pages import PAGE_HEADERS, Pages

Counter = Annotated[Principal, Depends(Allow(Role.MANAGER, Role.GOVERNANCE, Role.OPERATOR))]
SITES_MAX = 1_000


def exposure_pages(grid: ExposureGrid, pages: Pages, clock: Clock, prefix: str) -> APIRouter:
    """Build the routes.

    Args:
        grid: Reads and writes a week.
        pages: Renders templates.
        clock: The source of today.
        prefix: Where the front door has this service, such as /in.
    """
    router = APIRouter(prefix="/exposure", include_in_schema=False)

    async def page(
        principal: Principal, provider_id: str | None, day: date, status: int = 200, **said: Any
    ) -> Response:
        today = london_date(clock.now())
        own = principal.provider(provider_id)
        week = await grid.week(principal, provider_id, day)
        later = week.monday + WEEK
        errors = said.get("errors", {})
        said["problems"] = [
            (line.site_id, f"{line.name}: {errors[line.site_id]}") for line in week.lines if line.site_id in errors
        ]
        html = pages.render(
            "exposure.html",
            navigation(principal.roles, own, principal.sites),
            f"{prefix}/exposure",
            prefix=prefix,
            provider=own,
            grid=week,
            earlier=week.monday - WEEK,
            later=later if later <= today else None,
            bases=BASES,
            **({"errors": {}, "written": {}, "done": None} | said),
        )
        return HTMLResponse(html, status, headers=PAGE_HEADERS)

    @router.get("")
    async def shown(
        principal: Counter,
        week: Annotated[date | None, Query(description="a day of the week")] = None,
        provider_id: Provider = None,
        done: Annotated[int | None, Query(ge=0, le=SITES_MAX)] = None,
    ) -> Response:
        # Last week's figures are what is asked for on most days.
        return await page(principal, provider_id, week or monday_of(london_date(clock.now())) - WEEK, done=done)

    @router.post("")
    async def told(
        request: Request, principal: Counter, week: Annotated[date, Query()], provider_id: Provider = None
    ) -> Response:
        refuse_other_sites(request)
        form = await request.form(max_files=0, max_fields=2 * SITES_MAX, max_part_size=200)
        sites = [name.removeprefix("value:") for name in form if name.startswith("value:")]
        said = {site: (str(form[f"value:{site}"]), str(form.get(f"basis:{site}", ""))) for site in sites}
        applied, site_of = await grid.record(principal, provider_id, week, said)
        if applied.faults:
            errors = {site_of[fault.line or 0]: fault.detail for fault in applied.faults if fault.line in site_of}
            return await page(principal, provider_id, week, 422, errors=errors, written=said, done=applied.changed)
        own = f"&provider_id={provider_id}" if provider_id else ""
        return RedirectResponse(f"{prefix}/exposure?week={week}&done={applied.changed}{own}", 303)

    return router
