"""Rows for exports, as a stream: in the order of an index, in constant memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from typing import Any, Final

from bson.timestamp import Timestamp

from services.reporting.adapters import documents as doc
from services.reporting.adapters.cluster_time import cluster_time, read_from
from services.reporting.adapters.queries import HIDDEN, Query, between, report_query, visible, within
from services.reporting.adapters.shelves import NEVER, LiveShelf
from services.reporting.domain.buckets import Bucket
from services.reporting.domain.facts import Fact
from services.reporting.domain.reading import ReportFilter
from services.reporting.domain.states import State
from services.reporting.ports import Reach
from shared.kernel.clock import london_date
from shared.runtime.mongo import translate

BATCH = 2_000
MS_PER_S: Final = 1_000
LAST_S: Final = 2**32 - 1
"""A mark holds no later second."""


class MongoExport:
    """Implements `ports.ExportSource`.

    Args:
        shelf: The live views.
    """

    def __init__(self, shelf: LiveShelf) -> None:
        self._db = shelf

    async def facts(self, reach: Reach, wanted: ReportFilter, changed_since_ms: int | None) -> AsyncIterator[Fact]:
        """Iterate over facts in reach; see `ports.ExportSource`."""
        if changed_since_ms is None:
            query, order = report_query(reach, wanted), [("reported_at", 1)]
        else:
            query, order = within(reach, wanted.site_id) | self._changed(changed_since_ms), [(doc.CHANGED, 1)]
        async for found in _documents(self._db[doc.FACTS].find(query, {"voice": 0, "cell": 0}).sort(order)):
            fact = doc.fact_of(found)
            if fact.known_to(held=reach.held):
                yield fact

    async def states(
        self, kind: str, reach: Reach, site_id: str | None, changed_since_ms: int | None
    ) -> AsyncIterator[State]:
        """Iterate over states of one kind in reach; see `ports.ExportSource`."""
        query, order = visible(reach, site_id), [("state_id", 1)]
        if changed_since_ms is not None:
            query, order = query | self._changed(changed_since_ms), [(doc.CHANGED, 1)]
        hidden = set() if reach.held else await self._held(reach)
        async for found in _documents(self._db[kind].find(query).sort(order)):
            state = doc.state_of(found)
            if (shown := state.without(hidden) if hidden else state) is not None:
                yield shown

    def _changed(self, since_ms: int) -> Query:
        """Return the condition for what changed; of what was exported from views before these that is all there is."""
        since = Timestamp(min(since_ms // MS_PER_S, LAST_S), 0)
        return {doc.CHANGED: {"$gte": since if since > self._db.swapped else NEVER}}

    async def _held(self, reach: Reach) -> set[str]:
        query = {"provider": reach.provider_id} | HIDDEN
        return set(await translate(self._db[doc.FACTS].distinct("report_id", query)))

    async def rows_as_of(
        self, reach: Reach, site_id: str | None, first: date | None, last: date | None, as_of: datetime
    ) -> AsyncIterator[Bucket]:
        """Iterate over the rows as they stood at a moment; see `ports.ExportSource`."""
        query = within(reach, site_id) | {"at_ms": {"$lte": int(as_of.timestamp() * 1000)}}
        if first is not None or last is not None:
            query["week"] = between(first, last)
        newest = {"_id": "$row", "row": {"$last": "$$ROOT"}}
        stages: list[Query] = [{"$match": query}, {"$sort": {"row": 1, "at_ms": 1}}, {"$group": newest}]
        stages += [{"$replaceRoot": {"newRoot": "$row"}}, {"$sort": {"week": 1, "site": 1, "domain": 1}}]
        async for found in _documents(self._db[doc.ROW_HISTORY].aggregate(stages, allowDiskUse=True)):
            bucket = doc.bucket_of(found)
            if bucket.seen(reach.held).reports or bucket.exposure is not None:
                yield bucket

    async def token(self) -> int:
        """Return what stands for everything changed up to now; see `ports.ExportSource`."""
        return read_from(await cluster_time(self._db.database)).time * MS_PER_S

    async def report_days(self, reach: Reach) -> tuple[date, date] | None:
        """Return the first and the last day on which anything was reported; None where nothing was."""
        query = report_query(reach, ReportFilter())
        ends = []
        for way in (1, -1):
            found = await translate(
                self._db[doc.FACTS].find_one(query, {"reported_at": 1}, sort=[("reported_at", way)])
            )
            if found is None:
                return None
            ends.append(london_date(found["reported_at"]))
        return ends[0], ends[1]


async def _documents(cursor: Any) -> AsyncIterator[Mapping[str, Any]]:
    cursor = cursor.batch_size(BATCH)
    while found := await translate(cursor.to_list(BATCH)):
        for document in found:
            yield document
