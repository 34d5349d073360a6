"""Reads JSON as RFC 8259 has it: no NaN, no lone surrogates, UTF-8 only; says at which character it breaks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute


class NotJson(ValueError):
    """The bytes are no JSON; the message says why and where."""


def parse_json(data: bytes) -> Any:
    """Return the value.

    Args:
        data: A whole JSON text.

    Raises:
        NotJson: it is none.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        try:
            data.decode()
        except UnicodeDecodeError as wrong:
            raise NotJson(f"not UTF-8 at byte {wrong.start + 1}; save the file as UTF-8") from None
        raise NotJson(f"{error.msg} at character {error.pos + 1}") from None


class _StrictRequest(Request):
    """A request whose body is read strictly."""

    async def json(self) -> Any:
        """Return the body's value; FastAPI turns the decode error into a 400 that names the character."""
        body = await self.body()
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            try:
                body.decode()
            except UnicodeDecodeError as wrong:
                raise orjson.JSONDecodeError("not UTF-8", body.decode(errors="replace"), wrong.start) from None
            raise error


class StrictRoute(APIRoute):
    """A route that reads its JSON body strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler over a strict request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly
