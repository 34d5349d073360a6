"""What is summed from memory says what the views say: after every change, after a late one, and with little room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from services.reporting.adapters.kept_panels import KeptPanels
from services.reporting.adapters.panels import Panels
from services.reporting.adapters.remembered import Changes
from services.reporting.adapters.shelves import LiveShelf
from services.reporting.usecases.access import Access
from shared.contracts.envelope import Event
from shared.contracts.topics import REPORTS
from shared.kernel.principal import Role
from shared.runtime import parking
from shared.runtime.fenced import COLLECTION as FENCES
from shared.runtime.fenced import FencedLedger
from tests.support.reporting import (
    MONDAY,
    NOW,
    PROVIDER,
    TOLD,
    World,
    amended,
    classified,
    corrected,
    exposure,
    open_world,
    provider,
    report,
    site,
    withdrawn,
)

pytestmark = pytest.mark.engines
ELM = frozenset({"elm-house"})
ASKED = (
    "/v1/culture",
    "/v1/data-quality",
    "/v1/series",
    "/v1/series?site=elm-house&domain=falls_mobility",
    "/v1/heat",
    "/v1/roll-ups?by=setting",
    "/v1/continuity",
    "/v1/providers/rowan-care/totals",
    "/v1/providers/rowan-care/escalations",
    "/v1/reports",
)


@pytest.fixture
async def world(mongodb_uri: str) -> AsyncIterator[World]:
    """Two sites, nothing told yet."""
    async with open_world(mongodb_uri, "panels_") as opened:
        await opened.mongo.client.drop_database(opened.mongo.db.name)
        await opened.admin.prepare()
        await opened.fold(provider(), site(), site("oak", "Oak House"))
        yield opened
        await opened.mongo.client.drop_database(opened.mongo.db.name)


async def told(world: World, address: str, *roles: Role, **reach: Any) -> Any:
    """An answer, without the moment that it was given at."""
    async with world.client(*(roles or (Role.GOVERNANCE,)), **reach) as client:
        answer = await client.get(address)
        assert answer.status_code == 200, answer.text
        return {name: value for name, value in answer.json().items() if name not in ("complete_until", "as_of")}


def changes() -> list[list[Event]]:
    """Batches that change everything that is summed: counts, weeks, domains, what is held, care and its unit."""
    earlier = TOLD - timedelta(days=7)
    return [
        [report("r1"), report("r2", "oak"), exposure(), exposure("oak")],
        [classified("r1"), classified("r2", ["falls_mobility"], "LOW_HARM", "oak", escalate=("safeguarding",))],
        [report("r3", visibility="held"), classified("r3"), exposure(value=140, revision=2)],
        [amended("r1", 2, reported_at=earlier, occurred_at=earlier), exposure(start=MONDAY - timedelta(days=7))],
        [corrected("r1", 1, domains=["falls_mobility"]), withdrawn("r2", 2, "oak")],
        [site("oak", "Oak House", "domiciliary", revision=2), exposure("oak", value=9, unit="visits")],
    ]


async def test_after_each_change_memory_says_what_a_fresh_process_reads(world: World, mongodb_uri: str) -> None:
    """A process that saw every change, and one that has only just started, give the same answers to every question."""
    for batch in changes():
        world.clock.moment += timedelta(minutes=1)
        await world.fold(*batch)
        async with open_world(mongodb_uri, "panels_") as fresh:
            for address in ASKED:
                assert await told(world, address) == await told(fresh, address), address
            for address in ("/v1/culture", "/v1/series"):
                here = await told(world, address, Role.MANAGER, sites=ELM)
                assert here == await told(fresh, address, Role.MANAGER, sites=ELM)


async def test_the_sums_are_those_of_the_rows(world: World) -> None:
    """Totals from memory are the sums of the stored rows, which are counted apart from them."""
    for batch in changes():
        await world.fold(*batch)
        totals = (await told(world, "/v1/providers/rowan-care/totals"))["totals"]
        rows = (await told(world, "/v1/views/site-domain-week?domain=(all)"))["rows"]
        assert totals == {name: sum(row[name] for row in rows) for name in totals}
        by_kind = (await told(world, "/v1/roll-ups?by=setting"))["rows"]
        care = sum(row["exposure"] or 0 for row in rows)
        assert sum(sum(row["totals"]["exposure"].values()) for row in by_kind) == care


async def test_what_commits_late_is_counted(world: World) -> None:
    """A batch that wrote before a reading and committed after it is found, though its mark lies before."""
    await world.fold(report("r1"))
    began, read = asyncio.Event(), asyncio.Event()

    async def meanwhile() -> None:
        began.set()
        await read.wait()

    late = asyncio.create_task(world.fold(report("r2"), before_commit=meanwhile))
    await began.wait()
    await world.fold(report("r3", "oak"))
    assert (await told(world, "/v1/reports"))["total"] == 2
    read.set()
    await late
    assert (await told(world, "/v1/reports"))["total"] == 3


@pytest.mark.parametrize("apart", [timedelta(hours=-2), timedelta(hours=2)])
async def test_the_clocks_of_processes_do_not_matter(world: World, mongodb_uri: str, apart: timedelta) -> None:
    """What another process counts is seen at once, even if its clock is hours away from the reader's."""
    await world.fold(report("r1"), exposure())
    await told(world, "/v1/reports")
    async with open_world(mongodb_uri, "panels_") as other:
        for number in range(2, 5):
            other.clock.moment = world.clock.moment + apart
            await other.fold(report(f"r{number}"), exposure(value=100 * number, revision=number))
            assert (await told(world, "/v1/reports"))["total"] == number
            (row,) = (await told(world, "/v1/roll-ups?by=setting"))["rows"]
            assert row["totals"]["exposure"] == {"occupied_bed_days": 100 * number}


