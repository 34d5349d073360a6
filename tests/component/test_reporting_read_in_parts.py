"""What readers keep or read in parts: sites that change are seen at once, and a part of a list is of the whole."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.kernel.principal import Role
from tests.support import reporting as say
from tests.support.reporting import NOW, TOLD, World, open_world

pytestmark = pytest.mark.engines
ENTRIES = 7


@pytest.fixture
async def world(mongodb_uri: str) -> AsyncIterator[World]:
    """A provider of two sites."""
    async with open_world(mongodb_uri, f"parts{os.getpid()}_") as opened:
        await opened.fold(say.provider(), say.site(), say.site("willow-grange", "Willow Grange", "nursing"))
        yield opened
        await opened.mongo.client.drop_database(opened.mongo.db.name)


async def got(client: httpx.AsyncClient, address: str) -> Any:
    """What the API answers."""
    async with client:
        answer = await client.get(address)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def names(world: World, **who: Any) -> list[str]:
    """What a reader's sites are called."""
    return [
        site["history"][-1]["name"] for site in (await got(world.client(Role.MANAGER, **who), "/v1/sites"))["sites"]
    ]


async def test_a_site_that_changed_or_came_is_seen_at_once_and_only_in_reach(world: World) -> None:
    """Sites that were read before are read again as soon as any has another name, and when there is one more."""
    willow = frozenset({"willow-grange"})
    assert (await names(world), await names(world, sites=willow)) == (["Elm House", "Willow Grange"], ["Willow Grange"])
    await world.fold(say.site("willow-grange", "Willow Court", "nursing", revision=2))
    assert (await names(world), await names(world, sites=willow)) == (["Elm House", "Willow Court"], ["Willow Court"])
    await world.fold(say.site("ash-house", "Ash House"))
    assert await names(world) == ["Ash House", "Elm House", "Willow Court"]
    assert await names(world, tenant="other-care") == []


async def test_the_learning_log_in_parts_is_the_learning_log(world: World) -> None:
    """Parts one after another tell every lesson once, those done last first, each with the verdict that holds."""
    for number in range(ENTRIES):
        done = {"status": "completed", "proposed_at": TOLD, "completed_at": TOLD + timedelta(hours=30 * number)}
        site = "willow-grange" if number % 2 else "elm-house"
        await world.fold(
            say.action(f"a{number}", site, version=2, **done), say.evaluation(f"e{number}", f"a{number}", site)
        )
    whole = await got(world.client(Role.GOVERNANCE), "/v1/learning-log")
    parts, after = [], ""
    while True:
        part = await got(world.client(Role.GOVERNANCE), f"/v1/learning-log?limit=3{after}")
        assert part["lessons_in_all"] == ENTRIES
        parts += part["lessons"]
        if part["next"] is None:
            break
        after = f"&after={part['next']}"
    assert parts == whole["lessons"]
    days = [lesson["done_on"] for lesson in parts]
    assert days == sorted(days, reverse=True)
    assert {lesson["action_id"]: lesson["judgement"]["verdict"] for lesson in parts} == {
        f"a{number}": "INSUFFICIENT_EVIDENCE" for number in range(ENTRIES)
    }
    own = await got(world.client(Role.MANAGER, sites=frozenset({"elm-house"})), "/v1/learning-log?limit=2")
    assert (own["lessons_in_all"], len(own["lessons"]), {one["site_id"] for one in own["lessons"]}) == (
        4,
        2,
        {"elm-house"},
    )


async def test_an_agenda_of_many_counts_all_and_shows_the_first_in_full(world: World) -> None:
    """Of twenty open questions and actions the overview tells how many there are, and the words of the first alone."""
    for number in range(20):
        due = (NOW - timedelta(days=20 - number)).date()
        await world.fold(
            say.signal(f"s{number}", question=f"Question {number}?", raised_on=(TOLD - timedelta(days=number)).date()),
            say.action(f"a{number}", title=f"Remedy {number}", due_on=due),
        )
    await world.fold(say.report("r1", reported_at=TOLD))
    async with world.client(Role.MANAGER, sites=frozenset({"elm-house"})) as client:
        page = (await client.get("/providers/rowan-care", headers={"accept": "text/html"})).text
    assert "All 20 open questions" in page
    assert "All 20 open actions" in page
    assert [f"Question {number}?" in page for number in (0, 5, 6, 19)] == [True, True, False, False]
    assert [f"Remedy {number}<" in page for number in (0, 5, 6, 19)] == [True, True, False, False]
    words = " ".join(re.sub(r"<[^>]+>", "", page).split())
    assert "34 more: 20 questions, 20 overdue actions in all." in words
