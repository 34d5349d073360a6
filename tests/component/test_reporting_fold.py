"""The fold over a real mongod: any order, repeats, amendments, corrections, withdrawals, exposure."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.envelope import Event
from shared.contracts.topics import VIEWS
from tests.support import reporting as say
from tests.support.reporting import MONDAY, World, open_world

pytestmark = pytest.mark.engines
NEXT_MONDAY = MONDAY + timedelta(days=7)


@pytest.fixture
async def world(mongodb_uri: str, database_prefix: str) -> AsyncIterator[World]:
    async with open_world(mongodb_uri, database_prefix) as opened:
        yield opened


def history() -> list[Event]:
    """Everything that can happen to reports of two sites, in the order in which it happened."""
    later = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    return [
        say.provider(),
        say.site(),
        say.site("willow-grange", "Willow Grange", "nursing"),
        say.report("r1"),
        say.classified("r1", ["medication", "handover"]),
        say.report("r2", visibility="held"),
        say.classified("r2", ["safeguarding"], "ESCALATED"),
        say.report("r3", "willow-grange"),
        say.amended("r3", 2, "willow-grange", text="Amended.", reported_at=later),
        say.classified("r3", ["equipment"], "HAZARD", "willow-grange"),
        say.classified("r3", ["equipment"], "NEAR_MISS", "willow-grange", revision=2),
        say.report("r4"),
        say.classified("r4", [], "UNKNOWN", needs_review=True),
        say.corrected("r4", 1, domains=["falls_mobility"], event_class="NO_HARM"),
        say.corrected("r4", 2, domains=["moving_handling"]),
        say.report("r5"),
        say.classified("r5", ["medication"]),
        say.withdrawn("r5", 2),
        say.exposure(),
        say.exposure(value=281, revision=2),
        say.exposure("willow-grange", value=400),
        say.site("willow-grange", "Willow Grange", "domiciliary", revision=2),
        say.exposure("willow-grange", unit="visits", value=90),
        say.signal("s1"),
        say.signal("s1", version=2, observed=11),
        say.action("a1"),
        say.action("a1", version=2, status="accepted", due_on=date(2026, 12, 1)),
    ]


def counts(row: dict[str, Any], part: str = "counts") -> dict[str, int]:
    """The numbers of a stored bucket that are not zero."""
    return {name: number for name, number in row[part].items() if number}


async def test_all_orders_and_repeats_give_the_same_views(world: World, mongodb_uri: str, database_prefix: str) -> None:
    """Events shuffled, repeated and cut into batches anyhow end in exactly the same facts and buckets."""
    await world.fold(*history())
    expected = await world.lines()
    assert len(expected) > 20
    for seed in range(6):
        shuffler = random.Random(seed)
        events = history() + shuffler.sample(history(), 12)
        shuffler.shuffle(events)
        async with open_world(mongodb_uri, f"{database_prefix}{seed}_") as other:
            while events:
                size = shuffler.randint(1, 9)
                await other.fold(*events[:size])
                events = events[size:]
            assert expected == await other.lines()


async def test_the_history_is_counted_as_it_should_be(world: World) -> None:
    """The buckets of the whole history hold the numbers that a person gets by hand."""
    await world.fold(*history())
    elm = {"reports": 3, "near_misses": 1, "escalated": 1, "reached_someone": 1}
    assert elm == counts(await world.row())
    assert counts(await world.row(), "held") == {"reports": 1, "escalated": 1}
    assert counts(await world.row("handover")) == {"reports": 1, "near_misses": 1}
    assert counts(await world.row("moving_handling")) == {"reports": 1, "reached_someone": 1}
    assert await world.row("falls_mobility") == {}, "no row is made for what held only within a batch"
    assert counts(await world.row(site_id="willow-grange")) == {}
    assert counts(await world.row("equipment", "willow-grange", NEXT_MONDAY)) == {"reports": 1, "near_misses": 1}
    bed_days, visits = await world.row(), await world.row(site_id="willow-grange")
    assert (bed_days["exposure"], bed_days["exposure_unit"]) == (281, "occupied_bed_days")
    assert (visits["exposure"], visits["exposure_unit"]) == (90, "visits")


async def test_a_report_counts_before_and_after_it_is_classified(world: World) -> None:
    """It begins under (none) with class unknown and moves once labels come; the empty row is kept with zeros."""
    await world.fold(say.report("r1"))
    assert counts(await world.row("(none)")) == {"reports": 1, "class_unknown": 1}
    await world.fold(say.classified("r1"))
    assert counts(await world.row("(none)")) == {}
    assert counts(await world.row("medication")) == {"reports": 1, "near_misses": 1}
    assert counts(await world.row()) == {"reports": 1, "near_misses": 1}


async def test_a_classification_may_overtake_its_report(world: World) -> None:
    """Labels that come first are kept, and count with the report."""
    await world.fold(say.classified("r1"))
    assert await world.row() == {}
    await world.fold(say.report("r1"))
    assert counts(await world.row("medication")) == {"reports": 1, "near_misses": 1}


async def test_an_amendment_moves_the_report_to_its_new_week(world: World) -> None:
    """Both weeks are right after an amendment changed when staff told it."""
    await world.fold(say.report("r1"), say.classified("r1"))
    await world.fold(say.amended("r1", 2, reported_at=datetime(2026, 11, 23, 0, 0, tzinfo=UTC)))
    assert counts(await world.row()) == {}
    assert counts(await world.row(week=NEXT_MONDAY)) == {"reports": 1, "near_misses": 1}


async def test_a_correction_moves_counts_between_domains_and_classes(world: World) -> None:
    """A person's labels replace the model's in every row."""
    await world.fold(say.report("r1"), say.classified("r1", needs_review=True))
    assert (await world.row())["counts"]["needs_review"] == 1
    await world.fold(say.corrected("r1", 1, domains=["handover"], event_class="DISRUPTION"))
    assert counts(await world.row("medication")) == {}
    assert counts(await world.row("handover")) == {"reports": 1, "disruptions": 1}
    assert counts(await world.row()) == {"reports": 1, "disruptions": 1}


async def test_a_withdrawal_leaves_zeros(world: World) -> None:
    """A withdrawn report is in no count, and its rows are still there for BI."""
    await world.fold(say.report("r1"), say.classified("r1"))
    await world.fold(say.withdrawn("r1", 2))
    assert [counts(await world.row(domain)) for domain in ("(all)", "medication")] == [{}, {}]


async def test_a_report_that_becomes_held_moves_into_the_held_part(world: World) -> None:
    """The whole keeps its number; what the site sees loses one."""
    await world.fold(say.report("r1"), say.report("r2"))
    await world.fold(say.amended("r1", 2, visibility="held"))
    row = await world.row()
    assert [row[part]["reports"] for part in ("counts", "held")] == [2, 1]


async def test_exposure_reaches_the_rows_of_its_week_and_leaves_them_again(world: World) -> None:
    """A revision that no longer covers the week takes the exposure away: it is never kept as a guess."""
    await world.fold(say.report("r1"), say.classified("r1"), say.exposure())
    assert [(await world.row(domain))["exposure"] for domain in ("(all)", "medication")] == [280, 280]
    await world.fold(say.exposure(days=5, revision=2))
    assert [(await world.row(domain))["exposure"] for domain in ("(all)", "medication")] == [None, None]


async def test_every_changed_row_is_published_once_with_a_rising_version(world: World) -> None:
    """views.v1 gets exactly the rows that changed, flat, with version 1, 2, 3."""
    first = await world.fold(say.report("r1"), say.classified("r1"))
    assert len(first.rows) == 2
    assert (await world.fold(say.report("r1"), say.classified("r1"))).rows == []
    second = await world.fold(say.report("r2"))
    rows = {row.aggregate: VIEWS.decode(row.value or b"") for row in second.rows}
    assert {f"rowan-care|elm-house|{domain}|{MONDAY}" for domain in ("(all)", "(none)")} == set(rows)
    whole = rows[f"rowan-care|elm-house|(all)|{MONDAY}"]
    assert (whole.row_version, whole.reports, whole.near_misses, whole.class_unknown) == (2, 2, 1, 1)
    assert await world.mongo.db["outbox"].count_documents({}) == 4


async def test_an_event_without_a_site_goes_to_the_dead_letter(world: World) -> None:
    """What names no site cannot be counted anywhere; the rest of the batch is."""
    lost = say.report("r1").model_copy(update={"site_id": None})
    tx = await world.fold(lost, say.report("r2"))
    assert [reason for _, reason in tx.rejected] == ["site_id is missing"]
    assert counts(await world.row()) == {"reports": 1, "class_unknown": 1}


async def test_only_live_reports_count_in_the_time_to_the_view(world: World) -> None:
    """Replayed and backfilled reports, amendments and repeats are left out of received-to-view."""
    await world.fold(
        say.report("r1"), say.report("r2", replay=True), say.report("r3", origin="backfill"), say.classified("r4")
    )
    await world.fold(say.report("r1"), say.amended("r1", 2), say.report("r4"))
    labels = {"service": "reporting"}
    seen = world.runtime.metrics.registry.get_sample_value("nearmiss_received_to_view_seconds_count", labels)
    assert seen == 2


async def test_an_invented_domain_and_class_are_counted_as_they_come(world: World) -> None:
    """Words of a later taxonomy get their own row, and are in `reports` alone."""
    await world.fold(say.report("r1"), say.classified("r1", ["weightlessness"], "A_LATER_CLASS"))
    assert counts(await world.row("weightlessness")) == {"reports": 1}


async def test_two_members_at_the_same_moment_lose_nothing(world: World) -> None:
    """Folds of one site and week that run against each other end in the sum of both."""
    await world.fold(*(say.report(f"r{n}") for n in range(40)))
    await asyncio.gather(
        *(world.fold(*(say.classified(f"r{n}", ["medication"]) for n in range(k, 40, 4))) for k in range(4)),
        world.fold(say.exposure()),
        world.fold(say.site()),
    )
    assert counts(await world.row()) == {"reports": 40, "near_misses": 40}
    assert counts(await world.row("medication")) == {"reports": 40, "near_misses": 40}
    assert [(await world.row(domain))["exposure"] for domain in ("(all)", "medication")] == [280, 280]


async def test_a_batch_of_five_hundred_takes_few_commands(world: World) -> None:
    """A batch is read and written in bulk: the number of commands does not grow with its records."""
    await world.fold(*(say.report(f"r{n}", f"site-{n % 50}") for n in range(500)))
    before = await _commands(world)
    await world.fold(*(say.classified(f"r{n}", site=f"site-{n % 50}") for n in range(500)))
    assert await _commands(world) - before < 40
    assert sum([row["counts"]["reports"] async for row in world.mongo.db["site_domain_week"].find(
        {"domain": "medication"}
    )]) == 500  # fmt: skip


async def _commands(world: World) -> int:
    """How many commands the server has worked on for clients."""
    status = await world.mongo.client.admin.command("serverStatus")
    commands = status["metrics"]["commands"]
    return sum(int(commands[name]["total"]) for name in ("find", "update", "insert", "aggregate", "getMore"))
