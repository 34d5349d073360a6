"""The whole system as processes behind the front door, for tests that look at it from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from deploy.local import keys
from deploy.local.demo import Demo
from deploy.local.settings import LocalSettings
from shared.contracts.topics import SERVICES


class System(Demo):
    """Engines, four services, front door and the demo's data over a temporary folder.

    Args:
        root: Folder for data and logs.
        brokers: Of Kafka, 1 or 3.
        with_data: Whether the demo's data is loaded.
    """

    def __init__(self, root: Path, brokers: int = 1, with_data: bool = True) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._out = (root / "progress.txt").open("w")
        self._with_data = with_data
        super().__init__(root, LocalSettings(nearmiss_kafka_brokers=brokers), Console(file=self._out))

    def _load(self) -> None:
        if self._with_data:
            super()._load()

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

    def run_command(self, service: str, *arguments: str) -> str:
        """Run a command of a service on this system's engines and return what it prints."""
        return self._run([f"services.{service}", *arguments], keys.for_service(service, self._secrets()))

    def run_module(self, module: str, *arguments: str) -> str:
        """Run a module on this system's engines, without any secret, and return what it prints."""
        return self._run([module, *arguments], {})

    def _run(self, command: list[str], own: dict[str, str]) -> str:
        engines = {
            "KAFKA_BOOTSTRAP_SERVERS": self.engines.kafka_bootstrap,
            "MONGODB_URI": self.engines.mongodb_uri,
        }
        done = subprocess.run(
            [sys.executable, "-m", *command],
            env={**os.environ, **engines, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def stop_services(self) -> None:
        """End the four services as a deployment does; engines and front door stay."""
        self.engines.supervisor.stop(SERVICES)

    def start_services(self) -> None:
        """Start the four services again and wait until they are ready."""
        for name in SERVICES:
            self.engines.supervisor.start(self._service(name, self.engines.ports.port(name)))
        self.wait_all_ready()

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


def passed_on(governance: Client) -> dict[str, str]:
    """Return by site who is asked about a missed check; empty until what waits in the demo was passed on, duties too.

    Services look at what waits when they start and every minute.
    """
    missed = governance.get("/act/v1/occurrences", status="missed", limit=500)["occurrences"]
    duties = governance.get("/act/v1/duties", status="asked", limit=500)["duties"]
    late = {one["site_id"]: one["escalated_to"] for one in missed if one["escalated_to"]}
    return late if len(late) > 1 and any(duty["escalated_to"] for duty in duties) else {}


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=3.0).status_code == 200
    except httpx.HTTPError:
        return False
