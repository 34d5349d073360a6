"""Triage over the real mongod: one report on one screen, words to an unknown reporter, held reports, originals."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.intake.domain.progress import Labelled, labels_key, take_label
from shared.taxonomy.precedence import Fact
from tests.support.intake import Intake, running

pytestmark = pytest.mark.engines
SAME_SITE = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
HOIST = "The hoist sling slipped off its clip while we lifted, the carer caught the strap before the fall."


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix) as one:
        await one.register()
        yield one


async def told(intake: Intake, text: str = HOIST, **more: Any) -> str:
    """A report by a feed."""
    key = await intake.key("feed")
    answer = await intake.call("POST", "/v1/reports", key, json={"site_id": "elm", "text": text, **more})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["report_id"])


async def told_by_form(intake: Intake) -> tuple[str, str]:
    """A report by the form: its id and its four words."""
    key = await intake.key("manager")
    made = (await intake.call("POST", "/v1/form-links", key, json={"site_id": "elm"})).json()
    link = made["address"].rsplit("/", 1)[1]
    form = await intake.http.get(f"/report/{link}")
    form_key = re.findall(r'name="form_key" value="([^"]+)"', form.text)[0]
    sent = await intake.http.post("/report", data={"link": link, "form_key": form_key, "text": HOIST, "lang": "en"})
    (document,) = await intake.db["reports"].find().to_list(None)
    return document["_id"], re.findall(r'class="words" lang="en">([a-z ]+)<', sent.text)[0]


async def tag(intake: Intake, report_id: str, **labels: Any) -> None:
    """Put the model's word on a report in, as the fold would."""
    fields = {"domains": ["moving_handling"], "primary_domain": "moving_handling", "potential_severity": "severe"}
    fact = Fact("model", 1, 1, fields | {"escalate": [], "event_class": "NEAR_MISS"} | labels, "m1")
    key = labels_key("rowan", "elm", report_id)
    await intake.db["labels"].insert_one({"_id": key, **take_label(None, Labelled("rowan", "elm", report_id, fact))})


async def do(intake: Intake, key: str, path: str, **fields: Any) -> httpx.Response:
    return await intake.call("POST", path, key, data=fields, headers=SAME_SITE)


async def test_a_review_thanks_asks_and_the_reporter_answers(intake: Intake) -> None:
    """One form: accept, thank, ask. The reporter reads it by the code and answers; nobody learns who it is."""
    report_id, code = await told_by_form(intake)
    manager = await intake.key("manager", sites=["elm"])

    done = await do(
        intake,
        manager,
        f"/triage/{report_id}",
        decision="accepted",
        thank="yes",
        message="Thank you, well caught.",
        question="Which hoist was it?",
    )
    page = await intake.http.post("/return", data={"code": code})
    await intake.http.post("/return/say", data={"code": code, "words": "The blue one.", "question": "3"})
    screen = await intake.call("GET", f"/triage/{report_id}", manager, headers=SAME_SITE)

    assert done.status_code == 303
    assert "Somebody asks you a question" in page.text
    assert "Thank you, well caught." in page.text
    assert "The blue one." in screen.text
    events = await intake.outbox("dialogue")
    assert [(one["type"], one["step"]) for one in events] == [
        ("ReportTriaged", 1),
        ("FeedbackSent", 2),
        ("QuestionAsked", 3),
        ("FeedbackSeen", 4),
        ("AnswerGiven", 5),
    ]
    assert (events[0]["by_role"], events[0]["level"], events[4]["question_step"]) == ("manager", "manager", 3)
    assert "blue" not in str(events)


async def test_what_could_have_been_worst_comes_first_and_age_moves_it_up(intake: Intake) -> None:
    """The model orders the queue and nothing else; after 48 and 96 hours the next level is named."""
    low, severe = await told(intake, "A cup of tea was cold."), await told(intake, "The hoist failed again today.")
    await tag(intake, low, potential_severity="low")
    await tag(intake, severe)
    manager = await intake.key("manager", sites=["elm"])

    page = (await intake.call("GET", "/triage", manager, headers=SAME_SITE)).text
    intake.clock.moment += timedelta(hours=50)
    later = (await intake.call("GET", "/triage", manager, headers=SAME_SITE)).text
    intake.clock.moment += timedelta(hours=50)
    latest = (await intake.call("GET", "/triage", manager, headers=SAME_SITE)).text

    assert page.index(f"/triage/{severe}") < page.index(f"/triage/{low}")
    assert "2 reports wait" in page
    assert "over 48 hours: deputy" in later
    assert "over 48 hours: group" in latest
    assert len(page.encode()) < 60_000


