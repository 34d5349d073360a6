"""Routines over HTTP and by the calendar, on a real mongod."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from services.actions.adapters.routine_book import MongoRoutineBook
from services.actions.adapters.store import MongoStore
from services.actions.routes.timer import move_routines_once
from services.actions.usecases.routine_run import Moved, RoutineRun
from shared.kernel.clock import FixedClock, london_date
from shared.kernel.principal import Role
from tests.support.actions import open_house, registered
from tests.support.clock import TODAY

pytestmark = pytest.mark.engines
DAILY = {"site": "s", "starts_on": TODAY.isoformat(), "grace_days": 2, "rule": "FREQ=DAILY"}
ROUNDS = DAILY | {"kind": "inspection", "title": "Look at hoists", "owner_role": "maintenance_lead"}
RECORDS = "id,address,postcode\nc1,12 Elm Rd,ZE1 0AA\nc2,99 Oak Way,ZE1 0AA\n"
REFERENCE = "address,postcode\n12 Elm Road,ZE1 0AA\n"


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        await opened.fold(registered(), registered("other", "Other House"))
        yield opened


def calendar(house, day: date, holder: str = "one") -> RoutineRun:
    """What the calendar does on a day, at noon, in a process."""
    clock = FixedClock(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    store = MongoStore(house.runtime.mongo, clock, holder, 60_000, lambda: None)
    return RoutineRun(store, store, MongoRoutineBook(house.runtime.mongo, holder, 60_000), ahead_weeks=6)


async def set_up(client, **changes) -> dict:
    answer = await client.post("/v1/routines", json=ROUNDS | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def listed(client, **asked) -> list[dict]:
    answer = await client.get("/v1/occurrences", params={"limit": 500, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()["occurrences"]


def day(number: int) -> str:
    return (TODAY + timedelta(days=number)).isoformat()


async def test_a_routine_is_planned_at_once_and_nobody_is_told_of_plans(house):
    """Occurrences of six weeks stand there; the only event is the routine's."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        routine = await set_up(manager)
        found = await listed(manager)
        read = (await manager.get(f"/v1/routines/{routine['routine_id']}")).json()
        [own] = (await manager.get("/v1/routines")).json()["routines"]

    assert [occurrence["due_on"] for occurrence in found] == [day(number) for number in range(43)]
    assert {(occurrence["status"], occurrence["version"]) for occurrence in found} == {("planned", 0)}
    assert (own["rule"], own["planned_to"]) == ("FREQ=DAILY", day(42))
    assert [line["type"] for line in read["history"]] == ["RoutineSet"]
    [event] = await house.events()
    assert (event.type, event.by_role, event.routine.grace_days) == ("RoutineSet", "manager", 2)


async def test_a_routine_is_made_of_a_playbook_and_an_action(house):
    """What is not said comes from the playbook; the action and its visibility come with it."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        task = (await manager.post("/v1/actions", json={"site": "s", "playbook": "fire-routes-and-doors"})).json()
        body = {"site": "s", "starts_on": day(0), "playbook": "fire-routes-and-doors", "action_id": task["action_id"]}
        routine = (await manager.post("/v1/routines", json=body)).json()
        stranger = await manager.post("/v1/routines", json=body | {"action_id": "nothing"})
        bare = await manager.post("/v1/routines", json={"site": "s", "starts_on": day(0)})

    assert (routine["rule"], routine["kind"], routine["owner_role"], routine["action_id"]) == (
        "FREQ=WEEKLY;BYDAY=WE",
        "inspection",
        "fire_safety_lead",
        task["action_id"],
    )
    assert stranger.status_code == 404
    assert sorted(error["field"] for error in bare.json()["errors"]) == ["kind", "owner_role", "rule", "title"]


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"rule": "FREQ=SECONDLY"}, "rule", "FREQ=SECONDLY falls due too often"),
        ({"rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "rule", "never falls due"),
        ({"rule": "every Monday"}, "rule", "no part of a rule"),
        ({"starts_on": "2020-01-01"}, "starts_on", "or later"),
        ({"ends_on": "2020-01-01"}, "ends_on", "or later"),
        ({"grace_days": 61}, "grace_days", "less than or equal"),
        ({"playbook": "magic"}, "playbook", "see /v1/playbooks"),
        ({"colour": "red"}, "colour", "not permitted"),
    ],
)
async def test_a_routine_that_cannot_be_is_refused_by_its_field(house, changes, field, reason):
    """problem+json names field and reason; nothing is stored."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        answer = await manager.post("/v1/routines", json=ROUNDS | changes)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["field"] == field
    assert reason in answer.json()["errors"][0]["detail"]
    assert (await house.state("routines"), await house.events()) == ([], [])


