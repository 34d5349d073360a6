"""Proposals that nobody decides on are passed on or lapse, on a real mongod."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from services.actions.usecases.passing_on import Moved, UnlessReplayed
from services.actions.usecases.proposal_run import ProposalRun
from shared.kernel.clock import LONDON, FixedClock
from shared.kernel.principal import Role
from tests.support.actions import classified, open_house, registered, report
from tests.support.clock import TODAY
from tests.support.oversight import OVERSIGHT, Mailroom

pytestmark = pytest.mark.engines


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        await opened.fold(registered())
        yield opened


def run_at(house, day: date) -> UnlessReplayed:
    """Another process, at noon of a day."""
    moment = datetime.combine(day, time(12), LONDON).astimezone(UTC)
    room = Mailroom(house, moment)
    room.store._clock = FixedClock(moment)
    return UnlessReplayed(room.store, ProposalRun(room.store, room.store, OVERSIGHT))


async def reviewed_to(house, day: date, stands_on: date | None = None) -> None:
    """Let the reviews have come to a day."""
    progress = {"last_day": day.isoformat(), "replayed": [], "targets": None, "asked_at": None}
    progress["stands_on"] = stands_on.isoformat() if stands_on else None
    await house.db["reviews"].replace_one({"_id": "p"}, progress, upsert=True)


async def look(house, days: int) -> Moved:
    """Review the day before and look at the proposals, so many days from now."""
    day = TODAY + timedelta(days=days)
    await reviewed_to(house, day - timedelta(days=1))
    return await run_at(house, day).move_on("p")


def handovers(first: int, number: int, ahead_days: int = 0) -> list:
    """Live reports of one pattern, told some days from now."""
    day = TODAY + timedelta(days=ahead_days)
    made = []
    for n in range(first, first + number):
        made += [report(f"r{n}", day), classified(f"r{n}")]
    return made


async def tasks_of(client, status: str) -> list[dict]:
    return (await client.get("/v1/actions", params={"status": status})).json()["actions"]


async def test_a_proposal_that_nobody_took_on_lapses_and_its_pattern_proposes_anew(house):
    """Told as declined by the system, readable with its history, out of the board; a repeat is a new one."""
    await house.fold(handovers(1, 5))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        proposed = await tasks_of(manager, "proposed")
        assert proposed
        assert await look(house, 27) == Moved()
        assert await look(house, 28) == Moved(passed_on=len(proposed))
        assert await look(house, 28) == Moved()
        lapsed = await tasks_of(manager, "lapsed")
        seen = (await manager.get(f"/v1/actions/{lapsed[0]['action_id']}")).json()
        board, page = (await manager.get("/board")).text, (await manager.get(f"/actions/{seen['action_id']}")).text
        told = await house.events("ActionDeclined")
        await house.fold(handovers(20, 5, 30))
        anew = await tasks_of(manager, "proposed")

    assert {task["action_id"] for task in lapsed} == {task["action_id"] for task in proposed}
    assert {(event.by_role, event.action.status) for event in told} == {("system", "lapsed")}
    assert (seen["history"][-1]["type"], seen["history"][-1]["words"]) == (
        "ActionDeclined",
        "Lapsed: nobody took it on for 28 days",
    )
    assert "Nobody took it on, and it lapsed" in page
    assert "Declined or lapsed" in board
    assert {task["playbook_id"] for task in anew} == {task["playbook_id"] for task in lapsed}
    assert not {task["action_id"] for task in anew} & {task["action_id"] for task in lapsed}


async def test_a_new_report_of_the_pattern_is_news(house):
    """The days begin again with what was linked last."""
    await house.fold(handovers(1, 5))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        [linked, *_] = await tasks_of(manager, "proposed")
    line = {"action_id": linked["action_id"], "version": 2, "at": datetime.combine(TODAY + timedelta(days=20), time(9))}
    await house.db["history"].insert_one({"_id": "later", "act": "ActionChanged", **line})
    await look(house, 28)

    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        assert linked["action_id"] in {task["action_id"] for task in await tasks_of(manager, "proposed")}


async def test_while_a_signal_about_its_reports_is_open_it_goes_to_the_next_role_once(house):
    """Manager, then group lead, on the page and in the history; it lapses only after the signal has closed."""
    await house.fold(handovers(1, 5))
    signal = {
        "_id": "q", "provider_id": "p", "site_id": "s", "status": "open", "report_ids": ["r1"],
        "raised_on": TODAY.isoformat(), "as_of": TODAY.isoformat(),
    }  # fmt: skip
    await house.db["signals"].insert_one(signal)
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        for days in (6, 7, 7, 14, 15, 60):
            await look(house, days)
        [task, *_] = await tasks_of(manager, "proposed")
        page = (await manager.get(f"/actions/{task['action_id']}")).text
        told = [event.action for event in await house.events("ActionChanged") if event.subject() == task["action_id"]]
        closed = (TODAY + timedelta(days=61)).isoformat()
        await house.db["signals"].update_one({"_id": "q"}, {"$set": {"status": "closed", "as_of": closed}})
        assert await look(house, 88) == Moved()
        assert (await look(house, 89)).passed_on > 0

    assert [action.escalated_to for action in told] == ["manager", "group_lead"]
    assert "with the group lead since" in page


async def test_before_yesterday_was_reviewed_or_while_history_is_replayed_nothing_lapses(house):
    """Which signals are open is not known yet; the review's end lets it go on."""
    await house.fold(handovers(1, 5))
    far = TODAY + timedelta(days=90)
    assert await run_at(house, far).move_on("p") == Moved()
    await reviewed_to(house, far - timedelta(days=2))
    run = run_at(house, far)
    assert await run.move_on("p") == Moved()
    await reviewed_to(house, far - timedelta(days=1), stands_on=far)
    assert await run.move_on("p") == Moved()
    await reviewed_to(house, far - timedelta(days=1))

    assert (await run.move_on("p")).passed_on > 0
    assert await run.move_on("q") == Moved()
