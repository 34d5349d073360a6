"""The fold's store: facts and buckets read and written in bulk, inside the batch's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from pymongo import ReplaceOne, UpdateOne

from services.reporting.adapters import documents as doc
from services.reporting.domain.buckets import Cell
from services.reporting.domain.exposure import Period
from services.reporting.domain.facts import ALL, Fact
from services.reporting.domain.registry import Provider, Site
from services.reporting.domain.states import State
from services.reporting.domain.stored import ExposureRecord, StoredBucket
from services.reporting.ports import ExposureKey, FactKey, SiteKey, StateKey
from shared.runtime.mongo import Database, Session

T = TypeVar("T")


class MongoFoldStore:
    """Implements `ports.FoldStore` over one transaction.

    Args:
        db: The service's database.
        session: The transaction's session; every call passes it on.
    """

    def __init__(self, db: Database, session: Session) -> None:
        self._db = db
        self._session = session

    async def _read(
        self, collection: str, ids: Collection[str], read: Callable[[Mapping[str, Any]], T]
    ) -> dict[str, T]:
        cursor = self._db[collection].find({"_id": {"$in": list(ids)}}, session=self._session)
        return {document["_id"]: read(document) async for document in cursor}

    async def _replace(self, collection: str, documents: Sequence[doc.Document]) -> None:
        if documents:
            writes = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents]
            await self._db[collection].bulk_write(writes, ordered=False, session=self._session)

    async def facts(self, keys: Collection[FactKey]) -> dict[FactKey, Fact]:
        """Return what is known of the reports named."""
        found = await self._read(doc.FACTS, [doc.joined(*key) for key in keys], doc.fact_of)
        return {(fact.provider_id, fact.site_id, fact.report_id): fact for fact in found.values()}

    async def put_facts(self, facts: Sequence[Fact]) -> None:
        """Keep facts, with what they count as."""
        await self._replace(doc.FACTS, [doc.fact_document(fact) for fact in facts])

    async def providers(self, ids: Collection[str]) -> dict[str, Provider]:
        """Return the providers named that are known."""
        return await self._read(doc.PROVIDERS, ids, doc.provider_of)

    async def put_providers(self, providers: Sequence[Provider]) -> None:
        """Keep providers."""
        await self._replace(doc.PROVIDERS, [doc.provider_document(provider) for provider in providers])

    async def sites(self, keys: Collection[SiteKey]) -> dict[SiteKey, Site]:
        """Return the sites named that are known; one that only its guard has written is not."""
        wanted = {"_id": {"$in": [doc.joined(*key) for key in keys]}, "revision": {"$gt": 0}}
        cursor = self._db[doc.SITES].find(wanted, session=self._session)
        return {(d["provider"], d["site"]): doc.site_of(d) async for d in cursor}

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
        if updates:
            writes = [UpdateOne({"_id": id_}, update, upsert=True) for id_, update in updates.items()]
            await self._db[collection].bulk_write(writes, ordered=False, session=self._session)

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
        cursor = self._db[doc.EXPOSURE].find(wanted, session=self._session)
        cells = {doc.exposure_of(document).cell() async for document in cursor}
        return [cell for cell in cells if cell is not None]

    async def signals(self, keys: Collection[StateKey]) -> dict[StateKey, State]:
        """Return the signals named that are known."""
        return await self._states(doc.SIGNALS, keys)

    async def put_signals(self, states: Sequence[State]) -> None:
        """Keep signals."""
        await self._replace(doc.SIGNALS, [doc.state_document(state) for state in states])

    async def actions(self, keys: Collection[StateKey]) -> dict[StateKey, State]:
        """Return the actions named that are known."""
        return await self._states(doc.ACTIONS, keys)

    async def put_actions(self, states: Sequence[State]) -> None:
        """Keep actions."""
        await self._replace(doc.ACTIONS, [doc.state_document(state) for state in states])

    async def _states(self, collection: str, keys: Collection[StateKey]) -> dict[StateKey, State]:
        found = await self._read(collection, [doc.joined(*key) for key in keys], doc.state_of)
        return {(state.provider_id, state.state_id): state for state in found.values()}

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
        async for line in self._db[doc.FACTS].aggregate(stages, session=self._session):
            found[by_key[line["_id"]["cell"]]].append((line["_id"]["tally"], line["number"]))
        return found

    async def periods(self, cells: Collection[Cell]) -> dict[Cell, list[Period]]:
        """Return the exposure that lies within the cells' weeks."""
        by_key = {cell.key(): cell for cell in cells}
        cursor = self._db[doc.EXPOSURE].find({"cell": {"$in": list(by_key)}}, session=self._session)
        found: dict[Cell, list[Period]] = defaultdict(list)
        async for document in cursor:
            found[by_key[document["cell"]]].append(doc.exposure_of(document).period)
        return found

    async def buckets(self, cells: Collection[Cell]) -> dict[Cell, dict[str, StoredBucket]]:
        """Return the stored buckets of cells by domain."""
        wanted = {"cell": {"$in": [cell.key() for cell in cells]}}
        found: dict[Cell, dict[str, StoredBucket]] = defaultdict(dict)
        async for document in self._db[doc.BUCKETS].find(wanted, session=self._session):
            bucket = doc.bucket_of(document)
            found[bucket.cell][bucket.domain] = StoredBucket(bucket, document["version"], document["tick"])
        return found

    async def put_buckets(self, buckets: Sequence[StoredBucket]) -> None:
        """Keep buckets."""
        await self._update(doc.BUCKETS, {row.bucket.row_id(): {"$set": doc.bucket_document(row)} for row in buckets})

    async def touch(self, cells: Collection[Cell]) -> None:
        """Write to the (all) row of cells that did not change.

        A cell that changed is written anyway; so any two transactions that recompute one at the same moment
        meet, and one of them is tried again on what the other has left.
        """
        ids = [doc.joined(cell.provider_id, cell.site_id, ALL, cell.week) for cell in cells]
        await self._update(doc.BUCKETS, {row_id: {"$inc": {"touched": 1}} for row_id in ids})

    async def origin(self) -> tuple[int, Mapping[str, int] | None]:
        """Return the version and place in time that a new row goes on from: those before the last rebuild."""
        document = await self._db[doc.META].find_one({"_id": doc.ROWS}, session=self._session)
        if document is None:
            return 0, None
        return int(document["version"]), {"at_ms": int(document["at_ms"]), "seq": 0}
