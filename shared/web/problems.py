"""Errors for people: the same problem that a program gets, as a page; who is not signed in goes to sign in."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from shared.kernel.errors import Refused, Unavailable
from shared.web.pages import PAGE_HEADERS, Pages

SIGN_IN = "/in/sign-in"
PROGRAMS = re.compile(r"(^|/)v\d+/")
"""Paths of the API, behind any prefix: programs get what they always get."""
HANDLED = (Refused, Unavailable, RequestValidationError, HTTPException, Exception)
ADVICE = {
    401: "Sign in and try again.",
    403: "If you need to see this, ask whoever gave you your access.",
    404: "The address may be mistyped, or it may lie outside what you can see.",
    409: "Load the page again to see how things stand now.",
    422: "Change the address or go back, and try again.",
    500: "Trying again in a few minutes may help. If it does not, tell the people who run this service.",
    503: "Nothing is lost. Load this page again in a minute.",
}
Handler = Callable[[Request, Any], Awaitable[Response]]


def answer_people(app: FastAPI, pages: Pages, prefix: str = "") -> None:
    """Let browsers get every error as a page; the API's answers stay as they are.

    Args:
        app: The application, with the handlers of programs in place.
        pages: Renders them.
        prefix: Where the front door has this service, such as /act; who signs in comes back behind it.
    """
    for kind in HANDLED:
        handler: Any = app.exception_handlers[kind]
        app.add_exception_handler(kind, _for_people(handler, pages, prefix))


def _for_people(handler: Handler, pages: Pages, prefix: str) -> Handler:
    async def answer(request: Request, error: Any) -> Response:
        problem = await handler(request, error)
        if not wants_page(request):
            return problem
        if problem.status_code == 401:
            asked = prefix + request.url.path + (f"?{request.url.query}" if request.url.query else "")
            address = f"{SIGN_IN}?{urlencode({'next': asked})}"
            return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
        body = orjson.loads(bytes(problem.body))
        html = pages.render(
            "problem.html",
            title=body["title"],
            detail=sentence(body["detail"]),
            faults=body.get("errors", []),
            advice=ADVICE.get(problem.status_code, "Go back and try again."),
        )
        kept = {name: value for name, value in problem.headers.items() if name == "retry-after"}
        return HTMLResponse(html, problem.status_code, headers=PAGE_HEADERS | kept)

    return answer


def wants_page(request: Request) -> bool:
    """Tell whether a person's browser is asking for a page."""
    return "text/html" in request.headers.get("accept", "") and not PROGRAMS.search(request.url.path)


def sentence(detail: str) -> str:
    """Write a detail as a sentence: with a capital and a full stop."""
    text = detail[:1].upper() + detail[1:]
    return text if text.endswith((".", "?", "!")) else text + "."
