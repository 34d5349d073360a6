"""Learning, alerts, huddle sheets, meeting records and calendar feeds over HTTP, on a real mongod."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import icalendar
import pytest

from shared.kernel.clock import london_date
from shared.kernel.principal import Role
from tests.support.actions import handovers, open_house, registered

pytestmark = pytest.mark.engines
ENTRY = {
    "site": "s",
    "you_said": "Doses were passed on by word of mouth.",
    "we_did": "A written checklist is read out.",
}
ALERT = {"you_said": "A sling clip was found cracked.", "we_did": "All clips are checked before use.", "alert": True}
LEARNED = ("LearningPublished", "LearningReceived", "HuddleShared", "MeetingSigned")


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        await opened.fold(registered(), registered("other", "Other House"))
        yield opened


def today(house):
    return london_date(house.runtime.clock.now())


async def test_an_entry_is_written_once_whoever_presses_twice_and_is_read_by_all_sites(house):
    """The same words of a day are one entry and one event; names are taken out; another tenant sees nothing."""
    said = ENTRY | {"we_did": "Ring 07700 900123 before a change."}
    async with house.client(Role.MANAGER, sites=["s"]) as manager, house.client(Role.MANAGER, sites=["other"]) as next:
        first = await manager.post("/v1/learning", json=said)
        again = await manager.post("/v1/learning", json=said)
        read = (await next.get("/v1/learning")).json()["learning"]
    async with house.client(Role.MANAGER, tenant="q") as stranger:
        assert (await stranger.get("/v1/learning")).json()["learning"] == []

    assert (first.status_code, again.json()["learning_id"]) == (201, first.json()["learning_id"])
    assert [entry["we_did"] for entry in read] == ["Ring [PHONE_1] before a change."]
    assert [event.learning.learning_id for event in await house.events(*LEARNED)] == [first.json()["learning_id"]]


async def test_only_who_answers_for_all_sites_alerts_them_and_each_site_says_what_it_did(house):
    """A manager's alert is refused; a site receives once, acts once more, and no site speaks for another."""
    async with (
        house.client(Role.MANAGER, sites=["s"]) as manager,
        house.client(Role.GOVERNANCE, subject="lead") as lead,
    ):
        assert (await manager.post("/v1/learning", json=ENTRY | ALERT)).status_code == 403
        key = (await lead.post("/v1/learning", json=ALERT | {"for_sites": ["s"]})).json()["learning_id"]
        path = f"/v1/learning/{key}:answer"
        for _ in range(2):
            assert (await manager.post(path, json={"site": "s", "status": "received"})).status_code == 200
        done = {"site": "s", "status": "acted_on", "note": "Eleven clips checked."}
        acted = await manager.post(path, json=done)
        assert (await manager.post(path, json=done)).json() == acted.json()
        assert (await manager.post(path, json=done | {"site": "other"})).status_code == 404
        assert (await lead.post(path, json=done | {"site": "other"})).status_code == 409
        seen = (await lead.get("/v1/learning")).json()["learning"][0]["receipts"]

    assert (acted.json()["version"], acted.json()["status"]) == (2, "acted_on")
    assert [(one["site_id"], one["note"]) for one in seen] == [("s", "Eleven clips checked.")]
    events = await house.events("LearningReceived")
    assert [event.receipt.version for event in events] == [1, 2]
    assert len({event.event_id for event in events}) == 2


