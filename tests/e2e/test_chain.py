"""The chain from outside: what comes in at one end is what the views say at the other."""

from __future__ import annotations

import csv
import gzip
import io
import json
import uuid
from collections import Counter
from datetime import date, datetime, timedelta

import jsonschema
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from pymongo import MongoClient

from deploy.demo import data
from deploy.demo.load import LOADED
from shared.contracts.publish import schema_path
from shared.contracts.topics import MARKER_KEY, TOPICS
from shared.kernel.clock import london_date
from tests.e2e.log import every_record
from tests.support.system import System, until

pytestmark = pytest.mark.e2e
MARKER = ("Zebedee", "Quillfeather")
PLANTED = (
    ("elm-house", {"medication"}, "medication-handover-checklist", "EFFECTIVE"),
    ("harbour-court", {"equipment"}, "preventative-inspection-schedule", "EFFECTIVE"),
    ("meadow-homecare", {"visits_scheduling", "records_data"}, "address-contact-verification", "EFFECTIVE"),
    ("birchfield-lodge", {"medication"}, "mar-audit", "CONFOUNDED_REPORTING_FELL"),
)
"""Site, the domains of which one must be spoken of there, the playbook that was chosen, and the verdict on it."""
BY_CHANCE_MAX = 12
"""Signals that the eight other sites may have by chance in 26 weeks; at 0.06 a site and month about 3 are expected."""


@pytest.fixture(scope="session")
def governance(system: System):
    """The demo provider's own key, as a program would use it."""
    return system.client(system.addresses()["api_key"])


def test_the_demo_is_in_the_views_and_dated_as_it_would_have_been(system, governance):
    """Twelve sites, every report once, signals and tasks dated by the days on which they could be known."""
    weeks, today = _weeks(governance), date.fromisoformat(system.addresses()[LOADED]) + timedelta(days=1)
    totals = governance.get(f"/v1/providers/{data.PROVIDER}/totals")
    actions = governance.get("/act/v1/actions", status="all", limit=500)["actions"]
    signals = governance.get("/act/v1/signals", status="all", limit=500)["signals"]

    assert totals["totals"]["reports"] == len(data.submissions(weeks[0], today))
    assert len(totals["sites"]) == 12
    for action in actions:
        assert weeks[0] <= london_date(datetime.fromisoformat(action["proposed_at"])) < today
    for signal in signals:
        # A week is judged as it ends, and the finding is dated by the day on which it could be known.
        assert weeks[0] <= date.fromisoformat(signal["raised_on"]) <= today
        assert "?" in signal["question"]
        assert signal["expected"] is None or signal["observed"] > signal["expected"]
    others = [signal for signal in signals if signal["site_id"] not in {site for site, *_ in PLANTED}]
    assert len(others) <= BY_CHANCE_MAX


@pytest.mark.parametrize(("site", "domains", "playbook", "verdict"), PLANTED)
def test_each_planted_case_goes_from_signal_to_task_to_the_verdict_that_its_figures_give(
    governance, site, domains, playbook, verdict
):
    """The rise was raised as a signal that led to the task; its verdict was computed after that, by the live rules."""
    signals = governance.get("/act/v1/signals", site=site, status="all", limit=500)["signals"]
    tasks = governance.get("/act/v1/actions", site=site, status="all", limit=500)["actions"]
    task = next(one for one in tasks if one["playbook_id"] == playbook and one["accepted_at"])
    led = [signal for signal in signals if (signal["review"] or {}).get("action_id") == task["action_id"]]
    evaluation = governance.get(f"/act/v1/actions/{task['action_id']}/evaluation")
    history = governance.get(f"/act/v1/actions/{task['action_id']}")["history"]

    assert any(domains & set(signal["series"]["domains"]) for signal in led)
    assert all(date.fromisoformat(signal["raised_on"]) < _day(task["accepted_at"]) for signal in led)
    assert task["report_ids"]
    assert evaluation["baseline_is_a_rise"]
    assert date.fromisoformat(evaluation["started_on"]) == _day(task["accepted_at"])
    assert evaluation["verdict"]["verdict"] == verdict
    assert evaluation["verdict"]["rate_ratio"] < 0.5, "all four fell; only the verdict tells them apart"
    assert _day(evaluation["verdict"]["on"]) > _day(task["accepted_at"])
    days = [_day(line["at"]) for line in history]
    assert days == sorted(days), "what was done is told in the order of its days"


def _day(moment: str) -> date:
    return london_date(datetime.fromisoformat(moment)) if "T" in moment else date.fromisoformat(moment)


