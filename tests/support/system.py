"""The whole system as processes behind the front door, for tests that look at it from outside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from deploy.local.demo import Demo
from deploy.local.settings import LocalSettings
from shared.contracts.topics import SERVICES


class System(Demo):
    """Engines, four services, front door and the demo's data over a temporary folder.

    Args:
        root: Folder for data and logs.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._out = (root / "progress.txt").open("w")
        super().__init__(root, LocalSettings(), Console(file=self._out))

    def close(self) -> None:
        """Stop everything."""
        self.take_down()
        self._out.close()

    @property
    def operator_key(self) -> str:
        """The bootstrap key: every provider, the operator's role."""
        return self._secrets()["NEARMISS_BOOTSTRAP_KEY"]

    def client(self, key: str | None = None, token: bool = True) -> Client:
        """A client of the front door.

        Args:
            key: API key; the operator's by default.
            token: Exchange the key for a token, which all services take.
        """
        return Client(self.front_url, key or self.operator_key, token)

    def logs(self) -> Iterable[tuple[str, str]]:
        """Name and content of every log file."""
        for path in sorted((self.root / "logs").iterdir()):
            yield path.name, path.read_text(errors="replace")

    def kill(self, name: str) -> None:
        """SIGKILL a service or engine; the supervisor starts it again."""
        self.engines.kill(name)

    def wait_all_ready(self, within_s: float = 60.0) -> None:
        """Wait until every service says that it is ready."""
        for name in SERVICES:
            until(lambda name=name: _ready(self.direct_url(name)), within_s, f"{name} to be ready")


class Client:
    """Calls as one principal.

    Args:
        front: Base URL.
        key: API key.
        token: Whether to exchange it first.
    """

    def __init__(self, front: str, key: str, token: bool) -> None:
        self.http = httpx.Client(base_url=front, timeout=30.0)
        credential = key
        if token:
            answer = self.http.post("/in/v1/tokens", headers={"Authorization": f"Bearer {key}"})
            answer.raise_for_status()
            credential = answer.json()["token"]
        self.http.headers["Authorization"] = f"Bearer {credential}"

    def get(self, path: str, **params: Any) -> Any:
        """GET and return the JSON; raises on an error status."""
        answer = self.http.get(path, params=params)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """POST JSON, or what `options` say, and return the answer whatever its status."""
        return self.http.post(path, json=body, **options) if body is not None else self.http.post(path, **options)

    def send(self, path: str, body: Any = None, **options: Any) -> Any:
        """POST and return the JSON; raises on an error status."""
        answer = self.post(path, body, **options)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def csv(self, path: str, text: str) -> Any:
        """POST a CSV body."""
        return self.send(path, content=text, headers={"Content-Type": "text/csv"})

    def lines(self, path: str, rows: Iterable[dict[str, Any]]) -> Any:
        """POST rows as NDJSON."""
        body = "\n".join(json.dumps(row) for row in rows)
        return self.send(path, content=body.encode(), headers={"Content-Type": "application/x-ndjson"})


def until(check: Callable[[], Any], within_s: float = 30.0, what: str = "the condition") -> Any:
    """Wait for something to become true and return it.

    Raises:
        AssertionError: it did not in time.
    """
    end = time.monotonic() + within_s
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < end, f"waited {within_s:.0f} s for {what}"
        time.sleep(0.2)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=3.0).status_code == 200
    except httpx.HTTPError:
        return False
