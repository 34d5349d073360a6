"""The short way to the routes that every report takes: guard, body, call, answer; documented like any other route.

FastAPI's general machinery (dependencies solved anew, the answer validated again) costs more per call than keeping the
report does. What such a route says of itself stays FastAPI's: its guard, its body's schema, its errors.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from inspect import signature
from typing import Any

import orjson
from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.types import Receive, Scope, Send

from shared.runtime.auth import Allow

KEY_HEADER = b"idempotency-key"
KEY_MAX_CHARS = 200
_ENDPOINT = ("body", "principal", "idempotency_key")
_JSON = (b"content-type", b"application/json")


class DirectRoute(APIRoute):
    """A route over `(body, principal, idempotency_key)` that takes one JSON object and answers with a model.

    Raises:
        TypeError: its function takes something else, or has no guard.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, for calls that come the long way."""
        work, status = self._work(), self.status_code or 200

        async def handle(request: Request) -> Response:
            return Response(await work(request), status, media_type="application/json")

        return handle

    def shortcut(self) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        """Return what answers a call without the framework in between; see `shared.runtime.shortcuts`."""
        work, status = self._work(), self.status_code or 200

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            content = await work(Request(scope, receive))
            headers = [_JSON, (b"content-length", b"%d" % len(content))]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": content})

        return answer

    def _work(self) -> Callable[[Request], Coroutine[Any, Any, bytes]]:
        """Return what turns a request into the bytes of its answer."""
        endpoint: Any = self.endpoint
        guard = next((one.call for one in self.dependant.dependencies if isinstance(one.call, Allow)), None)
        if guard is None or tuple(signature(endpoint).parameters) != _ENDPOINT or self.body_field is None:
            raise TypeError(f"{self.path}: a direct route takes {', '.join(_ENDPOINT)} and names its guard")
        model: type[BaseModel] = self.body_field.field_info.annotation  # type: ignore[assignment] # of the body alone
        validate = model.__pydantic_validator__.validate_python

        async def work(request: Request) -> bytes:
            principal = await guard(request)
            headers = dict(reversed(request.scope["headers"]))  # of a header that came twice the first counts
            key = _key_of(headers)
            value = await _value_of(request.receive, headers)
            try:
                body = validate(value)
            except ValidationError as error:
                found = error.errors(include_url=False, include_input=False)
                raise RequestValidationError([one | {"loc": ("body", *one["loc"])} for one in found]) from None
            answer: BaseModel = await endpoint(body=body, principal=principal, idempotency_key=key)
            return answer.__pydantic_serializer__.to_json(answer)

        return work


async def _value_of(receive: Receive, headers: Mapping[bytes, bytes]) -> Any:
    """Read the body as RFC 8259 has it: no NaN, no lone surrogates, UTF-8 only.

    Raises:
        RequestValidationError: it is no JSON; names the character.
        HTTPException: the sender went away.
    """
    body = await _body_of(receive)
    if not body:
        raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": "Field required"}])
    if not _is_json(headers.get(b"content-type", b"")):
        return body  # refused by the model, as what it is
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        why, position = error.msg, error.pos
        try:
            body.decode()
        except UnicodeDecodeError as wrong:
            why, position = "not UTF-8", wrong.start
        fault = {"type": "json_invalid", "loc": ("body", position), "msg": "JSON decode error", "ctx": {"error": why}}
        raise RequestValidationError([fault]) from None


async def _body_of(receive: Receive) -> bytes:
    """Return the whole body; most come in one piece.

    Raises:
        HTTPException: the sender went away.
    """
    pieces: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HTTPException(400, "the sender went away")
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _is_json(content_type: bytes) -> bool:
    media_type = content_type.partition(b";")[0].strip().lower()
    return media_type.startswith(b"application/") and media_type.endswith((b"/json", b"+json"))


def _key_of(headers: Mapping[bytes, bytes]) -> str | None:
    """Return the Idempotency-Key.

    Raises:
        RequestValidationError: it is empty or too long.
    """
    sent = headers.get(KEY_HEADER)
    key = None if sent is None else sent.decode("latin-1")
    if key is not None and not 0 < len(key) <= KEY_MAX_CHARS:
        why = f"String should have 1 to {KEY_MAX_CHARS} characters"
        raise RequestValidationError([{"type": "string_length", "loc": ("header", "Idempotency-Key"), "msg": why}])
    return key
