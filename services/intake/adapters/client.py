"""Calls intake over HTTP on behalf of the commands; waits a while where it is away or asks to."""

from __future__ import annotations

import time
from typing import Any

import httpx

TRIES = 8
PAUSE_MAX_S = 15.0
BUSY = frozenset({429, 502, 503, 504})


class CallFailed(Exception):
    """The service refused the call or could not be reached; the message says why.

    Args:
        reason: Why.
        away: Whether it could not be reached, so that the same call may work later.
    """

    def __init__(self, reason: str, away: bool = False) -> None:
        super().__init__(reason)
        self.away = away


class IntakeClient:
    """A client with an API key.

    Args:
        url: Base address of intake, such as http://127.0.0.1:8080/in.
        key: An API key or a token.
        transport: Another transport, for tests.
        tries: How often a call is made while the service is away.
    """

    def __init__(self, url: str, key: str, transport: httpx.BaseTransport | None = None, tries: int = TRIES) -> None:
        self._tries = tries
        self._transport = transport
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
        return self._call("POST", path, body, headers, params)

    def get(self, path: str, params: dict[str, str] | None = None) -> dict[str, Any]:
        """Return a JSON answer; as `post`.

        Raises:
            CallFailed: as `post`.
        """
        return self._call("GET", path, None, {}, params)

    def delete(self, path: str) -> None:
        """Delete something; as `post`.

        Raises:
            CallFailed: as `post`.
        """
        self._call("DELETE", path, None, {}, None)

    def beside(self, url: str, tries: int = TRIES) -> IntakeClient:
        """Return a client of another service, with a token made from this one's key.

        Args:
            url: Its base address.
            tries: How often a call is made while it is away.

        Raises:
            CallFailed: the key is refused.
        """
        return IntakeClient(url, self.post("/v1/tokens", b"", "application/json")["token"], self._transport, tries)

    def _call(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], params: dict[str, str] | None
    ) -> dict[str, Any]:
        reason = "no answer"
        for number in range(self._tries):
            try:
                answer = self._http.request(method, path, content=body, headers=headers, params=params)
            except httpx.TransportError as error:
                reason = f"{self._http.base_url} cannot be reached ({type(error).__name__})"
                time.sleep(min(PAUSE_MAX_S, 0.5 * 2**number))
                continue
            if answer.status_code not in BUSY:
                return _read(answer)
            reason = _said(answer)
            time.sleep(min(PAUSE_MAX_S, float(answer.headers.get("retry-after", "1"))))
        raise CallFailed(reason, away=True)


def _read(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_success:
        if not answer.content:
            return {}
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
