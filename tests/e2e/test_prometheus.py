"""A real Prometheus scrapes the running services: every query of a dashboard or rule has an answer."""

from __future__ import annotations

import re
import socket

import pytest

from deploy.documents.dashboards import load_dashboards
from shared.contracts.topics import SERVICES, TOPICS
from shared.runtime.metrics import PARTITION, ROUTE, TOPIC, TYPE, Metrics
from shared.taxonomy.loader import load_taxonomy
from tests.architecture.test_rules_of_prometheus import PANELS, RULES
from tests.support.prometheus import Prometheus, scraping
from tests.support.system import System, until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def server(system: System, tmp_path_factory):
    """Prometheus over the four services, once it has scraped for some seconds while something happens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    targets = [system.direct_url(name).removeprefix("http://") for name in SERVICES]
    with scraping(tmp_path_factory.mktemp("prometheus"), port, targets) as running:
        until(lambda: len(running.query("up{job='nearmiss'} == 1")) == len(SERVICES), 30, "all targets to be up")
        client = system.client()
        for number in range(3):
            text = f"Wet floor by the lift, no sign, {number}."
            body = {"provider_id": "rowan-care", "site_id": "elm-house", "text": text, "occurred_band": "now"}
            assert client.post("/v1/reports", body).status_code == 202
        until(lambda: bool(running.query(FLOWED)), 60, "the reports to be scraped on their way to the views")
        yield running


FLOWED = "increase(nearmiss_received_to_view_seconds_count[2m]) > 0"


@pytest.mark.parametrize("panel", [panel for _, panel in PANELS], ids=lambda panel: panel.title)
def test_every_panel_shows_something(server: Prometheus, panel):
    """A chart without data is either quiet because all is well, or broken: here it must not be broken."""
    until(lambda: server.query(panel.query) or panel.quiet, 20, f"an answer to {panel.query}")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_every_rule_is_evaluated(server: Prometheus, rule):
    """Prometheus itself says that each rule is sound on real data."""
    name = rule.get("alert") or rule["record"]
    loaded = [one for group in server.get("rules")["groups"] for one in group["rules"] if one["name"] == name]

    assert [one["health"] for one in loaded] == ["ok"], loaded


def test_a_healthy_system_raises_no_alert_that_wakes_somebody(server: Prometheus):
    """What pages at night is quiet while everything works."""
    firing = [one for one in server.get("alerts")["alerts"] if one["state"] == "firing"]

    assert [one for one in firing if one["labels"]["severity"] == "page"] == []


def test_every_label_value_is_one_that_the_catalogue_allows(server: Prometheus):
    """No label grows with the data: what the services really show is held against the list."""
    taxonomy = load_taxonomy()
    topics = {topic.name for topic in TOPICS}
    topics |= {topic.dead_letter(service) for topic in TOPICS for service in topic.consumers}
    bounds = {
        TOPIC: topics.__contains__,
        PARTITION: lambda value: value.isdigit() and int(value) < TOPICS[0].partitions,
        TYPE: {event.__name__ for topic in TOPICS for event in topic.events}.__contains__,
        ROUTE: lambda value: not re.search(r"[0-9a-f]{8}-|elm-house|rowan", value),
        "an escalation code": set(taxonomy.escalations).__contains__,
    }
    for entry in Metrics("any").catalogue:
        series = f"{entry.name}_count" if entry.kind == "histogram" else entry.name
        for found in server.query(series):
            assert found["metric"]["service"] in SERVICES
            for label, values in entry.labels.items():
                allowed = bounds.get(values) or values.split("|").__contains__
                assert allowed(found["metric"][label]), (series, label, found["metric"][label])


def test_all_dashboards_were_asked():
    """The list above is the list that Grafana gets."""
    assert sum(len(board.panels) for board in load_dashboards()) == len(PANELS)
