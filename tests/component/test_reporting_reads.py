"""Every page and API call over a whole provider: none reads a collection from end to end, each is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.kernel.principal import Role
from tests.benchmarks.large_provider import batch_of
from tests.benchmarks.reporting_reads import calls, large_world, not_called, size_of
from tests.support.reporting import World

pytestmark = pytest.mark.engines
SIZE = size_of(12, 60, 2)
SMALL_FOR_EVER = frozenset({"fences", "leases", "meta", "providers", "versions"})
"""Collections with a few documents however much is reported."""


@pytest.fixture(scope="module")
async def world(mongodb_uri: str) -> AsyncIterator[World]:
    """One provider for all tests; every command is noted by the engine."""
    async with large_world(mongodb_uri, SIZE) as opened:
        await note_commands(opened)
        yield opened
        await opened.mongo.db.command("profile", 0)


async def note_commands(world: World) -> None:
    """Have the engine note every command, with room for all of them."""
    await world.mongo.db.create_collection("system.profile", capped=True, size=100_000_000)
    await world.mongo.db.command("profile", 2)


async def scans(world: World) -> list[dict[str, Any]]:
    """What read a collection from end to end since the last look."""
    db = world.mongo.db
    await db.command("profile", 0)
    found = await db["system.profile"].find({"planSummary": "COLLSCAN"}).to_list(None)
    noted = await db["system.profile"].count_documents({"planSummary": {"$exists": True}})
    await db.drop_collection("system.profile")
    await note_commands(world)
    assert noted, "the engine noted nothing"
    whole = [line for line in found if line["ns"].split(".", 1)[1] not in SMALL_FOR_EVER]
    return [{"ns": line["ns"], "command": str(line["command"])[:400]} for line in whole]


async def test_no_page_and_no_call_scans_a_collection(world: World) -> None:
    """Each question is answered by an index, by the engine's own word, and every path of the API is asked."""
    made = calls(SIZE)
    assert not_called(world, made) == set()
    site = frozenset({"site-011"})
    async with world.client(Role.GOVERNANCE) as everybody, world.client(Role.MANAGER, sites=site) as manager:
        for call in made:
            for client in (everybody, manager):
                answer = await client.get(call.addresses[0])
                assert answer.status_code in (200, 403, 404), (call.name, answer.text)
    assert await scans(world) == []


async def test_folding_scans_no_collection(world: World) -> None:
    """What a batch of new reports reads, it reads by index, however many facts are there."""
    await world.fold(*batch_of(1, SIZE))
    assert await scans(world) == []
