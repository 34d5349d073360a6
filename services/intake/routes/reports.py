"""Reports over HTTP, one at a time: send, amend, withdraw, read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query

from services.intake.adapters.events import wire_report
from services.intake.ports import StoredReport
from services.intake.routes.direct import DirectRoute
from services.intake.routes.strict_json import StrictRoute
from services.intake.routes.wire import (
    AmendmentBody,
    ReportAnswer,
    ReportState,
    ReportSubmission,
    SiteId,
    WithdrawalBody,
)
from services.intake.usecases.admission import Admission
from services.intake.usecases.changes import Amendment, Changes
from services.intake.usecases.preparing import Order
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import Allow
from shared.runtime.http import PROBLEM, TYPES

Sender = Annotated[Principal, Depends(Allow(Role.FEED, Role.MANAGER, Role.GOVERNANCE, Role.OPERATOR))]
Editor = Annotated[Principal, Depends(Allow(Role.FEED, Role.MANAGER, Role.GOVERNANCE, Role.SAFEGUARDING))]
Reader = Annotated[
    Principal, Depends(Allow(Role.FEED, Role.MANAGER, Role.GOVERNANCE, Role.SAFEGUARDING, Role.OPERATOR))
]
Provider = Annotated[SiteId | None, Query(description="for keys that are not bound to a provider")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="the same key with the same body is the same report, for ever; with another body it is refused. "
        "A key belongs to the API key or sign-in that it came with (and its tokens): others may use the same one",
    ),
]
_EXAMPLE = {
    "type": f"{TYPES}the-input-breaks-a-rule",
    "title": "The input breaks a rule",
    "status": 422,
    "detail": "the report was not taken: one rule is broken; see errors",
    "errors": [{"field": "occurred_at", "detail": "lies in the future"}],
}


def _problem(description: str, example: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"example": example} if example else {}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: _problem("The body is not JSON"),
    401: _problem("No valid proof of who is asking, or one that has expired"),
    403: _problem("The roles of this key do not reach"),
    404: _problem("Not known to this key"),
    409: _problem("The state has moved on"),
    413: _problem("The body is too large"),
    422: _problem("A rule is broken; `errors` names fields and lines", _EXAMPLE),
    429: _problem("Too many calls; come again after the time in Retry-After"),
    503: _problem("Try again after the time in Retry-After; nothing is lost by it"),
}
"""What every route may answer instead (RFC 9457)."""


def report_routes(admission: Admission, changes: Changes) -> APIRouter:
    """Build the routes.

    Args:
        admission: Takes reports in.
        changes: Amends, withdraws and reads them.
    """
    router = APIRouter(prefix="/v1/reports", tags=["reports"], responses=PROBLEMS, route_class=StrictRoute)

    async def send(body: ReportSubmission, principal: Sender, idempotency_key: IdempotencyKey = None) -> ReportAnswer:
        """Take a report in. The answer 202 is a promise: it is stored durably and will reach the views.

        With an Idempotency-Key or an external reference it may be sent again at any time: the same body gives the
        same `report_id` with status `repeated`. Another body under the same reference amends the report; under the
        same key it is refused. Text is kept as it was sent, in Unicode's normal form C and with plain line feeds;
        names and other personal data leave intake only as placeholders.
        """
        outcome = await admission.receive(principal, Order(body.to_domain(), idempotency_key))
        return ReportAnswer(report_id=outcome.report_id, status=outcome.status, received_at=outcome.received_at)

    router.add_api_route(
        "", send, methods=["POST"], status_code=202, summary="Send a report", route_class_override=DirectRoute
    )

    @router.post("/{report_id}:amend", summary="Change a report's content")
    async def amend(
        report_id: str, body: AmendmentBody, principal: Editor, provider_id: Provider = None
    ) -> ReportState:
        """Change the fields that are named; `revision` is the one that was looked at, and a stale one is a 409.

        The words first given stay in the vault. A report never changes its site: withdraw it and send it anew.
        """
        return _state(await changes.amend(principal, provider_id, report_id, Amendment(body.revision, body.changes())))

    @router.post("/{report_id}:withdraw", summary="Take a report out of all counts")
    async def withdraw(
        report_id: str, body: WithdrawalBody, principal: Editor, provider_id: Provider = None
    ) -> ReportState:
        """Withdraw a report with a reason; withdrawing it again changes nothing. Nothing is erased by it."""
        return _state(await changes.withdraw(principal, provider_id, report_id, body.reason, body.revision))

    @router.get("/{report_id}", summary="Read a report's redacted state")
    async def read(report_id: str, principal: Reader, provider_id: Provider = None) -> ReportState:
        """Return the redacted state with its revision; a report that is held from its site is unknown to its roles."""
        return _state(await changes.read(principal, provider_id, report_id))

    return router


def _state(stored: StoredReport) -> ReportState:
    return ReportState(
        provider_id=stored.report.provider_id,
        site_id=stored.report.site_id,
        report=wire_report(stored.report).model_dump(mode="json"),
        withdrawn=stored.withdrawn.reason if stored.withdrawn else None,
    )
