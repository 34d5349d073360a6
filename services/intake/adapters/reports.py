"""Reports in MongoDB: redacted state, sealed originals, body hashes, acts and claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any, TypeVar

from pydantic import TypeAdapter

from services.intake.adapters.aggregates import Aggregates, Document, FoundDocuments, Write, patiently
from services.intake.adapters.events import report_event
from services.intake.domain.acts import Act
from services.intake.domain.report import Report
from services.intake.domain.submission import Disruption, ExternalReference, GivenLabels
from services.intake.ports import Claim, Claims, Decided, Found, ReportChange, StoredReport, Withdrawal
from shared.contracts.envelope import Redacted
from shared.contracts.topics import REPORTS
from shared.runtime.mongo import Mongo

COLLECTION = "reports"
CLAIMS = "claims"
R = TypeVar("R")
_FIELDS = tuple(field.name for field in fields(Report))
_NESTED = {"disruption": Disruption, "external_reference": ExternalReference, "given_labels": GivenLabels}
_REDACTED: TypeAdapter[str | None] = TypeAdapter(Redacted | None)
"""Stored text was redacted when it was written; the wire's reader is the one way back into the type."""


class MongoReports:
    """The store of reports.

    Args:
        mongo: Intake's database.
        aggregates: Writes.
    """

    def __init__(self, mongo: Mongo, aggregates: Aggregates) -> None:
        self._mongo = mongo
        self._aggregates = aggregates

    async def prepare(self) -> None:
        """Make the collections."""
        await self._aggregates.prepare(COLLECTION, CLAIMS)

    async def change(
        self,
        keys: Sequence[tuple[str, str]],
        claim_ids: Sequence[str],
        decide: Callable[[Found, Claims], Decided[R]],
    ) -> R:
        """Read reports and claims, decide, and write what was decided with its events in one transaction.

        Raises:
            Unavailable: the database did not answer.
        """
        provider_of = {report_id: provider_id for provider_id, report_id in keys}

        def work(found: FoundDocuments) -> tuple[list[Write], R]:
            stored = {
                identity: stored_report(document)
                for identity, document in found.get(COLLECTION, {}).items()
                if document["provider_id"] == provider_of[identity]
            }
            claims = {identity: _claim(document) for identity, document in found.get(CLAIMS, {}).items()}
            decided = decide(stored, claims)
            writes = [_write(change) for change in decided.changes]
            return writes + [Write(CLAIMS, _claim_document(claim)) for claim in decided.claims], decided.result

        return await self._aggregates.change({COLLECTION: list(provider_of), CLAIMS: claim_ids}, work)

    async def read(self, provider_id: str, report_id: str) -> StoredReport | None:
        """Return a report of a provider.

        Raises:
            Unavailable: the database did not answer.
        """
        query = {"_id": report_id, "provider_id": provider_id}
        document = await patiently(self._mongo.db[COLLECTION].find_one(query))
        return None if document is None else stored_report(document)


def _write(change: ReportChange) -> Write:
    return Write(COLLECTION, _document(change.stored), REPORTS, report_event(change))


def _document(stored: StoredReport) -> Document:
    state: dict[str, Any] = {name: getattr(stored.report, name) for name in _FIELDS}
    for name in _NESTED:
        if state[name] is not None:
            state[name] = asdict(state[name])
    withdrawn = stored.withdrawn
    return {
        "_id": state.pop("report_id"),
        **state,
        "sealed": stored.sealed,
        "body_hashes": list(stored.body_hashes),
        "acts": [asdict(act) for act in stored.acts],
        "withdrawn": None if withdrawn is None else {"reason": withdrawn.reason, "at": withdrawn.at},
    }


def stored_report(document: Document) -> StoredReport:
    """Read a report's document."""
    state = {"report_id": document["_id"]} | {name: document[name] for name in _FIELDS if name != "report_id"}
    for name, kind in _NESTED.items():
        if state[name] is not None:
            state[name] = kind(**state[name])
    state |= {name: _REDACTED.validate_python(state[name]) for name in ("text", "place", "what_stopped_it")}
    withdrawn = document["withdrawn"]
    return StoredReport(
        report=Report(**state),
        sealed=document["sealed"],
        body_hashes=tuple(bytes(one) for one in document["body_hashes"]),
        acts=tuple(Act(**act) for act in document["acts"]),
        withdrawn=None if withdrawn is None else Withdrawal(withdrawn["reason"], withdrawn["at"]),
    )


def _claim(document: Document) -> Claim:
    return Claim(document["_id"], document["provider_id"], document["report_id"], bytes(document["body_hash"]))


def _claim_document(claim: Claim) -> Document:
    return {
        "_id": claim.claim_id,
        "provider_id": claim.provider_id,
        "report_id": claim.report_id,
        "body_hash": claim.body_hash,
    }
