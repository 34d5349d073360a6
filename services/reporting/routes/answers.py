"""How the API answers: JSON with the state of the views, and an entity tag by which nothing is sent twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute

from services.reporting.ports import Freshness

JSON = "application/json"
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization, Cookie"}
OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z


def answer(freshness: Freshness, body: Mapping[str, Any]) -> Response:
    """Write an answer with how far the views have followed the log.

    The tag is weak: two answers that differ in that moment alone say the same (RFC 9110, section 8.8.1).

    Args:
        freshness: How far they have.
        body: What is answered.
    """
    tag = hashlib.sha256(orjson.dumps(body, default=_plain, option=OPTIONS)).hexdigest()[:32]
    stamped = {"complete_until": freshness.complete_until, **body}
    content = orjson.dumps(stamped, default=_plain, option=OPTIONS)
    return Response(content, media_type=JSON, headers=HEADERS | {"ETag": f'W/"{tag}"'})


class Conditional(APIRoute):
    """A route that answers 304 where the reader already has what would be sent (RFC 9110, section 13.1.2)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with the condition looked at after the answer is known."""
        handle = super().get_route_handler()

        async def conditional(request: Request) -> Response:
            response: Response = await handle(request)
            tag, known = response.headers.get("etag"), request.headers.get("if-none-match", "")
            if tag is None or response.status_code != 200 or not _has(known, tag):
                return response
            return Response(status_code=304, headers=HEADERS | {"ETag": tag})

        return conditional


def _has(known: str, tag: str) -> bool:
    """Compare weakly: whether a tag is weak plays no part."""
    tags = {one.strip().removeprefix("W/") for one in known.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
