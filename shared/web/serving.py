"""Serves the stylesheet and the icon from every service: pages must not hang on another service being up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Response

from shared.kernel.errors import NotFound
from shared.web.pages import ASSET_HEADERS, Pages

A_DAY = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
"""Headers of what has one name whatever is in it."""


def static_route(pages: Pages, public: Callable[..., Any]) -> APIRouter:
    """Build the routes /static/{name}, and /favicon.ico, which browsers ask for where no page names an icon.

    Args:
        pages: Whose files they are.
        public: The guard that lets everybody in (`shared.runtime.auth.PUBLIC`).
    """
    router = APIRouter(include_in_schema=False)
    files = {asset.name: asset for asset in (pages.stylesheet, pages.icon)}

    @router.get("/static/{name}", dependencies=[Depends(public)])
    async def static(name: str) -> Response:
        if name not in files:
            raise NotFound("no such file")
        return Response(files[name].content, media_type=files[name].media_type, headers=ASSET_HEADERS)

    @router.get("/favicon.ico", dependencies=[Depends(public)])
    async def icon() -> Response:
        return Response(pages.icon.content, media_type=pages.icon.media_type, headers=A_DAY)

    return router
