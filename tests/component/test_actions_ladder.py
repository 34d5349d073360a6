"""Missed routines and unanswered duties go to the next role, on a real mongod: events, history, pages and digests."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from services.actions.adapters.digest import MongoDigests
from services.actions.adapters.routine_book import MongoRoutineBook
from services.actions.usecases.ladder_run import LadderRun
from services.actions.usecases.overdue_run import OverdueRun
from services.actions.usecases.passing_on import Moved, UnlessReplayed
from services.actions.usecases.routine_run import RoutineRun
from shared.kernel.clock import LONDON, FixedClock
from shared.kernel.principal import Role
from shared.taxonomy.detection_data import load_detection_data
from shared.taxonomy.duty_loader import load_duties
from shared.taxonomy.loader import load_taxonomy
from shared.web.words import day_words
from tests.support.actions import open_house, registered
from tests.support.clock import CLOCK, TODAY
from tests.support.duties import THEFT, told
from tests.support.oversight import OVERSIGHT, Mailroom, held_by

pytestmark = pytest.mark.engines
PACKS = load_duties(load_taxonomy())
DATA = load_detection_data(load_taxonomy())
NOW = CLOCK.now()
CHECK = {
    "site": "s", "starts_on": TODAY.isoformat(), "grace_days": 0, "rule": "FREQ=DAILY", "kind": "checklist",
    "title": "Check doors", "owner_role": "maintenance_lead",
}  # fmt: skip


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        await opened.fold(registered())
        yield opened


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), LONDON).astimezone(UTC)


def store_at(house, moment: datetime):
    """A store of another process whose clock stands."""
    room = Mailroom(house, moment)
    room.store._clock = FixedClock(moment)
    return room.store


async def pass_on(house, moment: datetime, tenant: str = "p") -> Moved:
    """One look at what nobody did or answered, by a process that knows nothing of earlier ones."""
    store = store_at(house, moment)
    return await UnlessReplayed(store, LadderRun(store, OVERSIGHT, PACKS)).move_on(tenant)


async def calendar(house, days: int) -> None:
    """Let the routines' calendar come to noon of a day."""
    store = store_at(house, noon(TODAY + timedelta(days=days)))
    book = MongoRoutineBook(house.runtime.mongo, "test", 60_000)
    await RoutineRun(store, store, book, ahead_weeks=6).move_on("p")


async def missed_states(house) -> list[tuple[str, str | None]]:
    events = await house.events("OccurrenceMissed")
    return [(event.occurrence.due_on.isoformat(), event.occurrence.escalated_to) for event in events if event.site_id]


async def test_a_missed_routine_goes_to_deputy_manager_and_group_lead_once_each(house):
    """One question for a week of misses, as events and lines of history, whatever process looks how often."""
    await house.fold(held_by("deputy", "u-d"))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        assert (await manager.post("/v1/routines", json=CHECK)).status_code == 201
        await calendar(house, 8)
        first = (await manager.get("/v1/occurrences", params={"limit": 1})).json()["occurrences"][0]
        for days in (1, 2, 2, 3, 4, 4, 7, 8, 8, 9):
            await pass_on(house, noon(TODAY + timedelta(days=days)))
        seen = (await manager.get(f"/v1/occurrences/{first['occurrence_id']}")).json()
        page = (await manager.get(f"/occurrences/{first['occurrence_id']}")).text
        listed = (await manager.get("/routines")).text

    asked = [state for state in await missed_states(house) if state[1]]
    assert asked == [(TODAY.isoformat(), role) for role in ("deputy", "manager", "group_lead")]
    assert [line["words"] for line in seen["history"][2:]] == [
        "Not carried out: passed on to the deputy",
        "Not carried out: passed on to the manager",
        "Not carried out: passed on to the group lead",
    ]
    assert seen["escalated_to"] == "group_lead"
    since = f"with the group lead since {day_words(noon(TODAY + timedelta(days=8)))}"
    assert since in page
    assert since in listed


async def test_a_routine_that_was_carried_out_since_asks_nobody_any_more(house):
    """The later one done answers for those before it, and its digest counts it no longer."""
    digests = MongoDigests(house.runtime.mongo)
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await manager.post("/v1/routines", json=CHECK | {"ends_on": (TODAY + timedelta(days=1)).isoformat()})
        await calendar(house, 2)
        await pass_on(house, noon(TODAY + timedelta(days=2)))
        assert (await digests.sites("p", TODAY))["s"].counts["occurrences_missed"] == 1
        assert "missed and not carried out since" in (await manager.get("/routines")).text
        last = (await manager.get("/v1/occurrences", params={"limit": 9})).json()["occurrences"][-1]
        done = {"version": last["version"], "done": 3, "of": 3}
        address = f"/v1/occurrences/{last['occurrence_id']}:complete"
        await house.db["occurrences"].update_one(
            {"_id": last["occurrence_id"]}, {"$set": {"due_on": TODAY.isoformat()}}
        )
        assert (await manager.post(address, json=done)).status_code == 200
        assert "missed and not carried out since" not in (await manager.get("/routines")).text
    await pass_on(house, noon(TODAY + timedelta(days=9)))
    await pass_on(house, noon(TODAY + timedelta(days=9)))

    assert [role for _, role in await missed_states(house)] == [None, None, "manager", None]
    assert await digests.sites("p", TODAY) == {}


