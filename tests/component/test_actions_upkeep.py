"""Repeats without action, assets out of use, what is overdue and the digests, on a real mongod."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from services.actions.adapters.digest import MongoDigests
from services.actions.usecases import overdue_run as overdue
from services.actions.usecases.overdue_run import OverdueRun
from shared.kernel.clock import LONDON, FixedClock
from shared.kernel.principal import Role
from shared.taxonomy.detection_data import load_detection_data
from shared.taxonomy.loader import load_taxonomy
from tests.support.actions import MONDAY, asset, classified, corrected, open_house, registered, report
from tests.support.clock import TODAY
from tests.support.oversight import OVERSIGHT, Mailroom, held_by

pytestmark = pytest.mark.engines
DATA = load_detection_data(load_taxonomy())
HOIST = {"site": "s", "asset": "hoist 3", "reason": "The sling clip does not close."}


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        yield opened


def overdue_run(house, clock: FixedClock) -> OverdueRun:
    """The calendar's run over a house's database, at a time of its own."""
    room = Mailroom(house, clock.moment)
    room.store._clock = clock
    return OverdueRun(room.store, MongoDigests(house.runtime.mongo), OVERSIGHT, DATA, clock)


def at(day: date, hour: int = 12) -> FixedClock:
    return FixedClock(datetime.combine(day, time(hour), LONDON).astimezone(UTC))


def falls_of_one_person(days, person: str = "p-1") -> list:
    """Reports of falls of one person, each another event in other words."""
    events = []
    for number, day in enumerate(days):
        name, text = f"f{number}", f"alpha{number} beta{number} gamma{number} noted."
        events.append(report(name, MONDAY + timedelta(days=day), replay=True, person_token=person, text=text))
        events.append(classified(name, (("falls_mobility",), ())))
    return events


async def replay(house, days: int) -> None:
    body = {"provider_id": "p", "from": MONDAY.isoformat(), "to": (MONDAY + timedelta(days=days)).isoformat()}
    async with house.client(Role.OPERATOR, tenant="*") as operator:
        assert (await operator.post("/v1/replay", json=body)).status_code == 200


async def test_repeats_about_one_person_are_a_question_to_the_safeguarding_lead_who_alone_decides(house):
    """Raised by detection, told with its pack and threshold, refused to the manager, decided with a reason."""
    await house.fold(registered(), falls_of_one_person([0, 9, 18, 27, 33]))
    await replay(house, 40)
    asked = (await house.events("RepeatAsked"))[0]
    repeat = asked.repeat
    assert (repeat.about, repeat.asked_role) == ("person", "safeguarding_lead")
    assert (repeat.threshold, repeat.pack) == (3, "default")
    assert asked.replay
    assert "council" in repeat.question
    address = f"/v1/repeats/{repeat.repeat_id}"
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        now = (await manager.get(address)).json()
        answer = {"version": now["version"], "decision": "no_consult", "reason": "New walking frame."}
        assert (await manager.post(f"{address}:answer", json=answer)).status_code == 403
    async with house.client(Role.SAFEGUARDING) as lead:
        wrong = answer | {"decision": "act"}
        assert (await lead.post(f"{address}:answer", json=wrong)).status_code == 422
        decided = await lead.post(f"{address}:answer", json=answer)
        assert decided.json()["status"] == "answered"
        assert (await lead.post(f"{address}:answer", json=answer)).status_code == 409
    async with house.client(Role.GOVERNANCE, tenant="q") as stranger:
        assert (await stranger.get(address)).status_code == 404
    (answered,) = await house.events("RepeatAnswered")
    assert answered.repeat.decision == "no_consult"


async def test_a_question_that_nobody_answers_goes_to_the_group_lead_once(house):
    """After the set days; a second run on the same day changes nothing."""
    await house.fold(registered(), falls_of_one_person([0, 9, 18, 27, 33]))
    await replay(house, 40)
    run = overdue_run(house, at(TODAY, 3))
    await run.move_on("p")
    await run.move_on("p")

    passed = [event.repeat for event in await house.events("RepeatAsked") if event.repeat.passed_on_at]
    assert [repeat.asked_role for repeat in passed] == ["group_lead"]


async def test_an_asset_is_taken_out_of_use_counted_in_days_and_put_back(house):
    """Twice is refused; a promised day in the past is refused; each change is told with who did it by role."""
    await house.fold(registered())
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        past = HOIST | {"promised_on": "2026-01-01"}
        assert (await manager.post("/v1/faults", json=past)).status_code == 422
        assert (await manager.post("/v1/faults", json=HOIST | {"site": "elsewhere"})).status_code == 404
        assert (await manager.post("/v1/faults", json=HOIST | {"report_ids": ["r9"]})).status_code == 404
        made = await manager.post("/v1/faults", json=HOIST)
        assert (made.status_code, made.json()["out_days"], made.json()["version"]) == (201, 1, 1)
        assert (await manager.post("/v1/faults", json=HOIST)).status_code == 409
        address = f"/v1/faults/{made.json()['fault_id']}"
        changed = {"version": 1, "owner": "contractor", "promised_on": (TODAY + timedelta(days=3)).isoformat()}
        assert (await manager.post(f"{address}:change", json=changed)).json()["owner"] == "contractor"
        assert (await manager.post(f"{address}:change", json=changed)).status_code == 409
        assert (await manager.post(f"{address}:back", json={"version": 2})).json()["status"] == "in_use"
        again = await manager.post("/v1/faults", json=HOIST)
        assert again.status_code == 201
        assert again.json()["fault_id"] != made.json()["fault_id"]
    told = await house.events("AssetStatusChanged")
    assert [(event.by_role, event.fault.status) for event in told] == [
        ("manager", "out_of_use"),
        ("manager", "out_of_use"),
        ("manager", "in_use"),
        ("manager", "out_of_use"),
    ]


async def test_an_asset_that_the_register_does_not_have_is_refused_by_name(house):
    """By a fault and by an action; what the register calls it, in any spelling, is taken; a retired one is not."""
    await house.fold(registered(), asset("hoist-3"), asset("hoist-1", retired_on=TODAY - timedelta(days=9)))
    own = {"site": "s", "title": "Look", "strength": "weaker", "owner_role": "manager", "steps": [{"title": "Look"}]}
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        unknown = await manager.post("/v1/faults", json=HOIST | {"asset": "hoist 9"})
        retired = await manager.post("/v1/faults", json=HOIST | {"asset": "hoist 1"})
        task = await manager.post("/v1/actions", json=own | {"asset": "hoist 9"})
        taken = await manager.post("/v1/faults", json=HOIST)
        assert (await manager.post("/v1/actions", json=own | {"asset": "hoist-3"})).status_code == 201

    assert [answer.status_code for answer in (unknown, retired, task, taken)] == [422, 422, 422, 201]
    assert unknown.json()["errors"][0]["field"] == "asset"
    assert "has hoist-3" in unknown.json()["errors"][0]["detail"]
    assert "retired since" in retired.json()["errors"][0]["detail"]


async def test_limits_begin_anew_by_a_persons_decision_once(house):
    """An event with its reason; a day that no chart has, or another site, is refused; the same again is the same."""
    await house.fold(registered())
    monday = (TODAY - timedelta(days=TODAY.weekday())).isoformat()
    said = {"site": "s", "domain": "medication", "begins_on": monday, "reason": "A second floor opened."}
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        made = await manager.post("/v1/rebases", json=said)
        again = await manager.post("/v1/rebases", json=said)
        assert (made.status_code, again.json()["rebase_id"]) == (201, made.json()["rebase_id"])
        tuesday = (date.fromisoformat(monday) - timedelta(days=6)).isoformat()
        assert (await manager.post("/v1/rebases", json=said | {"begins_on": tuesday})).status_code == 422
        assert (await manager.post("/v1/rebases", json=said | {"site": "t"})).status_code == 404
        assert [one["reason"] for one in (await manager.get("/v1/rebases")).json()["rebases"]] == [said["reason"]]
    async with house.client(Role.MANAGER, sites=["other"]) as stranger:
        assert (await stranger.get("/v1/rebases")).json()["rebases"] == []

    (told,) = await house.events("LimitsRebased")
    assert (told.rebase.series.domains, told.rebase.begins_on.isoformat(), told.by_role) == (
        ("medication",), monday, "manager",
    )  # fmt: skip


async def test_a_contractor_closes_one_fault_by_its_link_and_nothing_else(house):
    """No sign-in; the secret is stored hashed, ends with the fault, with another owner, and when it is taken back."""
    await house.fold(registered())
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        fault = (await manager.post("/v1/faults", json=HOIST | {"owner": "contractor"})).json()
        address = f"/v1/faults/{fault['fault_id']}"
        first = (await manager.post(f"{address}/link")).json()["url"].rsplit("/", 1)[1]
        secret = (await manager.post(f"{address}/link")).json()["url"].rsplit("/", 1)[1]
        async with house.client(Role.FEED) as anybody:
            del anybody.headers["Authorization"]
            own = {"sec-fetch-site": "same-origin"}
            assert (await anybody.get(f"/fix/{first}")).status_code == 404
            page = await anybody.get(f"/fix/{secret}")
            assert "Hoist 3 is out of use" in page.text
            day = (TODAY + timedelta(days=2)).isoformat()
            assert (await anybody.post(f"/fix/{secret}/promise", data={"promised_on": day})).status_code == 403
            kept = await anybody.post(f"/fix/{secret}/promise", data={"promised_on": day}, headers=own)
            assert kept.status_code == 303
            bad = await anybody.post(f"/fix/{secret}/promise", data={"promised_on": "2020-01-01"}, headers=own)
            assert bad.status_code == 422
            done = await anybody.post(f"/fix/{secret}/mended", data={"note": "Clip replaced."}, headers=own)
            assert "can be used again" in done.text
            assert (await anybody.get(f"/fix/{secret}")).status_code == 404
        assert (await manager.get(address)).json()["back_by_role"] == "contractor"
        other = (await manager.post("/v1/faults", json=HOIST | {"owner": "landlord"})).json()
        link = (await manager.post(f"/v1/faults/{other['fault_id']}/link")).json()["url"].rsplit("/", 1)[1]
        await manager.delete(f"/v1/faults/{other['fault_id']}/link")
        assert (await manager.get(f"/fix/{link}")).status_code == 404
    assert secret not in str(await house.state("asset_faults"))


async def test_what_is_late_is_passed_on_to_the_group_lead_by_the_set_days(house):
    """A fault past its promised day, and a family that nobody has told; each once."""
    told = report("r1", TODAY - timedelta(days=20))
    await house.fold(registered(), told, corrected("r1", escalate=["harm_occurred"]))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await manager.post("/v1/faults", json=HOIST | {"promised_on": TODAY.isoformat()})
    await overdue_run(house, at(TODAY + timedelta(days=3), 3)).move_on("p")
    late = [event.fault.escalated_to for event in await house.events("AssetStatusChanged")]
    assert late == [None]
    for _ in range(2):
        await overdue_run(house, at(TODAY + timedelta(days=4), 3)).move_on("p")

    assert [event.fault.escalated_to for event in await house.events("AssetStatusChanged")] == [None, "group_lead"]
    assert [event.told.escalated_to for event in await house.events("PersonTold")] == [None, "group_lead"]


async def test_a_fault_names_no_report_that_is_held_from_its_site(house):
    """Whoever must not use a hoist sees that it is out of use, and nothing of what only others may see."""
    await house.fold(registered(), report("r1", TODAY), report("secret", TODAY, visibility="held"))
    async with house.client(Role.SAFEGUARDING) as lead:
        refused = await lead.post("/v1/faults", json=HOIST | {"report_ids": ["r1", "secret"]})
        taken = await lead.post("/v1/faults", json=HOIST | {"report_ids": ["r1"]})
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        assert "secret" not in (await manager.get("/v1/faults")).text
    assert (refused.status_code, taken.status_code) == (422, 201)
    assert refused.json()["errors"][0]["field"] == "report_ids"


async def test_promises_that_still_hold_keep_no_late_fault_waiting(house, monkeypatch):
    """However many things have been out of use for longer: what is past its day is passed on in the next round."""
    monkeypatch.setattr(overdue, "CHUNK", 2)
    await house.fold(registered())
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        for number in range(3):
            promised = TODAY + timedelta(days=60 if number < 2 else 0)
            thing = HOIST | {"asset": f"hoist {number}", "promised_on": promised.isoformat()}
            assert (await manager.post("/v1/faults", json=thing)).status_code == 201
    await overdue_run(house, at(TODAY + timedelta(days=4), 3)).move_on("p")
    asked = {event.fault.asset: event.fault.escalated_to for event in await house.events("AssetStatusChanged")}
    assert asked == {"hoist 0": None, "hoist 1": None, "hoist 2": "group_lead"}


async def test_an_overdue_action_goes_to_deputy_manager_and_group_lead(house):
    """Each once, as an event and a line of its history; a new day takes it back."""
    await house.fold(registered(), held_by("deputy", "u-d"))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        writing = {
            "site": "s", "title": "Move the sling rack", "strength": "stronger", "owner_role": "maintenance_lead",
            "steps": [{"title": "Move it"}],
        }  # fmt: skip
        task = (await manager.post("/v1/actions", json=writing)).json()
        address = f"/v1/actions/{task['action_id']}"
        if task["status"] == "proposed":
            await manager.post(f"{address}:accept", json={"version": 1, "due_on": TODAY.isoformat()})
        for days in (2, 3, 3, 5, 5, 7, 7):
            await overdue_run(house, at(TODAY + timedelta(days=days), 3)).move_on("p")
        events = [event for event in await house.events("ActionChanged") if event.by_role == "system"]
        assert [event.action.escalated_to for event in events] == ["deputy", "manager", "group_lead"]
        seen = (await manager.get(address)).json()
        assert seen["escalated_to"] == "group_lead"
        assert seen["history"][-1]["words"] == "Overdue: passed on to the group lead"
        moved = {"version": seen["version"], "due_on": (TODAY + timedelta(days=30)).isoformat()}
        changed = (await manager.patch(address, json=moved)).json()
        assert (changed["escalated_to"], changed["escalated_at"]) == (None, None)


async def test_a_digest_goes_out_once_a_day_from_its_hour_with_a_number_and_a_link(house):
    """Site and group each their own; who has nothing waiting gets none; held things are not in a site's number."""
    await house.fold(
        registered(), held_by("manager", "u-m"), held_by("group_lead", "u-g", site=None),
        report("r1", TODAY), corrected("r1", potential_severity="death", how_caught=["luck"]),
        report("r2", TODAY, visibility="held"), corrected("r2", potential_severity="death", how_caught=["luck"]),
    )  # fmt: skip
    await overdue_run(house, at(TODAY, 7)).move_on("p")
    room = Mailroom(house, at(TODAY, 9).moment)
    await house.db["notices"].delete_many({"kind": "alert"})
    await room.mailing.round()
    assert room.channel.messages == []
    for _ in range(2):
        await overdue_run(house, at(TODAY, 8)).move_on("p")
    await room.mailing.round()

    sent = await house.events("NotificationSent")
    assert {(event.site_id, event.notification.role, event.notification.items) for event in sent} == {
        ("s", "manager", 1),
        (None, "group_lead", 2),
        (None, "safeguarding_lead", 1),
    }
    assert all(event.notification.kind == "digest" for event in sent)
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        answer = (await manager.get("/v1/digest")).json()
        assert answer == {"sites": {"s": {"total": 1, "counts": {"cards": 1}}}, "group": None}
    async with house.client(Role.GOVERNANCE) as lead:
        assert (await lead.get("/v1/digest")).json()["group"]["counts"] == {"cards": 2}


