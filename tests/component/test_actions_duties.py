"""Duties on a real mongod: advised by the fold, answered over HTTP, told on the log."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from shared.contracts.intake import ReportAmended, ReportWithdrawn
from shared.kernel.principal import Role
from shared.taxonomy.duties import UNCONFIRMED
from tests.support.actions import MONDAY, corrected, open_house, report
from tests.support.duties import (
    DEATH,
    NOON,
    NORTHSHIRE,
    THEFT,
    VALEFORD,
    by_rule,
    everything,
    prompted,
    site_with,
    told,
    without_versions,
)

pytestmark = pytest.mark.engines


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        yield opened


CASES = [
    (
        THEFT,
        "police",
        "residential",
        {"safeguarding-theft": "safeguarding", "police-crime": "police", "cqc18-abuse": "cqc_r18"},
    ),
    (
        "A man said he was from the water board and she let him in, he had no badge.",
        "police",
        "domiciliary",
        {"police-crime": "police", "safeguarding-targeted": "safeguarding", "cqc18-police": "cqc_r18"},
    ),
    (
        "The hoist boom snapped with her in the air, she landed on the bed and is fine.",
        "riddor",
        "nursing",
        {"riddor-lifting-equipment": "riddor", "mhra-device": "mhra_yellow_card"},
    ),
    (
        "I was pricked by a needle in the laundry bag, nobody knows whose it was.",
        "riddor",
        "nursing",
        {"riddor-blood-exposure": "riddor"},
    ),
    (
        "Resident slipped by the bath and was taken to A&E by ambulance, hip fractured.",
        "harm_occurred",
        "residential",
        {"cqc18-serious-injury": "cqc_r18", "candour-harm": "candour", "riddor-non-worker-hospital": "riddor"},
    ),
    (
        "Carer let herself in for the lunch call and found the client dead in his chair.",
        "death",
        "domiciliary",
        {"cqc16-death": "cqc_r16", "candour-death": "candour", "police-unexpected-death": "police"},
    ),
    ("Call bells down 25 h on the top floor.", "", "residential", {"cqc18-safety-device": "cqc_r18"}),
    ("Care plan emailed to the wrong family.", "harm_occurred", "residential", {"ico-breach": "ico"}),
    ("Four residents vomiting since last night.", "harm_occurred", "nursing", {"ukhsa-outbreak": "ukhsa"}),
    (
        "Oramorph 5ml short at the count, still not accounted for.",
        "police",
        "nursing",
        {"cd-accountable-officer": "cd_accountable_officer", "police-controlled-drug": "police"},
    ),
]


@pytest.mark.parametrize(("text", "escalate", "setting", "routes"), CASES, ids=[case[0][:30] for case in CASES])
async def test_a_report_brings_every_duty_as_a_question_with_one_event_each(house, text, escalate, setting, routes):
    """All routes of the case are asked side by side, marked as unconfirmed, and told on the log in whole."""
    await house.fold(told("r", text, escalate, setting=setting))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        found = await by_rule(manager)
    events = await house.events("EscalationAdvised")

    assert {rule: found[rule]["route"] for rule in routes} == routes
    assert {duty["status"] for duty in found.values()} == {"asked"}
    assert {duty["confirmed_by_compliance"] for duty in found.values()} == {False}
    assert {duty["confirmation"] for duty in found.values()} == {UNCONFIRMED}
    assert sorted(event.duty.rule for event in events) == sorted(found)
    assert len({event.event_id for event in events}) == len(events)


async def test_bells_down_for_two_hours_and_a_torn_sling_bring_no_such_duty(house):
    """The law's own limits: over 24 hours, and no accessory for lifting."""
    await house.fold(told("r1", "Call bells down 2 h on the top floor."))
    await house.fold(told("r2", "The sling tore, she was lowered on to the bed, no injury."))
    async with house.client(Role.GOVERNANCE) as group:
        found = await by_rule(group)

    assert set(found) == {"mhra-device"}


async def test_the_first_question_of_a_missed_call_is_whether_somebody_has_seen_the_person(house):
    """It has the least time left of all, and the answer no is the one that holds."""
    await house.fold(
        told("r", "Lunch call was missed, nobody went until the tea call.", "harm_occurred", setting="domiciliary")
    )
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        [first, *_] = (await manager.get("/v1/duties")).json()["duties"]
        path = f"/v1/duties/{first['duty_id']}:answer"
        answered = (await manager.post(path, json={"version": 1, "answer": "no"})).json()

    assert first["question"] == "Has someone seen the person since, and are they safe and well?"
    assert (answered["status"], answered["version"], answered["answered_by_role"]) == ("holds", 2, "manager")


