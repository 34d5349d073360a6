"""Signals, evaluations and the management log over HTTP, on a real mongod."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.actions.adapters.store import MongoStore
from services.actions.adapters.watch import WatchReader
from services.actions.routes.timer import renew_once
from services.actions.usecases.chance import Chances
from shared.kernel.clock import FixedClock, london_date, start_of_day
from shared.kernel.principal import Role
from tests.component.test_actions_reviews import DATA, SUNDAY, replay, weekly
from tests.support.actions import MONDAY, handovers, open_house, registered
from tests.support.clock import DayOfTheRun

pytestmark = pytest.mark.engines


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        yield opened


@pytest.fixture
async def risen(house):
    """A house with one open signal."""
    await house.fold(registered(), weekly([1] * 12 + [4] * 3))
    await replay(house)
    return house


async def only_signal(client) -> dict:
    (signal,) = (await client.get("/v1/signals")).json()["signals"]
    return signal


async def test_signals_are_listed_and_read_within_reach(risen):
    """A manager sees the own site's signal with the reports behind it; another site's manager sees nothing."""
    async with risen.client(Role.MANAGER, sites=["s"]) as manager:
        page = (await manager.get("/v1/signals", params={"site": "s"})).json()
        closed = (await manager.get("/v1/signals", params={"status": "closed"})).json()
        one = await manager.get(f"/v1/signals/{page['signals'][0]['signal_id']}")
    async with risen.client(Role.MANAGER, sites=["other"]) as other:
        hidden = (await other.get("/v1/signals")).json()
        refused = await other.get(f"/v1/signals/{page['signals'][0]['signal_id']}")

    assert [signal["series"]["domains"] for signal in page["signals"]] == [["medication"]]
    assert one.json() == page["signals"][0]
    assert len(one.json()["report_ids"]) == 12
    assert page["rule_version"] == DATA.versions[-1].version
    assert page["expected_false_alarms_per_site_month"] is None
    assert (closed["signals"], hidden["signals"], refused.status_code) == ([], [], 404)


async def test_a_review_is_kept_told_and_survives_the_next_update(risen):
    """Decision, reason without personal data and role are on the signal, also after detection moved it."""
    async with risen.client(Role.MANAGER, sites=["s"]) as manager:
        signal = await only_signal(manager)
        body = {"version": 1, "decision": "watched", "reason": "Asked Mr Smith on 07700 900123"}
        answer = await manager.post(f"/v1/signals/{signal['signal_id']}:review", json=body)
        stale = await manager.post(f"/v1/signals/{signal['signal_id']}:review", json=body)
    await risen.fold(weekly([0] * 15 + [4], prefix="more"))
    await replay(risen, last=SUNDAY + timedelta(days=7))
    async with risen.client(Role.ANALYST) as analyst:
        seen = await only_signal(analyst)

    assert answer.status_code == 200, answer.text
    assert "900123" not in answer.text
    assert (stale.status_code, "version 2" in stale.json()["detail"]) == (409, True)
    raised, told, updated = await risen.events()
    assert (told.type, told.by_role, told.signal.version) == ("SignalReviewed", "manager", 2)
    assert (updated.type, updated.signal.version) == ("SignalUpdated", 3)
    assert updated.signal.review == told.signal.review
    assert raised.signal.review is None
    assert (seen["review"]["decision"], seen["review"]["reason"]) == ("watched", None)


@pytest.mark.parametrize(
    ("role", "body", "status"),
    [
        (Role.MANAGER, {"version": 1, "decision": "dismissed"}, 422),
        (Role.MANAGER, {"version": 1, "decision": "ignored"}, 422),
        (Role.MANAGER, {"version": 1, "decision": "acted_on", "action_id": "nobody-knows"}, 404),
        (Role.ANALYST, {"version": 1, "decision": "watched"}, 403),
    ],
)
async def test_a_review_that_cannot_be_is_refused(risen, role, body, status):
    """A dismissal without a reason, an unknown decision or action, a role that only reads; nothing changes."""
    async with risen.client(role) as client:
        signal = await only_signal(client)
        answer = await client.post(f"/v1/signals/{signal['signal_id']}:review", json=body)

        assert answer.status_code == status
        assert await only_signal(client) == signal


async def test_what_management_wrote_is_listed_and_judged(house):
    """A free line about the rise begins an evaluation with the rise as its baseline, and gets a verdict."""
    await house.fold(registered(), weekly([1] * 12 + [6] * 5 + [1] * 14))
    on = MONDAY + timedelta(weeks=17)
    line = {"site": "s", "date": on.isoformat(), "text": "Introduced a weekly medication audit"}
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        written = await manager.post("/v1/log", json=line)
        again = await manager.post("/v1/log", json=line)
        listed = (await manager.get("/v1/log")).json()["lines"]
    await replay(house, last=MONDAY + timedelta(weeks=31, days=-1))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        (state,) = (await manager.get("/v1/evaluations")).json()["evaluations"]
        one = await manager.get(f"/v1/actions/{written.json()['line_id']}/evaluation")
    async with house.client(Role.MANAGER, sites=["other"]) as other:
        hidden = await other.get(f"/v1/actions/{written.json()['line_id']}/evaluation")

    assert (written.status_code, again.json()["line_id"]) == (201, written.json()["line_id"])
    assert [entry["text"] for entry in listed] == [line["text"]]
    fixed, *assessed = await house.events("EvaluationFixed", "EffectivenessAssessed")
    assert (fixed.type, fixed.evaluation.version, fixed.evaluation.verdict) == ("EvaluationFixed", 1, None)
    assert fixed.evaluation.baseline_is_a_rise
    assert fixed.evaluation.baseline_to == on - timedelta(days=1)
    assert [event.evaluation.version for event in assessed] == list(range(2, len(assessed) + 2))
    assert assessed[-1].evaluation.verdict.verdict == state["verdict"]["verdict"]
    assert state["verdict"]["verdict"] in ("EFFECTIVE", "PROMISING", "CONFOUNDED_REPORTING_FELL")
    assert (one.json(), hidden.status_code) == (state, 404)


async def test_an_accepted_action_is_in_the_log_and_gets_an_evaluation(house, monkeypatch):
    """The task's series comes from its playbook; the evaluation is fixed in the review of the day of acceptance."""
    now = london_date(house.runtime.clock.now())
    start = (now - MONDAY).days - 90
    await house.fold(registered(), handovers(range(start, start + 80, 9)))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        task = (await manager.get("/v1/actions")).json()["actions"][0]
        body = {"version": task["version"], "due_on": (now + timedelta(days=30)).isoformat()}
        accepted = await manager.post(f"/v1/actions/{task['action_id']}:accept", json=body)
        lines = (await manager.get("/v1/log")).json()["lines"]
        before = await manager.get(f"/v1/actions/{task['action_id']}/evaluation")
    tomorrow = house.runtime.clock.now() + timedelta(days=1)
    monkeypatch.setattr(DayOfTheRun, "now", lambda _: tomorrow)
    await replay(house, first=now, last=now)
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        state = (await manager.get(f"/v1/actions/{task['action_id']}/evaluation")).json()

    assert accepted.status_code == 200, accepted.text
    assert [(line["kind"], line["action_id"]) for line in lines] == [("accepted", task["action_id"])]
    assert before.status_code == 404
    assert (state["started_on"], state["action_id"]) == (now.isoformat(), task["action_id"])
    assert (state["series"]["domains"], state["series"]["factors"]) == (["medication"], ["shift_handover"])
    (fixed,) = await house.events("EvaluationFixed")
    assert fixed.evaluation.process_measure == task["process_measure"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"site": "s", "date": "2099-01-01", "text": "Planned"}, 422),
        ({"site": "s", "date": "2026-03-02", "text": "   "}, 422),
        ({"site": "s", "date": "2026-03-02", "text": "x" * 201}, 422),
        ({"site": "elsewhere", "date": "2026-03-02", "text": "Checked"}, 404),
    ],
)
async def test_a_line_that_cannot_be_is_refused(house, body, status):
    """A day to come, no words, too many, an unknown site: nothing is written."""
    await house.fold(registered())
    async with house.client(Role.MANAGER) as manager:
        answer = await manager.post("/v1/log", json=body)

    assert answer.status_code == status
    assert await house.state("management_log") == []


