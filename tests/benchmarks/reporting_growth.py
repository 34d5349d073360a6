"""What an event costs once many facts are there: the same new events folded into a small and into a large provider.

The first batches are not timed: they bring what is asked for again and again into the engine's memory.

By hand, at any sizes (the first is the floor):

    python -m tests.benchmarks.reporting_growth mongodb://... 10000 300000 3000000
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

from shared.contracts.envelope import Event
from shared.runtime.memory import settle
from tests.benchmarks.large_provider import BATCH, Size, batch_of, fill, fill_by_copies
from tests.benchmarks.reporting_reads import size_of
from tests.support.reporting import World, open_world

USUAL = (10_000, 60_000)
WEEKS, REPORTS_A_WEEK = 156, 5
BATCHES, WARM = 28, 4
WRITTEN_SITES = 128
"""More sites than this are copies of so many."""


def size_for(facts: int) -> Size:
    """Return three years of as many sites as hold so many reports."""
    return size_of(max(1, round(facts / WEEKS / REPORTS_A_WEEK)), WEEKS, REPORTS_A_WEEK)


@asynccontextmanager
async def filled(mongo: str, size: Size) -> AsyncIterator[World]:
    """A world that holds so much, dropped at the end."""
    async with open_world(mongo, f"growth{os.getpid()}_{size.sites}_", log_level="WARNING") as world:
        try:
            times = max(1, size.sites // WRITTEN_SITES)
            if times > 1:
                await fill_by_copies(world.mongo.db, replace(size, sites=WRITTEN_SITES), times)
            else:
                await fill(world.mongo.db, size)
            yield world
        finally:
            await world.mongo.client.drop_database(world.mongo.db.name)


async def seconds(world: World, batch: Sequence[Event]) -> float:
    """Return how long folding a batch takes."""
    started = time.perf_counter()
    await world.fold(*batch)
    return time.perf_counter() - started


async def measured(mongo: str, sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """Fill one database after another, then fold the same events into each, batch by batch in turns."""
    settle()  # as every service does at its start
    wanted = [size_for(facts) for facts in sizes]
    async with AsyncExitStack() as opened:
        worlds = [await opened.enter_async_context(filled(mongo, size)) for size in wanted]
        facts = [await world.mongo.db["facts"].estimated_document_count() for world in worlds]
        await worlds[0].mongo.client.admin.command("fsync")  # what was filled is on its disk before anything is timed
        turns = [
            [await seconds(world, batch_of(number, size)) for world, size in zip(worlds, wanted, strict=True)]
            for number in range(BATCHES)
        ][WARM:]
    floors = [turn[0] / BATCH * 1e6 for turn in turns]
    rows = []
    for place, number in enumerate(facts[1:], start=1):
        costs = [turn[place] / BATCH * 1e6 for turn in turns]
        ratio = statistics.median(floor / cost for floor, cost in zip(floors, costs, strict=True))
        rows.append(
            {
                "what": f"cost of an event with {number:,} facts there, with {facts[0]:,} as floor",
                "unit": "us",
                "ours": statistics.median(costs),
                "floor": statistics.median(floors),
                "ratio": ratio,
            }
        )
    return rows


def run(kafka: str, mongo: str) -> list[dict[str, Any]]:
    """Measure at the usual sizes and return the rows of the table."""
    del kafka
    return asyncio.run(measured(mongo, USUAL))


if __name__ == "__main__":
    asked = tuple(int(number) for number in sys.argv[2:]) or USUAL
    sys.stdout.write("\n".join(str(row) for row in asyncio.run(measured(sys.argv[1], asked))) + "\n")
