"""Calls intake over HTTP on behalf of the commands; waits a while where it is away."""

from __future__ import annotations

import time
from typing import Any

import httpx

TRIES = 8
PAUSE_MAX_S = 15.0
BUSY = frozenset({502, 503, 504})


class CallFailed(Exception):
    """Intake refused the call or could not be reached; the message says why."""


class IntakeClient:
    """A client with an API key.

    Args:
        url: Base address of intake, such as http://127.0.0.1:8080/in.
        key: An API key or a token.
        transport: Another transport, for tests.
    """

    def __init__(self, url: str, key: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(10.0, read=300.0, write=60.0),
            transport=transport,
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def post(
        self, path: str, body: bytes, content_type: str, params: dict[str, str] | None = None, key: str | None = None
    ) -> dict[str, Any]:
        """Send a body and return the JSON answer; while intake is away it is tried again.

        Args:
            path: Such as /v1/exposure.
            body: What is sent.
            content_type: Its media type.
            params: Query parameters.
            key: Idempotency-Key.

        Raises:
            CallFailed: it was refused, or intake stayed away.
        """
        headers = {"Content-Type": content_type} | ({"Idempotency-Key": key} if key else {})
        reason = "no answer"
        for number in range(TRIES):
            try:
                answer = self._http.post(path, content=body, headers=headers, params=params)
            except httpx.TransportError as error:
                reason = f"{self._http.base_url} cannot be reached ({type(error).__name__})"
                time.sleep(min(PAUSE_MAX_S, 0.5 * 2**number))
                continue
            if answer.status_code not in BUSY:
                return _read(answer)
            reason = _said(answer)
            time.sleep(min(PAUSE_MAX_S, float(answer.headers.get("retry-after", "1"))))
        raise CallFailed(reason)


def _read(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_success:
        said: dict[str, Any] = answer.json()
        return said
    raise CallFailed(_said(answer))


def _said(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code}"
    faults = "; ".join(
        " ".join(str(part) for part in (_line(fault), fault.get("field"), fault.get("detail")) if part)
        for fault in problem.get("errors", [])[:20]
    )
    return f"{problem.get('detail', answer.status_code)}{': ' + faults if faults else ''}"


def _line(fault: dict[str, Any]) -> str | None:
    return f"line {fault['line']}:" if fault.get("line") else None
