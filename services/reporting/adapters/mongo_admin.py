"""What start-up and the command line do to the database: collections, indexes, printing and checking the views."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pymongo
from pymongo import ASCENDING
from pymongo.errors import CollectionInvalid, OperationFailure

from services.reporting.adapters import documents as doc
from services.reporting.adapters.indexes import GONE, INDEXES, PROCESSING, SAYS_SOMETHING
from services.reporting.adapters.mongo_fold import MongoFoldStore
from services.reporting.adapters.shelves import Shelf, live_generation, shelved
from services.reporting.domain.buckets import Bucket, Cell
from services.reporting.usecases.fold import recomputed
from shared.runtime.fenced import COLLECTION as FENCES
from shared.runtime.mongo import Database, Mongo, Session, translate
from shared.runtime.outbox import COLLECTION as OUTBOX

CELLS_AT_ONCE = 200
INDEXES_WITHIN_S = 1_800.0
"""A new index over many millions of reports is made at the first start of a release; a usual command's time is too
short for it."""


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
        """Make collections and indexes of the live views; a collection cannot be made inside every transaction."""
        await make_collections(self._db, await live_generation(self._db))

    async def lines(self) -> AsyncIterator[Mapping[str, Any]]:
        """Iterate over everything that a rebuild must give again, in a fixed order, without report text."""
        shelf = Shelf(self._db, await live_generation(self._db))
        for name in sorted(doc.VIEWS):
            hidden = {"report.text": 0, "report.place": 0, "report.what_stopped_it": 0} if name == doc.FACTS else None
            wanted = SAYS_SOMETHING.get(name, {})
            cursor = shelf[name].find(wanted, hidden).sort("_id", ASCENDING)
            while (document := await translate(anext(cursor, None))) is not None:
                processing = PROCESSING.get(name, frozenset())
                yield {"view": name} | {key: value for key, value in document.items() if key not in processing}

    async def count_cells(self) -> int:
        """Return how many sites and weeks have rows or facts."""
        shelf = Shelf(self._db, await live_generation(self._db))
        return len(await cells_of(shelf))

    async def wrong(self) -> AsyncIterator[tuple[int, list[Bucket], list[str]]]:
        """Recompute all views from the facts and yield what differs; see `ports.Admin`."""
        generation = await live_generation(self._db)
        cells = await cells_of(Shelf(self._db, generation))
        for start in range(0, len(cells), CELLS_AT_ONCE):
            some = cells[start : start + CELLS_AT_ONCE]

            async def compare(session: Session, some: Sequence[Cell] = some) -> tuple[list[Bucket], list[str]]:
                shelf = Shelf(self._db, generation)
                rows = await recomputed(some, MongoFoldStore(shelf, session))
                return rows, await _wrong_facts(shelf, some, session)

            rows, facts = await translate(self._mongo.in_transaction(compare))
            yield min(start + CELLS_AT_ONCE, len(cells)), rows, facts


async def make_collections(db: Database, generation: int, *, indexed: bool = True) -> None:
    """Make the collections of one generation of views, with their indexes, and those that are no views.

    Args:
        db: The service's database.
        generation: Of the views.
        indexed: False leaves the indexes of the views for later: an index costs less once all is written.
    """
    existing = set(await db.list_collection_names())
    names = (*doc.VIEWS, doc.META, doc.ROW_HISTORY, doc.PANEL_HEADS, doc.PANEL_PARTS, OUTBOX, FENCES)
    later = () if indexed else doc.VIEWS
    await asyncio.gather(*(_make(db, name, shelved(name, generation), existing, name not in later) for name in names))


async def _make(db: Database, name: str, stored: str, existing: Collection[str], indexed: bool) -> None:
    if stored not in existing:
        with suppress(CollectionInvalid):  # another process made it at the same moment
            await db.create_collection(stored)
    if indexed and name in INDEXES:
        with pymongo.timeout(INDEXES_WITHIN_S):
            await db[stored].create_indexes(list(INDEXES[name]))
            for old in GONE.intersection(await db[stored].index_information()):
                with suppress(OperationFailure):  # another process dropped it at the same moment
                    await db[stored].drop_index(old)


async def cells_of(shelf: Shelf, names: Sequence[str] = (doc.FACTS, doc.BUCKETS)) -> list[Cell]:
    """Return the sites and weeks that have anything in some collections of a generation, in order."""
    found: set[str] = set()
    for name in names:
        stages: list[doc.Document] = [{"$match": {"cell": {"$ne": None}}}, {"$group": {"_id": "$cell"}}]
        found |= {line["_id"] async for line in shelf[name].aggregate(stages, allowDiskUse=True)}
    return sorted(Cell.of_key(key) for key in found)


async def _wrong_facts(shelf: Shelf, cells: Collection[Cell], session: Session) -> list[str]:
    """Return the ids of facts whose stored fields are not what their parts make of them."""
    cursor = shelf[doc.FACTS].find({"cell": {"$in": [cell.key() for cell in cells]}}, session=session)
    processing = PROCESSING[doc.FACTS]
    plain = [{name: value for name, value in stored.items() if name not in processing} async for stored in cursor]
    return [stored["_id"] for stored in plain if doc.fact_document(doc.fact_of(stored)) != doc.as_written_now(stored)]
