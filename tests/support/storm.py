"""Reports under load while parts of a system die: what was answered 202 is known, and held against the views."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

from tests.support.system import Client, System, until

PROVIDER = "storm-care"
SITES = [f"storm-{n:02d}" for n in range(12)]
HEADING = (
    "provider_id,site_id,name,cqc_location_id,setting,postcode,capacity,capacity_unit,region,councils,contracts,"
    "opened_on,closed_on,effective_from\n"
)
ROW = f"{PROVIDER},{{site}},{{site}},,residential,,,,,,,2020-01-01,,\n"


class Load(threading.Thread):
    """Sends reports until stopped; sends each again with the same key until it is answered 202.

    Attributes:
        accepted: Report id by idempotency key, for every 202.
    """

    def __init__(self, front: str, token: str) -> None:
        super().__init__(daemon=True)
        self.front, self.token = front, token
        self.accepted: dict[str, str] = {}
        self.changed: list[str] = []
        self.retries = 0
        self.halt = threading.Event()

    def run(self) -> None:
        number = 0
        with httpx.Client(base_url=self.front, timeout=20.0, headers={"Authorization": f"Bearer {self.token}"}) as http:
            while not self.halt.is_set():
                number += 1
                key = uuid.uuid4().hex
                body = {
                    "site_id": SITES[number % len(SITES)],
                    "text": f"Call bell {number} did not ring.",
                    "occurred_band": "now",
                }
                self._until_accepted(http, key, body)
                if number % 5 == 0:
                    self._until_accepted(http, key, body)

    def _until_accepted(self, http: httpx.Client, key: str, body: dict) -> None:
        while True:
            try:
                answer = http.post("/v1/reports", json=body, headers={"Idempotency-Key": key})
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code == 202:
                report_id = answer.json()["report_id"]
                if self.accepted.setdefault(key, report_id) != report_id:
                    self.changed.append(key)
                return
            assert answer is None or answer.status_code in {502, 503, 504}, answer.text
            self.retries += 1
            time.sleep(0.1)


class Storm:
    """Some loads together.

    Attributes:
        client: Asks for the provider's views.
    """

    def __init__(self, system: System, threads: int) -> None:
        self.client = registered(system)
        token = self.client.http.headers["Authorization"].removeprefix("Bearer ")
        self.loads = [Load(system.front_url, token) for _ in range(threads)]

    @property
    def accepted(self) -> dict[str, str]:
        """Report id by idempotency key, of all loads until now."""
        return {key: report for load in self.loads for key, report in dict(load.accepted).items()}

    def seen(self) -> int:
        """How many reports the views show."""
        return self.client.get(f"/v1/providers/{PROVIDER}/totals")["totals"]["reports"]

    def end(self) -> None:
        """Stop sending; what is in hand is still sent until it is answered 202."""
        for load in self.loads:
            load.halt.set()
        for load in self.loads:
            load.join(timeout=90)
            assert not load.is_alive()

    def check_nothing_lost_or_doubled(self, before: int, at_least: int) -> None:
        """Hold the views against the 202s.

        Args:
            before: What the views showed before the storm.
            at_least: So many reports make it a load at all.
        """
        accepted = self.accepted
        assert [key for load in self.loads for key in load.changed] == []
        assert len(set(accepted.values())) == len(accepted)
        assert len(accepted) > at_least
        wanted = before + len(accepted)
        until(lambda: self.seen() >= wanted, within_s=90, what=f"{wanted} reports in the views")
        time.sleep(2.0)
        totals = self.client.get(f"/v1/providers/{PROVIDER}/totals")
        assert totals["totals"]["reports"] == wanted
        assert sum(site["reports"] for site in totals["sites"]) == wanted
        until(lambda: self._classified() == wanted, within_s=60, what="all of them classified")

    def _classified(self) -> int:
        rows = self.client.get("/v1/views/site-domain-week", domain="equipment")["rows"]
        return sum(row["reports"] for row in rows)


@contextmanager
def storm(system: System, at_least: int, threads: int = 3) -> Iterator[Storm]:
    """Send reports while the block runs; afterwards every one that was answered 202 is in the views, once.

    Args:
        system: Where to.
        at_least: So many reports must have been accepted.
        threads: Senders side by side.
    """
    blowing = Storm(system, threads)
    before = blowing.seen()
    for load in blowing.loads:
        load.start()
    try:
        yield blowing
    finally:
        for load in blowing.loads:
            load.halt.set()
    blowing.end()
    blowing.check_nothing_lost_or_doubled(before, at_least)


def strike(system: System, victims: Sequence[str]) -> None:
    """Kill parts with SIGKILL one after the other, and wait for each to be back.

    Args:
        system: The parts' system.
        victims: Names of services and engines.
    """
    for victim in victims:
        time.sleep(2.0)
        system.kill(victim)
        time.sleep(2.0)
        if victim in system.engines.names:
            system.engines.wait_ready(victim)
        system.wait_all_ready()


def registered(system: System) -> Client:
    """Register the invented provider and return a client that sends for it and sees its views."""
    operator = system.client()
    operator.csv(
        "/in/v1/registry:import?kind=providers", f"provider_id,name,synthetic\n{PROVIDER},Storm (invented),true\n"
    )
    operator.csv("/in/v1/registry:import?kind=sites", HEADING + "".join(ROW.format(site=site) for site in SITES))
    wanted = {"provider_id": PROVIDER, "roles": ["feed", "governance"], "label": "storm"}
    client = system.client(operator.send("/in/v1/keys", wanted)["key"])
    until(lambda: client.http.get(f"/v1/providers/{PROVIDER}/totals").is_success, 60, "the provider in the views")
    return client
