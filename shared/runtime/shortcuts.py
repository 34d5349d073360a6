"""Hands the calls of a service's busiest routes straight to them, past what the framework does for every other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send


@runtime_checkable
class ShortRoute(Protocol):
    """A route with a fixed path that can answer by itself; it still names its guard, and asks it."""

    path: str
    methods: set[str]

    def shortcut(self) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        """Return what answers a call; it raises only before it has sent anything, or where the caller went away."""
        ...


class Shortcuts:
    """ASGI middleware, the innermost one: calls of short routes go to them, errors are answered as everywhere.

    Args:
        app: The application inside, for all other calls.
        routes: The short routes.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[ShortRoute]) -> None:
        self._app = app
        self._ways = {(method, route.path): (route, route.shortcut()) for route in routes for method in route.methods}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        way = self._ways.get(_place(scope)) if scope["type"] == "http" else None
        if way is None:
            await self._app(scope, receive, send)
            return
        scope["route"], answer = way
        try:
            await answer(scope, receive, send)
        except Exception as error:
            handler = _handler(scope["app"].exception_handlers, error)
            if handler is None:
                raise
            response: Response = await handler(Request(scope, receive), error)
            await response(scope, receive, send)


def _place(scope: Scope) -> tuple[str, str]:
    root, path = scope.get("root_path", ""), scope["path"]
    return scope["method"], path.removeprefix(root) if root else path


def _handler(handlers: dict[Any, Any], error: Exception) -> Callable[[Request, Exception], Awaitable[Response]] | None:
    """Return what answers an error that was foreseen; what was not goes on to the outermost middleware."""
    for kind in type(error).__mro__:
        if kind is Exception:
            break
        if kind in handlers:
            found: Callable[[Request, Exception], Awaitable[Response]] = handlers[kind]
            return found
    return None
