"""Views are disposable: built anew beside the live ones they say the same, and take their place in one step."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import pytest
from typer.testing import CliRunner

from services.reporting.__main__ import app as commands
from services.reporting.__main__ import canonical
from services.reporting.adapters import cluster_time, held_fold
from services.reporting.adapters.mongo_export import MongoExport
from services.reporting.adapters.mongo_next import MongoNextViews
from services.reporting.adapters.shelves import LiveShelf, live_generation
from services.reporting.domain.reading import ReportFilter
from services.reporting.routes.fold import OutboxAnnouncer, QuietAnnouncer, fold_into
from services.reporting.usecases.access import Access
from services.reporting.usecases.rebuild import Progress, Rebuilt, rebuild_views, verify_views
from shared.contracts.envelope import Event
from shared.contracts.topics import VIEWS, inputs_of
from tests.component.test_reporting_fold import history
from tests.support import reporting as say
from tests.support.reporting import World, open_world, received

pytestmark = pytest.mark.engines
IDS = {topic.name: f"id-{topic.aggregate}" for topic in inputs_of("reporting")}


@dataclass
class Stretch:
    events: Sequence[Any]
    read: int
    places: Mapping[str, Mapping[int, int]]


@dataclass
class OneLog:
    """A log whose events all lie in the first partition of one topic; `late` come while the first ones are read."""

    events: list[Event]
    late: list[Event] = field(default_factory=list)
    topics: Sequence[str] = tuple(IDS)
    numbers: Sequence[int] = (0, 1)

    async def size(self, places: Mapping[str, Mapping[int, int]]) -> int:
        unread = len(self.events) + len(self.late) - places[self.topics[0]].get(0, 0)
        return 1_000_000 if unread else 0

    async def read(self, numbers: Collection[int], places: Mapping[str, Mapping[int, int]]) -> AsyncIterator[Stretch]:
        topic = self.topics[0]
        if 0 not in numbers:
            yield Stretch((), 0, {topic: dict.fromkeys(numbers, 0)})
            return
        begin = places.get(topic, {}).get(0, 0)
        for place in range(begin, len(self.events), 3):
            some = self.events[place : place + 3]
            yield Stretch(received(*some), len(some), {topic: {0: place + len(some)}})
        self.events, self.late = self.events + self.late, []


@pytest.fixture
async def world(mongodb_uri: str, database_prefix: str) -> AsyncIterator[World]:
    async with open_world(mongodb_uri, database_prefix) as opened:
        yield opened


async def dumped(world: World) -> list[bytes]:
    return [canonical(line) for line in await world.lines()]


async def rebuilt(world: World, *events: Event, late: Sequence[Event] = ()) -> Rebuilt:
    views = MongoNextViews(world.mongo, fold_into, OutboxAnnouncer, QuietAnnouncer, IDS, world.clock)
    return await rebuild_views(OneLog(list(events), list(late)), views, lambda _: None)


async def test_a_rebuild_gives_the_same_dump_byte_for_byte(world: World) -> None:
    """Read again in batches of another size, the canonical dump is the same and no row needs publishing."""
    for event in history():
        await world.fold(event)
    before = await dumped(world)
    done = await rebuilt(world, *history())
    assert done.changed == 0
    assert before == await dumped(world)


async def test_the_live_views_stay_until_the_swap_and_go_after_it(world: World) -> None:
    """While a new generation is built the old one answers; afterwards nothing of it is left."""
    await world.fold(*history())
    before = await dumped(world)
    views = MongoNextViews(world.mongo, fold_into, OutboxAnnouncer, QuietAnnouncer, IDS, world.clock)
    await views.begin()
    await views.hold(received(say.report("another")))
    await views.put()
    await views.index()
    assert before == await dumped(world)
    await views.swap({})
    await views.drop_old()
    assert len(await world.lines()) < len(before)
    assert "facts" not in await world.mongo.db.list_collection_names()


async def test_readers_that_have_not_heard_of_the_swap_find_the_old_views(world: World) -> None:
    """What was live is kept for a while after the swap: nobody is told that a provider is not known."""
    await world.fold(say.provider())
    views = MongoNextViews(world.mongo, fold_into, OutboxAnnouncer, QuietAnnouncer, IDS, world.clock, kept_s=5.0)
    done = asyncio.create_task(rebuild_views(OneLog([say.provider()]), views, lambda _: None))
    while (await live_generation(world.mongo.db)) == 0:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)
    assert await world.mongo.db["providers"].count_documents({}) == 1
    await done
    assert "providers" not in await world.mongo.db.list_collection_names()


async def test_an_export_by_change_tells_what_a_rebuild_counts_otherwise(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where its token was given out when the rebuild, which reads them otherwise, had written the rows already."""
    monkeypatch.setattr(cluster_time, "MARGIN_S", 0)
    told = [say.provider(), say.site(), say.report("r1"), say.classified("r1", ["medication"])]
    await world.fold(*told)
    await world.mongo.db["facts"].update_one({}, {"$set": {"report.worry": 4}})  # as an earlier release had read it
    views = MongoNextViews(world.mongo, fold_into, OutboxAnnouncer, QuietAnnouncer, IDS, world.clock)
    await views.begin()
    await views.hold(received(*told))
    await views.put()
    await views.index()
    shelf = LiveShelf(world.mongo)
    exported, everything = MongoExport(shelf), Access(say.PROVIDER, None, held=True, text=True)
    written = await exported.token()
    while (token := await exported.token()) == written:
        await asyncio.sleep(0.1)
    await views.swap({})
    await shelf.refresh()
    changed = [fact async for fact in exported.facts(everything, ReportFilter(), token)]
    assert [(fact.report_id, fact.report.worry) for fact in changed if fact.report] == [("r1", None)]
    while (later := await exported.token()) == token:
        await asyncio.sleep(0.1)
    assert [fact async for fact in exported.facts(everything, ReportFilter(), later + 1_000)] == []


