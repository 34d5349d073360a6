"""The register of duties in reporting, on a real mongod."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.contracts import escalations
from shared.contracts.envelope import Event
from shared.kernel.ids import event_id
from shared.kernel.principal import Role
from tests.support import reporting as say
from tests.support.reporting import NOW, PROVIDER, TOLD, World, open_world

pytestmark = pytest.mark.engines


@pytest.fixture
async def world(mongodb_uri: str, database_prefix: str) -> AsyncIterator[World]:
    async with open_world(mongodb_uri, database_prefix) as opened:
        yield opened


def duty(duty_id: str, version: int = 1, site: str = "elm-house", **changes: Any) -> Event:
    """A duty, advised or answered."""
    clock = escalations.DutyClock(base="first_known", within="without delay", base_at=TOLD)
    fields: dict[str, Any] = {
        "duty_id": duty_id,
        "version": version,
        "status": "asked",
        "report_id": "r1",
        "report_revision": 1,
        "rule": "cqc16-death",
        "pack": "cqc",
        "pack_version": "2026.11",
        "route": "cqc_r16",
        "recipient": "Care Quality Commission",
        "question": "Did the person die while care was given?",
        "why": "The report tells of a death.",
        "wording": "Without delay.",
        "source": "Regulation 16",
        "legal": clock,
        "advised_at": TOLD,
    }
    head = {"provider_id": PROVIDER, "site_id": site, "recorded_at": NOW}
    state = escalations.Duty(**(fields | changes))
    if version == 1:
        return escalations.EscalationAdvised(event_id=event_id("EscalationAdvised", duty_id, 1), **head, duty=state)
    answered = event_id("DutyAnswered", duty_id, version)
    return escalations.DutyAnswered(event_id=answered, **head, by_role="manager", duty=state)


async def test_duties_are_kept_as_their_owner_last_stated_them(world: World) -> None:
    """The register: open ones by default words, held ones hidden from their site, no words for analysts."""
    await world.fold(
        say.provider(),
        say.site(),
        duty("d1"),
        duty("d1", 2, status="holds", reason="typed reason", answered_at=NOW),
        duty("d2", 2, status="done", reference="typed reference"),
        duty("d2"),
        duty("d3", visibility="held"),
    )
    async with world.client(Role.GOVERNANCE) as group:
        everything = (await group.get("/v1/duties")).json()["duties"]
        still_open = (await group.get("/v1/duties", params={"status": "open"})).json()["duties"]
    async with world.client(Role.MANAGER, sites=frozenset({"elm-house"})) as manager:
        own = (await manager.get("/v1/duties")).json()["duties"]
    async with world.client(Role.ANALYST) as analyst:
        numbers = (await analyst.get("/v1/duties")).text

    assert {(state["duty_id"], state["version"], state["status"]) for state in everything} == {
        ("d1", 2, "holds"),
        ("d2", 2, "done"),
        ("d3", 1, "asked"),
    }
    assert {state["duty_id"] for state in still_open} == {"d1", "d3"}
    assert {state["duty_id"] for state in own} == {"d1", "d2"}
    assert ("typed" in numbers, "cqc16-death" in numbers) == (False, True)


async def test_a_settled_duty_with_an_unanswered_follow_up_stays_open(world: World) -> None:
    """A first "no", or done, does not hide what is asked on a later day; an answer, or a closed duty, does."""
    asked = {"follow_up_id": "later", "question": "Is it so by now?", "ask_on": "2026-12-01"}
    answered, unsure = asked | {"answer": "no"}, asked | {"answer": "dont_know"}
    await world.fold(
        say.provider(),
        duty("no-asked", status="does_not_hold", follow_ups=(asked,)),
        duty("no-answered", status="does_not_hold", follow_ups=(answered,)),
        duty("done-asked", status="done", follow_ups=(answered, asked)),
        duty("done-unsure", status="done", follow_ups=(unsure,)),
        duty("done", status="done"),
        duty("closed-asked", status="closed", follow_ups=(asked,)),
    )
    async with world.client(Role.GOVERNANCE) as group:
        found = (await group.get("/v1/duties", params={"status": "open"})).json()["duties"]

    assert [state["duty_id"] for state in found] == ["done-asked", "done-unsure", "no-asked"]


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_a_duty_of_a_report_that_is_held_by_now_is_hidden_from_its_site(world: World, withdrawn: bool) -> None:
    """It is hidden before its owner says so, also once the report is withdrawn; pages stay full without it."""
    await world.fold(
        say.provider(),
        say.site(),
        say.report("r1"),
        say.report("r2"),
        *(duty(f"d{n}", report_id="r2" if n % 2 else "r1") for n in range(6)),
        say.amended("r1", 2, visibility="held"),
    )
    if withdrawn:
        await world.fold(say.withdrawn("r1", 3, visibility="held"))
    async with world.client(Role.MANAGER, sites=frozenset({"elm-house"})) as manager:
        own = (await manager.get("/v1/duties", params={"limit": 2})).json()
        rest = (await manager.get("/v1/duties", params={"limit": 2, "after": own["next"]})).json()
    async with world.client(Role.SAFEGUARDING) as group:
        everything = (await group.get("/v1/duties")).json()["duties"]

    assert [state["duty_id"] for state in own["duties"]] == ["d1", "d3"]
    assert ([state["duty_id"] for state in rest["duties"]], rest["next"]) == (["d5"], None)
    assert len(everything) == 6


async def test_pages_of_duties_join_to_the_whole(world: World) -> None:
    """Following `next` gives every duty once, by id."""
    await world.fold(say.provider(), *(duty(f"d{n}") for n in range(5)))
    pages: list[list[str]] = []
    asked: dict[str, Any] = {"limit": 2}
    async with world.client(Role.GOVERNANCE) as group:
        while asked:
            page = (await group.get("/v1/duties", params=asked)).json()
            pages.append([state["duty_id"] for state in page["duties"]])
            asked = {"limit": 2, "after": page["next"]} if page["next"] else {}
        refused = await group.get("/v1/duties", params={"after": "nonsense"})

    assert pages == [["d0", "d1"], ["d2", "d3"], ["d4"]]
    assert refused.status_code == 422


@pytest.mark.parametrize(
    "wanted", [{}, {"open": True}, {"status": "holds"}, {"site": "elm-house"}, {"site": {"$in": ["elm-house"]}}]
)
async def test_lists_of_duties_read_an_index(world: World, wanted: dict[str, Any]) -> None:
    """Every list of duties comes out of an index in its order: the number of duties does not make it slow."""
    query = {"provider": PROVIDER, **wanted, "state_id": {"$gt": "d0"}}
    plan = await world.mongo.db["duties"].find(query).sort("state_id", 1).limit(10).explain()
    stages = str(plan["queryPlanner"]["winningPlan"])

    assert ("IXSCAN" in stages, "COLLSCAN" in stages, "'SORT'" in stages) == (True, False, False)
