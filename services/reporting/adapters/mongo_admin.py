"""What start-up and the command line do to the database: indexes, dropping the views, printing them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import CollectionInvalid

from services.reporting.adapters import documents as doc
from services.reporting.domain.facts import ALL
from shared.runtime.fenced import COLLECTION as FENCES
from shared.runtime.lease import COLLECTION as LEASES
from shared.runtime.mongo import Database, Mongo, translate
from shared.runtime.outbox import COLLECTION as OUTBOX

SERVICE = "reporting"
VIEWS = (
    doc.FACTS,
    doc.BUCKETS,
    doc.PROVIDERS,
    doc.SITES,
    doc.EXPOSURE,
    doc.SIGNALS,
    doc.ACTIONS,
    doc.VERSIONS,
)
"""What is made from the log alone and may be dropped at any time."""
_BY_STATE = IndexModel([("provider", ASCENDING), ("open", ASCENDING), ("site", ASCENDING)])
INDEXES: Mapping[str, tuple[IndexModel, ...]] = {
    doc.FACTS: (
        IndexModel([("cell", ASCENDING), ("tally", ASCENDING)]),
        IndexModel([("provider", ASCENDING), ("reported_at", DESCENDING), ("report_id", DESCENDING)]),
        IndexModel([("provider", ASCENDING), ("site", ASCENDING), ("reported_at", DESCENDING)]),
        IndexModel([("provider", ASCENDING), ("report_id", ASCENDING)]),
    ),
    doc.BUCKETS: (
        IndexModel([("cell", ASCENDING)]),
        IndexModel([("provider", ASCENDING), ("week", ASCENDING), ("site", ASCENDING), ("domain", ASCENDING)]),
        IndexModel(
            [("provider", ASCENDING), ("week", ASCENDING), ("site", ASCENDING)],
            name="all_domains",
            partialFilterExpression={"domain": ALL},
        ),
    ),
    doc.SITES: (IndexModel([("provider", ASCENDING), ("site", ASCENDING)]),),
    doc.EXPOSURE: (
        IndexModel([("cell", ASCENDING)]),
        IndexModel([("provider", ASCENDING), ("site", ASCENDING)]),
    ),
    doc.SIGNALS: (_BY_STATE,),
    doc.ACTIONS: (_BY_STATE,),
    doc.VERSIONS: (IndexModel([("provider", ASCENDING)]),),
}
PROCESSING: Mapping[str, frozenset[str]] = {
    doc.BUCKETS: frozenset({"version", "tick", "touched"}),
    doc.SITES: frozenset({"touched"}),
}
"""Fields that tell how a document came about, not what it says: two rebuilds may differ in them."""
SAYS_SOMETHING: Mapping[str, Mapping[str, Any]] = {
    doc.BUCKETS: {"$or": [{"counts.reports": {"$gt": 0}}, {"domain": ALL, "exposure": {"$ne": None}}]},
    doc.SITES: {"revision": {"$gt": 0}},
}
"""A row of zeros says the same as no row: whether there is one depends on how the log was cut into batches."""


class MongoAdmin:
    """Implements `ports.Admin`.

    Args:
        mongo: The service's database, open.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    @property
    def _db(self) -> Database:
        return self._mongo.db

    async def prepare(self) -> None:
        """Make collections and indexes; a collection cannot be made inside every transaction."""
        existing = set(await self._db.list_collection_names())
        for name in (*VIEWS, doc.META, OUTBOX, FENCES):
            if name not in existing:
                with suppress(CollectionInvalid):  # another process made it at the same moment
                    await self._db.create_collection(name)
            if name in INDEXES:
                await self._db[name].create_indexes(list(INDEXES[name]))

    async def is_running(self) -> bool:
        """Tell whether a process of this service holds the lease of its outbox."""
        held = {"$expr": {"$gt": ["$until", "$$NOW"]}}
        return await translate(self._db[LEASES].find_one(held)) is not None

    async def drop_views(self) -> None:
        """Drop facts, views and fences, and remember the highest version and moment of any row.

        Rows made anew go on above them: readers of the log keep the higher version, and what still waits in
        the outbox is sent first.
        """
        await translate(self._drop())

    async def _drop(self) -> None:
        highest = {"_id": None, "version": {"$max": "$version"}, "at_ms": {"$max": "$tick.at_ms"}}
        async for reached in self._db[doc.BUCKETS].aggregate([{"$group": highest}]):
            kept = {"$max": {"version": reached["version"], "at_ms": reached["at_ms"]}}
            await self._db[doc.META].update_one({"_id": doc.ROWS}, kept, upsert=True)
        await self._db[FENCES].delete_many({"service": SERVICE})
        for name in VIEWS:
            await self._db.drop_collection(name)

    async def lines(self) -> AsyncIterator[Mapping[str, Any]]:
        """Iterate over everything that a rebuild must give again, in a fixed order, without report text."""
        for name in sorted(VIEWS):
            hidden = {"report.text": 0, "report.place": 0, "report.what_stopped_it": 0} if name == doc.FACTS else None
            wanted = SAYS_SOMETHING.get(name, {})
            cursor = self._db[name].find(wanted, hidden).sort("_id", ASCENDING)
            while (document := await translate(anext(cursor, None))) is not None:
                processing = PROCESSING.get(name, frozenset())
                yield {"view": name} | {key: value for key, value in document.items() if key not in processing}