@pytest.mark.parametrize(
    "day", [date(2027, 3, 28), date(2027, 10, 31)], ids=["an hour is left out", "an hour comes twice"]
)
async def test_a_digest_is_due_at_its_hour_of_the_clock_on_the_wall(house, day):
    """On the days of 23 and 25 hours too."""
    await house.fold(
        registered(), report("r1", TODAY), corrected("r1", potential_severity="death", how_caught=["luck"])
    )
    await overdue_run(house, at(day, 8)).move_on("p")
    assert {notice["due_at"] for notice in await house.state("notices") if notice["kind"] == "digest"} == {
        at(day, 8).moment
    }


async def test_a_group_lead_sees_what_is_serious_long_unanswered_or_shared_and_nothing_else(house):
    """A fresh signal of one site waits for its manager alone."""
    await house.fold(registered())
    base = {"provider_id": "p", "site_id": "s", "visibility": "site", "status": "open", "review": None}
    fresh, old = TODAY.isoformat(), (TODAY - timedelta(days=14)).isoformat()
    await house.db["signals"].insert_many(
        [
            base | {"_id": "fresh", "raised_on": fresh, "sites": ["s"]},
            base | {"_id": "old", "raised_on": old, "sites": ["s"]},
            base | {"_id": "shared", "raised_on": fresh, "sites": ["s", "t"]},
        ]
    )
    async with house.client(Role.GOVERNANCE) as lead:
        answer = (await lead.get("/v1/digest")).json()
    assert answer["sites"]["s"]["counts"] == {"signals": 3}
    assert answer["group"]["counts"] == {"signals": 2}