async def test_a_duty_is_answered_followed_up_and_done_and_remembers_everything(house):
    """Each act is a new version, a history line and one event with the whole duty; typed text is redacted."""
    await house.fold(told("r", "Care plan emailed to the wrong family.", "harm_occurred"))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        path = f"/v1/duties/{(await by_rule(manager))['ico-breach']['duty_id']}"
        body = {"version": 1, "answer": "yes", "reason": "Rang them on 07700 900123."}
        held = await manager.post(f"{path}:answer", json=body)
        asked = {"version": 2, "follow_up_id": "data-back", "answer": "no"}
        followed = await manager.post(f"{path}:follow-up", json=asked)
        done = await manager.post(f"{path}:done", json={"version": 3, "reference": "Case 123 in the office"})
        again = await manager.post(f"{path}:done", json={"version": 4, "reference": "Twice"})
        read = (await manager.get(path)).json()
        left = await by_rule(manager)
        all_of_them = await by_rule(manager, status="done")

    assert [answer.status_code for answer in (held, followed, done, again)] == [200, 200, 200, 409]
    assert "[PHONE_1]" in held.json()["reason"]
    assert held.json()["legal"]["due_at"] == (NOON + timedelta(hours=72)).isoformat().replace("+00:00", "Z")
    assert (read["status"], read["reference"]) == ("done", "Case 123 in the office")
    types = ["EscalationAdvised", "DutyAnswered", "DutyAnswered", "DutyAnswered"]
    assert [line["type"] for line in read["history"]] == types
    assert [
        event.type
        for event in await house.events("EscalationAdvised", "DutyAnswered")
        if event.duty.rule == "ico-breach"
    ] == types
    assert ("ico-breach" in left, "ico-breach" in all_of_them) == (False, True)
    everywhere = repr([await house.state(name) for name in await house.db.list_collection_names()])
    assert "900123" not in everywhere


async def test_an_absence_with_an_unknown_start_has_no_time(house):
    """`earlier` is no start: base and due stay null, in the list as on the log."""
    await house.fold(
        told(
            "r",
            "Carer off work since the fall two weeks ago with her back.",
            "riddor",
            occurred_precision="band",
            occurred_band="earlier",
        )
    )
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        duty = (await by_rule(manager))["riddor-over-7-days"]
    [event] = [
        event
        for event in await house.events("EscalationAdvised", "DutyAnswered")
        if event.duty.rule == "riddor-over-7-days"
    ]

    assert (duty["legal"]["base_at"], duty["legal"]["due_at"], duty["due_at"]) == (None, None, None)
    assert (event.duty.legal.base_at, event.duty.legal.due_at) == (None, None)
    assert duty["follow_ups"][0]["ask_on"] == "2026-03-02"


async def test_a_site_with_two_councils_asks_which_and_takes_that_ones_procedure(house):
    """Councils filled, council null until a person says; the council's words and time then hold."""
    await house.fold(site_with(NORTHSHIRE, VALEFORD), told("r", "A carer slapped her hand.", "safeguarding"))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        duty = (await by_rule(manager))["safeguarding-abuse"]
        path = f"/v1/duties/{duty['duty_id']}:council"
        wrong = await manager.post(path, json={"version": 1, "council": "Elsewhere Council"})
        chosen = await manager.post(path, json={"version": 1, "council": VALEFORD})

    assert (duty["councils"], duty["council"], duty["pack"]) == ([NORTHSHIRE, VALEFORD], None, "safeguarding")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "council")
    assert (chosen.json()["council"], chosen.json()["pack"]) == (VALEFORD, "council_valeford")
    assert chosen.json()["legal"]["within"] == "24 hours (invented)"


async def test_councils_that_are_registered_after_the_report_reach_its_duties(house):
    """Registry and reports come in any order; what a person chose stays."""
    await house.fold(told("r", "A carer slapped her hand.", "safeguarding"))
    await house.fold(site_with(NORTHSHIRE))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        duty = (await by_rule(manager))["safeguarding-abuse"]
        path = f"/v1/duties/{duty['duty_id']}"
        await house.fold(site_with(NORTHSHIRE, VALEFORD, revision=2))
        asked = (await manager.get(path)).json()
        await manager.post(f"{path}:council", json={"version": asked["version"], "council": VALEFORD})
        await house.fold(site_with(NORTHSHIRE, revision=3))
        kept = (await manager.get(path)).json()

    assert (duty["version"], duty["council"], duty["pack"]) == (2, NORTHSHIRE, "council_northshire")
    assert (asked["council"], asked["pack"]) == (None, "safeguarding")
    assert kept["council"] == VALEFORD


