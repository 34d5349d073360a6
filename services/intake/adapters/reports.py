"""Reports in MongoDB: redacted state, sealed originals, body hashes, acts and claims."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields
from datetime import date
from operator import attrgetter
from typing import Any, TypeVar

from pydantic import TypeAdapter

from services.intake.adapters.aggregates import Aggregates, Document, FoundDocuments, Fresh, Write, patiently
from services.intake.adapters.events import flat, report_event
from services.intake.adapters.fresh_reports import FEWEST, fresh_reports
from services.intake.domain.acts import Act
from services.intake.domain.holds import LegalHold
from services.intake.domain.report import Report
from services.intake.domain.submission import Disruption, ExternalReference, GivenLabels
from services.intake.ports import Claim, Claims, Decided, Erasure, Found, ReportChange, StoredReport, Withdrawal
from shared.contracts.envelope import Redacted
from shared.contracts.topics import REPORTS
from shared.runtime.mongo import Mongo

COLLECTION = "reports"
CLAIMS = "claims"
PHOTOS = "photos"
R = TypeVar("R")
_FIELDS = tuple(field.name for field in fields(Report))
_VALUES = attrgetter(*_FIELDS)
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
        await self._aggregates.prepare(COLLECTION, CLAIMS, PHOTOS)

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

        def work(found: FoundDocuments) -> tuple[list[Write | Fresh], R]:
            stored = {
                identity: stored_report(document)
                for identity, document in found.get(COLLECTION, {}).items()
                if document["provider_id"] == provider_of[identity]
            }
            claims = {identity: _claim(document) for identity, document in found.get(CLAIMS, {}).items()}
            decided = decide(stored, claims)
            return _writes(decided), decided.result

        return await self._aggregates.change({COLLECTION: list(provider_of), CLAIMS: claim_ids}, work)

    async def read(self, provider_id: str, report_id: str) -> StoredReport | None:
        """Return a report of a provider.

        Raises:
            Unavailable: the database did not answer.
        """
        query = {"_id": report_id, "provider_id": provider_id}
        document = await patiently(self._mongo.db[COLLECTION].find_one(query))
        return None if document is None else stored_report(document)


def _writes(decided: Decided[Any]) -> list[Write | Fresh]:
    """Return what is written, new reports all at once."""
    new, changes, first = decided.new, decided.changes, list[Write | Fresh]()
    if len(new) < FEWEST:
        changes = [*(one.change() for one in new), *changes]
    else:
        first = [fresh_reports(COLLECTION, new)]
    writes = (write for change in changes for write in report_writes(change))
    return [*first, *writes, *(Write(CLAIMS, _claim_document(claim)) for claim in decided.claims)]


def report_writes(change: ReportChange) -> Iterator[Write]:
    """Yield what is written of a report's change: its document with its event, and a photo that came along."""
    report = change.stored.report
    event = report_event(change) if change.what else None
    yield Write(COLLECTION, _document(change.stored), REPORTS if event else None, event, change.trace)
    if change.photo is not None:  # an empty one takes the place of one that was erased
        yield Write(PHOTOS, {"_id": report.report_id, "provider_id": report.provider_id, "box": change.photo})


def _document(stored: StoredReport) -> Document:
    state: dict[str, Any] = dict(zip(_FIELDS, _VALUES(stored.report), strict=True))
    for name in _NESTED:
        if state[name] is not None:
            state[name] = flat(state[name])
    withdrawn = stored.withdrawn
    return {
        "_id": state.pop("report_id"),
        **state,
        "sealed": stored.sealed,
        "body_hashes": list(stored.body_hashes),
        "acts": [flat(act) for act in stored.acts],
        "withdrawn": None if withdrawn is None else {"reason": withdrawn.reason, "at": withdrawn.at},
        "waiting": stored.waiting,
        **_rare(stored),
    }


def _rare(stored: StoredReport) -> Document:
    """Return what few reports have, so that the others stay short."""
    rare: Document = {}
    if stored.code_hash is not None:
        rare["code_hash"] = stored.code_hash
    if stored.legal_hold is not None:
        rare["legal_hold"] = asdict(stored.legal_hold) | {"review_on": stored.legal_hold.review_on.isoformat()}
    if stored.erased is not None:
        rare["erased"] = asdict(stored.erased)
    return rare


def stored_report(document: Document) -> StoredReport:
    """Read a report's document."""
    state = {"report_id": document["_id"]} | {name: document.get(name) for name in _FIELDS if name != "report_id"}
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
        code_hash=bytes(document["code_hash"]) if "code_hash" in document else None,
        waiting=document.get("waiting", False),
        legal_hold=_legal_hold(document.get("legal_hold")),
        erased=Erasure(**document["erased"]) if "erased" in document else None,
    )


def _legal_hold(kept: Document | None) -> LegalHold | None:
    return None if kept is None else LegalHold(**kept | {"review_on": date.fromisoformat(kept["review_on"])})


def _claim(document: Document) -> Claim:
    return Claim(document["_id"], document["provider_id"], document["report_id"], bytes(document["body_hash"]))


def _claim_document(claim: Claim) -> Document:
    return {
        "_id": claim.claim_id,
        "provider_id": claim.provider_id,
        "report_id": claim.report_id,
        "body_hash": claim.body_hash,
    }
