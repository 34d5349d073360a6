"""Who sees which duties over HTTP, how lists go on, and what is refused; on a real mongod."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from services.actions.adapters import duties as adapter
from services.actions.adapters.documents import DUTY
from services.actions.usecases.escalation_desk import EscalationDesk
from shared.contracts.intake import ReportAmended
from shared.kernel.clock import london_date
from shared.kernel.principal import Role
from shared.taxonomy.duty_loader import load_duties
from shared.taxonomy.loader import load_taxonomy
from tests.support.actions import MONDAY, open_house, registered, report
from tests.support.duties import DEATH, NOON, NORTHSHIRE, THEFT, by_rule, site_with, told

pytestmark = pytest.mark.engines


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        yield opened


async def test_duties_of_a_held_report_do_not_exist_for_its_site(house):
    """Neither the list nor the duty nor its acts; safeguarding sees them, and a release shows them."""
    await house.fold(registered(), told("r", "The manager slapped her.", "safeguarding", visibility="held"))
    async with house.client(Role.SAFEGUARDING) as lead:
        held = (await by_rule(lead))["safeguarding-abuse"]
    path = f"/v1/duties/{held['duty_id']}"
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        hidden = await by_rule(manager)
        answers = [
            await manager.get(path),
            await manager.post(f"{path}:answer", json={"version": 1, "answer": "yes"}),
            await manager.get("/v1/reports/r/escalation"),
            await manager.post("/v1/reports/r/escalation:remove", json={"version": 0, "reason": "No."}),
        ]
        await house.fold(report("r", MONDAY, ReportAmended, 2))
        shown = await by_rule(manager)
    assert held["visibility"] == "held"
    assert (hidden, [answer.status_code for answer in answers]) == ({}, [404] * 4)
    assert shown["safeguarding-abuse"]["visibility"] == "site"


async def test_other_sites_and_tenants_do_not_exist_and_analysts_read_no_words(house):
    """Not forbidden but not found; numbers without reason, reference and the history's words."""
    await house.fold(registered(), registered("other"), told("r", DEATH, "death"))
    async with house.client(Role.GOVERNANCE) as group:
        duty = (await by_rule(group))["cqc16-death"]
        path = f"/v1/duties/{duty['duty_id']}"
        body = {"version": 1, "answer": "no", "reason": "typed reason"}
        await group.post(f"{path}:answer", json=body)
        await group.post("/v1/reports/r/escalation:remove", json={"version": 0, "reason": "typed reason"})
    strangers = [house.client(Role.MANAGER, sites=["other"]), house.client(Role.GOVERNANCE, tenant="tenant2")]
    for stranger in strangers:
        async with stranger as caller:
            seen = [
                await caller.get(path),
                await caller.post(f"{path}:answer", json=body),
                await caller.get("/v1/duties", params={"site": "s"}),
                await caller.get("/v1/reports/r/escalation"),
            ]
            assert [answer.status_code for answer in seen] == [404] * 4
            assert await by_rule(caller, status="all") == {}
    async with house.client(Role.ANALYST) as analyst:
        texts = [
            (await analyst.get(address)).text for address in (path, "/v1/duties?status=all", "/v1/reports/r/escalation")
        ]
        act = await analyst.post(f"{path}:answer", json=body)
    assert [text.count("typed") for text in texts] == [0, 0, 0]
    assert act.status_code == 403


async def test_the_list_goes_by_the_time_left_and_goes_on_where_a_page_ended(house):
    """The least time first, every duty once."""
    await house.fold(told("r", THEFT, "police"), told("d", DEATH, "death"))
    async with house.client(Role.GOVERNANCE) as group:
        seen: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            page = (await group.get("/v1/duties", params={"limit": "2", **after})).json()
            seen += page["duties"]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        whole = (await group.get("/v1/duties")).json()["duties"]

    assert [duty["duty_id"] for duty in seen] == [duty["duty_id"] for duty in whole]
    dues = [duty["due_at"] for duty in whole]
    assert dues == sorted(dues)
    assert len(whole) == len({duty["duty_id"] for duty in whole}) >= 6


@pytest.mark.parametrize(
    ("act", "body", "field"),
    [
        ("answer", {"version": 1, "answer": "maybe"}, "answer"),
        ("answer", {"version": 1, "answer": "no"}, "reason"),
        ("answer", {"version": 1, "answer": "yes", "since": "2099-01-01"}, "since"),
        ("answer", {"answer": "yes"}, "version"),
        ("done", {"version": 1, "reference": "   "}, "reference"),
        ("council", {"version": 1, "council": "Any"}, "council"),
        ("follow-up", {"version": 1, "answer": "no"}, "follow_up_id"),
    ],
)
async def test_a_bad_body_is_refused_by_its_field(house, act, body, field):
    """problem+json names the field; nothing changes."""
    await house.fold(told("r", DEATH, "death"))
    before = await house.events()
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        duty = (await by_rule(manager))["cqc16-death"]
        answer = await manager.post(f"/v1/duties/{duty['duty_id']}:{act}", json=body)

    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await house.events() == before


async def test_two_answers_at_once_are_one_answer_and_one_conflict(house):
    """Optimistic concurrency holds under a race."""
    await house.fold(told("r", DEATH, "death"))
    async with house.client(Role.GOVERNANCE) as group:
        path = f"/v1/duties/{(await by_rule(group))['cqc16-death']['duty_id']}:answer"
        answers = await asyncio.gather(
            *(group.post(path, json={"version": 1, "answer": said}) for said in ("yes", "dont_know"))
        )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await house.events("DutyAnswered")) == 1


