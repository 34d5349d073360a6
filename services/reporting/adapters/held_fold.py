"""The fold's store for the first reading of a rebuild: what the sites of a partition come to is written once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pymongo import InsertOne, ReplaceOne
from pymongo.errors import BulkWriteError

from services.reporting.adapters import documents as doc
from services.reporting.adapters.mongo_fold import CHANGED_NOW, VERSIONS_OF_A_GENERATION, MongoFoldStore, Write
from services.reporting.adapters.shelves import Shelf
from services.reporting.domain.buckets import Cell
from services.reporting.domain.exposure import Period
from services.reporting.domain.facts import Fact, Shown
from services.reporting.domain.registry import Provider, Site
from services.reporting.domain.states import COUNTED_ALONE, KINDS, State
from services.reporting.domain.stored import ExposureRecord, StoredBucket
from services.reporting.ports import ExposureKey, FactKey, SiteKey, StateKey
from shared.runtime.mongo import Session

HELD_MAX = 40_000
"""Facts and states held at most, about 8 KB each; above it they are written, and fetched again where more is said."""
AT_ONCE = 2_000
DUPLICATE = 11_000
STATED = (*KINDS, *COUNTED_ALONE)


class HeldFoldStore:
    """Implements `ports.FoldStore` over memory, for views that nobody reads yet.

    Everything there is of a site lies in one partition, so a store that takes whole partitions counts exactly: each
    cell's tallies follow the facts as they change, and its rows are made from them once, at the end.

    Args:
        shelf: The generation that is built; its collections were empty before the first of its stores.
        session: Every command passes it on.
    """

    def __init__(self, shelf: Shelf, session: Session) -> None:
        self._db = shelf
        self.session = session
        self._facts: dict[FactKey, Fact] = {}
        self._states: dict[str, dict[StateKey, State]] = defaultdict(dict)
        self._away: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        self._tallies: dict[Cell, Counter[str]] = defaultdict(Counter)
        self._exposure: dict[ExposureKey, ExposureRecord] = {}
        self._periods: dict[Cell, list[Period]] | None = None
        self._providers: dict[str, Provider] = {}
        self._sites: dict[SiteKey, Site] = {}
        self._versions: set[tuple[str, str, str]] = set()

    @property
    def _stored(self) -> MongoFoldStore:
        return MongoFoldStore(self._db, self.session)

    async def facts(self, keys: Collection[FactKey]) -> dict[FactKey, Fact]:
        """Return what is known of the reports named."""
        if away := self._away[doc.FACTS].intersection(set(keys) - self._facts.keys()):
            self._facts |= await self._stored.facts([(p, s, r) for p, s, r in away])
        return {key: self._facts[key] for key in keys if key in self._facts}

    async def put_facts(self, facts: Sequence[Fact]) -> None:
        """Keep facts, and count them where they count now."""
        for fact in facts:
            key = (fact.provider_id, fact.site_id, fact.report_id)
            old = self._facts.get(key)
            was, now = old.shown() if old else None, fact.shown()
            if was != now:
                self._count(key, was, -1)
                self._count(key, now, 1)
            self._facts[key] = fact

    def _count(self, key: FactKey, shown: Shown | None, number: int) -> None:
        if shown is not None:
            self._tallies[Cell(key[0], key[1], shown.week)][shown.tally()] += number

    async def forget_panels(self, provider_ids: Collection[str]) -> None:
        """Nothing is kept of views that nobody reads yet."""

    async def providers(self, ids: Collection[str]) -> dict[str, Provider]:
        """Return the providers named that are known."""
        return {id_: self._providers[id_] for id_ in ids if id_ in self._providers}

    async def put_providers(self, providers: Sequence[Provider]) -> None:
        """Keep providers."""
        self._providers |= {provider.provider_id: provider for provider in providers}

    async def sites(self, keys: Collection[SiteKey]) -> dict[SiteKey, Site]:
        """Return the sites named that are known."""
        return {key: self._sites[key] for key in keys if key in self._sites}

    async def put_sites(self, sites: Sequence[Site]) -> None:
        """Keep sites."""
        self._sites |= {(site.provider_id, site.site_id): site for site in sites}

    async def guard_sites(self, keys: Collection[SiteKey]) -> None:
        """Nobody else writes here."""

    async def exposure(self, keys: Collection[ExposureKey]) -> dict[ExposureKey, ExposureRecord]:
        """Return the exposure recorded under the keys."""
        return {key: self._exposure[key] for key in keys if key in self._exposure}

    async def put_exposure(self, records: Sequence[ExposureRecord]) -> None:
        """Keep exposure."""
        self._exposure |= {(r.provider_id, r.site_id, r.period.unit, r.period.start): r for r in records}
        self._periods = None

    async def cells_with_exposure(self, keys: Collection[SiteKey]) -> list[Cell]:  # noqa: ARG002 - port
        """Return no cell: all are counted at the end."""
        return []

    async def states(self, kind: str, keys: Collection[StateKey]) -> dict[StateKey, State]:
        """Return the states named that are known, of one kind."""
        held = self._states[kind]
        if away := self._away[kind].intersection(set(keys) - held.keys()):
            held |= await self._stored.states(kind, [(provider, state) for provider, state in away])
        return {key: held[key] for key in keys if key in held}

    async def put_states(self, kind: str, states: Sequence[State]) -> None:
        """Keep states of one kind."""
        self._states[kind] |= {(state.provider_id, state.state_id): state for state in states}

    async def note_versions(self, versions: Collection[tuple[str, str, str]]) -> None:
        """Remember which taxonomy and model a provider's labels were made with."""
        self._versions |= set(versions)

    def cells(self) -> list[Cell]:
        """Return the sites and weeks that have facts or exposure, in order."""
        counted = {cell for cell, lines in self._tallies.items() if any(lines.values())}
        return sorted(counted | self._exposure_by_cell().keys())

    def _exposure_by_cell(self) -> dict[Cell, list[Period]]:
        if self._periods is None:
            self._periods = defaultdict(list)
            for record in self._exposure.values():
                if (cell := record.cell()) is not None:
                    self._periods[cell].append(record.period)
        return self._periods

    async def tallies(self, cells: Collection[Cell]) -> dict[Cell, list[tuple[str, int]]]:
        """Return the facts of cells counted by what they count as."""
        return {cell: [line for line in self._tallies[cell].items() if line[1]] for cell in cells}

    async def periods(self, cells: Collection[Cell]) -> dict[Cell, list[Period]]:
        """Return the exposure that lies within the cells' weeks."""
        known = self._exposure_by_cell()
        return {cell: known[cell] for cell in cells if cell in known}

    async def buckets(self, cells: Collection[Cell]) -> dict[Cell, dict[str, StoredBucket]]:  # noqa: ARG002 - port
        """Return no row: each cell is counted once."""
        return {}

    async def put_buckets(self, buckets: Sequence[StoredBucket]) -> None:
        """Write rows; none of them is there yet."""
        await self._write(doc.BUCKETS, [InsertOne(doc.bucket_document(row)) for row in buckets])

    async def touch(self, cells: Collection[Cell]) -> None:
        """Nobody else writes here."""

    async def origin(self) -> tuple[int, Mapping[str, int] | None]:
        """Return the version and place in time that a new row goes on from; see `MongoFoldStore.origin`."""
        return self._db.generation * VERSIONS_OF_A_GENERATION, None

    async def relieve(self) -> None:
        """Write facts and states once there are too many to hold."""
        if len(self._facts) + sum(map(len, self._states.values())) > HELD_MAX:
            await self._write_out()

    async def flush(self) -> None:
        """Write everything that is held; nothing more is taken."""
        await self._write_out()
        stored = self._stored
        await stored.put_providers(list(self._providers.values()))
        await stored.put_sites(list(self._sites.values()))
        await self._write(doc.EXPOSURE, [InsertOne(doc.exposure_document(one)) for one in self._exposure.values()])
        await stored.note_versions(self._versions)

    async def _write_out(self) -> None:
        await self._put_away(doc.FACTS, self._facts, lambda fact: doc.fact_document(fact) | CHANGED_NOW)
        for kind, held in self._states.items():
            await self._put_away(kind, held, lambda state: doc.state_document(state) | CHANGED_NOW)

    async def _put_away(self, name: str, held: dict[Any, Any], document_of: Any) -> None:
        away, keys = self._away[name], list(held)
        for start in range(0, len(keys), AT_ONCE):
            writes: list[Write] = []
            for key in keys[start : start + AT_ONCE]:
                document = document_of(held[key])
                known = key in away
                writes.append(ReplaceOne({"_id": document["_id"]}, document) if known else InsertOne(document))
            await self._write(name, writes)
        away.update(keys)
        held.clear()

    async def _write(self, name: str, writes: Sequence[Write]) -> None:
        if not writes:
            return
        try:
            await self._db[name].bulk_write(writes, ordered=False, session=self.session)
        except BulkWriteError as error:
            faults = error.details["writeErrors"]
            if name not in STATED or any(fault["code"] != DUPLICATE for fault in faults):
                raise
            # What is stated of one thing from two partitions: the higher version holds, as everywhere.
            for fault in faults:
                document = fault["op"]
                older = {"_id": document["_id"], "version": {"$lt": document["version"]}}
                await self._db[name].replace_one(older, document, session=self.session)
