"""The classifier's edges: reports in, classifications out; corrections over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from services.classifier.adapters.announce import Announcer, Outgoing
from services.classifier.domain.classification import Answers
from services.classifier.domain.classify import Classifier
from services.classifier.ports import CorrectionStore
from services.classifier.usecases import CORRECTING, CorrectLabels
from shared.contracts.intake import Report, ReportAmended, ReportReceived
from shared.kernel.clock import Clock
from shared.kernel.errors import Forbidden, NotFound
from shared.kernel.principal import Principal
from shared.runtime.auth import Allow
from shared.runtime.received import Received

Reviewer = Annotated[Principal, Depends(Allow(*CORRECTING))]
"""Who may say what a report is about."""


class Tagging:
    """Turns report events into classification records; pure but for the clock.

    Args:
        classifier: The model.
        announcer: Writes the records.
        clock: One moment per batch.
    """

    def __init__(self, classifier: Classifier, announcer: Announcer, clock: Clock) -> None:
        self._classifier = classifier
        self._announcer = announcer
        self._clock = clock

    def __call__(self, events: Sequence[Received]) -> Iterator[Outgoing]:
        """Classify the reports among some events; withdrawals and the registry need no answer."""
        now = self._clock.now()
        for received in events:
            said = received.event
            if isinstance(said, ReportReceived | ReportAmended):
                found = self._classifier.classify(said.report.text, said.report.setting, answers_of(said.report))
                yield self._announcer.classified(said, found, now)
                yield from self._announcer.given(said, now)


def answers_of(report: Report) -> Answers | None:
    """Return what the reporter answered on the form and the model must not overrule; None where nothing was."""
    kind = report.disruption.kind if report.disruption is not None else None
    if kind is None and report.asset_ref is None:
        return None
    return Answers(disruption_kind=kind, asset=report.asset_ref)


class CorrectionBody(BaseModel):
    """A person's labels for a report; only the fields that are decided are named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "site_id": "elm-house",
                "report_revision": 1,
                "fields": {"domains": ["medication", "handover"], "primary_domain": "medication"},
                "reason": "It was noticed at handover, and the handover failed.",
            }
        },
    )
    provider_id: str | None = None
    site_id: str = Field(min_length=1, max_length=128)
    report_revision: int = Field(ge=1)
    fields: dict[str, Any]
    reason: str = Field(min_length=1, max_length=1000)


def correction_routes(correct: CorrectLabels, store: CorrectionStore) -> APIRouter:
    """Build the routes for people's corrections.

    Args:
        correct: The use case.
        store: Where corrections are read from.
    """
    router = APIRouter(prefix="/v1", tags=["corrections"])

    @router.post("/reports/{report_id}/corrections", status_code=202, summary="Correct the labels of a report")
    async def post_correction(report_id: str, body: CorrectionBody, principal: Reviewer) -> dict[str, Any]:
        """Record a correction; it takes effect when it has reached the views.

        A correction names report and site together; one that names a report of another site has no effect.
        """
        number = await correct(
            principal, body.provider_id, body.site_id, report_id, body.report_revision, body.fields, body.reason
        )
        return {"report_id": report_id, "decision_no": number, "status": "recorded"}

    @router.get("/reports/{report_id}/corrections", summary="What people decided about a report")
    async def get_corrections(
        report_id: str, principal: Reviewer, site_id: Annotated[str, Query()], provider_id: str | None = None
    ) -> dict[str, Any]:
        """Return the decisions on a report, oldest first; only to those who see what is held from its site."""
        provider = principal.provider(provider_id)
        if not principal.sees_held:
            # The classifier holds no reports and cannot tell which of them are held from their site.
            raise Forbidden("what was decided is shown to those who answer for the whole provider: ask governance")
        decisions = await store.history(provider, site_id, report_id)
        if not decisions:
            raise NotFound(f"report {report_id} has no corrections at site {site_id}")
        return {"report_id": report_id, "decisions": decisions}

    return router
