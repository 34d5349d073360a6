"""Dialogues in MongoDB, one document per report, beside the report that they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from services.intake.adapters.aggregates import Aggregates, Document, FoundDocuments, Write, patiently
from services.intake.adapters.events import step_event
from services.intake.adapters.reports import COLLECTION as REPORTS_KEPT
from services.intake.adapters.reports import PHOTOS, report_writes, stored_report
from services.intake.domain.cases import DECIDED, Case, Step
from services.intake.domain.report import SITE
from services.intake.ports import StoredReport
from services.intake.ports.dialogue import CaseDecided, Reach
from shared.contracts.topics import DIALOGUE
from shared.kernel.act_time import ActTime
from shared.kernel.clock import Clock
from shared.runtime.mongo import Mongo

COLLECTION = "cases"
R = TypeVar("R")


class MongoCases:
    """The store of dialogues.

    Args:
        mongo: Intake's database.
        aggregates: Writes.
        act_time: Says whether a step is replayed history.
        clock: The source of now.
    """

    def __init__(self, mongo: Mongo, aggregates: Aggregates, act_time: ActTime, clock: Clock) -> None:
        self._mongo = mongo
        self._aggregates = aggregates
        self._act_time = act_time
        self._clock = clock

    async def prepare(self) -> None:
        """Make the collection and the indexes of the queue and of the return codes."""
        await self._aggregates.prepare(COLLECTION)
        reports = self._mongo.db[REPORTS_KEPT]
        waiting = {"waiting": True}
        await reports.create_index(
            [("provider_id", 1), ("reported_at", 1)], name="waiting", partialFilterExpression=waiting
        )
        await reports.create_index("code_hash", sparse=True)
        await reports.create_index([("provider_id", 1), ("site_id", 1), ("occurred_at", 1)])
        await self._mongo.db[COLLECTION].create_index("steps.facts.other_report_id", sparse=True)

    async def change(
        self,
        provider_id: str,
        report_id: str,
        decide: Callable[[StoredReport | None, Case | None], CaseDecided[R]],
    ) -> R:
        """Write what was decided over a report and its dialogue, with its events, in one transaction.

        Raises:
            Unavailable: the database did not answer.
        """

        def work(found: FoundDocuments) -> tuple[list[Write], R]:
            kept, case = _read(found, provider_id, report_id)
            decided = decide(None if kept is None else stored_report(kept), case)
            return self._writes(decided, kept, case), decided.result

        return await self._aggregates.change({REPORTS_KEPT: [report_id], COLLECTION: [report_id]}, work)

    async def change_beside(
        self,
        provider_id: str,
        report_id: str,
        other_id: str,
        decide: Callable[[StoredReport | None, Case | None, StoredReport | None], CaseDecided[R]],
    ) -> R:
        """Decide by the state of another report as well; see `ports.dialogue.CaseStore`.

        Raises:
            Unavailable: the database did not answer.
        """

        def work(found: FoundDocuments) -> tuple[list[Write], R]:
            kept, case = _read(found, provider_id, report_id)
            other = _own(found.get(REPORTS_KEPT, {}).get(other_id), provider_id)
            state = None if kept is None else stored_report(kept)
            decided = decide(state, case, None if other is None else stored_report(other))
            writes = self._writes(decided, kept, case)
            if other is not None and decided.change is not None:
                # Written as it is: a transaction that goes by this report and changes that one meets this.
                writes.append(Write(REPORTS_KEPT, other))
            return writes, decided.result

        return await self._aggregates.change({REPORTS_KEPT: [report_id, other_id], COLLECTION: [report_id]}, work)

    def _writes(self, decided: CaseDecided[R], kept: Document | None, case: Case | None) -> list[Write]:
        writes = list(report_writes(decided.change)) if decided.change else []
        if decided.case is not None:
            visibility = decided.change.stored.report.visibility if decided.change else (kept or {})["visibility"]
            recorded_at = self._clock.now() if self._act_time.replays else None
            writes += _steps(case, decided.case, visibility, recorded_at)
        return writes

    async def cases(self, provider_id: str, report_ids: Sequence[str]) -> Mapping[str, Case]:
        """Return the dialogues of some reports, by report."""
        query = {"_id": {"$in": list(report_ids)}, "provider_id": provider_id}
        documents = await patiently(self._mongo.db[COLLECTION].find(query).to_list(None))
        return {document["_id"]: _case(document) for document in documents}

    async def by_code(self, code_hash: bytes) -> StoredReport | None:
        """Return the report that a return code stands for."""
        document = await patiently(self._mongo.db[REPORTS_KEPT].find_one({"code_hash": code_hash}))
        return None if document is None else stored_report(document)

    async def waiting(self, provider_id: str, sites: Reach, held: bool, limit: int) -> list[StoredReport]:
        """Return reports that nobody has reviewed, the longest waiting first."""
        cursor = self._mongo.db[REPORTS_KEPT].find(_waiting(provider_id, sites, held)).sort("reported_at", 1)
        return [stored_report(document) for document in await patiently(cursor.limit(limit).to_list(None))]

    async def count_waiting(self, provider_id: str, sites: Reach, held: bool) -> int:
        """Return how many wait."""
        counting = self._mongo.db[REPORTS_KEPT].count_documents(_waiting(provider_id, sites, held))
        return int(await patiently(counting))

    async def near(self, provider_id: str, site_id: str, since: datetime, until: datetime) -> list[StoredReport]:
        """Return a site's standing reports of what happened in a span of time."""
        query = {
            "provider_id": provider_id,
            "site_id": site_id,
            "occurred_at": {"$gte": since, "$lt": until},
            "withdrawn": None,
        }
        documents = await patiently(self._mongo.db[REPORTS_KEPT].find(query).to_list(None))
        return [stored_report(document) for document in documents]

    async def joined(self, provider_id: str, report_id: str) -> list[StoredReport]:
        """Return the reports that were said to tell of the same event as one, which alone is counted."""
        said = {"kind": DECIDED, "facts.other_report_id": report_id, "facts.same_event": True}
        # The first part is there for the index, which knows nothing of the other two fields.
        query = {"steps.facts.other_report_id": report_id, "provider_id": provider_id, "steps": {"$elemMatch": said}}
        ids = [one["_id"] for one in await patiently(self._mongo.db[COLLECTION].find(query, {"_id": 1}).to_list(None))]
        found = self._mongo.db[REPORTS_KEPT].find({"_id": {"$in": ids}, "provider_id": provider_id})
        return [stored_report(one) for one in await patiently(found.sort("occurred_at", 1).to_list(None))]

    async def photo(self, provider_id: str, report_id: str) -> bytes | None:
        """Return the sealed photo of a report."""
        query = {"_id": report_id, "provider_id": provider_id}
        document = await patiently(self._mongo.db[PHOTOS].find_one(query))
        return bytes(document["box"]) or None if document is not None else None


