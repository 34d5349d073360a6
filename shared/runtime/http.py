"""The HTTP edge of every service: problem+json, limits, timing, and no route without a guard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi import HTTPException as FastAPIHTTPException
from fastapi.exceptions import RequestValidationError
from prometheus_client import Histogram
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.kernel.clock import monotonic_s
from shared.kernel.errors import (
    Conflict,
    Fault,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from shared.runtime.auth import Allow, Public
from shared.runtime.logging import logger
from shared.runtime.metrics import METHODS, Metrics
from shared.runtime.rate import headers_of

PROBLEM = "application/problem+json"
TYPES = "https://near-miss-learning.example/problems/"
"""Problem types are names, not addresses: RFC 9457 does not ask that they can be fetched."""
STATUS: dict[type[Refused], int] = {
    Invalid: 422,
    NotFound: 404,
    Conflict: 409,
    Forbidden: 403,
    Unauthenticated: 401,
    TooLarge: 413,
    TooMany: 429,
}
log = logger(__name__)


def problem(status: int, title: str, detail: str, faults: tuple[Fault, ...] = (), **headers: str) -> Response:
    """Build an RFC 9457 answer.

    Args:
        status: HTTP status.
        title: What kind of thing is wrong; the same for all of the kind.
        detail: What is wrong here and what to do.
        faults: Single faults with field and line.
        headers: Further headers, underscores for hyphens.
    """
    body: dict[str, Any] = {
        "type": TYPES + title.lower().replace(" ", "-"),
        "title": title,
        "status": status,
        "detail": detail,
    }
    if faults:
        body["errors"] = [
            {
                key: value
                for key, value in (("line", f.line), ("field", f.field), ("detail", f.detail))
                if value is not None
            }
            for f in faults
        ]
    return Response(
        orjson.dumps(body), status, media_type=PROBLEM, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def install_errors(app: FastAPI) -> None:
    """Answer every error as problem+json; what was not foreseen is a 500 without inner details."""

    @app.exception_handler(Refused)
    async def _refused(_: Request, error: Refused) -> Response:
        extra = {"WWW_Authenticate": "Bearer"} if isinstance(error, Unauthenticated) else {}
        if isinstance(error, TooMany):
            extra["Retry_After"] = str(error.retry_after_s)
        return problem(STATUS.get(type(error), 400), error.title, error.detail, error.faults, **extra)

    @app.exception_handler(Unavailable)
    async def _unavailable(_: Request, error: Unavailable) -> Response:
        return problem(503, "Not available now", str(error), Retry_After=str(error.retry_after_s))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        faults = tuple(faults_of(error.errors()))
        broken = any(fault.detail.startswith("not JSON") for fault in faults)
        detail = "the body is not JSON" if broken else "some fields are not as they must be; see errors"
        return problem(400 if broken else 422, "The input breaks a rule", detail, faults)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        return problem(error.status_code, str(error.detail), f"{error.detail}: look at the address and the method")

    @app.exception_handler(Exception)
    async def _bug(request: Request, error: Exception) -> Response:
        log.error("request failed", method=request.method, route=_route(request.scope), exc_info=error)
        return problem(500, "Our fault", "something here is broken; nothing was changed. It has been logged.")


def faults_of(errors: Any) -> Iterator[Fault]:
    """Turn pydantic's errors into faults that name the field and never repeat the value.

    Args:
        errors: What `ValidationError.errors()` gives.
    """
    for error in errors:
        where = [str(part) for part in error["loc"] if part not in ("body", "query", "path")]
        if error["type"] == "json_invalid":
            position = error["loc"][-1] if error["loc"] else 0
            yield Fault(f"not JSON: {error.get('ctx', {}).get('error', 'cannot be read')} at character {position}")
        else:
            yield Fault(error["msg"], ".".join(where) or None)


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path_format", "(none)"))


def refuse_unguarded(app: FastAPI) -> None:
    """Refuse to build an app that has a route without `Allow` or `Public`.

    Whatever is not understood is refused too; only mounted static files are open without saying so.

    Raises:
        PermissionError: names the route.
    """
    for route in _endpoints(app.routes):
        if isinstance(route, Mount) and isinstance(route.app, StaticFiles):
            continue
        dependant = getattr(route, "dependant", None)
        guards = [d.call for d in _all_dependencies(dependant)] if dependant is not None else []
        if not any(isinstance(guard, Allow | Public) for guard in guards):
            methods, path = sorted(getattr(route, "methods", None) or ()), getattr(route, "path", repr(route))
            raise PermissionError(f"{methods} {path} has no guard: depend on Allow(...) or PUBLIC")


def _endpoints(routes: Any) -> Iterator[Any]:
    """Yield what answers requests; FastAPI keeps an included router as one entry that tells its routes when asked."""
    for route in routes:
        included = getattr(route, "effective_route_contexts", None)
        if included is None:
            yield route
        else:
            yield from included()


def _all_dependencies(dependant: Any) -> Iterator[Any]:
    for dependency in dependant.dependencies:
        yield dependency
        yield from _all_dependencies(dependency)


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


class Limits:
    """ASGI middleware: times every request, and stops a body that grows over the limit.

    Args:
        app: The application inside.
        metrics: Where times go.
        body_max_bytes: Limit of a body; routes that stream set their own by `unlimited_paths`.
        unlimited_paths: Paths whose bodies are read as a stream in constant memory.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, body_max_bytes: int, unlimited_paths: frozenset[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._max = body_max_bytes
        self._unlimited = unlimited_paths
        self._timed: dict[tuple[str, ...], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s, status = monotonic_s(), 500
        seen = 0
        limited = scope["path"].removeprefix(scope.get("root_path", "")) not in self._unlimited

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if limited and seen > self._max:
                # FastAPI turns anything but its own exception into a 400 while it reads a body.
                raise FastAPIHTTPException(413, f"{TooLarge.title}: the body is over {self._max} bytes")
            return message

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *headers_of(scope)]
            await send(message)

        try:
            if limited and _declared_length(scope) > self._max:
                answer = problem(
                    413, TooLarge.title, f"the body is over {self._max} bytes; send long texts and files in parts"
                )
                await answer(scope, receive, noted)
                return
            await self._app(scope, counted, noted)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            labels = (self._metrics.service, method, _route(scope), f"{status // 100}xx")
            timed = self._timed.get(labels)
            if timed is None:  # as many as there are routes, methods and kinds of answer
                timed = self._timed[labels] = self._metrics.http_seconds.labels(*labels)
            timed.observe(monotonic_s() - started_s)
