"""What the vault keeps, found by person or by age; appraisals; and new wrapping of its keys. All in MongoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime

from services.intake.adapters.aggregates import patiently
from services.intake.adapters.reports import COLLECTION as REPORTS_KEPT
from services.intake.adapters.reports import stored_report
from services.intake.adapters.vault import AesVault
from services.intake.domain.retention import Appraisal
from services.intake.ports import StoredReport
from shared.runtime.mongo import Mongo

APPRAISALS = "appraisals"


class MongoKept:
    """The store behind the vault's keeper.

    Args:
        mongo: Intake's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def prepare(self) -> None:
        """Make the indexes."""
        reports = self._mongo.db[REPORTS_KEPT]
        await reports.create_index([("provider_id", 1), ("received_at", 1)])
        await reports.create_index([("provider_id", 1), ("person_token", 1)], sparse=True)
        await self._mongo.db[APPRAISALS].create_index([("provider_id", 1), ("report_id", 1), ("at", 1)])

    async def of_person(self, provider_id: str, tokens: Mapping[str, str]) -> list[StoredReport]:
        """Return reports about a person, by their token at each site, the oldest first."""
        if not tokens:
            return []
        query = {"provider_id": provider_id, "person_token": {"$in": list(tokens.values())}}
        cursor = self._mongo.db[REPORTS_KEPT].find(query).sort("received_at", 1)
        found = [stored_report(document) for document in await patiently(cursor.to_list(None))]
        return [one for one in found if tokens.get(one.report.site_id) == one.report.person_token]

    async def received_before(self, provider_id: str, before: datetime, limit: int) -> list[StoredReport]:
        """Return reports whose words are still kept, received before a moment, the oldest first."""
        query = {"provider_id": provider_id, "received_at": {"$lt": before}, "erased": {"$exists": False}}
        cursor = self._mongo.db[REPORTS_KEPT].find(query).sort("received_at", 1).limit(limit)
        return [stored_report(document) for document in await patiently(cursor.to_list(None))]

    async def appraised(self, provider_id: str, report_ids: Sequence[str]) -> Mapping[str, Appraisal]:
        """Return the last appraisal of each report that has one."""
        query = {"provider_id": provider_id, "report_id": {"$in": list(report_ids)}}
        cursor = self._mongo.db[APPRAISALS].find(query, {"_id": 0}).sort("at", 1)
        found = {}
        for document in await patiently(cursor.to_list(None)):
            day = document["next_on"]
            kept = document | {"next_on": None if day is None else date.fromisoformat(day)}
            found[document["report_id"]] = Appraisal(**kept)
        return found

    async def add_appraisal(self, appraisal: Appraisal) -> None:
        """Write an appraisal down.

        Raises:
            Unavailable: the database did not answer.
        """
        day = appraisal.next_on
        document = asdict(appraisal) | {"next_on": None if day is None else day.isoformat()}
        await patiently(self._mongo.db[APPRAISALS].insert_one(document))


async def rewrap_keys(mongo: Mongo, vault: AesVault, kek_id: str) -> tuple[int, int]:
    """Wrap the data keys of all reports by the present key-encryption key; no text is read or written.

    A report that changes meanwhile is left and taken up by the next round, so that it can run while intake serves.

    Args:
        mongo: Intake's database.
        vault: Has the present key and the older ones.
        kek_id: Name of the present one.

    Returns:
        How many were wrapped anew, and how many are still under another key.

    Raises:
        UnknownKey: some report is sealed under a key that is not at hand; those before it are done.
    """
    reports, done = mongo.db[REPORTS_KEPT], 0
    older = {"sealed.kek_id": {"$ne": kek_id}}
    async for document in reports.find(older, {"sealed.kek_id": 1, "sealed.keys": 1}):
        sealed = document["sealed"] | {"entries": []}
        new = vault.rewrapped(document["_id"], sealed)
        same = {"_id": document["_id"], "sealed.keys": document["sealed"]["keys"]}
        update = {"$set": {"sealed.kek_id": new["kek_id"], "sealed.keys": new["keys"]}}
        done += (await reports.update_one(same, update)).modified_count
    return done, await reports.count_documents(older)
