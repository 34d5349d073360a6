"""Machine events over the real mongod: taken in as telemetry, joined to what a person told, never counted twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.intake.adapters.comparisons import COLLECTION, MongoComparisons
from services.intake.adapters.stores import Stores
from services.intake.domain.progress import Labelled, labels_key, take_label
from services.intake.usecases.joining import Joining
from shared.taxonomy.precedence import Fact
from tests.support.intake import Intake, running

pytestmark = pytest.mark.engines
PAGE = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
CHECK_IN = {
    "site_id": "elm",
    "event": "check_in",
    "at": "2026-03-04T08:02:11Z",
    "distance_m": 640,
    "person": {"id": "C-12"},
    "reference": {"system": "care-app", "id": "CI-1"},
}
TOLD = {
    "site_id": "elm",
    "text": "I stood at the wrong house, the key safe did not open, then the office told me the right number.",
    "occurred_at": "2026-03-04T08:20:00Z",
    "person": {"id": "C-12"},
}


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix) as one:
        await one.register()
        yield one


async def send(intake: Intake, path: str, body: dict[str, Any]) -> Any:
    return await intake.call("POST", path, await intake.key("feed"), json=body)


async def tagged(intake: Intake, *report_ids: str) -> int:
    """Say that reports were tagged, as the fold would, and compare what waits; returns how many waited."""
    for report_id in report_ids:
        fact = Fact("model", 1, 1, {"domains": ["missed_visit"], "primary_domain": "missed_visit", "escalate": []}, "m")
        key = labels_key("rowan", "elm", report_id)
        labels = take_label(None, Labelled("rowan", "elm", report_id, fact))
        await intake.db["labels"].replace_one({"_id": key}, labels, upsert=True)
        await intake.db[COLLECTION].replace_one({"_id": report_id}, {"provider_id": "rowan"}, upsert=True)
    return await comparisons(intake).work_off(joining(intake))


def comparisons(intake: Intake) -> MongoComparisons:
    return Stores(intake.app.state.runtime).comparisons


def joining(intake: Intake) -> Joining:
    stores = Stores(intake.app.state.runtime)
    return Joining(intake.app.state.means, stores.cases, stores.progress)


async def test_a_far_check_in_is_a_report_and_a_near_one_is_none(intake: Intake) -> None:
    """From more than 200 m on it is taken in as telemetry, once however often it is sent; nearer it is answered so."""
    taken = await send(intake, "/v1/machine-events", CHECK_IN)
    again = await send(intake, "/v1/machine-events", CHECK_IN)
    near = await send(intake, "/v1/machine-events", CHECK_IN | {"distance_m": 200})

    assert (taken.status_code, taken.json()["status"]) == (202, "accepted")
    assert (again.json()["status"], again.json()["report_id"]) == ("repeated", taken.json()["report_id"])
    assert (near.status_code, near.json()["status"], near.json()["report_id"]) == (200, "no_near_miss", None)
    (event,) = await intake.outbox("reports")
    report = event["report"]
    assert (report["origin"], report["identity_mode"], report["occurred_precision"]) == ("telemetry", "named", "minute")
    assert "640 m from the client's address" in report["text"]
    assert report["person_token"]
    assert "C-12" not in str(event)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"distance_m": None}, "takes distance_m"),
        ({"discrepancy": "late"}, "no discrepancy"),
        ({"event": "emar_discrepancy"}, "takes discrepancy"),
        ({"at": "2026-03-04"}, "time of day"),
        ({"at": "2026-03-05T08:00:00Z"}, "lies in the future"),
        ({"site_id": "nowhere"}, "not a site that is known here"),
    ],
)
async def test_a_malformed_event_is_refused_with_the_reason(intake: Intake, change: dict[str, Any], why: str) -> None:
    """A figure that is missing or another kind's, a day without a time, the future and an unknown site are named."""
    answer = await send(intake, "/v1/machine-events", CHECK_IN | change)

    assert answer.status_code == 422
    assert why in answer.text