def _weeks(client) -> list[date]:
    """The Mondays of the demo's complete weeks, from the first that the views hold."""
    asked = {"provider": data.PROVIDER, "domain": "(all)", "limit": 1}
    monday = date.fromisoformat(client.get("/v1/views/site-domain-week", **asked)["rows"][0]["week_start"])
    return [monday + timedelta(weeks=week) for week in range(data.WEEKS)]


def test_the_page_shows_the_twelve_sites_to_who_follows_the_link(system):
    """The link of `make demo` signs in and ends at the page; nobody sees it without."""
    import httpx  # noqa: PLC0415 - only this test speaks as a browser

    with httpx.Client(base_url=system.front_url, follow_redirects=True) as browser:
        page = browser.get(system.addresses()["page"].removeprefix(system.front_url), headers={"Accept": "text/html"})
    stranger = httpx.get(
        f"{system.front_url}/providers/{data.PROVIDER}", headers={"Accept": "text/html"}, follow_redirects=False
    )

    assert page.status_code == 200
    for site in {line["site_id"] for line in data.lines()}:
        assert site in page.text
    assert "<svg" in page.text
    assert "<table" in page.text
    assert "Invented" in page.text
    assert "unsafe" not in page.headers["content-security-policy"]
    assert len(gzip.compress(page.content)) < 60_000, "too much for a poor connection"
    assert stranger.status_code == 303


def test_a_report_is_accepted_once_amended_corrected_and_withdrawn(system, governance):
    """One report through its whole life; the views follow each step."""
    text = "Wrong blister pack on the trolley at handover, seen before the tablet was given."
    body = {"site_id": "elm-house", "text": text, "occurred_band": "at_handover", "worry": 3}
    key = {"Idempotency-Key": uuid.uuid4().hex}
    before = governance.get(f"/v1/providers/{data.PROVIDER}/totals")["totals"]["reports"]
    first = governance.post("/v1/reports", body, headers=key)
    again = governance.post("/v1/reports", body, headers=key)
    other = governance.post("/v1/reports", body | {"worry": 1}, headers=key)
    report = first.json()["report_id"]

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert again.json()["report_id"] == report
    until(
        lambda: governance.get(f"/v1/providers/{data.PROVIDER}/totals")["totals"]["reports"] == before + 1,
        what="one more report",
    )
    labels = until(lambda: _fact(governance, "elm-house", report).get("primary_domain"), what="the classification")
    assert labels == "medication"

    correction = {
        "site_id": "elm-house",
        "report_revision": 1,
        "fields": {"domains": ["handover"], "primary_domain": "handover"},
        "reason": "The medicine was never at risk.",
    }
    astray = correction | {
        "site_id": "harbour-court",
        "fields": {"domains": ["transport"], "primary_domain": "transport"},
    }
    assert governance.post(f"/cl/v1/reports/{report}/corrections", astray).status_code == 202
    assert governance.post(f"/cl/v1/reports/{report}/corrections", correction).status_code == 202
    until(lambda: _fact(governance, "elm-house", report).get("primary_domain") == "handover", what="the correction")

    amended = governance.post(
        f"/in/v1/reports/{report}:amend", {"revision": 1, "text": text + " It was the blue pack."}
    )
    assert amended.is_success, amended.text
    stale = governance.post(f"/in/v1/reports/{report}:amend", {"revision": 1, "text": "x y z"})
    assert stale.status_code == 409
    until(
        lambda: _fact(governance, "elm-house", report).get("needs_review"), what="review asked for after the amendment"
    )
    assert _fact(governance, "elm-house", report)["primary_domain"] == "handover"

    gone = governance.post(f"/in/v1/reports/{report}:withdraw", {"revision": 2, "reason": "entered_in_error"})
    assert gone.is_success, gone.text
    until(
        lambda: governance.get(f"/v1/providers/{data.PROVIDER}/totals")["totals"]["reports"] == before,
        what="one report less",
    )


def _fact(client, site: str, report: str) -> dict:
    rows = client.get("/v1/reports", site=site)["reports"]
    return next((row for row in rows if row["report_id"] == report), {})


