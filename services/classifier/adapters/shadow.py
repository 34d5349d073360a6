"""Comparisons with a model in shadow, in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pymongo import UpdateOne

from services.classifier.domain.shadow import COMPARED, Comparison, Tally
from shared.runtime.mongo import Mongo, translate

COLLECTION = "shadow"
ESCALATIONS = ("both", "only_live", "only_shadow")


class MongoShadow:
    """One document for each pair of models and day; it holds counts and nothing of a report.

    Args:
        mongo: The classifier's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def add(self, tallies: Sequence[Tally]) -> None:
        """Add counts to what is kept; raises Unavailable where the database is away."""
        writes = [
            UpdateOne(
                {"_id": f"{said.day}|{said.live}|{said.shadow}"},
                {
                    "$set": {"day": said.day.isoformat(), "live": said.live, "shadow": said.shadow},
                    "$inc": {
                        "compared": said.compared,
                        **{f"agreed.{name}": number for name, number in said.agreed.items()},
                        **{f"escalations.{who}": number for who, number in said.escalations.items()},
                        **{f"errors.{name}": number for name, number in said.errors.items()},
                    },
                },
                upsert=True,
            )
            for said in tallies
            if said.compared or said.errors
        ]
        if writes:
            await translate(self._mongo.db[COLLECTION].bulk_write(writes, ordered=False))

    async def comparisons(self) -> list[Comparison]:
        """Return all comparisons, in order of day and models; raises Unavailable where the database is away."""
        stored = await translate(self._mongo.db[COLLECTION].find().sort("_id").to_list(None))
        return [
            Comparison(
                live=kept["live"],
                shadow=kept["shadow"],
                day=date.fromisoformat(kept["day"]),
                compared=kept["compared"],
                agreed={name: kept.get("agreed", {}).get(name, 0) for name in COMPARED},
                escalations={who: kept.get("escalations", {}).get(who, 0) for who in ESCALATIONS},
                errors=kept.get("errors", {}),
            )
            for kept in stored
        ]