async def test_councils_and_reports_that_are_told_at_the_same_moment_miss_nothing(house):
    """Two transactions that know nothing of each other meet, and one of them runs again on what the other left."""
    for number in range(6):
        site_id = f"s{number}"
        await asyncio.gather(
            house.fold(site_with(NORTHSHIRE, site_id=site_id)),
            house.fold(told(f"r{number}", "A carer slapped her hand.", "safeguarding", site_id=site_id)),
        )
    duties = [duty for duty in await house.state("duties") if duty["asks_council"]]

    assert {duty["site_id"] for duty in duties} == {f"s{number}" for number in range(6)}
    assert {duty["council"] for duty in duties} == {NORTHSHIRE}


async def test_a_correction_asks_more_and_takes_nothing_back(house):
    """A person's death label brings its duties; a later label that removes it leaves them asked."""
    await house.fold(report("r", MONDAY), prompted("r", "Nothing in the words."))
    assert await house.state("duties") == []
    await house.fold(corrected("r", 1, escalate=["death"], is_near_miss=False, event_class="ESCALATED"))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        found = set(await by_rule(manager))
        await house.fold(corrected("r", 2, escalate=["harm_occurred"], event_class="NO_HARM"))
        left = set(await by_rule(manager))

    assert found == {"cqc16-death", "candour-death"}
    assert left == found


async def test_an_amended_time_moves_the_clock_with_a_new_version(house):
    """EscalationAdvised is told again, whole, with the earlier start."""
    text = "The hoist boom snapped with her in the air."
    await house.fold(told("r", text, "riddor", occurred_precision="minute"))
    moved = {"occurred_at": NOON - timedelta(days=2), "occurred_precision": "minute", "reported_at": NOON}
    await house.fold(report("r", MONDAY, ReportAmended, 2, **moved))
    events = [
        event
        for event in await house.events("EscalationAdvised", "DutyAnswered")
        if event.duty.rule == "riddor-lifting-equipment"
    ]

    assert [(event.type, event.duty.version) for event in events] == [
        ("EscalationAdvised", 1),
        ("EscalationAdvised", 2),
    ]
    assert [event.duty.legal.due_at for event in events] == [NOON + timedelta(days=10), NOON + timedelta(days=8)]


async def test_withdrawing_closes_only_what_no_clock_runs_for(house):
    """A running clock is a hold: the duty stays asked until a person answers."""
    await house.fold(
        told("r", f"{DEATH} Carer off work since the fall two weeks ago with her back.", "death"),
        report("r", MONDAY, ReportWithdrawn, 2),
    )
    async with house.client(Role.GOVERNANCE) as group:
        found = await by_rule(group, status="all")

    assert found["cqc16-death"]["status"] == "asked"
    assert found["riddor-over-7-days"]["status"] == "closed"


async def test_every_order_and_every_cut_gives_the_same_duties(mongodb_uri, database_prefix):
    """Shuffled, cut and repeated in eight ways the duties agree but for how often they changed."""
    found = []
    for seed in range(8):
        inputs, shuffle = everything(), random.Random(seed)
        async with open_house(mongodb_uri, f"{database_prefix}{seed}_") as house:
            if seed:
                shuffle.shuffle(inputs)
            while inputs:
                size = shuffle.randint(1, 5)
                await house.fold(inputs[:size])
                await house.fold(inputs[:size])
                inputs = inputs[size:]
            found.append([without_versions(duty) for duty in await house.state("duties")])

    assert all(other == found[0] for other in found)
    assert {(duty["report_id"], duty["status"]) for duty in found[0]} == {
        ("a", "asked"),
        ("w", "asked"),
        ("w", "closed"),
        ("h", "asked"),
        ("c", "asked"),
    }
    assert {duty["visibility"] for duty in found[0] if duty["report_id"] == "h"} == {"held"}


async def test_backfill_asks_nothing_and_replay_is_dated_as_it_was_told(house):
    """History of another time starts no clock; replayed history carries the mark and its own day."""
    await house.fold(told("b", DEATH, "death", origin="backfill"))
    assert await house.events() == []
    await house.fold(told("r", DEATH, "death", replay=True))
    events = await house.events("EscalationAdvised")

    assert {(event.replay, event.effective_at, event.duty.advised_at) for event in events} == {(True, NOON, NOON)}