async def test_what_came_while_it_was_read_is_in_it(world: World) -> None:
    """The log is followed until hardly anything is left; the fences stand where the new views end."""
    await world.fold(say.report("r1"), say.report("r2"))
    await rebuilt(world, say.report("r1"), late=[say.report("r2")])
    fence = await world.mongo.db["fences"].find_one({"_id": f"reporting:{IDS[next(iter(IDS))]}:0"})
    assert fence is not None
    assert fence["next"] == 2
    assert {line["report_id"] for line in await world.lines() if line["view"] == "facts"} == {"r1", "r2"}


async def test_the_service_goes_on_in_the_new_views(world: World) -> None:
    """A batch after the swap is folded into the generation that is live now, and readers see it."""
    await world.fold(say.report("r1"))
    await rebuilt(world, say.report("r1"))
    await world.fold(say.report("r2"))
    assert {line["report_id"] for line in await world.lines() if line["view"] == "facts"} == {"r1", "r2"}
    again = await rebuilt(world, say.report("r1"), say.report("r2"))
    assert again.changed == 0


async def test_only_rows_that_differ_are_published_above_all_versions_before(world: World) -> None:
    """A row that is gone is published with zeros; readers of the log keep the higher version."""
    for number in range(5):
        await world.fold(say.report(f"r{number}"))
    await world.fold(say.report("gone", "willow-grange"))
    await world.mongo.db["outbox"].delete_many({})
    done = await rebuilt(world, *(say.report(f"r{number}") for number in range(4)))
    rows = [VIEWS.decode(row["value"]) async for row in world.mongo.db["outbox"].find()]
    assert done.changed == len(rows) == 4
    assert {(row.site_id, row.reports) for row in rows} == {("elm-house", 4), ("willow-grange", 0)}
    assert all(row.row_version > 1_000_000_000 for row in rows)


async def test_a_rebuild_that_was_broken_off_leaves_nothing_behind(world: World) -> None:
    """The next one begins with empty collections."""
    await world.fold(say.report("r1"))
    views = MongoNextViews(world.mongo, fold_into, OutboxAnnouncer, QuietAnnouncer, IDS, world.clock)
    await views.begin()
    await views.hold(received(say.report("left-over")))
    await views.put()
    await views.index()
    await rebuilt(world, say.report("r1"))
    assert [line["report_id"] for line in await world.lines() if line["view"] == "facts"] == ["r1"]


@pytest.mark.parametrize("held_max", [0, 3])
async def test_what_is_too_much_to_hold_is_written_and_fetched_again(
    world: World, monkeypatch: pytest.MonkeyPatch, held_max: int
) -> None:
    """However little may be held in memory, the views come out the same."""
    monkeypatch.setattr(held_fold, "HELD_MAX", held_max)
    events = [*history(), say.signal("s1", version=3), *history(), say.amended("r4", 2), say.withdrawn("r1", 2)]
    await world.fold(*events)
    before = await dumped(world)
    assert (await rebuilt(world, *events)).changed == 0
    assert before == await dumped(world)
    assert (await verify_views(world.admin, lambda _: None)).sound