async def test_what_chance_alone_would_bring_is_computed_once_and_shown(risen):
    """The number stands with the signals; it is computed anew only after four weeks."""
    asked = []

    def expected(known):
        asked.append(len(known.facts))
        return 0.04

    clock, mongo = FixedClock(start_of_day(SUNDAY + timedelta(days=2))), risen.runtime.mongo
    store = MongoStore(mongo, clock, "me", 60_000, risen.runtime.wake)
    chances = Chances(store, WatchReader(mongo), clock, expected)
    await renew_once(store, chances)
    await renew_once(store, chances)
    async with risen.client(Role.GOVERNANCE) as governance:
        page = (await governance.get("/v1/signals")).json()
        said = (await governance.get("/signals")).text

    assert asked == [24]
    assert ". Chance alone would raise about 0.04 a month at each site" in said
    assert page["expected_false_alarms_per_site_month"] == 0.04


async def test_what_is_done_with_a_task_is_logged_once_each(house):
    """Taken on, begun with the first step, completed; not a line for every step."""
    await house.fold(registered(), handovers((0, 1, 2)))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        found = (await manager.get("/v1/actions")).json()["actions"]
        task = next(action for action in found if action["playbook_id"] == "medication-handover-checklist")
        at = f"/v1/actions/{task['action_id']}"
        body = {"version": task["version"], "due_on": "2099-01-01"}
        task = (await manager.post(f"{at}:accept", json=body)).json()
        for step in task["steps"]:
            done = await manager.post(f"{at}/steps/{step['step_id']}:complete", json={"version": task["version"]})
            task = done.json()
        await manager.post(f"{at}:complete", json={"version": task["version"]})
        lines = (await manager.get("/v1/log", params={"site": "s"})).json()["lines"]

    assert len(task["steps"]) > 1
    assert sorted(line["kind"] for line in lines) == ["accepted", "completed", "started"]
    assert {line["action_id"] for line in lines} == {task["action_id"]}
