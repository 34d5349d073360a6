"""Browsers sign in and out: by a link, or by an API key pasted into a small form; the token goes into a cookie."""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.intake.usecases.credentials import Credentials, Token
from shared.kernel.clock import Clock
from shared.kernel.errors import Unauthenticated
from shared.kernel.paths import is_local_path
from shared.runtime.auth import COOKIE, PUBLIC, refuse_other_sites

HOME = "/"
_HEADERS = {
    "Content-Security-Policy": ("default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
</head>
<body>
<main>
<h1>{title}</h1>
{message}
<form method="post" action="{action}">
<p>
<label for="key">Your API key</label><br>
<input id="key" name="key" type="password" autocomplete="off" required size="60" aria-describedby="hint">
</p>
<p id="hint">It begins with nmk_. You can also open the sign-in link that you were sent.</p>
<input type="hidden" name="next" value="{next}">
<p><button type="submit">Sign in</button></p>
</form>
</main>
</body>
</html>
"""


def sign_in_routes(credentials: Credentials, clock: Clock, public_prefix: str, public_https: bool) -> APIRouter:
    """Build the routes.

    Args:
        credentials: Checks keys and links.
        clock: The source of now.
        public_prefix: Where the front door has this service, such as /in.
        public_https: Whether browsers come over HTTPS, whatever is seen here behind a front door.
    """
    router = APIRouter(include_in_schema=False, dependencies=[Depends(PUBLIC)])
    action = f"{public_prefix}/sign-in"

    def secure(request: Request) -> bool:
        return public_https or request.url.scheme == "https"

    @router.get("/sign-in")
    async def form(next_path: Annotated[str, Query(alias="next", max_length=500)] = HOME) -> Response:
        return _page(action, "", _local(next_path))

    @router.post("/sign-in")
    async def sign_in(
        request: Request,
        key: Annotated[str, Form(max_length=500)],
        next_path: Annotated[str, Form(alias="next", max_length=500)] = HOME,
    ) -> Response:
        refuse_other_sites(request)
        try:
            principal = await credentials.verify_key(key.strip())
        except Unauthenticated as refusal:
            return _page(action, refusal.detail, _local(next_path), status=401)
        return _signed_in(credentials.session(principal), _local(next_path), clock, secure(request))

    @router.get("/sign-in/{secret}")
    async def follow(secret: str, request: Request) -> Response:
        try:
            token, next_path = await credentials.follow_link(secret)
        except Unauthenticated as refusal:
            return _page(action, refusal.detail, HOME, status=401)
        return _signed_in(token, _local(next_path), clock, secure(request))

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        refuse_other_sites(request)
        answer = RedirectResponse(action, 303, headers=_HEADERS)
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=secure(request))
        return answer

    return router


def _signed_in(token: Token, next_path: str, clock: Clock, secure: bool) -> Response:
    answer = RedirectResponse(next_path, 303, headers=_HEADERS)
    answer.set_cookie(
        COOKIE,
        token.token,
        max_age=max(0, int((token.expires_at - clock.now()).total_seconds())),
        path="/",
        httponly=True,
        samesite="lax",
        secure=secure,
    )
    return answer


def _local(path: str) -> str:
    return path if is_local_path(path) else HOME


def _page(action: str, message: str, next_path: str, status: int = 200) -> Response:
    said = f'<p role="alert"><strong>Not signed in:</strong> {escape(message)}.</p>' if message else ""
    page = _PAGE.format(title="Sign in", message=said, action=escape(action), next=escape(next_path))
    return HTMLResponse(page, status, headers=_HEADERS)
