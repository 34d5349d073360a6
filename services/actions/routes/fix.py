"""The page behind a fault's link: its contractor or landlord promises a day, or says that it is mended; no sign-in."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.actions.domain.oversight.faults import out_days
from services.actions.routes.seen import HEADERS
from services.actions.usecases.fault_desk import FaultDesk
from shared.kernel.clock import Clock, london_date
from shared.runtime.auth import PUBLIC, refuse_other_sites
from shared.web.pages import Pages


def fix_router(desk: FaultDesk, pages: Pages, clock: Clock, prefix: str) -> APIRouter:
    """Build the page; it shows this one fault and nothing else of the home.

    Args:
        desk: The use cases.
        pages: Renders it.
        clock: The source of now.
        prefix: Where the front door has this service, such as /act.
    """
    router = APIRouter(include_in_schema=False, dependencies=[Depends(PUBLIC)])

    def address(secret: str) -> str:
        return f"{prefix}/fix/{quote(secret, safe='')}"

    @router.get("/fix/{secret}")
    async def look(secret: str) -> Response:
        fault = await desk.by_link(secret)
        today = london_date(clock.now())
        html = pages.render(
            "fix.html",
            fault=fault,
            days=out_days(fault, clock.now()),
            today=today,
            action=address(secret),
            ends_at=fault.link_ends_at,
        )
        return HTMLResponse(html, headers=HEADERS)

    @router.post("/fix/{secret}/promise")
    async def promise(request: Request, secret: str, promised_on: Annotated[date, Form()]) -> Response:
        refuse_other_sites(request)
        await desk.promise_by_link(secret, promised_on)
        return RedirectResponse(address(secret), 303, headers={"Cache-Control": "no-store"})

    @router.post("/fix/{secret}/mended")
    async def mended(request: Request, secret: str, note: Annotated[str, Form(max_length=200)] = "") -> Response:
        refuse_other_sites(request)
        fault = await desk.close_by_link(secret, note or None)
        return HTMLResponse(pages.render("fixed.html", fault=fault), headers=HEADERS)

    return router
