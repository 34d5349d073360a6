"""Names that redaction missed and reports that are released, from intake's outbox through reporting's own fold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.contracts.topics import DIALOGUE, REPORTS
from shared.runtime.packs import records_of
from tests.support.intake import Intake, running
from tests.support.reporting import World, open_world

pytestmark = pytest.mark.engines
SAME_SITE = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
MISSED = "Grimbleshanks"
TEXT = f"The lift stopped and {MISSED.lower()} waited in it for an hour, the alarm was heard."


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix) as one:
        await one.register()
        yield one


@pytest.fixture
async def world(mongodb_uri: str, database_prefix: str) -> AsyncIterator[World]:
    async with open_world(mongodb_uri, f"{database_prefix}views_") as opened:
        yield opened


async def told(intake: Intake, **more: Any) -> str:
    body = {"site_id": "elm", "text": TEXT, **more}
    answer = await intake.call("POST", "/v1/reports", await intake.key("feed"), json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["report_id"])


async def as_read(intake: Intake, world: World) -> None:
    """Let reporting fold what intake put into its outbox, byte by byte as it would lie in Kafka."""
    topics = {topic.name: topic for topic in (REPORTS, DIALOGUE)}
    rows = await intake.db["outbox"].find({"topic": {"$in": list(topics)}}).sort("_id", 1).to_list(None)
    sent = [(topics[name], value) for row in rows for name, _, (_, value, _) in records_of(row) if value]
    await world.fold(*(topic.decode(value) for topic, value in sent))


async def fact(world: World, report_id: str) -> dict[str, Any]:
    document = await world.mongo.db["facts"].find_one({"report_id": report_id})
    assert document is not None
    return dict(document)


async def test_a_hidden_name_is_gone_from_every_later_state(intake: Intake) -> None:
    """What a person marks is a placeholder at once, stays one when the words are typed anew, and lies in the vault."""
    report_id = await told(intake)
    manager = await intake.key("manager", sites=["elm"])
    assert MISSED.lower() in (await intake.outbox("reports"))[0]["report"]["text"]

    hidden = await intake.call(
        "POST", f"/v1/reports/{report_id}:hide-names", manager, json={"revision": 1, "names": [MISSED]}
    )
    again = await intake.call(
        "POST", f"/v1/reports/{report_id}:amend", manager, json={"revision": 2, "text": TEXT + " Twice."}
    )

    assert (hidden.status_code, again.status_code) == (204, 200)
    states = (await intake.outbox("reports"))[1:]
    assert [one["type"] for one in states] == ["ReportRedactionCorrected", "ReportAmended"]
    assert all(MISSED.lower() not in str(one).lower() for one in states)
    assert "[PERSON_1]" in states[1]["report"]["text"]
    document = await intake.db["reports"].find_one({"_id": report_id})
    vault = intake.app.state.means.vault
    assert vault.names(report_id, document["sealed"]) == (MISSED,)
    assert vault.first(report_id, document["sealed"]).text == TEXT


async def test_a_page_hides_a_name_and_says_so(intake: Intake) -> None:
    """The reviewer types it under the report; a name that is not there, or an old page, changes nothing."""
    report_id = await told(intake)
    manager = await intake.key("manager", sites=["elm"])
    path = f"/triage/{report_id}/hide"

    absent = await intake.call("POST", path, manager, data={"names": "Nobody", "revision": "1"}, headers=SAME_SITE)
    done = await intake.call("POST", path, manager, data={"names": MISSED, "revision": "1"}, headers=SAME_SITE)
    stale = await intake.call("POST", path, manager, data={"names": MISSED, "revision": "1"}, headers=SAME_SITE)
    page = await intake.call("GET", done.headers["location"], manager, headers=SAME_SITE)

    assert (absent.status_code, done.status_code, stale.status_code) == (422, 303, 409)
    assert "Hidden." in page.text
    assert MISSED.lower() not in page.text


async def test_a_withdrawn_report_stays_withdrawn_after_a_correction(intake: Intake, world: World) -> None:
    """The correction is followed by the withdrawal again, so that reporting does not count it anew."""
    report_id = await told(intake)
    manager = await intake.key("manager", sites=["elm"])
    body = {"revision": 1, "reason": "not_an_event"}
    await intake.call("POST", f"/v1/reports/{report_id}:withdraw", manager, json=body)

    done = await intake.call(
        "POST", f"/v1/reports/{report_id}:hide-names", manager, json={"revision": 2, "names": [MISSED]}
    )
    await as_read(intake, world)

    assert done.status_code == 204
    states = await intake.outbox("reports")
    assert [(one["type"], one["report"]["revision"]) for one in states[2:]] == [
        ("ReportRedactionCorrected", 3),
        ("ReportWithdrawn", 4),
    ]
    assert states[3]["reason"] == "not_an_event"
    assert MISSED.lower() not in str(states[3]["report"]).lower()
    kept = await fact(world, report_id)
    assert kept["report"]["withdrawn"] is True
    assert MISSED.lower() not in str(kept).lower()


async def test_a_released_report_is_told_as_the_sites_own(intake: Intake, world: World) -> None:
    """After the release the newest state says `site`, and reporting keeps it so."""
    report_id = await told(intake, outside_first=True)
    await as_read(intake, world)
    held = await fact(world, report_id)
    lead = await intake.key("safeguarding")

    await intake.call(
        "POST", f"/triage/{report_id}/release", lead, data={"reason": "reporter_agrees"}, headers=SAME_SITE
    )
    await as_read(intake, world)

    states = await intake.outbox("reports")
    assert [(one["type"], one["report"]["visibility"]) for one in states] == [
        ("ReportReceived", "held"),
        ("ReportAmended", "site"),
    ]
    assert (held["report"]["visibility"], (await fact(world, report_id))["report"]["visibility"]) == ("held", "site")
