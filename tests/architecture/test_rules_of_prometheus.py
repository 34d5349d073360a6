"""Alerts rise on their trouble and have their page; nothing asks for a metric that no service shows."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.documents.dashboards import load_dashboards
from shared.runtime.metrics import Metrics
from tests.support.prometheus import FOLDER, binary

RUNBOOK = FOLDER.parent / "runbook"
FILES = [yaml.safe_load((FOLDER / name).read_text()) for name in ("recording.yml", "alerts.yml")]
GROUPS = [group for file in FILES for group in file["groups"]]
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
PANELS = [(board, panel) for board in load_dashboards() for panel in board.panels]
HEADINGS = ("## What it means", "## What to look at", "## What to do")


def shown() -> set[str]:
    """Every name that a query may use: the catalogue's series, and what recording rules make."""
    names = {rule["record"] for rule in RULES if "record" in rule}
    for entry in Metrics("any").catalogue:
        names.add(entry.name)
        if entry.kind == "histogram":
            names |= {f"{entry.name}_{part}" for part in ("bucket", "sum", "count")}
    return names


def test_the_rules_keep_their_unit_tests():
    """Each alert rises on its trouble, and a healthy system says nothing: promtool runs them."""
    for arguments in (["check", "config", "prometheus.yml"], ["test", "rules", "rules_test.yml"]):
        run = subprocess.run([binary("promtool"), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)

        assert run.returncode == 0, run.stdout + run.stderr


def test_every_alert_has_a_unit_test_in_which_it_rises():
    """An alert that was never seen to rise is a hope."""
    tests = yaml.safe_load((FOLDER / "rules_test.yml").read_text())["tests"]
    risen = {case["alertname"] for test in tests for case in test.get("alert_rule_test", ()) if "exp_alerts" in case}
    quiet = {case["alertname"] for case in tests[0]["alert_rule_test"]}

    assert risen == quiet == {rule["alert"] for rule in ALERTS}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_leads_to_its_page(rule):
    """At 3 in the morning the page says what it means, what to look at, and what to do."""
    page = FOLDER.parents[1] / rule["annotations"]["runbook"]

    assert page == RUNBOOK / f"{rule['alert']}.md"
    text = page.read_text()
    places = [text.find(heading) for heading in HEADINGS]
    assert -1 not in places, f"{page.name} lacks {HEADINGS[places.index(-1)]}"
    assert places == sorted(places)
    assert rule["labels"]["severity"] in ("page", "ticket")


def test_no_page_speaks_of_an_alert_that_is_gone():
    """Pages of alerts have the alert's name, with a capital; the others are in small letters."""
    pages = {path.stem for path in RUNBOOK.glob("*.md") if path.stem[0].isupper() and path.stem != "README"}

    assert pages == {rule["alert"] for rule in ALERTS}


@pytest.mark.parametrize("query", [panel.query for _, panel in PANELS] + [rule["expr"] for rule in RULES])
def test_a_query_names_only_metrics_that_exist(query):
    """A renamed metric cannot leave an alert behind that never rises."""
    named = set(re.findall(r"[a-z_:]*nearmiss[a-z_:]*[a-z0-9_]*", re.sub(r"'[^']*'|\"[^\"]*\"", "", query)))

    assert named <= shown(), named - shown()


def test_the_dashboards_are_what_grafana_provisions():
    """Unique addresses, the data source that provisioning makes, no panel over another."""
    source = yaml.safe_load((FOLDER.parent / "grafana/provisioning/datasources/prometheus.yml").read_text())
    files = [json.loads(path.read_text()) for path in sorted((FOLDER.parent / "grafana/dashboards").glob("*.json"))]

    assert len({file["uid"] for file in files}) == len(files) == len(load_dashboards())
    for file in files:
        places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in file["panels"]]
        assert len(set(places)) == len(places)
        for panel in file["panels"]:
            assert panel["datasource"]["uid"] == source["datasources"][0]["uid"]


def test_runbook_links_lead_somewhere():
    """No page sends a tired person nowhere."""
    for path in [*RUNBOOK.glob("*.md"), FOLDER.parent / "README.md"]:
        for target in re.findall(r"\]\(([^)#h][^)#]*)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_scraped_target_is_a_service_of_the_compose_file():
    """A service that is renamed does not vanish from sight."""
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    compose = yaml.safe_load(Path(FOLDER.parents[1] / "docker-compose.yml").read_text())

    for target in config["scrape_configs"][0]["static_configs"][0]["targets"]:
        assert target.split(":")[0] in compose["services"]