async def test_low_potential_is_closed_together_and_nothing_else_is(intake: Intake) -> None:
    """Ticked reports of low potential are accepted, thanked and closed; a severe one among them stays."""
    low, severe = await told(intake, "A cup of tea was cold."), await told(intake, "The hoist failed again today.")
    await tag(intake, low, potential_severity="low")
    await tag(intake, severe)
    manager = await intake.key("manager", sites=["elm"])

    page = await do(intake, manager, "/triage/close-low", report=[low, severe], thanks="Thank you.")

    assert "1 report left as it was" in page.text
    closed = [one for one in await intake.outbox("dialogue") if one["type"] == "ReportClosed"]
    assert [(one["report_id"], one["outcome"], one["in_bulk"]) for one in closed] == [(low, "low_potential", True)]
    assert "1 report waits" in page.text


async def test_a_held_report_is_for_the_safeguarding_lead_until_it_is_released(intake: Intake) -> None:
    """The manager sees neither report nor count; after the release both are there, and an edit does not undo it."""
    report_id = await told(intake, outside_first=True)
    manager, lead = await intake.key("manager", sites=["elm"]), await intake.key("safeguarding")
    hidden = await intake.call("GET", "/triage", manager, headers=SAME_SITE)
    refused = await do(intake, manager, f"/triage/{report_id}/release", reason="reporter_agrees")

    released = await do(intake, lead, f"/triage/{report_id}/release", reason="reporter_agrees")
    shown = await intake.call("GET", f"/triage/{report_id}", manager, headers=SAME_SITE)
    edited = await intake.call("POST", f"/v1/reports/{report_id}:amend", manager, json={"revision": 2, "worry": 2})

    assert "Nothing waits" in hidden.text
    assert refused.status_code == 403
    assert released.status_code == 303
    assert shown.status_code == 200
    assert edited.json()["report"]["visibility"] == "site"
    assert [one["type"] for one in await intake.outbox("dialogue")] == ["ReportReleased"]
    assert [one["report"]["visibility"] for one in await intake.outbox("reports")] == ["held", "site", "site"]


async def test_the_same_event_told_twice_is_offered_and_a_person_decides(intake: Intake) -> None:
    """Same site, same day, same words: offered. The same words of another day are another event."""
    first = await told(intake, occurred_at="2026-03-04T09:00")
    again = await told(intake, HOIST + " It was quick.", occurred_at="2026-03-04T09:20")
    other_day = await told(intake, occurred_at="2026-03-02T09:00")
    manager = await intake.key("manager", sites=["elm"])

    screen = (await intake.call("GET", f"/triage/{again}", manager, headers=SAME_SITE)).text
    decided = await do(intake, manager, f"/triage/{again}/duplicate", other=first, same="yes")

    assert f"/triage/{first}" in screen
    assert f"/triage/{other_day}" not in screen
    assert decided.headers["location"].endswith(f"/triage/{first}")
    gone = [one for one in await intake.outbox("reports") if one["type"] == "ReportWithdrawn"]
    assert [(one["report"]["report_id"], one["reason"]) for one in gone] == [(again, "duplicate")]
    (event,) = await intake.outbox("dialogue")
    assert (event["type"], event["other_report_id"], event["same_event"]) == ("DuplicateDecided", first, True)


async def standing(intake: Intake, *report_ids: str) -> list[str]:
    """Which of some reports still count."""
    found = intake.db["reports"].find({"_id": {"$in": report_ids}, "withdrawn": None}).sort("_id", 1)
    return [one["_id"] async for one in found]


