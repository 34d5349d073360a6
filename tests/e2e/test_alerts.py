"""From a report at the front door to the person on call: in time, with number and link, until somebody has seen it."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

import httpx
import pytest

from deploy.demo import data
from tests.support.system import System, until

pytestmark = pytest.mark.e2e
SITE = "willow-grange"
TEXT = (
    "Gentleman slipped out unseen through the laundry gate; police helicopter searched and brought him back "
    "after midnight."
)
CODE = "missing_person"
ON_DUTY = (["on.call@rowan-care.example"], ["group.lead@rowan-care.example"])
"""Whom the demo alerts for a home with nobody on call of its own: the group; by day, the group lead."""
ALERT_WITHIN = timedelta(seconds=60)


def test_an_escalation_alerts_the_role_on_call_within_a_minute_of_acceptance_until_somebody_has_seen_it(system: System):
    """By the times that intake and actions wrote down; the link's button ends it, opening the link does not."""
    governance = system.client(system.addresses()["api_key"])
    before = _reports(governance)
    answer = governance.send("/v1/reports", {"site_id": SITE, "text": TEXT, "occurred_band": "now"})
    accepted_at = datetime.fromisoformat(answer["received_at"])
    report = answer["report_id"]
    notice = until(lambda: _tried(governance, report), within_s=90, what="the alert to be tried")

    assert (notice["status"], notice["channel"], notice["step"]) == ("sent", "file", 1), notice["failure"]
    assert (notice["about"], notice["role"]) == ("escalation", "on_call")
    assert governance.get(f"/act/v1/reports/{report}/escalation")["code"] == CODE
    assert datetime.fromisoformat(notice["accepted_at"]) == accepted_at
    (message,) = [one for one in _messages(system) if one["notification_id"] == notice["notification_id"]]
    assert timedelta() < datetime.fromisoformat(message["at"]) - accepted_at < ALERT_WITHIN
    assert notice["seconds_to_sent"] < ALERT_WITHIN.total_seconds()
    assert message["addresses"] in ON_DUTY
    assert f"Report number {report}." in message["body"]
    assert message["link"] in message["body"].splitlines()
    assert message["link"].startswith(f"{system.front_url}/act/seen/")
    assert _words(TEXT) & _words(message["subject"] + message["body"].replace(message["link"], "")) == set()

    with httpx.Client(timeout=30.0) as stranger:  # who follows the link need not sign in
        page = stranger.get(message["link"])
        unseen = _notice(governance, notice)
        pressed = stranger.post(message["link"], headers={"Sec-Fetch-Site": "same-origin"})
        after = stranger.get(message["link"])
    seen = _notice(governance, notice)

    assert (page.status_code, unseen["status"]) == (200, "sent")
    assert _words(TEXT) & _words(page.text) == set()
    assert pressed.status_code == 303
    assert "Nobody else is asked" in after.text
    assert (seen["status"], seen["acknowledged_by_role"]) == ("acknowledged", "on_call")
    assert datetime.fromisoformat(seen["acknowledged_at"]) > datetime.fromisoformat(seen["sent_at"])
    # The demo's own reports are counted by other tests: this one leaves none behind.
    governance.send(f"/in/v1/reports/{report}:withdraw", {"revision": 1, "reason": "entered_in_error"})
    until(lambda: _reports(governance) == before, what="the report to be out of the counts")


def _tried(client, report: str) -> dict | None:
    """The first message about a report, once it was sent or has failed."""
    page = client.get("/act/v1/notifications", site=SITE, limit=500)["notifications"]
    return next((one for one in page if one["subject_id"] == report and one["status"] != "waiting"), None)


def _reports(client) -> int:
    """How many reports the provider's views count."""
    return client.get(f"/v1/providers/{data.PROVIDER}/totals")["totals"]["reports"]


def _notice(client, notice: dict) -> dict:
    return client.get(f"/act/v1/notifications/{notice['notification_id']}")


def _messages(system: System) -> list[dict]:
    """What the file channel wrote down."""
    path = system.root / "notifications.ndjson"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _words(text: str) -> set[str]:
    """The words of a text that say something of themselves: four letters or more."""
    return {word.lower() for word in re.findall(r"[A-Za-z]{4,}", text)}