async def test_new_councils_reach_open_duties_a_bounded_number_at_a_time(house, monkeypatch):
    """One registration rewrites so many and no more, the next folds at the site the rest; what is settled is left."""
    monkeypatch.setattr(adapter, "COUNCILS_A_FOLD", 2)
    await house.fold(*(told(f"r{number}", "A carer slapped her hand.", "safeguarding") for number in range(5)))
    asking = [duty for duty in await house.state("duties") if duty["asks_council"]]

    async def following() -> int:
        return sum(duty["councils"] == [NORTHSHIRE] for duty in await house.state("duties"))

    async with house.client(Role.GOVERNANCE) as group:
        said = "yes" if asking[0]["holds_if"] == "no" else "no"
        no = {"version": 1, "answer": said, "reason": "Seen before."}
        await group.post(f"/v1/duties/{asking[0]['_id']}:answer", json=no)
        await house.fold(site_with(NORTHSHIRE))
        first = await following()
        left = next(duty for duty in await house.state("duties") if duty["asks_council"] and duty["version"] == 1)
        unsure = {"version": 1, "answer": "dont_know"}
        acted = (await group.post(f"/v1/duties/{left['_id']}:answer", json=unsure)).json()
    for _ in asking:
        await house.fold(site_with(NORTHSHIRE))
    told_of = len(await house.events())
    await house.fold(site_with(NORTHSHIRE))

    assert first == 2
    assert (left["councils"], acted["council"], acted["version"]) == ([], NORTHSHIRE, 2)
    assert await following() == len(asking) - 1
    assert len(await house.events()) == told_of


async def test_a_settled_duty_whose_follow_up_waits_stays_in_the_open_list(house):
    """The absence that was no absence on day one is asked about on day eight."""
    await house.fold(told("r", "Carer off work since the fall with her back.", "riddor"))
    async with house.client(Role.GOVERNANCE) as group:
        duty = (await by_rule(group))["riddor-over-7-days"]
        path = f"/v1/duties/{duty['duty_id']}"
        await group.post(f"{path}:answer", json={"version": 1, "answer": "no", "reason": "One day so far."})
        waiting = (await by_rule(group))["riddor-over-7-days"]
        asked = {"version": 2, "follow_up_id": "back-at-work", "answer": "yes"}
        await group.post(f"{path}:follow-up", json=asked)
        left = await by_rule(group)

    assert waiting["status"] == "does_not_hold"
    assert "riddor-over-7-days" not in left


async def test_a_question_of_a_later_day_is_on_no_agenda_before_that_day(house):
    """What was answered stands there once it asks again; what is not answered stands there at once."""
    now = house.runtime.clock.now()
    words, fresh = "Carer off work since the fall with her back.", {"occurred_at": now, "reported_at": now}
    await house.fold(told("old", words, "riddor"), told("new", words, "riddor", **fresh))
    async with house.client(Role.GOVERNANCE) as group:
        found = (await group.get("/v1/duties")).json()["duties"]
        for duty in (one for one in found if one["rule"] == "riddor-over-7-days"):
            answer = {"version": 1, "answer": "no", "reason": "One day so far."}
            assert (await group.post(f"/v1/duties/{duty['duty_id']}:answer", json=answer)).status_code == 200
        body = {"held_on": london_date(now).isoformat()}
        agenda = (await group.post("/v1/meetings", json=body)).json()["agenda"]

    asked = {item["subject_id"] for item in agenda if item["kind"] == "escalation"}
    expected = {duty["duty_id"] for duty in found} - {
        duty["duty_id"] for duty in found if (duty["rule"], duty["report_id"]) == ("riddor-over-7-days", "new")
    }
    assert asked == expected


async def test_what_is_found_later_is_marked_and_comes_last(house):
    """Old reports read anew do not push what is new from the top; replayed history is dated as it was told."""
    now = house.runtime.clock.now()
    fresh = {"occurred_at": now, "reported_at": now}
    await house.fold(told("old", DEATH, "death"), told("new", DEATH, "death", **fresh))
    await house.fold(told("replayed", DEATH, "death", replay=True))
    async with house.client(Role.GOVERNANCE) as group:
        found = (await group.get("/v1/duties")).json()["duties"]
    reports = [duty["report_id"] for duty in found]

    assert {duty["report_id"] for duty in found if duty["found_later"]} == {"old"}
    assert reports[-reports.count("old") :] == ["old"] * reports.count("old")


async def test_the_same_report_told_again_to_the_microsecond_is_no_news(house):
    """The database keeps milliseconds; an amendment with the same times makes no new version and no event."""
    exact = {"occurred_at": NOON.replace(microsecond=123_456), "reported_at": NOON.replace(microsecond=123_456)}
    await house.fold(told("r", DEATH, "death", occurred_precision="minute", **exact))
    before = await house.events()
    await house.fold(report("r", MONDAY, ReportAmended, 2, occurred_precision="minute", **exact))

    assert await house.events() == before


async def test_a_council_that_a_pack_names_is_not_taken_for_a_person(house):
    """Known councils are kept as they are named, at a site without any registered."""
    await house.fold(told("r", "A carer slapped her hand.", "safeguarding"))
    packs = load_duties(load_taxonomy())
    desk = EscalationDesk(None, None, None, replace(packs, councils=(replace(packs.councils[0], council="Kent"),)))
    chosen = []

    async def act(who, duty_id, change):
        [state] = [d for d in await house.state("duties") if d["rule"] == "safeguarding-abuse"]
        chosen.append(change(DUTY.validate_python(state), NOON).council)

    desk._act = act
    await desk.council(None, "d", 1, " kent ")

    assert chosen == ["Kent"]