@pytest.mark.parametrize("versions", [(1, 2), (2, 1)])
async def test_of_what_two_partitions_state_the_higher_version_holds(world: World, versions: Sequence[int]) -> None:
    """A thing that was stated from a site and for the provider is one thing, whichever partition is read first."""
    views = MongoNextViews(world.mongo, fold_into, OutboxAnnouncer, QuietAnnouncer, IDS, world.clock)
    await views.begin()
    for version in versions:
        await views.hold(received(say.signal("s1", version=version)))
        await views.put()
    await views.index()
    await views.swap({})
    assert [line["version"] for line in await world.lines() if line["view"] == "signals"] == [2]


def dies(mongodb_uri: str, prefix: str, after: str) -> None:
    """A rebuild in a process of its own that is killed at a step."""

    async def run() -> None:
        async with open_world(mongodb_uri, prefix) as world:
            views = MongoNextViews(world.mongo, fold_into, OutboxAnnouncer, QuietAnnouncer, IDS, world.clock)
            steps = {
                "begin": views.begin,
                "hold": lambda: views.hold(received(say.report("half-done"))),
                "put": views.put,
                "index": views.index,
            }
            for name, step in steps.items():
                await step()
                if name == after:
                    os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(run())


@pytest.mark.parametrize("after", ["begin", "put", "index"])
async def test_a_rebuild_that_is_killed_leaves_the_live_views_as_they_are(
    world: World, mongodb_uri: str, database_prefix: str, after: str
) -> None:
    """The old generation goes on answering and taking events, and the next rebuild is none the worse."""
    await world.fold(say.report("r1"))
    before = await dumped(world)
    killed = get_context("spawn").Process(target=dies, args=(mongodb_uri, database_prefix, after))
    killed.start()
    await asyncio.to_thread(killed.join, 60)
    assert killed.exitcode == -signal.SIGKILL
    assert before == await dumped(world)
    await world.fold(say.report("r2"))
    done = await rebuilt(world, say.report("r1"), say.report("r2"))
    assert done.changed == 0
    assert {line["report_id"] for line in await world.lines() if line["view"] == "facts"} == {"r1", "r2"}


async def test_a_check_finds_a_row_and_a_fact_that_are_not_what_they_should_be(world: World) -> None:
    """Sound views verify; a number changed by hand, or a field of a fact, is named."""
    await world.fold(*history())
    seen: list[Progress] = []
    assert (await verify_views(world.admin, seen.append)).sound
    assert seen[-1].done == seen[-1].total > 0
    await world.mongo.db["site_domain_week"].update_one({"domain": "(all)"}, {"$inc": {"counts.reports": 7}})
    await world.mongo.db["facts"].update_one({"cell": {"$ne": None}}, {"$set": {"event_class": "HAZARD_X"}})
    found = await verify_views(world.admin, seen.append)
    assert (len(found.rows), len(found.facts)) == (1, 1)


async def test_a_dump_holds_no_report_text(world: World) -> None:
    """What is printed for comparison never carries what people wrote."""
    await world.fold(say.report("r1", text="marker sentence", place="marker place", what_stopped_it="marker stop"))
    assert b"marker" not in b"".join(await dumped(world))


async def test_the_command_line_asks_verifies_and_dumps(
    world: World, mongodb_uri: str, database_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rebuild` without an answer does nothing; `verify` ends with 0 and 1; `dump` prints JSON lines."""
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("NEARMISS_DATABASE_PREFIX", database_prefix)
    await world.fold(say.report("r1"))
    runner = CliRunner()
    refused = await asyncio.to_thread(runner.invoke, commands, ["rebuild"])
    assert refused.exit_code == 1
    listed = await asyncio.to_thread(runner.invoke, commands, ["dump"])
    assert {json.loads(line)["view"] for line in listed.stdout.splitlines()} >= {"facts", "site_domain_week"}
    assert (await asyncio.to_thread(runner.invoke, commands, ["verify"])).exit_code == 0
    await world.mongo.db["site_domain_week"].update_one({}, {"$inc": {"counts.reports": 7}})
    assert (await asyncio.to_thread(runner.invoke, commands, ["verify"])).exit_code == 1
