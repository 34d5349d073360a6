"""Exposure in MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime

from services.intake.adapters.aggregates import Aggregates, Document, FoundDocuments, Write
from services.intake.adapters.events import exposure_event
from services.intake.domain.exposures import Exposure
from shared.contracts.topics import EXPOSURE

COLLECTION = "exposure"


class MongoExposures:
    """The store of exposure.

    Args:
        aggregates: Writes.
    """

    def __init__(self, aggregates: Aggregates) -> None:
        self._aggregates = aggregates

    async def prepare(self) -> None:
        """Make the collection."""
        await self._aggregates.prepare(COLLECTION)

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
