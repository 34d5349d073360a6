"""Reviews of the past: from when they count, and who may say so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.intake import NOW, Intake, running

pytestmark = pytest.mark.engines
READ_AT = NOW - timedelta(days=3)
THEN = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", "Effective-At": READ_AT.isoformat()}


async def reviewed(intake: Intake, role: str, **reach: Any) -> httpx.Response:
    """Send a report that was told four days ago, and its review with the header."""
    await intake.register()
    operator = await intake.key("operator")
    told = {"site_id": "elm", "text": "The lift stopped between two floors.", "occurred_band": "now"}
    told |= {"reported_at": (NOW - timedelta(days=4)).isoformat(), "occurred_at": (NOW - timedelta(days=4)).isoformat()}
    answer = await intake.call("POST", "/v1/reports:import?replay=true&provider_id=rowan", operator, json=[told])
    assert answer.json()["accepted"] == 1, answer.text
    (document,) = await intake.db["reports"].find().to_list(None)
    form = {"decision": "accepted", "thank": "yes", "message": "Thank you.", "outcome": "already_fixed"}
    key = await intake.key(role, **reach)
    return await intake.call("POST", f"/triage/{document['_id']}", key, data=form, headers=THEN)


async def test_a_review_of_the_past_counts_from_then_and_is_marked_as_replayed(mongodb_uri, database_prefix):
    """In the demo: steps, and the rung of the ladder by then; the event says when it was written down."""
    async with running(mongodb_uri, database_prefix, demo=True) as intake:
        answer = await reviewed(intake, "manager", sites=["elm"])
        events = await intake.outbox("dialogue")

    assert answer.status_code == 303, answer.text
    assert [event["type"] for event in events] == ["ReportTriaged", "FeedbackSent", "ReportClosed"]
    assert {datetime.fromisoformat(event["effective_at"]) for event in events} == {READ_AT}
    assert {datetime.fromisoformat(event["recorded_at"]) for event in events} == {NOW}
    assert all(event["replay"] for event in events)
    assert events[0]["level"] == "manager", "it was a day old when it was read"


async def test_outside_the_demo_a_manager_may_not_say_when(mongodb_uri, database_prefix):
    """A review with the header is refused, not dated now."""
    async with running(mongodb_uri, database_prefix) as intake:
        answer = await reviewed(intake, "manager", sites=["elm"])
        assert answer.status_code == 403, answer.text
        assert await intake.outbox("dialogue") == []