async def test_an_entry_is_withdrawn_once_and_stale_versions_are_refused(house):
    """It stays readable as withdrawn; what was never there is 404."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        key = (await manager.post("/v1/learning", json=ENTRY)).json()["learning_id"]
        stale = await manager.post(f"/v1/learning/{key}:withdraw", json={"version": 7})
        gone = await manager.post(f"/v1/learning/{key}:withdraw", json={"version": 1})
        again = await manager.post(f"/v1/learning/{key}:withdraw", json={"version": 2})
        missing = await manager.post("/v1/learning/nothing:withdraw", json={"version": 1})

    assert [one.status_code for one in (stale, gone, again, missing)] == [409, 200, 409, 404]
    assert gone.json()["status"] == "withdrawn"


async def test_nothing_held_gets_into_the_log(house):
    """An entry that would point to a held action is refused and names the field."""
    await house.fold(handovers(range(0, 21, 3), visibility="held"))
    async with house.client(Role.GOVERNANCE) as lead:
        held = (await lead.get("/v1/actions")).json()["actions"][0]
        refused = await lead.post("/v1/learning", json=ENTRY | {"action_id": held["action_id"]})
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        hidden = await manager.post("/v1/learning", json=ENTRY | {"action_id": held["action_id"]})

    assert (held["visibility"], refused.status_code, hidden.status_code) == ("held", 422, 404)
    assert refused.json()["errors"][0]["field"] == "action_id"
    assert await house.events(*LEARNED) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"told": 8, "staff": 7}, "told"),
        ({"staff": 0, "told": 0}, "staff"),
        ({"shift": "tea"}, "shift"),
        ({"on": "2099-01-01"}, "on"),
    ],
)
async def test_a_sheet_cannot_have_been_shared_so(house, change, field):
    """More told than there are, a shift that is none, a day to come: each is named, nothing is written."""
    day = today(house)
    said = {"shift": "early", "told": 5, "staff": 7, "on": day.isoformat()} | change
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        answer = await manager.post(f"/v1/huddles/s/{day:%Y-%m}:share", json=said)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert await house.events(*LEARNED) == []


async def test_a_sheet_is_shared_shift_by_shift_with_numbers_and_no_names(house):
    """A later word of a shift replaces the earlier, the same word again says nothing new; three things at most."""
    day = today(house)
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        for number in range(5):
            await manager.post("/v1/learning", json=ENTRY | {"you_said": f"Said {number}."})
        path = f"/v1/huddles/s/{day:%Y-%m}"
        said = {"shift": "early", "told": 5, "staff": 7, "on": day.isoformat()}
        for told in (said, said, said | {"told": 6}, said | {"shift": "night", "told": 2, "staff": 3}):
            assert (await manager.post(f"{path}:share", json=told)).status_code == 200
        sheet = (await manager.get(path)).json()

    assert len(sheet["learned"]) == 3
    assert [(one["shift"], one["told"], one["staff"]) for one in sheet["shared"]["shifts"]] == [
        ("early", 6, 7),
        ("night", 2, 3),
    ]
    assert [event.huddle.version for event in await house.events("HuddleShared")] == [1, 2, 3]


async def signed(house, lead, held_on, **decision) -> dict:
    meeting = (await lead.post("/v1/meetings", json={"held_on": held_on.isoformat()})).json()
    path = f"/v1/meetings/{meeting['meeting_id']}"
    meeting = (
        await lead.post(f"{path}:attended", json={"version": meeting["version"], "attended": {"governance": 1}})
    ).json()
    if decision:
        body = {"version": meeting["version"], "owner_role": "registered_manager", **decision}
        meeting = (await lead.post(f"{path}:decide", json=body)).json()
    return (await lead.post(f"{path}:sign", json={"version": meeting["version"]})).json()


async def test_a_meeting_begins_with_what_is_open_and_what_was_decided_last_time(house):
    """Signed records change no more, carry their hash on the wire, and their decisions come back to be answered."""
    await house.fold(handovers(range(0, 21, 3)))
    day = today(house)
    words = {"words": "Watch one handover a shift.", "due_on": day.isoformat()}
    async with house.client(Role.GOVERNANCE, subject="lead") as lead:
        first = await signed(house, lead, day - timedelta(days=28), **words)
        path = f"/v1/meetings/{first['meeting_id']}"
        late = await lead.post(f"{path}:sign", json={"version": first["version"]})
        again = await lead.post("/v1/meetings", json={"held_on": first["held_on"]})
        second = (await lead.post("/v1/meetings", json={"held_on": day.isoformat()})).json()
        earlier = [item for item in second["agenda"] if item["kind"] == "decision"]
        unsaid = await lead.post(f"/v1/meetings/{second['meeting_id']}:sign", json={"version": second["version"]})
        told = {"version": second["version"], "item_id": earlier[0]["item_id"], "outcome": "done"}
        answered = await lead.post(f"/v1/meetings/{second['meeting_id']}:outcome", json=told)

    assert (first["status"], late.status_code, again.status_code, unsaid.status_code) == ("signed", 409, 409, 422)
    assert [item["words"] for item in earlier] == ["Watch one handover a shift."]
    assert [fault["field"] for fault in unsaid.json()["errors"]] == ["attended", "outcome"]
    assert answered.json()["agenda"][0]["outcome"] == "done"
    event = (await house.events("MeetingSigned"))[0]
    record = event.meeting.model_dump(mode="json", exclude={"content_hash"})
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(canonical.encode()).hexdigest() == event.meeting.content_hash == first["content_hash"]
    assert event.site_id is None


async def test_a_meeting_is_for_those_alone_who_answer_for_all_sites(house):
    """A manager, and a lead of single sites, are refused; another tenant's record is not known."""
    day = today(house).isoformat()
    async with house.client(Role.GOVERNANCE) as lead:
        key = (await lead.post("/v1/meetings", json={"held_on": day})).json()["meeting_id"]
    for roles, reach, tenant, status in (
        ((Role.MANAGER,), None, "p", 403),
        ((Role.GOVERNANCE,), ["s"], "p", 403),
        ((Role.GOVERNANCE,), None, "q", 404),
    ):
        async with house.client(*roles, sites=reach, tenant=tenant) as other:
            assert (await other.get(f"/v1/meetings/{key}")).status_code == status


