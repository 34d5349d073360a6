"""Panels of providers in memory: read once, then kept up with what has changed since."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bson.timestamp import Timestamp
from pymongo.errors import PyMongoError

from services.reporting.adapters import documents as doc
from services.reporting.adapters.cluster_time import cluster_time, read_from
from services.reporting.adapters.kept_panels import KeptPanels, Snapshot
from services.reporting.adapters.panel_rows import CARE_FIELDS, FACT_FIELDS, care_rows, report_rows
from services.reporting.adapters.remembered import Changes, Token
from services.reporting.adapters.shelves import LiveShelf
from services.reporting.domain.columns import Columns, Rows
from services.reporting.domain.facts import ALL
from services.reporting.domain.panel import CARE, REPORT, Panel
from services.reporting.ports import Reach
from shared.kernel.clock import monotonic_s
from shared.kernel.errors import Unavailable
from shared.runtime.logging import logger
from shared.runtime.mongo import translate

AT_ONCE = 500
"""So many documents are taken in between two moments at which others get their turn."""
LOOK_EVERY_S = 20.0
PATIENCE_S = 2.0
"""A reader waits so long for a panel that is read for the first time, and is then told when to come back."""
COME_BACK_S = (2, 60)
KEPT_FROM_ROWS = 10_000
"""Fewer reports than this are read anew as quickly."""
MOVED_SHARE = 50
"""What is kept is replaced once one in so many rows has changed beside it,"""
KEEP_EVERY_S = 300.0
"""but not more often than this."""
log = logger(__name__)
Query = dict[str, Any]
RowsOf = Callable[[Iterable[Mapping[str, Any]], Panel], Rows]


@dataclass
class _Held:
    """One provider's panel in memory.

    Attributes:
        generation: Of the views that it is read from.
        panel: As it was last brought up to date.
        token: The state of the views that it was brought to.
        since: The mark from which on changes are read; None before the first reading.
        written: The same of what is written down.
        first: The first reading, which many may wait for.
        began_s: When that began.
        rows: How many reports it has read so far.
        moved: How many rows changed since the panel was last written down.
        kept_s: When that was.
        lock: Held by who brings it up to date.
    """

    generation: int
    panel: Panel = field(default_factory=Panel)
    token: Token | None = None
    since: Timestamp | None = None
    written: Timestamp | None = None
    first: asyncio.Task[None] | None = None
    began_s: float = 0.0
    rows: int = 0
    moved: int = 0
    kept_s: float = -KEEP_EVERY_S
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Panels:
    """Gives panels as new as the views are at the moment of the question.

    A fact and the care of a row bear the mark of the moment at which they were last stored; what was since shortly
    before the last reading is read again, by an index: as an incremental export does it, and with the same margin. So
    nothing is asked of the fold, and a change costs a reader what it touched and not what there is.

    Args:
        shelf: The live views.
        changes: Tells whether anything changed at all.
        kept: Panels as they were written down, for the next process that starts.
        room_bytes: So much memory is used for all providers together; the one in use is always kept.
        patience_s: So long a reader waits for a first reading.
    """

    def __init__(
        self,
        shelf: LiveShelf,
        changes: Changes,
        kept: KeptPanels,
        room_bytes: int,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._db = shelf
        self._changes = changes
        self._kept = kept
        self._room_bytes = room_bytes
        self._patience_s = patience_s
        self._held: OrderedDict[str, _Held] = OrderedDict()

    async def of(self, reach: Reach) -> Panel:
        """Return the panel of the reader's provider; what is out of reach in it is for the caller to leave out.

        Raises:
            Unavailable: it is being read for the first time, and that takes longer than a reader should wait.
        """
        return await self._brought_up(reach.provider_id, self._patience_s)

    async def watch(self) -> None:
        """Read the panels of all providers for which there is room, and keep them up, as long as the service lives.

        So neither the first reader after a start nor the first one after a quiet night waits for what came before.
        """
        while True:
            try:
                for provider_id in await self._providers():
                    if provider_id in self._held or self._taken() < self._room_bytes:
                        await self.look_after(provider_id)
            except (Unavailable, PyMongoError) as error:
                log.info("cannot read panels", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look_after(self, provider_id: str) -> None:
        """Bring a provider's panel up to date, and write it down where what is written has grown old."""
        erasures = await translate(self._kept.erasures(provider_id))
        await self._brought_up(provider_id, None)
        held = self._held.get(provider_id)
        if held is None or len(held.panel.reports) < KEPT_FROM_ROWS or monotonic_s() - held.kept_s < KEEP_EVERY_S:
            return
        newest = await translate(self._kept.newest(provider_id, held.generation))
        if newest is not None and newest != held.written:
            held.written, held.moved = newest, 0  # another process has written it
        if newest is not None and held.moved < len(held.panel.reports) // MOVED_SHARE:
            return
        async with held.lock:
            snapshot, mark, moved = await asyncio.to_thread(Snapshot.of, held.panel), held.since, held.moved
        assert mark is not None
        held.kept_s = monotonic_s()
        if await translate(self._kept.keep(provider_id, held.generation, mark, erasures, snapshot)):
            held.written, held.moved = mark, held.moved - moved

    async def _providers(self) -> list[str]:
        return sorted(await translate(self._db[doc.PROVIDERS].distinct("provider_id")))

    async def _brought_up(self, provider_id: str, patience_s: float | None) -> Panel:
        held = self._held.get(provider_id)
        if held is None or held.generation != self._db.generation:
            held = self._held[provider_id] = _Held(self._db.generation)
        self._held.move_to_end(provider_id)
        await self._first_reading(provider_id, held, patience_s)
        async with held.lock:
            token = await self._changes.token()
            if token != held.token:
                mark = read_from(await cluster_time(self._db.database))
                assert held.since is not None
                await self._catch_up(provider_id, held, held.since)
                held.token, held.since = token, mark
        while len(self._held) > 1 and self._taken() > self._room_bytes:
            self._held.popitem(last=False)
        return held.panel

    def _taken(self) -> int:
        return sum(held.panel.bytes for held in self._held.values())

    async def _first_reading(self, provider_id: str, held: _Held, patience_s: float | None) -> None:
        if held.since is not None:
            return
        if held.first is None or held.first.done():
            held.began_s, held.rows = monotonic_s(), 0
            # In a context of its own: the patience of the call that happens to begin it is not that of the reading.
            held.first = asyncio.create_task(self._read_first(provider_id, held), context=Context())
            held.first.add_done_callback(lambda task: task.cancelled() or task.exception())  # told to who waits
        await asyncio.wait({held.first}, timeout=patience_s)
        if not held.first.done():
            raise await self._not_yet(held)
        held.first.result()

    async def _not_yet(self, held: _Held) -> Unavailable:
        """Say how far the first reading has come, and when it will be over as things go."""
        total = await translate(self._db[doc.FACTS].estimated_document_count())
        left_s = (monotonic_s() - held.began_s) * (total - held.rows) / max(1, held.rows)
        seconds = min(max(COME_BACK_S[0], round(left_s)), COME_BACK_S[1])
        far = f"{held.rows:,} of at most {total:,}"
        return Unavailable(f"the reports are being read so that they can be counted ({far} so far)", seconds)

    async def _read_first(self, provider_id: str, held: _Held) -> None:
        mark = read_from(await cluster_time(self._db.database))
        await translate(asyncio.to_thread(self._fill, provider_id, held))
        held.since = mark

    def _fill(self, provider_id: str, held: _Held) -> None:
        """Read what is kept, and what changed since; or all there is. In a thread: the event loop stays free."""
        found = self._kept.read(provider_id, held.generation)
        if found is None:
            panel = Panel()
            reports, care = self._read(provider_id, held, panel, None)
            panel.reports = Columns.filled(REPORT, sum(map(len, reports)), reports)
            panel.care = Columns.filled(CARE, sum(map(len, care)), care)
        else:
            panel, held.written = found
            reports, care = self._read(provider_id, held, panel, held.written)
            for table, rows in ((panel.reports, reports), (panel.care, care)):
                table.put(np.concatenate([np.empty(0, table.fields), *rows]))
            held.moved = held.rows
        held.panel = panel

    def _read(
        self, provider_id: str, held: _Held, panel: Panel, since: Timestamp | None
    ) -> tuple[list[Rows], list[Rows]]:
        """Read rows of reports and of care: those that changed since a mark, or all."""
        found: list[list[Rows]] = []
        for name, query, fields, rows_of in _wanted(provider_id, since):
            cursor = self._db[name].delegate.find(query, fields, batch_size=AT_ONCE)
            rows: list[Rows] = []
            while some := cursor.to_list(AT_ONCE):
                rows.append(rows_of(some, panel))
                held.rows += len(some) if name == doc.FACTS else 0
            found.append(rows)
        return found[0], found[1]

    async def _catch_up(self, provider_id: str, held: _Held, since: Timestamp) -> None:
        for name, query, fields, rows_of in _wanted(provider_id, since):
            cursor = self._db[name].find(query, fields).batch_size(AT_ONCE)
            found: list[Rows] = []
            while some := await translate(cursor.to_list(AT_ONCE)):
                found.append(rows_of(some, held.panel))
                await asyncio.sleep(0)
            if not found:
                continue
            if name == doc.FACTS:
                held.moved += sum(map(len, found))
                held.panel.reports.put(np.concatenate(found))
            else:
                held.panel.care.put(np.concatenate(found))


def _wanted(provider_id: str, since: Timestamp | None) -> Iterator[tuple[str, Query, Mapping[str, Any], RowsOf]]:
    """Name what is read: the collection, the documents, their fields, and what makes rows of them."""
    facts: Query = {"provider": provider_id}
    care: Query = {"provider": provider_id}
    if since is None:
        care |= {"domain": ALL, "exposure": {"$ne": None}}
    else:
        facts[doc.CHANGED] = care[doc.EXPOSED] = {"$gte": since}
    yield doc.FACTS, facts, FACT_FIELDS, report_rows
    yield doc.BUCKETS, care, CARE_FIELDS, care_rows
