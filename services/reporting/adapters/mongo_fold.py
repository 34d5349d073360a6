"""The fold's store: facts and buckets read and written in bulk, inside the batch's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from pymongo import DeleteMany, InsertOne, ReplaceOne, UpdateOne
from pymongo.collection import Collection as PlainCollection

from services.reporting.adapters import documents as doc
from services.reporting.adapters.shelves import Shelf
from services.reporting.domain.buckets import Cell
from services.reporting.domain.exposure import Period
from services.reporting.domain.facts import ALL, Fact
from services.reporting.domain.registry import Provider, Site
from services.reporting.domain.states import State
from services.reporting.domain.stored import ExposureRecord, StoredBucket
from services.reporting.ports import ExposureKey, FactKey, SiteKey, StateKey
from shared.runtime.mongo import PlainSession, Session
from shared.runtime.written import write_plainly

T = TypeVar("T")
AT_ONCE = 10_000
"""Documents in a first answer: its usual hundred would make every batch of the log ask twice."""
CHANGED_NOW: doc.Document = {doc.CHANGED: doc.NOW}
Documents = PlainCollection[doc.Document]
Write = InsertOne[doc.Document] | ReplaceOne[doc.Document] | UpdateOne | DeleteMany
VERSIONS_OF_A_GENERATION = 1_000_000_000
"""No row changes so often; and nine million generations fit into the numbers that JSON readers keep exactly."""


class MongoFoldStore:
    """Implements `ports.FoldStore` over one transaction, in a thread of its own: no call ever waits on an event loop.

    So a fold is one turn of a thread (`shared.runtime.turns`) and not two for each of its commands; a command line may
    call it as it is.

    What was looked for and not found is inserted, the rest replaced: an insert costs a fraction of an upsert. Where
    another transaction has made the document meanwhile, the two meet, and one of them is tried again.

    Args:
        shelf: The generation of views that is folded into.
        session: The transaction's session; every call passes it on.
        history: Whether every version of a row is kept for questions as of a moment.
    """

    def __init__(self, shelf: Shelf, session: Session, *, history: bool = False) -> None:
        self._shelf = shelf
        self._session: PlainSession = session.delegate
        self._history = history
        self._absent: dict[str, set[str]] = defaultdict(set)
        self._rows: dict[str, set[str]] = {}
        self._care: dict[str, tuple[object, object]] = {}

    def _collection(self, name: str) -> Documents:
        plain: Documents = self._shelf[name].delegate
        return plain

    async def _read(
        self, collection: str, ids: Collection[str], read: Callable[[Mapping[str, Any]], T]
    ) -> dict[str, T]:
        cursor = self._collection(collection).find(
            {"_id": {"$in": list(ids)}}, session=self._session, batch_size=AT_ONCE
        )
        found = {document["_id"]: read(document) for document in cursor}
        self._absent[collection].update(id_ for id_ in ids if id_ not in found)
        return found

    async def _replace(self, collection: str, documents: Sequence[doc.Document]) -> None:
        absent = self._absent[collection]
        await self._write(
            collection,
            [
                InsertOne(document)
                if document["_id"] in absent
                else ReplaceOne({"_id": document["_id"]}, document, upsert=True)
                for document in documents
            ],
        )
        absent.difference_update([document["_id"] for document in documents])

    async def _write(self, collection: str, writes: Sequence[Write]) -> None:
        if writes:
            self._collection(collection).bulk_write(writes, ordered=False, session=self._session)

    async def facts(self, keys: Collection[FactKey]) -> dict[FactKey, Fact]:
        """Return what is known of the reports named."""
        found = await self._read(doc.FACTS, [doc.joined(*key) for key in keys], doc.fact_of)
        return {(fact.provider_id, fact.site_id, fact.report_id): fact for fact in found.values()}

    async def put_facts(self, facts: Sequence[Fact]) -> None:
        """Keep facts, with what they count as."""
        await self._replace(doc.FACTS, [doc.fact_document(fact) | CHANGED_NOW for fact in facts])

    async def forget_panels(self, provider_ids: Collection[str]) -> None:
        """Throw away what is kept of providers' panels; one that is being written learns of it by the number."""
        kept = ("made", "generation", "read_from", "form", "words", "followed", "rows")
        change = {"$inc": {"erasures": 1}, "$unset": dict.fromkeys(kept, "")}
        await self._update(doc.PANEL_HEADS, dict.fromkeys(provider_ids, change))
        await self._write(doc.PANEL_PARTS, [DeleteMany({"provider": {"$in": list(provider_ids)}})])

    async def providers(self, ids: Collection[str]) -> dict[str, Provider]:
        """Return the providers named that are known."""
        return await self._read(doc.PROVIDERS, ids, doc.provider_of)

    async def put_providers(self, providers: Sequence[Provider]) -> None:
        """Keep providers."""
        await self._replace(doc.PROVIDERS, [doc.provider_document(provider) for provider in providers])

    async def sites(self, keys: Collection[SiteKey]) -> dict[SiteKey, Site]:
        """Return the sites named that are known; one that only its guard has written is not."""
        wanted = {"_id": {"$in": [doc.joined(*key) for key in keys]}, "revision": {"$gt": 0}}
        cursor = self._collection(doc.SITES).find(wanted, session=self._session)
        return {(d["provider"], d["site"]): doc.site_of(d) for d in cursor}

    async def put_sites(self, sites: Sequence[Site]) -> None:
        """Keep sites."""
        await self._update(
            doc.SITES, {doc.joined(s.provider_id, s.site_id): {"$set": doc.site_document(s)} for s in sites}
        )

    async def guard_sites(self, keys: Collection[SiteKey]) -> None:
        """Make two transactions meet that change a site's exposure and its kind at the same moment."""
        await self._update(
            doc.SITES,
            {
                doc.joined(*key): {"$inc": {"touched": 1}, "$setOnInsert": {"provider": key[0], "site": key[1]}}
                for key in keys
            },
        )

    async def _update(self, collection: str, updates: Mapping[str, Mapping[str, Any]]) -> None:
        await self._write(collection, [UpdateOne({"_id": id_}, update, upsert=True) for id_, update in updates.items()])

    async def exposure(self, keys: Collection[ExposureKey]) -> dict[ExposureKey, ExposureRecord]:
        """Return the exposure recorded under the keys."""
        found = await self._read(doc.EXPOSURE, [doc.joined(*key) for key in keys], doc.exposure_of)
        return {(r.provider_id, r.site_id, r.period.unit, r.period.start): r for r in found.values()}

    async def put_exposure(self, records: Sequence[ExposureRecord]) -> None:
        """Keep exposure."""
        await self._replace(doc.EXPOSURE, [doc.exposure_document(record) for record in records])

    async def cells_with_exposure(self, keys: Collection[SiteKey]) -> list[Cell]:
        """Return the cells of the sites that have exposure within their week."""
        wanted = {"$or": [{"provider": provider, "site": site} for provider, site in keys]}
        cursor = self._collection(doc.EXPOSURE).find(wanted, session=self._session)
        cells = {doc.exposure_of(document).cell() for document in cursor}
        return [cell for cell in cells if cell is not None]

    async def states(self, kind: str, keys: Collection[StateKey]) -> dict[StateKey, State]:
        """Return the states named that are known, of one kind."""
        found = await self._read(kind, [doc.joined(*key) for key in keys], doc.state_of)
        return {(state.provider_id, state.state_id): state for state in found.values()}

    async def put_states(self, kind: str, states: Sequence[State]) -> None:
        """Keep states of one kind."""
        await self._replace(kind, [doc.state_document(state) | CHANGED_NOW for state in states])

    async def note_versions(self, versions: Collection[tuple[str, str, str]]) -> None:
        """Remember which taxonomy and model a provider's labels were made with; a known one is not written."""
        await self._update(
            doc.VERSIONS,
            {
                doc.joined(*version): {
                    "$setOnInsert": dict(zip(("provider", "taxonomy", "model"), version, strict=True))
                }
                for version in versions
            },
        )

    async def tallies(self, cells: Collection[Cell]) -> dict[Cell, list[tuple[str, int]]]:
        """Count the facts of cells by what they count as: one scan of one index, whatever the number of cells."""
        by_key = {cell.key(): cell for cell in cells}
        stages: list[doc.Document] = [
            {"$match": {"cell": {"$in": list(by_key)}}},
            {"$group": {"_id": {"cell": "$cell", "tally": "$tally"}, "number": {"$sum": 1}}},
        ]
        found: dict[Cell, list[tuple[str, int]]] = defaultdict(list)
        cursor = self._collection(doc.FACTS).aggregate(stages, session=self._session, batchSize=AT_ONCE)
        for line in cursor:
            found[by_key[line["_id"]["cell"]]].append((line["_id"]["tally"], line["number"]))
        return found

    async def periods(self, cells: Collection[Cell]) -> dict[Cell, list[Period]]:
        """Return the exposure that lies within the cells' weeks."""
        by_key = {cell.key(): cell for cell in cells}
        wanted = {"cell": {"$in": list(by_key)}}
        cursor = self._collection(doc.EXPOSURE).find(wanted, session=self._session, batch_size=AT_ONCE)
        found: dict[Cell, list[Period]] = defaultdict(list)
        for document in cursor:
            found[by_key[document["cell"]]].append(doc.exposure_of(document).period)
        return found

    async def buckets(self, cells: Collection[Cell]) -> dict[Cell, dict[str, StoredBucket]]:
        """Return the stored buckets of cells by domain."""
        by_key = {cell.key(): cell for cell in cells}
        wanted = {"cell": {"$in": list(by_key)}}
        cursor = self._collection(doc.BUCKETS).find(wanted, session=self._session, batch_size=AT_ONCE)
        found: dict[Cell, dict[str, StoredBucket]] = defaultdict(dict)
        self._rows |= {key: set() for key in by_key}
        for document in cursor:
            self._rows[document["cell"]].add(document["_id"])
            if document["domain"] == ALL:
                self._care[document["_id"]] = document["exposure"], document["exposure_unit"]
            bucket = doc.bucket_of(document)
            found[bucket.cell][bucket.domain] = StoredBucket(bucket, document["version"], document["tick"])
        return found

    async def put_buckets(self, buckets: Sequence[StoredBucket]) -> None:
        """Keep buckets."""
        documents = [doc.bucket_document(row) for row in buckets]
        inserts, updates = list[doc.Document](), list[doc.Document]()
        for document in documents:
            self._row_write(document, inserts, updates)
        self._write_plainly(doc.BUCKETS, inserts, updates)
        if self._history:
            self._write_plainly(doc.ROW_HISTORY, [doc.history_document(document) for document in documents])

    def _write_plainly(
        self, collection: str, inserts: Sequence[doc.Document], updates: Sequence[doc.Document] = ()
    ) -> None:
        stored = self._collection(collection)
        write_plainly(stored.database, stored.name, inserts, updates, self._session)

    def _row_write(self, document: doc.Document, inserts: list[doc.Document], updates: list[doc.Document]) -> None:
        known = self._rows.get(document["cell"])
        told = self._told_care(document)
        mark: doc.Document = {"$currentDate": {doc.EXPOSED: {"$type": "timestamp"}}} if told else {}
        if known is None:
            updates.append({"q": {"_id": document["_id"]}, "u": {"$set": document} | mark, "upsert": True})
        elif document["_id"] in known:
            updates.append({"q": {"_id": document["_id"]}, "u": {"$set": doc.row_changes(document)} | mark})
        else:
            known.add(document["_id"])
            inserts.append(document | {doc.EXPOSED: doc.NOW} if told else document)

    def _told_care(self, document: doc.Document) -> bool:
        """Tell whether a row's care is new, which is marked for readers to find; most changes are of counts alone."""
        care, before = (document["exposure"], document["exposure_unit"]), self._care.get(document["_id"], (None, None))
        if document["domain"] != ALL or care == before:
            return False
        self._care[document["_id"]] = care
        return True

    async def touch(self, cells: Collection[Cell]) -> None:
        """Write to the (all) row of cells that did not change.

        A cell that changed is written anyway; so any two transactions that recompute one at the same moment
        meet, and one of them is tried again on what the other has left.
        """
        ids = [doc.joined(cell.provider_id, cell.site_id, ALL, cell.week) for cell in cells]
        await self._update(doc.BUCKETS, {row_id: {"$inc": {"touched": 1}} for row_id in ids})

    async def origin(self) -> tuple[int, Mapping[str, int] | None]:
        """Return the version and place in time that a new row goes on from: above all of earlier generations.

        Readers of the log keep the higher version, so the generation leads it.
        """
        return self._shelf.generation * VERSIONS_OF_A_GENERATION, None