async def test_a_deputy_on_leave_is_stood_in_for_and_only_one_who_is_there_gets_a_digest(house):
    """Away for the day is passed over; the digest of a deputy counts what was passed on to them and nothing else."""
    on, back = TODAY + timedelta(days=2), TODAY + timedelta(days=4)
    await house.fold(
        registered("t", "p"),
        held_by("deputy", "u-s"), held_by("deputy", "u-t", site="t", away_from=on, away_to=on),
    )  # fmt: skip
    async with house.client(Role.GOVERNANCE) as lead:
        for site in ("s", "t"):
            assert (await lead.post("/v1/routines", json=CHECK | {"site": site})).status_code == 201
        await calendar(house, 2)
        await pass_on(house, noon(on))
        listed = (await lead.get("/v1/occurrences", params={"status": "missed"})).json()["occurrences"]
    asked = {one["site_id"]: one["escalated_to"] for one in listed if one["escalated_to"]}
    assert asked == {"s": "deputy", "t": "manager"}

    digests = MongoDigests(house.runtime.mongo)
    assert {site: waiting.counts for site, waiting in (await digests.passed_on("p", "deputy")).items()} == {
        "s": {"occurrences_missed": 1}
    }
    for day in (on, back):
        store = store_at(house, noon(day))
        await OverdueRun(store, digests, OVERSIGHT, DATA, store._clock).move_on("p")
        made = [one async for one in house.db["notices"].find({"role": "deputy", "subject_id": day.isoformat()})]
        assert [(one["site_id"], one["items"]) for one in made] == [("s", 1)]
    await house.fold(held_by("deputy", "u-s", revision=2, away_from=TODAY))
    store = store_at(house, noon(back + timedelta(days=1)))
    await OverdueRun(store, digests, OVERSIGHT, DATA, store._clock).move_on("p")
    assert await house.db["notices"].count_documents({"role": "deputy"}) == 2


async def test_what_was_missed_long_ago_is_passed_on_to_nobody(house):
    """After a long standstill, or the first start of this rule, old misses stay in the routine's history."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await manager.post("/v1/routines", json=CHECK | {"ends_on": TODAY.isoformat()})
    await calendar(house, 3)

    assert await pass_on(house, noon(TODAY + timedelta(days=40))) == Moved()


def asked_today(number: str, **changes) -> list:
    """A theft that was told now, so that its questions are of today."""
    return told(number, THEFT, "police", reported_at=NOW, received_at=NOW, occurred_at=NOW, **changes)


async def test_an_unanswered_duty_goes_to_manager_deputy_and_whom_its_pack_names(house):
    """The same moment again does nothing; the answered one stays where it was."""
    await house.fold(asked_today("r"), held_by("deputy", "u-d"))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        duties = (await manager.get("/v1/duties")).json()["duties"]
        ours = {duty["rule"]: duty for duty in duties}
        answered = ours.pop("cqc18-abuse")
        body = {"version": 1, "answer": "yes"}
        assert (await manager.post(f"/v1/duties/{answered['duty_id']}:answer", json=body)).status_code == 200
        asked_at = datetime.fromisoformat(answered["advised_at"])
        for hours in (3, 5, 5, 13, 13, 25, 25, 73, 73):
            await pass_on(house, asked_at + timedelta(hours=hours))
        after = {duty["rule"]: duty for duty in (await manager.get("/v1/duties")).json()["duties"]}
        address = f"/duties/{ours['police-crime']['duty_id']}"
        page, register = (await manager.get(address)).text, (await manager.get("/escalations")).text

    assert after.pop("cqc18-abuse")["escalated_to"] is None
    packs = {duty["pack"]: duty["escalated_to"] for duty in after.values()}
    assert packs == {"police": "safeguarding_lead", "safeguarding": "safeguarding_lead", "cqc": "group_lead"}
    told_of = [event.duty for event in await house.events("EscalationAdvised") if event.duty.rule == "police-crime"]
    assert [duty.escalated_to for duty in told_of] == [None, "manager", "deputy", "safeguarding_lead"]
    assert [duty.version for duty in told_of] == [1, 2, 3, 4]
    words = f"with the safeguarding lead since {day_words(asked_at + timedelta(hours=25))}"
    assert words in page
    assert words in register
    lead = await MongoDigests(house.runtime.mongo).safeguarding("p")
    assert lead.counts["duties"] == sum(role == "safeguarding_lead" for role in packs.values()) == 2


async def test_duties_of_history_backfill_and_of_another_provider_wake_nobody(house):
    """Replayed history is dated as it was told, long ago; backfill asks nothing; a run is one provider's."""
    await house.fold(told("old", THEFT, "police", replay=True))
    await house.fold(asked_today("imported", origin="backfill"))
    await house.fold(asked_today("mine"))

    assert await pass_on(house, NOW + timedelta(hours=80), tenant="q") == Moved()
    await pass_on(house, NOW + timedelta(hours=80))
    passed = {event.duty.report_id for event in await house.events("EscalationAdvised") if event.duty.escalated_to}
    assert passed == {"mine"}


async def test_while_history_is_replayed_nobody_is_asked(house):
    """What was late then is not late now; once the replay is over the run does its work."""
    await house.fold(asked_today("r"))
    progress = house.db["reviews"]
    await progress.insert_one(
        {"_id": "p", "last_day": None, "replayed": [], "targets": None, "asked_at": None, "stands_on": "2026-03-02"}
    )
    assert await pass_on(house, NOW + timedelta(hours=80)) == Moved()
    await progress.delete_one({"_id": "p"})

    assert (await pass_on(house, NOW + timedelta(hours=80))).passed_on > 0