async def test_of_two_that_are_one_event_one_is_always_counted(intake: Intake) -> None:
    """Two reviewers, each on the page of another of the two: the second is told, and the event stays in the counts."""
    one, other = await told(intake), await told(intake, HOIST + " It was quick.")
    manager = await intake.key("manager", sites=["elm"])

    first = await do(intake, manager, f"/triage/{one}/duplicate", other=other, same="yes")
    second = await do(intake, manager, f"/triage/{other}/duplicate", other=one, same="yes")

    assert (first.status_code, second.status_code) == (303, 409)
    assert await standing(intake, one, other) == [other]


async def test_of_two_that_are_one_event_one_is_counted_whoever_decides_at_the_same_moment(intake: Intake) -> None:
    """Both decisions read both reports; the database lets them meet."""
    manager = await intake.key("manager", sites=["elm"])
    for number in range(5):
        one, other = await told(intake, f"{HOIST} {number}"), await told(intake, f"{HOIST} {number} It was quick.")
        answers = await asyncio.gather(
            do(intake, manager, f"/triage/{one}/duplicate", other=other, same="yes"),
            do(intake, manager, f"/triage/{other}/duplicate", other=one, same="yes"),
        )
        assert sorted(answer.status_code for answer in answers) == [303, 409]
        assert len(await standing(intake, one, other)) == 1


async def test_an_original_is_read_for_a_reason_that_is_written_down_first(intake: Intake) -> None:
    """Its manager takes a preset reason, others type one; who told it is not on the page."""
    report_id = await told(
        intake,
        "Zebedee Quillfeather slipped.",
        identity_mode="confidential",
        reporter={"name": "Ottoline Brackwater"},
    )
    manager, lead = await intake.key("manager", sites=["elm"]), await intake.key("safeguarding")
    path = f"/triage/{report_id}/original"

    preset = await do(intake, manager, path, reason="to_keep_someone_safe")
    untyped = await do(intake, lead, path, reason="to_keep_someone_safe")
    typed = await do(intake, lead, path, typed="The council asked what was said.")

    assert "Zebedee Quillfeather" in preset.text
    assert "Ottoline" not in preset.text + typed.text
    assert (untyped.status_code, typed.status_code) == (422, 200)
    kept = await intake.db["readings"].find({}, {"_id": 0}).sort("at", 1).to_list(None)
    assert [(one["by_role"], one["reason"]) for one in kept] == [
        ("manager", "to_keep_someone_safe"),
        ("safeguarding", "The council asked what was said."),
    ]


async def test_closing_destroys_the_key_to_who_told_it_unless_something_holds(intake: Intake) -> None:
    """After closing nobody can read the name again; with an escalation the key stays."""
    names: dict[str, Any] = {"identity_mode": "confidential", "reporter": {"name": "Ottoline Brackwater"}}
    calm, held = await told(intake, **names), await told(intake, "Another one.", **names)
    await tag(intake, calm)
    await tag(intake, held, escalate=["safeguarding"])
    manager = await intake.key("manager", sites=["elm"])
    vault = intake.app.state.means.vault

    for report_id in (calm, held):
        answer = await do(intake, manager, f"/triage/{report_id}", decision="accepted", outcome="acted_on")
        assert answer.status_code == 303
    again = await do(intake, manager, f"/triage/{calm}", decision="accepted")

    kept = {one["_id"]: one["sealed"] for one in await intake.db["reports"].find().to_list(None)}
    assert vault.open(calm, kept[calm])[0].reporter is None
    assert vault.open(calm, kept[calm])[1].text == HOIST
    assert vault.open(held, kept[held])[0].reporter.name == "Ottoline Brackwater"
    assert again.status_code == 409
    events = await intake.outbox("dialogue")
    closed = {one["report_id"]: one["identity_destroyed"] for one in events if one["type"] == "ReportClosed"}
    assert closed == {calm: True, held: False}


async def test_another_tenants_or_sites_report_is_not_there(intake: Intake) -> None:
    """Every page and act of triage answers 404 for what is out of reach."""
    report_id = await told(intake)
    for key in (await intake.key("manager", sites=["ash"]), await intake.key("governance", provider="other")):
        assert (await intake.call("GET", f"/triage/{report_id}", key)).status_code == 404
        for act in ("", "/original", "/photo", "/duplicate"):
            fields = {"decision": "accepted", "typed": "A reason that is long.", "other": report_id, "same": "no"}
            assert (await do(intake, key, f"/triage/{report_id}{act}", **fields)).status_code == 404