def _waiting(provider_id: str, sites: Reach, held: bool) -> dict[str, Any]:
    query: dict[str, Any] = {"provider_id": provider_id, "waiting": True, "withdrawn": None}
    if sites is not None:
        query["site_id"] = {"$in": sorted(sites)}
    if not held:
        query["visibility"] = SITE
    return query


def _read(found: FoundDocuments, provider_id: str, report_id: str) -> tuple[Document | None, Case | None]:
    """Return a report's document and its dialogue."""
    known = _own(found.get(COLLECTION, {}).get(report_id), provider_id)
    kept = _own(found.get(REPORTS_KEPT, {}).get(report_id), provider_id)
    return kept, None if known is None else _case(known)


def _own(document: Document | None, provider_id: str) -> Document | None:
    return document if document is not None and document["provider_id"] == provider_id else None


def _steps(before: Case | None, after: Case, visibility: str, recorded_at: datetime | None) -> list[Write]:
    """Return the writes of each new step in order; the last one leaves the whole document."""
    new = after.steps[len(before.steps) if before else 0 :]
    document = _document(after)
    if not new:
        return [Write(COLLECTION, document)]  # only what was said is gone: nobody is told of that
    return [Write(COLLECTION, document, DIALOGUE, step_event(after, step, visibility, recorded_at)) for step in new]


def _document(case: Case) -> Document:
    return {
        "_id": case.report_id,
        "provider_id": case.provider_id,
        "site_id": case.site_id,
        "steps": [asdict(step) for step in case.steps],
    }


def _case(document: Document) -> Case:
    steps = tuple(
        Step(**{**step, "words": None if step["words"] is None else bytes(step["words"])}) for step in document["steps"]
    )
    return Case(document["_id"], document["provider_id"], document["site_id"], steps)