async def test_an_emar_discrepancy_is_told_in_words(intake: Intake) -> None:
    """What the record lacks becomes a sentence that a reviewer can read."""
    said = {key: CHECK_IN[key] for key in ("site_id", "at", "person")}
    body = said | {"event": "emar_discrepancy", "discrepancy": "count_differs", "reference": {"system": "m", "id": "1"}}

    assert (await send(intake, "/v1/machine-events", body)).status_code == 202
    assert "the count of the stock differs" in (await intake.outbox("reports"))[0]["report"]["text"]


@pytest.mark.parametrize("human_first", [True, False])
async def test_a_machine_and_a_person_who_tell_one_moment_count_once(intake: Intake, human_first: bool) -> None:
    """Whichever came first, the machine's report leaves the counts by itself, and triage shows it with the person's."""
    calls = [("/v1/reports", TOLD), ("/v1/machine-events", CHECK_IN)]
    for path, body in calls if human_first else calls[::-1]:
        assert (await send(intake, path, body)).status_code == 202
    stored = {one["origin"]: one["_id"] async for one in intake.db["reports"].find()}
    manager = await intake.key("manager", sites=["elm"])

    await tagged(intake, stored["live"], stored["telemetry"])
    await tagged(intake, stored["telemetry"], stored["live"])

    gone = [one for one in await intake.outbox("reports") if one["type"] == "ReportWithdrawn"]
    assert [(one["report"]["report_id"], one["reason"]) for one in gone] == [(stored["telemetry"], "duplicate")]
    (event,) = await intake.outbox("dialogue")
    assert (event["type"], event["report_id"], event["by_role"]) == ("DuplicateDecided", stored["telemetry"], "system")
    assert event["other_report_id"] == stored["live"]
    screen = (await intake.call("GET", f"/triage/{stored['live']}", manager, headers=PAGE)).text
    assert "The same event was told once more" in screen
    assert "noted by a machine" in screen
    assert "1 report waits" in (await intake.call("GET", "/triage", manager, headers=PAGE)).text


async def test_what_is_not_certain_is_asked_once(intake: Intake) -> None:
    """Another time of day leaves a question on the machine's report, told to the log once; a person decides."""
    await send(intake, "/v1/reports", TOLD | {"occurred_at": "2026-03-04T10:30:00Z"})
    await send(intake, "/v1/machine-events", CHECK_IN)
    stored = {one["origin"]: one["_id"] async for one in intake.db["reports"].find()}
    manager = await intake.key("manager", sites=["elm"])

    await tagged(intake, *stored.values())
    await tagged(intake, *stored.values())

    (event,) = await intake.outbox("dialogue")
    assert (event["type"], event["report_id"]) == ("DuplicateSuggested", stored["telemetry"])
    assert (event["other_report_id"], event["matching_version"]) == (stored["live"], "2")
    assert 0.5 <= event["score"] < 0.8
    screen = (await intake.call("GET", f"/triage/{stored['telemetry']}", manager, headers=PAGE)).text
    assert "Is it told twice?" in screen
    assert "a machine: care-app" in screen
    assert "Thank the reporter" not in screen, "nobody is there to be thanked"


async def test_a_held_report_is_paired_with_nothing(intake: Intake) -> None:
    """A pair would tell the site that there is a report which it must not know of."""
    await send(intake, "/v1/reports", TOLD | {"outside_first": True})
    await send(intake, "/v1/machine-events", CHECK_IN)
    stored = {one["origin"]: one["_id"] async for one in intake.db["reports"].find()}

    await tagged(intake, *stored.values())

    assert await intake.outbox("dialogue") == []
    assert [one["type"] for one in await intake.outbox("reports")] == ["ReportReceived", "ReportReceived"]


async def test_history_is_struck_off_without_a_look(intake: Intake) -> None:
    """What was loaded as backfill is not compared, and does not stay on the list."""
    twice = [TOLD | {"origin": "backfill", "text": TOLD["text"] + more} for more in ("", " Again.")]
    for body in twice:
        await send(intake, "/v1/reports", body)
    stored = [one["_id"] async for one in intake.db["reports"].find()]

    struck = await tagged(intake, *stored)

    assert struck == 2
    assert await intake.db[COLLECTION].count_documents({}) == 0
    assert await intake.outbox("dialogue") == []
