"""What intake hides, and from whom, over the real mongod: held reports, names that stay hidden, who did what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.intake import Intake, running

pytestmark = pytest.mark.engines
REFERENCE = {"system": "care-app", "id": "7"}
NAME = "Zebedee Quillfeather"


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix) as one:
        await one.register()
        yield one


async def post(intake: Intake, key: str, idempotency_key: str | None = None, **changes: Any) -> tuple[int, Any]:
    sent = {"site_id": "elm", "text": "Found two blister packs.", "external_reference": REFERENCE} | changes
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    answer = await intake.call("POST", "/v1/reports", key, json=sent, headers=headers)
    return answer.status_code, answer.json()


async def stored_report(intake: Intake, report_id: str) -> dict[str, Any]:
    document = await intake.db["reports"].find_one({"_id": report_id})
    assert document is not None
    return dict(document)


async def test_a_held_report_is_neither_changed_nor_told_of_by_its_reference(intake: Intake) -> None:
    """A manager who guesses the reference of a held report gets a refusal that says nothing, whatever the body."""
    feed, manager = await intake.key("feed"), await intake.key("manager")
    _, said = await post(intake, feed, outside_first=True)
    path = f"/v1/reports/{said['report_id']}"

    answers = [await post(intake, manager, outside_first=True), await post(intake, manager, text="Nothing happened.")]
    acts = [
        await intake.call("POST", f"{path}:amend", manager, json={"revision": 1, "worry": 1}),
        await intake.call("POST", f"{path}:withdraw", manager, json={"revision": 1, "reason": "duplicate"}),
    ]

    for status, problem in answers:
        assert status == 422
        assert [(one["field"], one["detail"]) for one in problem["errors"]] == [
            ("external_reference", "cannot be used")
        ]
        assert said["report_id"] not in str(problem)
    assert [answer.status_code for answer in acts] == [404, 404]
    assert len(await intake.outbox("reports")) == 1


async def test_feeds_and_governance_still_amend_a_held_report(intake: Intake) -> None:
    """The source system and those who see held reports amend by reference; a manager repeats the own words alone."""
    manager = await intake.key("manager")
    first = await post(intake, manager, outside_first=True)

    again = await post(intake, manager, outside_first=True)
    other = await post(intake, manager, outside_first=True, worry=1)
    by_feed = await post(intake, await intake.key("feed"), text="Changed.")
    by_governance = await post(intake, await intake.key("governance"), text="Changed again.")

    assert [first[1]["status"], again[1]["status"]] == ["accepted", "repeated"]
    assert other[0] == 422
    assert [by_feed[1]["status"], by_governance[1]["status"]] == ["amended", "amended"]


async def test_a_report_of_a_site_out_of_reach_is_not_told_of(intake: Intake) -> None:
    """A key of one site learns nothing of another site's report by its reference."""
    _, said = await post(intake, await intake.key("feed"))

    status, problem = await post(
        intake, await intake.key("feed", sites=["ash"]), site_id="ash", occurred_at="2025-12-01"
    )

    assert (status, [one["field"] for one in problem["errors"]]) == (422, ["external_reference"])
    assert said["report_id"] not in str(problem)


async def test_a_hidden_name_does_not_come_back(intake: Intake) -> None:
    """A name that any revision brought stays hidden when the body comes again without it, and when it is amended."""
    feed = await intake.key("feed")
    text = f"Tablets of {NAME.lower()} on the floor."
    _, said = await post(intake, feed, text=text, person={"name": NAME})
    await post(intake, feed, text=f"{text} Two of them.")
    path = f"/v1/reports/{said['report_id']}:amend"
    changes: tuple[dict[str, Any], ...] = (
        {"person": {"name": "Ottoline Brackenbury"}},
        {"text": f"{text} Three."},
        {"person": None, "place": "hall"},
    )
    for revision, change in enumerate(changes, start=2):
        answer = await intake.call("POST", path, await intake.key("manager"), json={"revision": revision, **change})
        assert answer.status_code == 200, answer.text

    texts = [event["report"]["text"] for event in await intake.outbox("reports")]

    assert len(texts) == 5
    assert [text for text in texts if "quillfeather" in text.lower()] == []


async def test_an_anonymous_reporters_name_stays_hidden_when_something_else_changes(intake: Intake) -> None:
    """The name of an anonymous reporter is kept nowhere, and still an amendment of the place does not let it out."""
    manager = await intake.key("manager")
    _, said = await post(intake, manager, text=f"seen by {NAME.lower()}.", reporter={"name": NAME})

    amended = await intake.call(
        "POST", f"/v1/reports/{said['report_id']}:amend", manager, json={"revision": 1, "place": "hall"}
    )

    assert (amended.status_code, amended.json()["report"]["place"]) == (200, "hall")
    assert "quillfeather" not in amended.text.lower()


async def test_an_amended_report_says_which_redactor_made_it(intake: Intake) -> None:
    """A report that an older redactor read carries the present version once it was amended."""
    manager = await intake.key("manager")
    _, said = await post(intake, manager)
    query = {"_id": said["report_id"]}
    await intake.db["reports"].update_one(query, {"$set": {"redaction_version": "0"}})

    await intake.call("POST", f"/v1/reports/{said['report_id']}:amend", manager, json={"revision": 1, "worry": 1})

    stored = await stored_report(intake, said["report_id"])
    assert (stored["revision"], stored["redaction_version"] != "0") == (2, True)


