"""The page behind a message's link: say that it was seen, without signing in. Opening it alone says nothing."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.actions.domain.oversight.notices import ALERT, UNREVIEWED, Notice
from services.actions.usecases.oversight_desk import NoticeDesk
from shared.runtime.auth import PUBLIC, refuse_other_sites
from shared.web.navigation import TRIAGE
from shared.web.pages import PAGE_HEADERS, Pages

HEADERS = PAGE_HEADERS | {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


def seen_router(desk: NoticeDesk, pages: Pages, prefix: str) -> APIRouter:
    """Build the page. A mail scanner that opens the link changes nothing: only the button does.

    Args:
        desk: The use cases.
        pages: Renders it.
        prefix: Where the front door has this service, such as /act.
    """
    router = APIRouter(include_in_schema=False, dependencies=[Depends(PUBLIC)])

    @router.get("/seen/{secret}")
    async def look(secret: str) -> Response:
        return _page(pages, await desk.by_link(secret), f"{prefix}/seen/{quote(secret, safe='')}")

    @router.post("/seen/{secret}")
    async def say(request: Request, secret: str) -> Response:
        refuse_other_sites(request)
        await desk.seen_by_link(secret)
        return RedirectResponse(f"{prefix}/seen/{quote(secret, safe='')}", 303, headers={"Cache-Control": "no-store"})

    return router


def _page(pages: Pages, notice: Notice, action: str) -> Response:
    alert = notice.kind == ALERT
    onward = f"/find?report={quote(notice.subject_id, safe='')}" if alert else "/"
    said = f"It is about report {notice.subject_id}." if alert else f"{notice.items} things wait to be looked at."
    if notice.about == UNREVIEWED:
        onward, said = TRIAGE, f"Nobody has reviewed these yet, and their time for it is over. Reports: {notice.items}."
    html = pages.render(
        "seen.html",
        title="Somebody is needed now" if alert else "What waits today",
        said=said,
        otherwise="Until somebody says so, the next person is asked." if alert else "",
        seen_at=notice.acknowledged_at,
        action=action,
        onward=onward,
        onward_words="Sign in and open the report" if alert else "Sign in and look",
    )
    return HTMLResponse(html, headers=HEADERS)
