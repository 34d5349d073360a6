"""Corrections in MongoDB, published from the transaction that keeps them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from services.classifier.domain.correction import Correction
from services.classifier.ports import ReportKey
from shared.contracts import classifier as wire
from shared.contracts.topics import CLASSIFICATIONS
from shared.kernel.clock import Clock
from shared.kernel.ids import event_id
from shared.runtime import outbox
from shared.runtime.mongo import Mongo, Session, translate
from shared.runtime.outbox import OutboxRow, Tick

COLLECTION = "corrections"


class MongoCorrections:
    """The store of corrections: one document per report, its decisions in order.

    Args:
        mongo: The classifier's database.
        clock: The source of now.
        taxonomy_version: Version of the words that were offered.
        wake: Called when an event lies in the outbox.
    """

    def __init__(self, mongo: Mongo, clock: Clock, taxonomy_version: str, wake: Callable[[], None]) -> None:
        self._mongo = mongo
        self._clock = clock
        self._taxonomy = taxonomy_version
        self._wake = wake

    async def prepare(self) -> None:
        """Make the collections and indexes that transactions need."""
        existing = await self._mongo.db.list_collection_names()
        for name in (COLLECTION, outbox.COLLECTION):
            if name not in existing:
                await self._mongo.db.create_collection(name)

    async def record(self, correction: Correction) -> int:
        """Keep and publish a correction in one transaction.

        Returns:
            Its decision number.

        Raises:
            Unavailable: the database cannot be reached.
        """
        said = correction
        identity = f"{said.provider_id}|{said.site_id}|{said.report_id}"
        now = self._clock.now()

        async def work(session: Session) -> int:
            stored = await self._mongo.db[COLLECTION].find_one({"_id": identity}, session=session)
            number = int((stored or {}).get("decision_no", 0)) + 1
            tick = Tick.after((stored or {}).get("tick"), int(now.timestamp() * 1000))
            event = self._event(said, number)
            decision = {
                "decision_no": number,
                "event_id": event.event_id,
                "report_revision": said.report_revision,
                "fields": dict(said.fields),
                "by_role": said.by_role,
                "reason": said.reason,
                "at": now,
            }
            await self._mongo.db[COLLECTION].update_one(
                {"_id": identity},
                {
                    "$set": {
                        "decision_no": number,
                        "tick": tick.stored(),
                        "provider_id": said.provider_id,
                        "site_id": said.site_id,
                    },
                    "$push": {"decisions": decision},
                },
                upsert=True,
                session=session,
            )
            row = OutboxRow.for_event(CLASSIFICATIONS, event, identity, tick, "classifier")
            await outbox.write(self._mongo, session, [row])
            return number

        number = await translate(self._mongo.in_transaction(work))
        self._wake()
        return number

    def _event(self, said: Correction, number: int) -> wire.ClassificationCorrected:
        return wire.ClassificationCorrected(
            event_id=event_id("ClassificationCorrected", said.report_id, number),
            provider_id=said.provider_id,
            site_id=said.site_id,
            recorded_at=self._clock.now(),
            correction=wire.Correction(
                report_id=said.report_id,
                report_revision=said.report_revision,
                decision_no=number,
                fields=dict(said.fields),
                by_role=said.by_role,
                reason=said.reason,
                taxonomy_version=self._taxonomy,
            ),
        )

    async def history(self, provider_id: str, site_id: str, report_id: str) -> list[dict[str, Any]]:
        """Return the decisions on a report, oldest first."""
        identity = f"{provider_id}|{site_id}|{report_id}"
        stored = await translate(self._mongo.db[COLLECTION].find_one({"_id": identity}))
        return list((stored or {}).get("decisions", []))

    async def corrected(self, provider_id: str, limit: int, after: str | None) -> list[dict[str, Any]]:
        """Return reports with their decisions, in order of site and report.

        Args:
            provider_id: The tenant.
            limit: At most so many.
            after: `place` of the last one that was read; None from the start.
        """
        place: dict[str, Any] = {"$gte": f"{provider_id}|", "$lt": f"{provider_id}}}"}
        if after is not None:
            place["$gt"] = f"{provider_id}|{after}"
        found = self._mongo.db[COLLECTION].find({"provider_id": provider_id, "_id": place}).sort("_id").limit(limit)
        stored = await translate(found.to_list(None))
        return [
            {
                "site_id": kept["site_id"],
                "report_id": _report_id(kept),
                "place": kept["_id"].removeprefix(f"{provider_id}|"),
                "decisions": kept["decisions"],
            }
            for kept in stored
        ]

    async def every_report(self, provider_id: str | None) -> AsyncIterator[tuple[ReportKey, list[dict[str, Any]]]]:
        """Yield every corrected report with its decisions in order; raises Unavailable where the database is away."""
        wanted = {} if provider_id is None else {"provider_id": provider_id}
        cursor = self._mongo.db[COLLECTION].find(wanted).sort("_id")
        while batch := await translate(cursor.to_list(1_000)):
            for kept in batch:
                yield (kept["provider_id"], kept["site_id"], _report_id(kept)), kept["decisions"]


def _report_id(kept: dict[str, Any]) -> str:
    said: str = kept["_id"].removeprefix(f"{kept['provider_id']}|{kept['site_id']}|")
    return said