def test_a_task_is_accepted_stepped_and_completed(system, governance):
    """Every act has its version; a stale one is refused; the view shows the end."""
    task = next(
        a
        for a in governance.get("/act/v1/actions")["actions"]
        if a["status"] == "proposed" and a["site_id"] == "elm-house"
    )
    path = f"/act/v1/actions/{task['action_id']}"
    accepted = governance.send(f"{path}:accept", {"version": task["version"], "due_on": "2099-01-04"})
    stale = governance.post(f"{path}:accept", {"version": task["version"], "due_on": "2099-01-04"})
    early = governance.post(f"{path}:complete", {"version": accepted["version"]})

    assert stale.status_code == 409
    assert early.status_code == 409
    version = accepted["version"]
    for step in task["steps"]:
        done = governance.send(
            f"{path}/steps/{step['step_id']}:complete",
            {"version": version, "note": "Done, Zebedee Quillfeather saw it."},
        )
        version = done["version"]
    completed = governance.send(f"{path}:complete", {"version": version})
    history = governance.get(path)["history"]

    assert completed["status"] == "completed"
    assert [row["type"] for row in history][-1] == "ActionCompleted"
    until(lambda: _view_of(governance, task["action_id"]).get("status") == "completed", what="the view of the task")


def _view_of(client, action_id: str) -> dict:
    return next((a for a in client.get("/v1/actions")["actions"] if a["action_id"] == action_id), {})


def test_exposure_reaches_the_view_of_its_week(system, governance):
    """Rates get their denominators from what the provider told, never from a guess."""
    weeks = _weeks(governance)
    asked = {"site": "elm-house", "domain": "(all)", "from": weeks[0].isoformat(), "to": weeks[-1].isoformat()}
    rows = governance.get("/v1/views/site-domain-week", **asked)["rows"]
    told = [
        (row["period_start"], float(row["value"]), row["unit"])
        for row in csv.DictReader(io.StringIO(data.exposure_csv(weeks[0])))
        if (row["site_id"], row["unit"]) == ("elm-house", "occupied_bed_days")
    ]

    assert len(told) == data.WEEKS
    assert [(row["week_start"], row["exposure"], row["exposure_unit"]) for row in rows] == sorted(told)


