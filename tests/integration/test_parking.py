"""A bug breaks on one record: it waits aside with what follows of its site, all else flows, and it comes back whole."""

from __future__ import annotations

import pytest

from shared.runtime import parking, releases
from shared.runtime.runtime import Runtime
from tests.support.harness import (
    MOMENT,
    SITES,
    Counting,
    create,
    effects,
    event,
    eventually,
    lane_of,
    make_topic,
    member,
    produce,
    settings,
    some_events,
)

pytestmark = pytest.mark.engines


class Bug:
    """A fold's bug that breaks on some events until it is mended."""

    def __init__(self, *victims):
        self.victims = {victim.event_id for victim in victims}

    def __call__(self, events):
        if any(received.event.event_id in self.victims for received in events):
            raise ZeroDivisionError("invented bug")


async def test_a_bug_holds_its_site_alone_and_the_release_brings_all_back_in_order(
    kafka_bootstrap, mongodb_uri, database_prefix
):
    """The record and what follows of its site wait in order; others flow; released, all take effect once, in order."""
    topic = make_topic("parked")
    await create(kafka_bootstrap, topic)
    bug = Bug(event(SITES[3], 7), event(SITES[11], 2))
    async with member(settings(kafka_bootstrap, mongodb_uri, database_prefix), [topic], Counting(bug)) as runtime:
        await produce(kafka_bootstrap, topic, some_events(10))
        await eventually(lambda: applied(runtime, 240 - 4 - 9), what="all that does not wait")
        await eventually(lambda: parked(runtime, 4 + 9), what="what waits")
        assert await waiting_numbers(runtime, topic, SITES[3]) == [7, 8, 9, 10]
        assert await runtime.not_ready() is None
        first = await runtime.mongo.db["parked"].find_one({"site": f"p:{SITES[3]}"}, sort=[("offset", 1)])
        assert first["reason"] == "ZeroDivisionError"

        await ask(runtime, topic, SITES[3])
        await eventually(lambda: state_is(runtime, releases.FAILED), what="a wish that the bug refuses")
        assert await waiting_numbers(runtime, topic, SITES[3]) == [7, 8, 9, 10]

        bug.victims.clear()
        await produce(kafka_bootstrap, topic, some_events(10, start=11))
        for site in (SITES[3], SITES[11]):
            await ask(runtime, topic, site)
        await eventually(lambda: applied(runtime, 480), what="everything")
        await eventually(lambda: parked(runtime, 0), what="nothing waits")
        assert dict(await effects(runtime)) == {1: 480}
        assert await runtime.mongo.db["misorders"].count_documents({}) == 0
        await produce(kafka_bootstrap, topic, [event(SITES[3], 99)])
        await eventually(lambda: applied(runtime, 481), what="the site flows again")


async def test_a_release_under_load_loses_and_doubles_nothing(kafka_bootstrap, mongodb_uri, database_prefix):
    """While records come in and two members share the work, what waits comes back once and in order."""
    topic = make_topic("parkedload")
    await create(kafka_bootstrap, topic)
    bug = Bug(*(event(site, 5) for site in SITES[:4]))
    options = settings(kafka_bootstrap, mongodb_uri, database_prefix)
    async with member(options, [topic], Counting(bug)) as one, member(options, [topic], Counting(bug)):
        await produce(kafka_bootstrap, topic, some_events(40))
        await eventually(lambda: parked(one, 4 * 36), what="four sites wait")
        bug.victims.clear()
        for start in range(41, 121, 20):
            if start == 61:
                for site in SITES[:4]:
                    await ask(one, topic, site)
            await produce(kafka_bootstrap, topic, some_events(20, start=start))
        await eventually(lambda: applied(one, 24 * 120), what="everything")
        assert dict(await effects(one)) == {1: 24 * 120}
        assert await one.mongo.db["misorders"].count_documents({}) == 0
        await eventually(lambda: parked(one, 0), what="nothing waits")


async def test_a_release_that_breaks_on_every_site_halts_the_consumer(kafka_bootstrap, mongodb_uri, database_prefix):
    """More held sites than allowed are a broken release: nothing more is set aside, readiness says what to do."""
    topic = make_topic("parkedmany")
    await create(kafka_bootstrap, topic)
    bug = Bug(*(event(site, 1) for site in SITES))
    options = settings(kafka_bootstrap, mongodb_uri, database_prefix, parked_sites_max=3)
    async with member(options, [topic], Counting(bug)) as runtime:
        await produce(kafka_bootstrap, topic, some_events(2))
        await eventually(lambda: halted(runtime), what="the halt")
        assert "parked" in (await runtime.not_ready() or "")
        assert len(await runtime.mongo.db["parked"].distinct("site")) == 3
        assert dict(await effects(runtime)) == {}


async def ask(runtime: Runtime, topic, site: str) -> None:
    row = await runtime.mongo.db["parked"].find_one({"site": f"p:{site}", "topic": topic.name})
    await releases.ask(runtime.mongo.db, "actions", row["fence"], f"p:{site}", "a test", MOMENT)


async def applied(runtime: Runtime, number: int) -> bool:
    return sum((await effects(runtime)).values()) == number


async def parked(runtime: Runtime, number: int) -> bool:
    return bool(await runtime.mongo.db[parking.COLLECTION].count_documents({}) == number)


async def halted(runtime: Runtime) -> bool:
    return runtime.inbox is not None and runtime.inbox.halted is not None


async def state_is(runtime: Runtime, state: str) -> bool:
    return [wish["state"] async for wish in runtime.mongo.db[releases.COLLECTION].find()] == [state]


async def waiting_numbers(runtime: Runtime, topic, site: str) -> list[int]:
    partition = lane_of(topic, event(site, 1))[1]
    rows = runtime.mongo.db["parked"].find({"site": f"p:{site}", "partition": partition}).sort("offset", 1)
    return [topic.decode(row["value"]).exposure.revision async for row in rows]
