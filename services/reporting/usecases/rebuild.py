"""Build all views anew from the log beside the live ones, and swap; or check the live ones against their facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.reporting.domain.buckets import Bucket
from services.reporting.ports import Admin
from services.reporting.ports.rebuild import EventLog, LogStretch, NextViews

ROUNDS_MAX = 10
TAIL_RECORDS = 2_000
"""So few records behind the end, the service itself catches up in a moment."""


@dataclass(frozen=True)
class Progress:
    """How far a rebuild or a check is: of so many, so many done."""

    done: int
    total: int
    doing: str


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did: records read, and rows that differ from before and were published."""

    records: int
    changed: int


async def rebuild_views(
    log: EventLog, views: NextViews, tell: Callable[[Progress], None], *, publish_all: bool = False
) -> Rebuilt:
    """Read the whole log into a new generation, follow it until hardly anything is left, and swap.

    Partition by partition: what the sites in it come to is held in memory, counted and written once, and the indexes
    are made when all is there. The service may be running: it goes on with the old generation until the swap, which
    moves the pointer and the fences in one transaction, and then reads on from there. What was issued lies elsewhere
    and is never touched.

    Args:
        log: The service's inputs.
        views: The generation to be built.
        tell: Told of progress.
        publish_all: Whether rows that did not change are published too: after a restore readers may hold versions
            that the database does not know, and a topic that was just switched on holds none.
    """
    await views.begin()
    places: dict[str, dict[int, int]] = {topic: {} for topic in log.topics}
    done, total = 0, await log.size(places)
    for number in log.numbers:
        async for stretch in log.read((number,), {}):
            await views.hold(stretch.events)
            done += _reach(places, stretch)
            tell(Progress(done, max(done, total), "log"))
        await views.put()
    tell(Progress(done, done, "indexes"))
    await views.index()
    for _ in range(ROUNDS_MAX):
        if (left := await log.size(places)) <= TAIL_RECORDS:
            break
        total = done + left
        async for stretch in log.read(log.numbers, places):
            await views.take(stretch.events)
            done += _reach(places, stretch)
            tell(Progress(done, max(done, total), "what came meanwhile"))
    tell(Progress(done, done, "swap"))
    await views.swap(places)
    changed = await views.publish_changes(everything=publish_all)
    await views.drop_old()
    return Rebuilt(done, changed)


def _reach(places: dict[str, dict[int, int]], stretch: LogStretch) -> int:
    for topic, reached in stretch.places.items():
        places[topic] |= reached
    return stretch.read


@dataclass(frozen=True)
class Verified:
    """What a check found.

    Attributes:
        cells: Sites and weeks that were recomputed.
        rows: Rows that differ, as they should be.
        facts: Ids of facts whose stored fields are not what their parts make of them.
    """

    cells: int
    rows: tuple[Bucket, ...]
    facts: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Tell whether nothing differs."""
        return not self.rows and not self.facts


async def verify_views(admin: Admin, tell: Callable[[Progress], None]) -> Verified:
    """Recompute every row from the facts, and every fact's fields from its parts, and compare.

    Args:
        admin: The database; the service may be running.
        tell: Told of progress.
    """
    total = await admin.count_cells()
    rows: list[Bucket] = []
    facts: list[str] = []
    done = 0
    async for looked_at, wrong_rows, wrong_facts in admin.wrong():
        done = looked_at
        rows += wrong_rows
        facts += wrong_facts
        tell(Progress(done, max(done, total), "verify"))
    return Verified(done, tuple(rows), tuple(facts))
