"""Who read which original, in MongoDB: only ever added to."""

from __future__ import annotations

from dataclasses import asdict

from services.intake.adapters.aggregates import patiently
from services.intake.usecases.originals import Reading
from shared.runtime.mongo import Mongo

COLLECTION = "readings"


class MongoReadings:
    """The store of readings.

    Args:
        mongo: Intake's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def prepare(self) -> None:
        """Make the index by report."""
        await self._mongo.db[COLLECTION].create_index([("provider_id", 1), ("report_id", 1), ("at", 1)])

    async def add(self, readings: list[Reading]) -> None:
        """Write readings down.

        Raises:
            Unavailable: the database did not answer.
        """
        if readings:
            await patiently(self._mongo.db[COLLECTION].insert_many([asdict(one) for one in readings]))

    async def of_report(self, provider_id: str, report_id: str) -> list[Reading]:
        """Return the readings of a report, oldest first.

        Raises:
            Unavailable: the database did not answer.
        """
        query = {"provider_id": provider_id, "report_id": report_id}
        cursor = self._mongo.db[COLLECTION].find(query, {"_id": 0}).sort("at", 1)
        return [Reading(**document) for document in await patiently(cursor.to_list(None))]
