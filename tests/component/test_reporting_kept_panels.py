"""What is kept of panels makes a start quick and changes no number; an erased report leaves it at once."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from services.reporting.adapters import documents as doc
from services.reporting.adapters import panels as panels_module
from services.reporting.adapters.cluster_time import cluster_time, read_from
from services.reporting.adapters.kept_panels import KeptPanels, Snapshot
from services.reporting.adapters.panels import Panels
from services.reporting.adapters.remembered import Changes
from services.reporting.adapters.shelves import LiveShelf
from services.reporting.domain.panel import Panel
from services.reporting.usecases.access import Access
from shared.contracts import intake
from shared.kernel.errors import Unavailable
from shared.kernel.ids import event_id
from shared.kernel.principal import Role
from shared.runtime.mongo import Database, Mongo, Session
from tests.support.reporting import (
    NOW,
    PROVIDER,
    TOLD,
    World,
    amended,
    classified,
    exposure,
    open_world,
    provider,
    report,
    site,
    withdrawn,
)

pytestmark = pytest.mark.engines
T = TypeVar("T")
EVERYTHING = Access(PROVIDER, None, held=True, text=True)


@pytest.fixture
async def world(mongodb_uri: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Two sites that told something, of which as little as there is will be kept."""
    monkeypatch.setattr(panels_module, "KEPT_FROM_ROWS", 1)
    async with open_world(mongodb_uri, "kept_") as opened:
        await opened.mongo.client.drop_database(opened.mongo.db.name)
        await opened.admin.prepare()
        await opened.fold(provider(), site(), site("oak", "Oak House"))
        began = {"kind": "power", "started_at": TOLD}
        await opened.fold(report("r1"), report("r2", "oak", disruption=began), exposure(), classified("r1"))
        await opened.fold(report("r3", visibility="held"), classified("r3", ["falls_mobility"], "LOW_HARM"))
        yield opened
        await opened.mongo.client.drop_database(opened.mongo.db.name)


def process(world: World, **settings: Any) -> Panels:
    """What a process that has just started has in memory: nothing."""
    shelf = LiveShelf(world.mongo)
    changes = Changes(lambda: world.mongo.db, shelf)
    return Panels(shelf, changes, KeptPanels(world.mongo), room_bytes=10**8, **settings)


def said(panel: Panel) -> list[dict[str, Any]]:
    """What a panel says of each report and each week of care, in words instead of numbers."""
    words = {"site": panel.sites, "domains": panel.domains, "event_class": panel.classes, "disruption": panel.kinds}
    words |= {"reason": panel.reasons, "role": panel.roles, "shift": panel.shifts, "unit": panel.units}
    found = []
    for table in (panel.reports, panel.care):
        for line in table.rows():
            row = dict(zip(table.fields.names or (), line.item(), strict=True))
            row |= {name: known.all()[row[name]] for name, known in words.items() if row.get(name, -1) >= 0}
            found.append(row | {"followed": panel.followed.get(row["key"])})
    return sorted(found, key=lambda row: row["key"])


async def kept(world: World) -> int:
    """How many parts of panels are kept."""
    return await world.mongo.db[doc.PANEL_PARTS].count_documents({})


def erased(report_id: str, revision: int) -> intake.ReportErased:
    """A report is erased."""
    around: dict[str, Any] = {"provider_id": PROVIDER, "site_id": "elm-house", "recorded_at": NOW, "erased_at": NOW}
    id_ = event_id("ReportErased", report_id, revision)
    return intake.ReportErased(event_id=id_, report_id=report_id, revision=revision, **around)


async def test_what_is_kept_says_what_is_read_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start from what is kept, with all that changed since, and one that reads everything: the same panel."""
    await process(world).look_after(PROVIDER)
    assert await kept(world) == 2
    earlier = TOLD - timedelta(days=7)
    await world.fold(amended("r1", 2, reported_at=earlier, occurred_at=earlier), report("r4", "oak"))
    await world.fold(withdrawn("r3", 2), exposure(value=140, revision=2), classified("r4", ["handover"], site="oak"))
    quick = await process(world).of(EVERYTHING)
    monkeypatch.setattr(panels_module.KeptPanels, "read", lambda *_: None)
    anew = await process(world).of(EVERYTHING)
    assert said(quick) == said(anew)
    assert len(said(quick)) == 4
    assert list(quick.followed.values()) == ["rowan-care|oak|r2"]


async def test_an_erased_report_leaves_at_once(world: World) -> None:
    """In the transaction that erases it all that is kept goes; what is kept next does not hold it."""
    panels = process(world)
    await panels.look_after(PROVIDER)
    await world.fold(erased("r1", 2))
    assert await kept(world) == 0
    assert "words" not in (await world.mongo.db[doc.PANEL_HEADS].find_one({"_id": PROVIDER}) or {})
    fresh = process(world)
    assert len((await fresh.of(EVERYTHING)).reports.rows()) == 2
    await fresh.look_after(PROVIDER)
    assert await kept(world) == 2
    found = KeptPanels(world.mongo).read(PROVIDER, 0)
    assert found is not None
    assert len(found[0].reports.rows()) == 2


async def test_who_writes_while_a_report_is_erased_keeps_nothing(world: World) -> None:
    """A panel read before the erasure is not written down after it."""
    writer = KeptPanels(world.mongo)
    erasures = await writer.erasures(PROVIDER)
    mark = read_from(await cluster_time(world.mongo.db))
    snapshot = Snapshot.of(await process(world).of(EVERYTHING))
    await world.fold(erased("r1", 2))
    assert await writer.keep(PROVIDER, 0, mark, erasures, snapshot) is False
    assert await kept(world) == 0
    assert await writer.newest(PROVIDER, 0) is None


class Overtaken(Mongo):
    """A database in which another process writes all of its panel before one's own last transaction."""

    def __init__(self, mongo: Mongo, transactions: int, other: Callable[[], Awaitable[bool]]) -> None:
        self._under, self._left, self._other = mongo, transactions, other

    @property
    def db(self) -> Database:
        return self._under.db

    async def in_transaction(self, work: Callable[[Session], Awaitable[T]], on_retry: Any = None) -> T:
        self._left -= 1
        if self._left == 0:
            assert await self._other()
        return await self._under.in_transaction(work, on_retry)