def test_bad_input_is_named_and_nothing_of_it_is_kept(system, governance):
    """Each kind of bad input gets problem+json with the field or the line, and counts nothing."""
    before = governance.get(f"/v1/providers/{data.PROVIDER}/totals")["totals"]["reports"]
    good = {"site_id": "elm-house", "text": "The lift stopped between floors, reset it.", "occurred_band": "now"}

    def refused(body, status, field):
        answer = governance.post("/v1/reports", body)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert any(error.get("field") == field for error in answer.json()["errors"]), answer.text

    refused(good | {"site_id": "no-such-home"}, 422, "site_id")
    refused(good | {"text": "   "}, 422, "text")
    refused(good | {"occurred_at": "2090-01-01T00:00:00Z"}, 422, "occurred_at")
    refused(good | {"colour": "blue"}, 422, "colour")
    large = governance.post(
        "/v1/reports", content=b'{"text":"' + b"a" * 2_000_000 + b'"}', headers={"Content-Type": "application/json"}
    )
    assert large.status_code == 413
    broken = governance.post(
        "/v1/reports", content=b'{"site_id": "elm-house",', headers={"Content-Type": "application/json"}
    )
    assert broken.status_code == 400
    assert "character" in broken.text
    nobody = system.client(token=False).http.post(
        "/v1/reports", json=good, headers={"Authorization": "Bearer nmk_made-up"}
    )
    assert nobody.status_code == 401
    half = governance.send(
        "/v1/reports:import",
        content="\n".join([json.dumps(good), "{broken", json.dumps(good | {"site_id": "x"})]).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert (half["accepted"], half["refused"]) == (1, 2)
    assert {error["line"] for error in half["errors"]} == {2, 3}
    missing = governance.post(
        "/v1/reports:import", content=b"site_id,when\nelm-house,now\n", headers={"Content-Type": "text/csv"}
    )
    assert missing.status_code == 422
    assert "text" in missing.text
    until(
        lambda: governance.get(f"/v1/providers/{data.PROVIDER}/totals")["totals"]["reports"] == before + 1,
        what="the one good row",
    )


def test_another_tenant_sees_and_reaches_nothing(system, governance):
    """Another provider's key gets 404 for everything of this one, as if it were not there."""
    operator = system.client()
    operator.csv(
        "/in/v1/registry:import?kind=providers", "provider_id,name,synthetic\nother-care,Other Care (invented),true\n"
    )
    key = operator.send(
        "/in/v1/keys", {"provider_id": "other-care", "roles": ["feed", "governance"], "label": "other"}
    )["key"]
    other = system.client(key)

    assert other.http.get(f"/v1/providers/{data.PROVIDER}/totals").status_code == 404
    assert (
        other.post(
            "/v1/reports", {"site_id": "elm-house", "text": "Lift stuck again.", "occurred_band": "now"}
        ).status_code
        == 422
    )
    task = governance.get("/act/v1/actions")["actions"][0]
    assert other.http.get(f"/act/v1/actions/{task['action_id']}").status_code == 404
    assert other.get("/v1/sites")["sites"] == []


def test_a_held_report_is_hidden_from_its_site_and_shown_to_the_group(system, governance):
    """A reporter who wants someone outside to see it first is heard outside, and not counted inside."""
    operator = system.client()
    wanted = {
        "provider_id": data.PROVIDER,
        "sites": ["larch-view"],
        "roles": ["manager"],
        "label": "manager of one home",
    }
    manager = system.client(operator.send("/in/v1/keys", wanted)["key"])
    seen = manager.get(f"/v1/providers/{data.PROVIDER}/totals")["totals"]["reports"]
    body = {
        "site_id": "larch-view",
        "text": "Please look at this from outside.",
        "occurred_band": "now",
        "outside_first": True,
    }
    report = governance.send("/v1/reports", body)["report_id"]
    until(lambda: _fact(governance, "larch-view", report), what="the group to see it")

    assert _fact(manager, "larch-view", report) == {}
    assert manager.get(f"/v1/providers/{data.PROVIDER}/totals")["totals"]["reports"] == seen
    assert manager.http.get(f"/in/v1/reports/{report}").status_code == 404
    assert governance.http.get(f"/in/v1/reports/{report}").status_code == 200


def test_a_marker_person_is_nowhere_but_in_the_vault(system, governance):
    """The name that texts, a person field and a task note held is in no topic, no database in clear, no log."""
    found = []
    for topic, record in every_record(system):
        blob = b" ".join(
            [record.key() or b"", record.value() or b"", *(value or b"" for _, value in record.headers() or [])]
        )
        if any(word.encode() in blob for word in MARKER):
            found.append(topic)
    client = MongoClient(system.engines.mongodb_uri)
    for name in client.list_database_names():
        if name.startswith("nearmiss_"):
            for collection in client[name].list_collection_names():
                found += [
                    f"{name}.{collection}"
                    for doc in client[name][collection].find()
                    if any(w in repr(doc) for w in MARKER)
                ]
    client.close()
    found += [name for name, text in system.logs() if any(word in text for word in MARKER)]

    assert found == []


def test_another_client_library_reads_every_topic_and_finds_the_published_schema(system):
    """librdkafka, which shares no code with ours, reads all records; each validates against its schema file."""
    schemas = {
        e.__name__: jsonschema.Draft202012Validator(json.loads(schema_path(t, e).read_text()))
        for t in TOPICS
        for e in t.events
    }
    seen = Counter()
    sites = {}
    for topic, record in every_record(system):
        if topic.endswith(".dlq") or record.value() is None or record.key() == MARKER_KEY:
            continue
        body = json.loads(record.value())
        schemas[body["type"]].validate(body)
        headers = dict(record.headers())
        read = from_binary(KafkaMessage(headers, record.key(), record.value()), JSONFormat())
        assert (read.get_type(), read.get_id()) == (body["type"], body["event_id"])
        assert headers["ce_type"].decode() == body["type"]
        assert headers["ce_id"].decode() == body["event_id"]
        sites.setdefault((body["provider_id"], body["site_id"]), set()).add(record.partition())
        seen[topic] += 1

    assert {t.name for t in TOPICS if t.events} <= set(seen)
    assert all(len(partitions) == 1 for partitions in sites.values()), (
        "a site's facts lie in one partition of every topic"
    )


def test_probes_and_metrics_are_for_operators_only(system):
    """Reached on the service, not through the front door; a service tells how much flows."""
    import httpx  # noqa: PLC0415 - speaks without credentials

    for name in ("intake", "classifier", "actions", "reporting"):
        direct = system.direct_url(name)
        live = httpx.get(f"{direct}/health/live")
        assert live.status_code == 200, f"{name}: {live.text}"
        metrics = httpx.get(f"{direct}/metrics").text
        assert "nearmiss_records_total" in metrics
        assert "nearmiss_outbox_rows" in metrics
    assert httpx.get(f"{system.front_url}/in/metrics").status_code == 404
    assert httpx.get(f"{system.front_url}/metrics").status_code == 404
