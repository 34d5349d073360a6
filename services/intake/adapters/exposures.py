"""Exposure in MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime

from services.intake.adapters.aggregates import Aggregates, Document, FoundDocuments, Write, patiently
from services.intake.adapters.events import exposure_event
from services.intake.domain.exposures import Exposure
from shared.contracts.topics import EXPOSURE
from shared.runtime.mongo import Mongo

COLLECTION = "exposure"


class MongoExposures:
    """The store of exposure.

    Args:
        mongo: Intake's database.
        aggregates: Writes.
    """

    def __init__(self, mongo: Mongo, aggregates: Aggregates) -> None:
        self._mongo = mongo
        self._aggregates = aggregates

    async def prepare(self) -> None:
        """Make the collection and the index of a provider's periods."""
        await self._aggregates.prepare(COLLECTION)
        await self._mongo.db[COLLECTION].create_index([("provider_id", 1), ("period_end", 1)])

    async def between(self, provider_id: str, sites: Sequence[str], first: date, last: date) -> list[Exposure]:
        """Return what was told of some sites for periods that touch these days, in order of the periods.

        Raises:
            Unavailable: the database did not answer.
        """
        query = {
            "provider_id": provider_id,
            "site_id": {"$in": list(sites)},
            "period_start": {"$lte": last.isoformat()},
            "period_end": {"$gte": first.isoformat()},
        }
        cursor = self._mongo.db[COLLECTION].find(query).sort("period_start", 1)
        return [_exposure(document) for document in await patiently(cursor.to_list(None))]

    async def change(
        self, keys: Sequence[str], decide: Callable[[Mapping[str, Exposure]], Sequence[Exposure]], at: datetime
    ) -> int:
        """Write new states with their events in one transaction; return how many changed.

        Raises:
            Unavailable: the database did not answer.
        """

        def work(found: FoundDocuments) -> tuple[list[Write], int]:
            known = {key: _exposure(document) for key, document in found.get(COLLECTION, {}).items()}
            following = decide(known)
            return [Write(COLLECTION, _document(one), EXPOSURE, exposure_event(one, at)) for one in following], len(
                following
            )

        return await self._aggregates.change({COLLECTION: keys}, work)


def _exposure(document: Document) -> Exposure:
    state = {name: value for name, value in document.items() if name not in ("_id", "tick")}
    state["period_start"] = date.fromisoformat(state["period_start"])
    state["period_end"] = date.fromisoformat(state["period_end"])
    return Exposure(**state)


def _document(exposure: Exposure) -> Document:
    return {
        **asdict(exposure),
        "_id": exposure.key,
        "period_start": exposure.period_start.isoformat(),
        "period_end": exposure.period_end.isoformat(),
    }
