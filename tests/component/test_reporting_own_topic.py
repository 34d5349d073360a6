"""A provider's own views topic: its rows alone, without what is held from its sites, not even as a sign of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from services.reporting.adapters.mongo_next import MongoNextViews
from services.reporting.routes.fold import OutboxAnnouncer, QuietAnnouncer, fold_into, own_topics
from services.reporting.usecases.rebuild import rebuild_views
from shared.contracts.reporting import SiteDomainWeek
from shared.contracts.topics import VIEWS, own_views
from tests.component.test_reporting_rebuild import IDS, OneLog
from tests.support import reporting as say
from tests.support.reporting import PROVIDER, World, open_world

pytestmark = pytest.mark.engines
OWN = own_views(PROVIDER)


@pytest.fixture
async def world(mongodb_uri: str, database_prefix: str) -> AsyncIterator[World]:
    async with open_world(mongodb_uri, database_prefix, provider_topics=f" {PROVIDER}, ") as opened:
        yield opened


async def published(world: World, topic: Any = OWN) -> list[SiteDomainWeek]:
    """What waits for a topic, in the order in which it is sent; the outbox is empty afterwards."""
    rows = [row async for row in world.mongo.db["outbox"].find().sort("_id", 1)]
    await world.mongo.db["outbox"].delete_many({"topic": topic.name})
    return [topic.decode(row["value"]) for row in rows if row["topic"] == topic.name]


async def test_the_named_provider_gets_its_rows_and_nobody_elses(world: World) -> None:
    """Its topic bears its id; another provider's rows go to the operator's topic alone."""
    await world.fold(say.report("r1"), say.report("x1", provider="other-care"))
    assert f"nearmiss.views.v1.{PROVIDER}" == OWN.name
    assert {(row.provider_id, row.domain, row.reports) for row in await published(world)} == {
        (PROVIDER, "(all)", 1),
        (PROVIDER, "(none)", 1),
    }
    assert {row.provider_id for row in await published(world, VIEWS)} == {PROVIDER, "other-care"}


async def test_what_is_held_leaves_no_trace(world: World) -> None:
    """A held report makes no record there at all, and the next visible one does not show that something was between."""
    await world.fold(say.report("r1"))
    first = {row.row_id: row for row in await published(world)}
    await world.fold(say.report("secret", visibility="held"))
    await world.fold(say.report("secret-elsewhere", "willow-grange", visibility="held"))
    assert await published(world) == []
    assert any(row.held for row in await published(world, VIEWS))

    await world.fold(say.report("r2"))
    second = {row.row_id: row for row in await published(world)}
    assert {(row.domain, row.reports, row.held) for row in second.values()} == {("(all)", 2, 0), ("(none)", 2, 0)}
    for row_id, row in second.items():
        assert row.row_version > first[row_id].row_version
        assert row.event_id != first[row_id].event_id
    versions = {row.row_version for row in second.values()}
    assert min(versions) > 1_000_000_000_000, "a moment, not a count: no gap tells how many changes were hidden"


async def test_a_topic_that_was_just_switched_on_is_filled(mongodb_uri: str, database_prefix: str) -> None:
    """rebuild --publish-all says every row anew, above all versions that readers may hold."""
    async with open_world(mongodb_uri, database_prefix) as world:
        await world.fold(say.report("r1"), say.report("r2", visibility="held"))
        assert await published(world) == []
        before = {row.row_id: row.row_version for row in await published(world, VIEWS)}
        announcer = partial(OutboxAnnouncer, own=own_topics([PROVIDER]))
        views = MongoNextViews(world.mongo, fold_into, announcer, QuietAnnouncer, IDS, world.clock)
        log = OneLog([say.report("r1"), say.report("r2", visibility="held")])
        done = await rebuild_views(log, views, lambda _: None, publish_all=True)
        assert done.changed == len(before) == 2
        assert {(row.domain, row.reports) for row in await published(world)} == {("(all)", 1), ("(none)", 1)}
        assert all(row.row_version > before[row.row_id] for row in await published(world, VIEWS))