@pytest.mark.parametrize("field", ["place", "what_stopped_it"])
async def test_an_accusation_in_any_field_holds_the_report(
    mongodb_uri: str, database_prefix: str, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    """The rule for accusations looks at all that was said, when it is told and when it is amended."""
    monkeypatch.setattr("services.intake.app.accuses_manager", lambda text: "told us to hide it" in text)
    said = {field: "The boss told us to hide it."}
    async with running(mongodb_uri, database_prefix) as intake:
        await intake.register()
        governance = await intake.key("governance")
        _, first = await post(intake, governance, external_reference={"system": "app", "id": "1"}, **said)
        _, second = await post(intake, governance)
        path = f"/v1/reports/{second['report_id']}:amend"
        await intake.call("POST", path, governance, json={"revision": 1, **said})

        reports = [event["report"] for event in await intake.outbox("reports")]

    seen = {(one["report_id"], one["revision"]): one["visibility"] for one in reports}
    assert seen == {(first["report_id"], 1): "held", (second["report_id"], 1): "site", (second["report_id"], 2): "held"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"asset_ref": "hoist Ann Hill"}, "asset_ref"),
        ({"asset_ref": "07700 900123"}, "asset_ref"),
        ({"external_reference": {"system": "Mrs Smith", "id": "1"}}, "external_reference.system"),
        ({"external_reference": {"system": "app", "id": "ann.hill@x.org"}}, "external_reference.id"),
        (
            {"external_reference": {"system": "app", "id": "1", "link": "https://x.org/ann.hill@x.org"}},
            "external_reference.link",
        ),
        ({"disruption": {"kind": "john_smith"}}, "disruption.kind"),
    ],
)
async def test_references_that_name_somebody_are_refused(intake: Intake, changes: dict[str, Any], field: str) -> None:
    """What is published as it is holds no name or number of a person; the field is named, its value is not told."""
    status, problem = await post(intake, await intake.key("feed"), **changes)

    assert (status, [one["field"] for one in problem["errors"]]) == (422, [field])
    assert "use a reference that names nobody" in problem["errors"][0]["detail"]
    assert await intake.outbox("reports") == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"asset_ref": "hoist Ann Hill"}, "asset_ref"),
        (
            {"disruption": {"kind": "supplier", "started_at": "2026-03-02", "ended_at": "2026-03-01"}},
            "disruption.ended_at",
        ),
    ],
)
async def test_an_amendment_keeps_the_rules_of_a_new_report(intake: Intake, change: dict[str, Any], field: str) -> None:
    """What would be refused in a new report is refused in an amendment."""
    manager = await intake.key("manager")
    _, said = await post(intake, manager)

    answer = await intake.call(
        "POST", f"/v1/reports/{said['report_id']}:amend", manager, json={"revision": 1, **change}
    )

    assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (422, [field])


async def test_a_file_with_one_reference_twice_changes_nothing_the_second_time(intake: Intake) -> None:
    """An earlier body of a report that comes again is a repeat, so that the latest words stand."""
    feed = await intake.key("feed")
    bodies = ("First words.", "Second words.")

    runs = [[(await post(intake, feed, text=text))[1]["status"] for text in bodies] for _ in range(2)]

    assert runs == [["accepted", "amended"], ["repeated", "repeated"]]
    assert [event["report"]["text"] for event in await intake.outbox("reports")] == list(bodies)


async def test_a_key_belongs_to_its_sender(intake: Intake) -> None:
    """Two feeds may use one Idempotency-Key; a retry with a token of the same API key is still a repeat."""
    intake.clock.moment = datetime.now(UTC)
    feed, other = await intake.key("feed"), await intake.key("feed")
    token = (await intake.call("POST", "/v1/tokens", feed)).json()["token"]

    _, first = await post(intake, feed, "a", external_reference=None)
    _, second = await post(intake, other, "a", external_reference=None, text="Something else.")
    _, retried = await post(intake, token, "a", external_reference=None)

    assert [first["status"], second["status"], retried["status"]] == ["accepted", "accepted", "repeated"]
    assert first["report_id"] == retried["report_id"] != second["report_id"]


async def test_every_revision_says_who_made_it_and_no_event_does(intake: Intake) -> None:
    """Subject, role, act and time of each revision stand beside the report and are not published."""
    feed, governance = await intake.key("feed"), await intake.key("governance", "manager")
    _, said = await post(intake, feed)
    await post(intake, feed, text="Changed.")
    path = f"/v1/reports/{said['report_id']}"
    await intake.call("POST", f"{path}:amend", governance, json={"revision": 2, "worry": 1})
    await intake.call("POST", f"{path}:withdraw", governance, json={"revision": 3, "reason": "duplicate"})

    stored = await stored_report(intake, said["report_id"])

    subjects = [f"key:{key.removeprefix('nmk_').partition('.')[0]}" for key in (feed, governance)]
    assert [(act["kind"], act["revision"], act["by_subject"], act["by_role"]) for act in stored["acts"]] == [
        ("received", 1, subjects[0], "feed"),
        ("amended", 2, subjects[0], "feed"),
        ("amended", 3, subjects[1], "governance"),
        ("withdrawn", 4, subjects[1], "governance"),
    ]
    assert {act["at"] for act in stored["acts"]} == {intake.clock.now()}
    published = str(await intake.outbox("reports"))
    assert [subject for subject in subjects if subject in published] == []