async def test_a_site_reader_does_not_learn_of_held_reports_from_sums(world: World) -> None:
    """A held report shows neither as a number nor as a week without care."""
    await world.fold(report("r1"), classified("r1"), exposure())
    before = [await told(world, address, Role.MANAGER, sites=ELM) for address in ("/v1/culture", "/v1/series")]
    week_before = TOLD - timedelta(days=7)
    await world.fold(report("r2", visibility="held"), classified("r2"))
    await world.fold(report("r3", visibility="held", reported_at=week_before, occurred_at=week_before))
    after = [await told(world, address, Role.MANAGER, sites=ELM) for address in ("/v1/culture", "/v1/series")]
    assert before == after
    assert (await told(world, "/v1/reports"))["total"] == 3


async def test_with_little_room_the_provider_asked_for_is_kept(world: World) -> None:
    """Providers that do not fit together are read anew in turn, and never mixed up."""
    await world.fold(provider(provider_id="ash-care"), site(provider="ash-care"))
    await world.fold(report("r1"), report("r1", provider="ash-care"), report("r2", provider="ash-care"))
    shelf = LiveShelf(world.mongo)
    panels = Panels(shelf, Changes(lambda: world.mongo.db, shelf), KeptPanels(world.mongo), room_bytes=1)
    for number, name in [(1, "rowan-care"), (2, "ash-care"), (1, "rowan-care")]:
        panel = await panels.of(Access(name, None, held=True, text=True))
        assert len(panel.told(None, held=True)) == number


async def test_what_is_taken_back_from_aside_counts_though_more_of_it_waits(world: World) -> None:
    """A release that goes on, or ends at a record that still breaks, has changed the views: readers see it at once."""
    ledger = FencedLedger(
        "reporting",
        {REPORTS.name: REPORTS},
        world.mongo,
        world._fold,
        world.runtime.metrics,
        world.clock,
        dead_letters_max=9,
        parked_sites_max=9,
        wake=lambda: None,
    )
    fence, held = "reporting:invented:0", f"{PROVIDER}:elm-house"
    await world.mongo.db[FENCES].insert_one({"_id": fence, "service": "reporting", "next": 9, "parked": [held]})
    for offset, name in enumerate(("late-1", "late-2")):
        record = SimpleNamespace(
            topic=REPORTS.name, partition=0, offset=offset, key=None, value=report(name).model_dump_json().encode(),
            headers=(),
        )  # fmt: skip
        await parking.keep(world.mongo.db, None, [parking.row(fence, "reporting", record, held, "a bug", NOW)])
    shelf = LiveShelf(world.mongo)
    panels = Panels(shelf, Changes(lambda: world.mongo.db, shelf), KeptPanels(world.mongo), room_bytes=10**8)
    everything = Access(PROVIDER, None, held=True, text=True)
    before = len((await panels.of(everything)).reports.rows())
    assert await ledger.take_back(fence, held, 1) == 1
    assert len((await panels.of(everything)).reports.rows()) == before + 1