async def test_the_calendar_lets_occurrences_fall_due_and_be_missed_once(house):
    """Due on the day, missed when two days of grace are over, dated in England; a second run says nothing new."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await set_up(manager, ends_on=day(1))
        first = await calendar(house, TODAY).move_on("p")
        third = await calendar(house, TODAY + timedelta(days=3)).move_on("p")
        again = await calendar(house, TODAY + timedelta(days=3)).move_on("p")
        found = await listed(manager, status="all")

    assert (first, third, again) == (Moved(due=1), Moved(planned=1, due=1, missed=1), Moved())
    assert [(occurrence["status"], occurrence["version"]) for occurrence in found] == [("missed", 2), ("due", 1)]
    events = [event for event in await house.events() if event.type != "RoutineSet"]
    assert sorted((event.type, event.occurrence.due_on.isoformat()) for event in events) == [
        ("OccurrenceDue", day(0)),
        ("OccurrenceDue", day(1)),
        ("OccurrenceMissed", day(0)),
    ]
    missed = next(event for event in events if event.type == "OccurrenceMissed")
    assert london_date(missed.effective_at) == TODAY + timedelta(days=3)
    assert len({event.event_id for event in events}) == 3


async def test_after_a_standstill_every_day_is_made_up(house):
    """A hundred days without the job: all that fell due in them is due or missed, each once and in order."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await set_up(manager)
        moved = await calendar(house, TODAY + timedelta(days=100)).move_on("p")
        missed = await listed(manager, status="missed")

    assert (moved.due, moved.missed) == (101, 98)
    assert [occurrence["due_on"] for occurrence in missed] == [day(number) for number in range(98)]
    told = [event.type for event in await house.events() if event.type.startswith("Occurrence")]
    assert (told.count("OccurrenceDue"), told.count("OccurrenceMissed")) == (101, 98)


async def test_two_processes_at_once_tell_everything_once(house):
    """One holds the lease; what the other does meanwhile is nothing."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await set_up(manager)
    later = TODAY + timedelta(days=10)
    moved = await asyncio.gather(*(calendar(house, later, holder).move_on("p") for holder in ("one", "two")))

    assert sorted(run.due for run in moved) == [0, 11]
    assert len([event for event in await house.events() if event.type == "OccurrenceDue"]) == 11


async def test_the_job_moves_every_provider(house):
    """The timer goes through all providers that are registered."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await set_up(manager)
    store = MongoStore(house.runtime.mongo, house.runtime.clock, "one", 60_000, lambda: None)
    await move_routines_once(store, calendar(house, TODAY))

    assert sorted(event.type for event in await house.events()) == ["OccurrenceDue", "RoutineSet"]


