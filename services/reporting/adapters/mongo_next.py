"""A generation of views built beside the live one, and the swap of the two in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pymongo import UpdateOne, WriteConcern

from services.reporting.adapters import documents as doc
from services.reporting.adapters.held_fold import HeldFoldStore
from services.reporting.adapters.mongo_admin import make_collections
from services.reporting.adapters.mongo_fold import MongoFoldStore
from services.reporting.adapters.shelves import LIVE, SWAPPED, Shelf, live_generation
from services.reporting.domain.buckets import Bucket, Counts
from services.reporting.domain.facts import ALL
from services.reporting.domain.stored import StoredBucket
from services.reporting.ports import Announcer, FoldStore
from services.reporting.usecases.fold import refresh
from shared.kernel.clock import Clock, monotonic_s
from shared.runtime import outbox
from shared.runtime.fenced import COLLECTION as FENCES
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Mongo, Session, translate

SERVICE: Final = "reporting"
ROWS_AT_ONCE = 500
CELLS_AT_ONCE = 500
WALKED_AT_ONCE = 2_000
SAID = ("counts", "held", "exposure", "exposure_unit")
"""The fields of a row that two generations are compared by."""
FoldInto = Callable[[Sequence[Any], Tx, FoldStore, Announcer | None], Awaitable[object]]
UNREAD = WriteConcern(w=1, j=False)
"""Nobody reads the new views before the swap, whose commit waits for a majority and so for all that came before it."""


class MongoNextViews:
    """Implements `ports.rebuild.NextViews`.

    Args:
        mongo: The service's database, open.
        fold: Folds events into a store.
        announcer_of: Publishes rows within a transaction.
        quiet_of: Publishes nothing, at a moment.
        topic_ids: Kafka's own ids of the inputs, by name: fences are bound to them.
        clock: The source of now.
        kept_s: How long the generation before stays after the swap: every process learns of a swap within seconds, and
            finds what it reads until then.
    """

    def __init__(
        self,
        mongo: Mongo,
        fold: FoldInto,
        announcer_of: Callable[[Tx], Announcer],
        quiet_of: Callable[[int], Announcer],
        topic_ids: Mapping[str, str],
        clock: Clock,
        kept_s: float = 0.0,
    ) -> None:
        self._mongo = mongo
        self._fold = fold
        self._announcer_of = announcer_of
        self._quiet_of = quiet_of
        self._topic_ids = topic_ids
        self._clock = clock
        self._kept_s = kept_s
        self._swapped_at_s = 0.0
        self._old = 0
        self._held: HeldFoldStore | None = None
        self._putting: asyncio.Task[None] | None = None

    @property
    def _next(self) -> Shelf:
        return Shelf(self._mongo.db.with_options(write_concern=UNREAD), self._old + 1)

    async def begin(self) -> None:
        """Make empty collections, throwing away what an earlier try left."""
        self._old = await translate(live_generation(self._mongo.db))
        await self._drop(self._next)
        await translate(make_collections(self._mongo.db, self._next.generation, indexed=False))

    async def _drop(self, shelf: Shelf) -> None:
        for name in doc.VIEWS:
            await translate(shelf[name].drop())

    async def hold(self, events: Sequence[Any]) -> None:
        """Fold events of a partition in memory; see `ports.rebuild.NextViews`."""
        if self._held is None:
            session = await translate(self._mongo.client.start_session())
            self._held = HeldFoldStore(self._next, session)
        if events:
            tx = Tx(self._held.session, self._mongo.db, self._clock.now(), SERVICE)
            await self._fold(events, tx, self._held, None)
            await translate(self._held.relieve())

    async def put(self) -> None:
        """Count and write what is held, while the next partition is read; see `ports.rebuild.NextViews`."""
        await self._put_away()
        if self._held is not None:
            self._putting = asyncio.create_task(self._count(self._held))
            self._held = None

    async def _put_away(self) -> None:
        if self._putting is not None:
            await translate(self._putting)
            self._putting = None

    async def _count(self, held: HeldFoldStore) -> None:
        quiet, cells = self._quiet_of(int(self._clock.now().timestamp() * 1000)), held.cells()
        for start in range(0, len(cells), CELLS_AT_ONCE):
            await refresh(cells[start : start + CELLS_AT_ONCE], held, quiet)
        await held.flush()
        await held.session.end_session()

    async def index(self) -> None:
        """Wait until all is written, then make the indexes; see `ports.rebuild.NextViews`."""
        await self._put_away()
        await translate(make_collections(self._mongo.db, self._next.generation))

    async def take(self, events: Sequence[Any]) -> None:
        """Fold events into it; see `ports.rebuild.NextViews`. Outside a transaction: nobody else is here."""
        if events:
            await translate(self._take(events))

    async def _take(self, events: Sequence[Any]) -> None:
        async with await self._mongo.client.start_session() as session:
            tx = Tx(session, self._mongo.db, self._clock.now(), SERVICE)
            store = MongoFoldStore(self._next, session)
            await self._fold(events, tx, store, self._quiet_of(tx.now_ms()))

    async def swap(self, places: Mapping[str, Mapping[int, int]]) -> None:
        """Make it live at once, together with the places from which the service reads on.

        A fold that runs meanwhile has read the same fences: one of the two transactions is tried again, and finds
        its place moved.
        """
        moves = [
            UpdateOne(
                {"_id": f"{SERVICE}:{self._topic_ids[topic]}:{partition}"},
                {
                    "$set": {
                        "next": place,
                        "service": SERVICE,
                        "topic": topic,
                        "topic_id": self._topic_ids[topic],
                    }
                },
                upsert=True,
            )
            for topic, partitions in places.items()
            for partition, place in partitions.items()
        ]

        async def work(session: Session) -> None:
            db = self._mongo.db
            pointer = {
                "$set": {"generation": self._next.generation},
                "$currentDate": {SWAPPED: {"$type": "timestamp"}},
            }
            await db[doc.META].update_one({"_id": LIVE}, pointer, upsert=True, session=session)
            if moves:
                await db[FENCES].bulk_write(moves, ordered=False, session=session)

        await translate(self._mongo.in_transaction(work))
        self._swapped_at_s = monotonic_s()

    async def publish_changes(self, *, everything: bool = False) -> int:
        """Publish the rows that differ from the generation before, and return how many."""
        changed, some = 0, list[Bucket]()
        async for bucket in self._changes(everything):
            some.append(bucket)
            if len(some) == ROWS_AT_ONCE:
                changed += await self._publish(some, everything)
                some = []
        return changed + (await self._publish(some, everything) if some else 0)

    async def _changes(self, everything: bool) -> AsyncIterator[Bucket]:
        """Walk both generations in the order of row ids; a row that is gone comes as zeros."""
        old, new = (_rows(Shelf(self._mongo.db, g)) for g in (self._old, self._next.generation))
        before, after = await anext(old, None), await anext(new, None)
        while before is not None or after is not None:
            if after is None or (before is not None and before["_id"] < after["_id"]):
                assert before is not None
                if _says_something(gone := doc.bucket_of(before)):
                    yield replace(gone, counts=Counts(), held=Counts(), exposure=None, exposure_unit=None)
                before = await anext(old, None)
            elif before is None or after["_id"] < before["_id"]:
                if _says_something(made := doc.bucket_of(after)):
                    yield made
                after = await anext(new, None)
            else:
                if everything or any(before[name] != after[name] for name in SAID):
                    yield doc.bucket_of(after)
                before, after = await anext(old, None), await anext(new, None)

    async def _publish(self, buckets: Sequence[Bucket], everything: bool) -> int:
        async def work(session: Session) -> int:
            tx = Tx(session, self._mongo.db, self._clock.now(), SERVICE)
            store = MongoFoldStore(self._next, session, history=True)
            announcer = self._announcer_of(tx)
            origin = (await store.origin())[0]
            cells = {bucket.cell for bucket in buckets}
            stored = await store.buckets(cells)
            old = await MongoFoldStore(Shelf(self._mongo.db, self._old), session).buckets(cells)
            rows = []
            for bucket in buckets:
                # By now the service may have counted on: what is stored is newer than what was compared.
                last = stored.get(bucket.cell, {}).get(bucket.domain) or StoredBucket(bucket, origin)
                known = old.get(bucket.cell, {}).get(bucket.domain)
                row = replace(last, version=last.version + 1, tick=_later(last, known))
                before = known.bucket if known is not None else Bucket(bucket.cell, bucket.domain)
                rows.append(replace(row, tick=announcer.announce(row, None if everything else before)))
            await store.put_buckets(rows)
            await outbox.write(self._mongo, session, tx.rows)
            return len(rows)

        return await translate(self._mongo.in_transaction(work))

    async def drop_old(self) -> None:
        """Drop the generation before, once every reader has had time to learn of the swap."""
        await asyncio.sleep(max(0.0, self._swapped_at_s + self._kept_s - monotonic_s()))
        await self._drop(Shelf(self._mongo.db, self._old))


def _later(one: StoredBucket, other: StoredBucket | None) -> Mapping[str, int] | None:
    ticks = [row.tick for row in (one, other) if row is not None and row.tick is not None]
    return max(ticks, key=lambda tick: (tick["at_ms"], tick["seq"]), default=None)


def _says_something(bucket: Bucket) -> bool:
    return bucket.counts.reports > 0 or (bucket.domain == ALL and bucket.exposure is not None)


async def _rows(shelf: Shelf) -> AsyncIterator[doc.Document]:
    cursor = shelf[doc.BUCKETS].find(batch_size=WALKED_AT_ONCE).sort("_id", 1)
    while some := await translate(cursor.to_list(WALKED_AT_ONCE)):
        for document in some:
            yield document
