"""Assets in MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from services.intake.adapters.aggregates import Aggregates, Document, FoundDocuments, Write, patiently
from services.intake.adapters.events import asset_event
from services.intake.domain.assets import Asset, Inspection
from shared.contracts.topics import SITES
from shared.runtime.mongo import Mongo

COLLECTION = "assets"


class MongoAssets:
    """The store of assets.

    Args:
        mongo: Intake's database.
        aggregates: Writes.
    """

    def __init__(self, mongo: Mongo, aggregates: Aggregates) -> None:
        self._mongo = mongo
        self._aggregates = aggregates

    async def prepare(self) -> None:
        """Make the collection; its ids begin with provider and site, so that a page of them needs no other index."""
        await self._aggregates.prepare(COLLECTION)
        await self._mongo.db[COLLECTION].create_index([("provider_id", 1), ("site_id", 1), ("asset_id", 1)])

    async def change(
        self, keys: Sequence[str], decide: Callable[[Mapping[str, Asset]], Sequence[Asset]], at: datetime
    ) -> int:
        """Write new states with their events in one transaction; return how many changed.

        Raises:
            Unavailable: the database did not answer.
        """

        def work(found: FoundDocuments) -> tuple[list[Write], int]:
            known = {key: _asset(document) for key, document in found.get(COLLECTION, {}).items()}
            following = decide(known)
            return [Write(COLLECTION, _document(one), SITES, asset_event(one, at)) for one in following], len(following)

        return await self._aggregates.change({COLLECTION: keys}, work)

    async def page(
        self, provider_id: str, sites: frozenset[str] | None, after: tuple[str, str] | None, limit: int
    ) -> list[Asset]:
        """Return assets of a provider by site and id.

        Args:
            provider_id: Whose they are.
            sites: Sites in reach; None for all.
            after: Site and id of the last one of the page before.
            limit: At most so many.

        Raises:
            Unavailable: the database did not answer.
        """
        query: dict[str, Any] = {"provider_id": provider_id}
        if sites is not None:
            query["site_id"] = {"$in": sorted(sites)}
        if after is not None:
            site_id, asset_id = after
            beyond = [{"site_id": {"$gt": site_id}}, {"site_id": site_id, "asset_id": {"$gt": asset_id}}]
            query = {"$and": [query, {"$or": beyond}]}
        cursor = self._mongo.db[COLLECTION].find(query).sort([("site_id", 1), ("asset_id", 1)]).limit(limit)
        return [_asset(document) for document in await patiently(cursor.to_list(None))]


def _asset(document: Document) -> Asset:
    state = {name: value for name, value in document.items() if name not in ("_id", "tick")}
    state |= {name: _day(state[name]) for name in ("in_use_from", "retired_on")}
    state["inspections"] = tuple(
        Inspection(one["kind"], _day(one["last_on"]), _day(one["due_on"])) for one in state["inspections"]
    )
    return Asset(**state)


def _document(asset: Asset) -> Document:
    state = asdict(asset)
    for one in (state, *state["inspections"]):
        one.update({name: value.isoformat() for name, value in one.items() if isinstance(value, date)})
    return {**state, "_id": asset.key, "inspections": list(state["inspections"])}


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
