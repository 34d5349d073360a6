"""Views are disposable: a rebuild from the log gives the same again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from typer.testing import CliRunner

from services.reporting.__main__ import app as commands
from services.reporting.__main__ import canonical
from services.reporting.usecases.rebuild import StillRunning, rebuild_views
from shared.contracts.topics import VIEWS
from shared.runtime.lease import Lease
from tests.component.test_reporting_fold import history
from tests.support import reporting as say
from tests.support.reporting import World, open_world

pytestmark = pytest.mark.engines


@pytest.fixture
async def world(mongodb_uri: str, database_prefix: str) -> AsyncIterator[World]:
    async with open_world(mongodb_uri, database_prefix) as opened:
        yield opened


async def dumped(world: World) -> list[bytes]:
    return [canonical(line) for line in await world.lines()]


async def test_a_rebuild_gives_the_same_dump_byte_for_byte(world: World) -> None:
    """Dropped and read again in batches of another size, the canonical dump is the same."""
    for event in history():
        await world.fold(event)
    before = await dumped(world)
    await rebuild_views(world.admin)
    assert await world.lines() == []
    await world.admin.prepare()
    await world.fold(*history())
    assert before == await dumped(world)


async def test_a_rebuild_forgets_the_fences_and_keeps_the_outbox(world: World) -> None:
    """The next start reads from the beginning, and rows that were not sent yet are still sent."""
    await world.fold(say.report("r1"))
    await world.mongo.db["fences"].insert_one({"_id": "reporting:x:0", "service": "reporting", "next": 9})
    await rebuild_views(world.admin)
    assert await world.mongo.db["fences"].count_documents({}) == 0
    assert await world.mongo.db["outbox"].count_documents({}) == 2


async def test_row_versions_go_on_above_those_before_a_rebuild(world: World) -> None:
    """Readers of views.v1 keep the higher version, so a rebuilt row must never have a lower one."""
    for number in range(5):
        await world.fold(say.report(f"r{number}"))
    await rebuild_views(world.admin)
    await world.admin.prepare()
    tx = await world.fold(*(say.report(f"r{number}") for number in range(5)))
    assert {6} == {VIEWS.decode(row.value or b"").row_version for row in tx.rows}


async def test_a_running_service_is_not_pulled_from_under(world: World) -> None:
    """While a process of the service holds its lease nothing is dropped."""
    await world.fold(say.report("r1"))
    lease = Lease("outbox", "a-process", 60_000)
    while not await lease.take(world.mongo.db):
        await asyncio.sleep(0.01)
    with pytest.raises(StillRunning):
        await rebuild_views(world.admin)
    assert await world.lines()
    await lease.release(world.mongo.db)
    await rebuild_views(world.admin)
    assert await world.lines() == []


async def test_a_dump_holds_no_report_text(world: World) -> None:
    """What is printed for comparison never carries what people wrote."""
    await world.fold(say.report("r1", text="marker sentence", place="marker place", what_stopped_it="marker stop"))
    assert b"marker" not in b"".join(await dumped(world))


async def test_the_command_line_asks_before_it_drops(
    world: World, mongodb_uri: str, database_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rebuild` without --yes and without an answer drops nothing; with --yes it does; `dump` prints JSON lines."""
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("NEARMISS_DATABASE_PREFIX", database_prefix)
    await world.fold(say.report("r1"))
    run = CliRunner().invoke
    printed = await asyncio.to_thread(run, commands, ["dump"])
    assert await dumped(world) == printed.stdout_bytes.splitlines()
    assert {"facts", "site_domain_week"} == {json.loads(line)["view"] for line in printed.stdout_bytes.splitlines()}
    refused = await asyncio.to_thread(run, commands, ["rebuild"], "n\n")
    assert (refused.exit_code, await world.mongo.db["site_domain_week"].count_documents({})) == (1, 2)
    dropped = await asyncio.to_thread(run, commands, ["rebuild", "--yes"])
    assert (dropped.exit_code, await world.lines()) == (0, [])