async def test_an_overdue_action_about_an_open_signal_asks_and_ends_with_the_action(house):
    """A signal above its pack's number whose action is late: what is planned; done, the question closes itself."""
    await house.fold(registered(), weekly_hoist_faults())
    await replay(house, 30)
    (signal,) = [doc for doc in await house.state("signals") if doc["kind"] == "recurring_asset"]
    assert signal["status"] == "open"
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        made = await manager.post(
            "/v1/actions",
            json={
                "site": "s", "title": "Inspect hoist 3", "strength": "intermediate", "owner_role": "manager",
                "signal_id": signal["_id"], "steps": [{"title": "Look"}],
            },
        )  # fmt: skip
        assert made.status_code == 201, made.text
        task = made.json()
        if task["status"] == "proposed":
            body = {"version": task["version"], "due_on": TODAY.isoformat()}
            task = (await manager.post(f"/v1/actions/{task['action_id']}:accept", json=body)).json()
    for _ in range(2):
        await overdue_run(house, at(TODAY + timedelta(days=1), 3)).move_on("p")
    asked = [event.repeat for event in await house.events("RepeatAsked")]
    assert [(repeat.ground, repeat.about, repeat.action_id) for repeat in asked] == [
        ("overdue", "asset", task["action_id"])
    ]
    await house.db["tasks"].update_one({"_id": task["action_id"]}, {"$set": {"status": "completed"}})
    await overdue_run(house, at(TODAY + timedelta(days=1), 3)).move_on("p")
    (closed,) = await house.events("RepeatAnswered")
    assert (closed.by_role, closed.repeat.status) == ("system", "closed")


def weekly_hoist_faults() -> list:
    """Five faults of one numbered hoist."""
    events = []
    for number in range(5):
        name, day = f"h{number}", MONDAY + timedelta(days=5 * number)
        text = f"Hoist 3 alpha{number} beta{number} would not lift."
        events += [
            report(name, day, replay=True, text=text, asset_ref="hoist 3"),
            classified(name, (("equipment",), ())),
        ]
    return events