async def test_a_changed_rule_replaces_what_is_planned_and_keeps_what_is_due(house):
    """From today on the new rule holds; pausing takes plans back, resuming makes them anew, ending for good."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        routine = await set_up(manager)
        path = f"/v1/routines/{routine['routine_id']}"
        await calendar(house, TODAY).move_on("p")
        weekly = await manager.patch(path, json={"version": 1, "rule": "FREQ=DAILY;INTERVAL=7", "title": "Weekly look"})
        changed = await listed(manager)
        await manager.post(f"{path}:pause", json={"version": 2})
        paused = await listed(manager)
        await manager.post(f"{path}:resume", json={"version": 3})
        resumed = await listed(manager)
        ended = (await manager.post(f"{path}:end", json={"version": 4})).json()
        left = await listed(manager)
        refused = await manager.post(f"{path}:resume", json={"version": 5})
        stale = await manager.patch(path, json={"version": 1, "title": "x"})

    assert weekly.json()["version"] == 2
    assert [row["due_on"] for row in changed] == [day(7 * number) for number in range(7)]
    assert [row["title"] for row in changed] == ["Look at hoists", *["Weekly look"] * 6]
    assert [(row["due_on"], row["status"]) for row in paused] == [(day(0), "due")]
    assert [row["due_on"] for row in resumed] == [row["due_on"] for row in changed]
    assert (ended["status"], ended["ends_on"], [row["status"] for row in left]) == ("ended", day(0), ["due"])
    assert (refused.status_code, "is ended and cannot be resumed" in refused.json()["detail"]) == (409, True)
    assert (stale.status_code, "is at version 5, not 1" in stale.json()["detail"]) == (409, True)
    states = [event.routine.status for event in await house.events() if event.type == "RoutineSet"]
    assert states == ["active", "active", "paused", "active", "ended"]


async def test_an_inspection_is_carried_out_with_its_findings(house):
    """Assets are named by reference; the note is redacted; a second completion is a conflict."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await set_up(manager)
        occurrence = (await listed(manager))[0]
        path = f"/v1/occurrences/{occurrence['occurrence_id']}"
        body = {"version": 0, "assets_checked": ["hoist 1", "hoist 2"], "assets_faulty": ["hoist 2"]}
        named = await manager.post(f"{path}:complete", json=body | {"assets_checked": ["hoist of Mrs Jane Smith"]})
        done = await manager.post(f"{path}:complete", json=body | {"note": "Ring 07700 900123."})
        again = await manager.post(f"{path}:complete", json=body | {"version": 1})
        read = (await manager.get(path)).json()
        await calendar(house, TODAY + timedelta(days=9)).move_on("p")
        after = (await manager.get(path)).json()

    assert (named.status_code, named.json()["errors"][0]["field"]) == (422, "assets_checked")
    assert (done.status_code, done.json()["status"], done.json()["checked"], done.json()["wrong"]) == (
        200,
        "done",
        2,
        1,
    )
    assert (again.status_code, "is done and cannot be completed" in again.json()["detail"]) == (409, True)
    assert (read["note"], read["history"][0]["type"]) == ("Ring [PHONE_1].", "OccurrenceCompleted")
    assert after["status"] == "done"
    event = next(event for event in await house.events() if event.type == "OccurrenceCompleted")
    assert (event.occurrence.version, event.occurrence.assets_faulty) == (1, ("hoist 2",))


@pytest.mark.parametrize(
    ("kind", "found", "field"),
    [
        ("checklist", {"done": 3, "of": 2}, "done"),
        ("checklist", {"done": 3}, "of"),
        ("verification", {"checked": 3, "wrong": 1, "corrected": 2}, "corrected"),
        ("verification", {"done": 3, "of": 3}, "done"),
        ("inspection", {"checked": 3}, "checked"),
        ("inspection", {"assets_checked": ["a"], "assets_faulty": ["b"]}, "assets_faulty"),
    ],
)
async def test_findings_that_cannot_be_are_refused_by_their_field(house, kind, found, field):
    """More done than there is, another kind's field, a faulty asset nobody looked at; nothing changes."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await set_up(manager, kind=kind)
        occurrence = (await listed(manager))[0]
        path = f"/v1/occurrences/{occurrence['occurrence_id']}"
        answer = await manager.post(f"{path}:complete", json={"version": 0, **found})
        after = (await manager.get(path)).json()

    assert (answer.status_code, after["status"]) == (422, "planned")
    assert field in [error["field"] for error in answer.json()["errors"]]


async def test_records_are_compared_in_memory_and_only_counts_are_kept(house):
    """The differences come once; no address and no client's id is anywhere in the database or on the wire."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await set_up(manager, kind="verification")
        occurrence = (await listed(manager))[0]
        path = f"/v1/occurrences/{occurrence['occurrence_id']}"
        found = (await manager.post(f"{path}:verify", json={"records": RECORDS, "reference": REFERENCE})).json()
        again = await manager.post(f"{path}:verify", json={"records": RECORDS, "reference": REFERENCE})
        read = (await manager.get(path)).json()

    assert (found["checked"], found["agree"], found["not_found"]) == (2, 1, 1)
    assert [(row["key"], row["recorded"]) for row in found["differences"]] == [("c2", "99 Oak Way, ZE10AA")]
    assert again.status_code == 200
    first, second = read["comparisons"]
    assert (first["rows"], first["rows"][0][1]) == (second["rows"], "not_found")
    everywhere = repr([await house.state(name) for name in await house.db.list_collection_names()])
    assert [word in everywhere for word in ("Oak Way", "ZE10AA", "'c2'")] == [False, False, False]


