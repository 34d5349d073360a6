"""kill -9 of every service and engine in turn, under load: what was accepted is in the views, once."""

from __future__ import annotations

import threading
import time
import uuid

import httpx
import pytest

from tests.support.system import System, until

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]
PROVIDER = "storm-care"
SITES = [f"storm-{n:02d}" for n in range(12)]
HEADING = (
    "provider_id,site_id,name,cqc_location_id,setting,postcode,capacity,capacity_unit,region,councils,contracts,"
    "opened_on,closed_on,effective_from\n"
)
ROW = f"{PROVIDER},{{site}},{{site}},,residential,,,,,,,2020-01-01,,\n"
VICTIMS = ("intake", "classifier", "actions", "reporting", "kafka", "mongo", "front")


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


def test_kill_9_of_every_part_under_load_loses_and_doubles_nothing(system: System):
    """After seven kills the views' total is the number of reports that were answered 202."""
    operator = system.client()
    operator.csv(
        "/in/v1/registry:import?kind=providers", f"provider_id,name,synthetic\n{PROVIDER},Storm (invented),true\n"
    )
    operator.csv("/in/v1/registry:import?kind=sites", HEADING + "".join(ROW.format(site=site) for site in SITES))
    wanted = {"provider_id": PROVIDER, "roles": ["feed", "governance"], "label": "storm"}
    client = system.client(operator.send("/in/v1/keys", wanted)["key"])
    token = client.http.headers["Authorization"].removeprefix("Bearer ")
    loads = [Load(system.front_url, token) for _ in range(3)]
    for load in loads:
        load.start()
    for victim in VICTIMS:
        time.sleep(2.0)
        system.kill(victim)
        time.sleep(2.0)
        if victim in ("kafka", "mongo"):
            system.engines.wait_ready(victim)
        system.wait_all_ready()
    for load in loads:
        load.halt.set()
    for load in loads:
        load.join(timeout=60)
        assert not load.is_alive()

    accepted = {key: report for load in loads for key, report in load.accepted.items()}
    assert [key for load in loads for key in load.changed] == []
    assert len(set(accepted.values())) == len(accepted)
    assert len(accepted) > 200
    until(lambda: _total(client) >= len(accepted), within_s=90, what=f"{len(accepted)} reports in the views")
    time.sleep(2.0)
    totals = client.get(f"/v1/providers/{PROVIDER}/totals")
    assert totals["totals"]["reports"] == len(accepted)
    assert sum(site["reports"] for site in totals["sites"]) == len(accepted)
    until(lambda: _classified(client) == len(accepted), within_s=60, what="all of them classified")


def _total(client) -> int:
    return client.get(f"/v1/providers/{PROVIDER}/totals")["totals"]["reports"]


def _classified(client) -> int:
    rows = client.get("/v1/views/site-domain-week", domain="equipment")["rows"]
    return sum(row["reports"] for row in rows)