async def test_what_is_held_stands_on_the_agenda_without_its_words(house):
    """The record is for the meeting; what is held from its site is only pointed to."""
    await house.fold(handovers(range(0, 21, 3), visibility="held"))
    async with house.client(Role.GOVERNANCE) as lead:
        task = (await lead.get("/v1/actions")).json()["actions"][0]
        due = today(house)
        await lead.post(f"/v1/actions/{task['action_id']}:accept", json={"version": 1, "due_on": due.isoformat()})
        await house.db["tasks"].update_one({"_id": task["action_id"]}, {"$set": {"due_on": "2026-01-01"}})
        agenda = (await lead.post("/v1/meetings", json={"held_on": due.isoformat()})).json()["agenda"]

    overdue = [item for item in agenda if item["kind"] == "overdue"]
    assert [(item["subject_id"], item["words"], item["visibility"]) for item in overdue] == [
        (task["action_id"], None, "held")
    ]


async def test_a_calendar_says_title_and_link_until_it_is_closed(house):
    """No sign-in, no notes, no site; a false or revoked secret opens nothing, and only a hash is kept."""
    start = today(house)
    routine = {
        "site": "s", "title": "Hoist checks", "kind": "inspection", "rule": "FREQ=DAILY;COUNT=3",
        "starts_on": start.isoformat(), "owner_role": "maintenance_lead", "grace_days": 1,
    }  # fmt: skip
    async with house.client(Role.MANAGER, sites=["s"]) as manager, house.client(Role.MANAGER, subject="u2") as other:
        assert (await manager.post("/v1/routines", json=routine)).status_code == 201
        made = (await manager.post("/v1/calendars", json={"owner_role": "maintenance_lead"})).json()
        none = (await manager.post("/v1/calendars", json={"owner_role": "registered_manager"})).json()
        manager.headers.pop("authorization")
        read = await manager.get(made["path"])
        false = await manager.get("/v1/calendars/guess/days.ics")
        empty = icalendar.Calendar.from_ical((await manager.get(none["path"])).content)
        assert (await other.delete(f"/v1/calendars/{made['feed_id']}")).status_code == 404
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        assert (await manager.delete(f"/v1/calendars/{made['feed_id']}")).status_code == 204
        closed = await manager.get(made["path"])

    events = icalendar.Calendar.from_ical(read.content).walk("VEVENT")
    assert [str(event["summary"]) for event in events] == ["Hoist checks"] * 3
    assert [event["dtstart"].dt for event in events] == [start + timedelta(days=number) for number in range(3)]
    assert {key.lower() for event in events for key in event} == {
        *("uid", "dtstamp", "dtstart", "dtend", "summary", "url", "transp")
    }
    assert (false.status_code, closed.status_code, list(empty.walk("VEVENT"))) == (404, 404, [])
    assert made["path"].split("/")[-2] not in json.dumps(await house.state("calendar_feeds"), default=str)