async def test_two_processes_that_write_at_once_leave_one_whole_panel(world: World) -> None:
    """Both find nothing kept and begin; the head never names parts that the other one has thrown away."""
    mark, erasures = read_from(await cluster_time(world.mongo.db)), await KeptPanels(world.mongo).erasures(PROVIDER)
    snapshot = Snapshot.of(await process(world).of(EVERYTHING))
    other = KeptPanels(world.mongo)
    one = KeptPanels(Overtaken(world.mongo, 3, lambda: other.keep(PROVIDER, 0, mark, erasures, snapshot)))
    await one.keep(PROVIDER, 0, mark, erasures, snapshot)
    found = other.read(PROVIDER, 0)
    assert found is not None
    assert len(found[0].reports.rows()) == 3
    assert await kept(world) == 2


@pytest.mark.parametrize("damage", ["a part is gone", "another form", "another generation"])
async def test_what_does_not_fit_is_not_used(world: World, damage: str) -> None:
    """Parts of another generation of views, of another form or not all there: everything is read anew."""
    await process(world).look_after(PROVIDER)
    heads = world.mongo.db[doc.PANEL_HEADS]
    if damage == "a part is gone":
        await world.mongo.db[doc.PANEL_PARTS].delete_one({"table": "reports"})
    elif damage == "another form":
        await heads.update_one({}, {"$set": {"form": "0"}})
    else:
        await heads.update_one({}, {"$set": {"generation": 7}})
    assert KeptPanels(world.mongo).read(PROVIDER, 0) is None
    assert len((await process(world).of(EVERYTHING)).reports.rows()) == 3


async def test_what_has_not_moved_is_not_written_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked after again, a panel is written down only where enough has changed, and not by each process."""
    monkeypatch.setattr(panels_module, "KEEP_EVERY_S", 0.0)
    monkeypatch.setattr(panels_module, "MOVED_SHARE", 0.1)  # thirty must move: what is new comes twice
    one, other = process(world), process(world)
    await one.look_after(PROVIDER)
    (head,) = await world.mongo.db[doc.PANEL_HEADS].find().to_list(None)
    await other.look_after(PROVIDER)
    assert [head] == await world.mongo.db[doc.PANEL_HEADS].find().to_list(None)
    await world.fold(*(report(f"new-{number}", "oak") for number in range(9)))
    monkeypatch.setattr(panels_module, "MOVED_SHARE", 2)
    await one.look_after(PROVIDER)
    (later,) = await world.mongo.db[doc.PANEL_HEADS].find().to_list(None)
    assert later["made"] != head["made"]
    assert await kept(world) == 2


async def test_a_reader_is_told_when_to_come_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While all reports are read for the first time nobody waits for long and nobody gets a wrong number."""
    go_on = threading.Event()

    def slow(*_: object) -> None:
        go_on.wait(30)

    monkeypatch.setattr(panels_module.KeptPanels, "read", slow)
    panels = process(world, patience_s=0.05)
    with pytest.raises(Unavailable, match=r"0 of at most 3 so far.*try again in \d+ s"):
        await panels.of(EVERYTHING)
    async with world.client(Role.GOVERNANCE) as client:
        figures = await client.get("/v1/culture")
        page = await client.get(f"/providers/{PROVIDER}/culture", headers={"accept": "text/html"})
    assert (figures.status_code, page.status_code) == (503, 503)
    assert int(figures.headers["retry-after"]) >= 1
    assert "the reports are being read" in page.text.lower()
    go_on.set()
    assert len((await process(world).of(EVERYTHING)).reports.rows()) == 3
    async with world.client(Role.GOVERNANCE) as client:
        assert (await client.get("/v1/culture")).status_code == 200
