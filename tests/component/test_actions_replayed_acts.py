"""Acts of the past: from when they count, who may say so, and routines that keep step with a replay."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.kernel.clock import start_of_day
from shared.kernel.principal import Role
from tests.support.actions import MONDAY, handovers, open_house, registered

pytestmark = pytest.mark.engines
DONE_AT = datetime(2026, 3, 13, 9, 30, tzinfo=UTC)
THEN = {"Effective-At": DONE_AT.isoformat()}


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix, demo=True) as opened:
        await opened.fold(registered(), handovers([0, 5, 9], replay=True))
        yield opened


async def accepted(client, **headers) -> object:
    [task] = (await client.get("/v1/actions")).json()["actions"]
    body = {"version": task["version"], "due_on": "2026-04-10"}
    return await client.post(f"/v1/actions/{task['action_id']}:accept", json=body, headers=headers)


async def test_an_act_of_the_past_counts_from_then_and_is_marked_as_replayed(house):
    """State, history, event and management log say the moment that was named; the event says when it was recorded."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        answer = await accepted(manager, **THEN)
        history = (await manager.get(f"/v1/actions/{answer.json()['action_id']}")).json()["history"]
        [line] = (await manager.get("/v1/log")).json()["lines"]

    assert answer.status_code == 200, answer.text
    assert [datetime.fromisoformat(line["at"]) for line in history][-1] == DONE_AT
    [event] = await house.events("ActionAccepted")
    assert (event.effective_at, event.replay, event.action.accepted_at) == (DONE_AT, True, DONE_AT)
    assert event.recorded_at > DONE_AT + timedelta(days=1)
    assert line["date"] == "2026-03-13"


async def test_an_act_without_the_header_counts_from_now(house):
    """One request's moment never reaches the next."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        first = await manager.get("/v1/actions", headers=THEN)
        answer = await accepted(manager, **{"Effective-At": "2026-03-13T09:30:00"})
        assert (first.status_code, answer.status_code) == (200, 422)
        assert (await accepted(manager)).status_code == 422, "the date lies before today"

    assert await house.events("ActionAccepted") == []


async def test_what_is_yet_to_come_cannot_be_replayed(house):
    """A moment after now is refused by the header's name, and nothing changes."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        answer = await accepted(manager, **{"Effective-At": "2099-01-01T00:00:00Z"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Effective-At"
    assert await house.events("ActionAccepted") == []


async def test_outside_the_demo_only_an_operator_says_when(mongodb_uri, database_prefix):
    """A manager's act with the header is refused, not dated now."""
    async with open_house(mongodb_uri, database_prefix) as house:
        await house.fold(registered(), handovers([0, 5, 9]))
        async with house.client(Role.MANAGER, sites=["s"]) as manager:
            refused = await accepted(manager, **THEN)
        async with house.client(Role.MANAGER, Role.OPERATOR) as operator:
            done = await accepted(operator, **THEN)

    assert (refused.status_code, done.status_code) == (403, 200)


async def replay(house, last: date, *, more: bool) -> None:
    body = {"provider_id": "p", "from": MONDAY.isoformat(), "to": last.isoformat(), "more": more}
    async with house.client(Role.OPERATOR, tenant="*") as operator:
        answer = await operator.post("/v1/replay", json=body)
    assert answer.status_code == 200, answer.text


async def test_routines_keep_step_with_a_replay_and_are_missed_on_their_own_days(house):
    """While history goes on nothing runs ahead of it; what nobody did is missed as of the end of its grace."""
    weekly = {"site": "s", "playbook": "medication-handover-checklist", "rule": "FREQ=WEEKLY", "grace_days": 2}
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await replay(house, DONE_AT.date(), more=True)
        made = await manager.post("/v1/routines", json=weekly | {"starts_on": "2026-03-14"}, headers=THEN)
        assert made.status_code == 201, made.text
        first = await _by_status(manager)
        await replay(house, date(2026, 3, 20), more=True)
        second = await _by_status(manager)
        await replay(house, date(2026, 3, 22), more=False)

    assert first == {"planned": 6}
    assert second == {"missed": 1, "due": 1, "planned": 6}
    [missed] = await house.events("OccurrenceMissed")
    assert (missed.effective_at, missed.replay) == (start_of_day(date(2026, 3, 17)), True)


async def _by_status(manager) -> dict[str, int]:
    found = (await manager.get("/v1/occurrences", params={"limit": 500})).json()["occurrences"]
    return {status: sum(row["status"] == status for row in found) for status in sorted({r["status"] for r in found})}