async def test_a_file_that_is_not_what_it_says_is_refused_by_line(house):
    """The fault names file, line and reason; an inspection has no records to compare."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await set_up(manager, kind="verification", ends_on=day(0))
        await set_up(manager, ends_on=day(0))
        by_kind = {row["kind"]: f"/v1/occurrences/{row['occurrence_id']}:verify" for row in await listed(manager)}
        body = {"records": RECORDS + "c3,too,many,cells\n", "reference": REFERENCE}
        broken = await manager.post(by_kind["verification"], json=body)
        wrong = await manager.post(by_kind["inspection"], json=body | {"records": RECORDS})

    assert broken.json()["errors"] == [{"line": 4, "field": "records", "detail": "has 4 cells where the header has 3"}]
    assert (broken.status_code, wrong.status_code) == (422, 409)
    assert "is of kind inspection and cannot be verified" in wrong.json()["detail"]
    assert await house.state("comparisons") == []


async def test_routines_stay_within_site_and_tenant(house):
    """Other sites and tenants do not exist; analysts read without words and do not act."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        routine = await set_up(manager, kind="checklist")
        occurrence = (await listed(manager))[0]
        own = f"/v1/occurrences/{occurrence['occurrence_id']}"
        await manager.post(f"{own}:complete", json={"version": 0, "done": 1, "of": 1, "note": "typed note"})
    codes = []
    for stranger in (house.client(Role.MANAGER, sites=["other"]), house.client(Role.GOVERNANCE, tenant="tenant2")):
        async with stranger as client:
            answers = [
                await client.get(f"/v1/routines/{routine['routine_id']}"),
                await client.get(own),
                await client.post(f"{own}:complete", json={"version": 1, "done": 1, "of": 1}),
                await client.post("/v1/routines", json=ROUNDS),
                await client.post(f"/v1/routines/{routine['routine_id']}:pause", json={"version": 1}),
            ]
            codes += [answer.status_code for answer in answers]
            assert (await client.get("/v1/routines")).json()["routines"] == []
            assert await listed(client) == []
    async with house.client(Role.ANALYST) as analyst:
        read = await analyst.get(own)
        act = await analyst.post("/v1/routines", json=ROUNDS)

    assert codes == [404] * 10
    assert (read.status_code, "typed note" in read.text, act.status_code) == (200, False, 403)


async def test_lists_go_on_where_a_page_ended(house):
    """`next` leads through all of them once, in order of the day."""
    async with house.client(Role.GOVERNANCE) as client:
        for number in range(3):
            await set_up(client, title=f"Round {number}", ends_on=day(2))
        seen: dict[str, list] = {"routines": [], "occurrences": []}
        for name, found in seen.items():
            after: dict = {}
            while True:
                page = (await client.get(f"/v1/{name}", params={"limit": 2, **after})).json()
                found.extend(page[name])
                if page["next"] is None:
                    break
                after = {"after": page["next"]}
        window = await listed(client, due_from=day(1), due_to=day(1))

    assert len({row["routine_id"] for row in seen["routines"]}) == len(seen["routines"]) == 3
    days = [row["due_on"] for row in seen["occurrences"]]
    assert (len({row["occurrence_id"] for row in seen["occurrences"]}), days) == (9, sorted(days))
    assert [row["due_on"] for row in window] == [day(1)] * 3
