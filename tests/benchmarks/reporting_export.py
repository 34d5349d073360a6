"""A whole table of reports as Parquet: how much memory the process takes for it, from the first rows to the last.

Facts are written straight into the database (`large_provider`), then streamed as the route streams them. The floor is
the memory that stood after a tenth of the rows: where it grows with the table, the ratio falls. By hand, at any size:

    python -m tests.benchmarks.reporting_export mongodb://... 1000000
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import psutil
from bson.timestamp import Timestamp

from services.reporting.adapters import documents as doc
from services.reporting.adapters.mongo_admin import make_collections
from services.reporting.adapters.mongo_export import MongoExport
from services.reporting.adapters.mongo_views import MongoViews
from services.reporting.adapters.parquet import parquet
from services.reporting.adapters.shelves import LiveShelf
from services.reporting.domain.exports import REPORT
from services.reporting.usecases.access import Access
from services.reporting.usecases.export import Asked, rows_of
from tests.benchmarks.large_provider import facts_of, site_of, write
from tests.benchmarks.reporting_reads import size_of
from tests.support.reporting import PROVIDER, World, open_world

USUAL = 60_000
WEEKS, REPORTS_A_WEEK = 156, 5
LOOKS = 10
LONG_AGO = {doc.CHANGED: Timestamp(1, 1)}


async def fill_facts(world: World, rows: int) -> int:
    """Write about so many facts, and return how many they are."""
    size, chance, written = (
        size_of(max(1, rows // (WEEKS * REPORTS_A_WEEK)), WEEKS, REPORTS_A_WEEK),
        random.Random(7),
        0,
    )
    for number in range(size.sites):
        facts = [
            doc.fact_document(fact) | {doc.CHANGED: Timestamp(1, 1)} for fact in facts_of(site_of(number), size, chance)
        ]
        await write(world.mongo.db, doc.FACTS, facts)
        written += len(facts)
    await make_collections(world.mongo.db, 0)
    return written


async def measured(mongo: str, rows: int) -> tuple[int, list[float], float, int]:
    """Return the rows, the megabytes taken after each tenth of them, the seconds and the bytes of the file."""
    process, taken_mb, size_bytes = psutil.Process(), list[float](), 0
    async with open_world(mongo, f"exported{os.getpid()}_", log_level="WARNING") as world:
        try:
            written = await fill_facts(world, rows)
            shelf = LiveShelf(world.mongo)
            source = rows_of(
                Asked(REPORT), MongoExport(shelf), MongoViews(shelf), Access(PROVIDER, None, True, True), ()
            )

            async def looked_at() -> AsyncIterator[Mapping[str, Any]]:
                number = 0
                async for row in source:
                    yield row
                    number += 1
                    if number * LOOKS // written > len(taken_mb):
                        taken_mb.append(process.memory_info().rss / 1e6)

            started = time.perf_counter()
            async for piece in parquet(REPORT, REPORT.columns, looked_at()):
                size_bytes += len(piece)
            return written, taken_mb, time.perf_counter() - started, size_bytes
        finally:
            await world.mongo.client.drop_database(world.mongo.db.name)


def run(kafka: str, mongo: str) -> list[dict[str, Any]]:
    """Measure at the usual size and return the row of the table."""
    del kafka
    written, taken_mb, _, _ = asyncio.run(measured(mongo, USUAL))
    return [
        {
            "what": f"memory at the end of a Parquet file of {written:,} reports, after a tenth of them as floor",
            "unit": "MB", "ours": max(taken_mb), "floor": taken_mb[0], "ratio": taken_mb[0] / max(taken_mb),
        },
    ]  # fmt: skip


if __name__ == "__main__":
    count, megabytes, seconds, length = asyncio.run(measured(sys.argv[1], int(sys.argv[2])))
    sys.stdout.write(f"{count:,} rows, {length / 1e6:.0f} MB in {seconds:.0f} s; memory after each tenth, MB: ")
    sys.stdout.write(" ".join(f"{one:.0f}" for one in megabytes) + "\n")
