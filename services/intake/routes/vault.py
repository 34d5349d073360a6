"""The vault over HTTP: holds, erasure, appraisal, who read what, and subject access as one file."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Response
from pydantic import ConfigDict, Field

from services.intake.domain.submission import Person
from services.intake.routes.reports import PROBLEMS, Provider
from services.intake.routes.wire import Body, Clean, Label, PersonBody
from services.intake.usecases.keeping import Keeping
from services.intake.usecases.missed_names import MissedNames
from services.intake.usecases.originals import Originals
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import Allow

Keeper = Annotated[Principal, Depends(Allow(Role.SAFEGUARDING, Role.GOVERNANCE))]
Hider = Annotated[Principal, Depends(Allow(Role.SAFEGUARDING, Role.GOVERNANCE, Role.MANAGER))]
Reason = Annotated[Clean, Field(max_length=200)]


class HoldBody(Body):
    """Why nothing of a report may be destroyed, and when that is looked at again."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"reason": "Claim notified by the insurer", "review_on": "2026-09-01"}}
    )

    reason: Reason
    review_on: date


class ErasureBody(Body):
    """Why a report's words are erased."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "asked_by_subject"}})

    reason: Literal["asked_by_reporter", "asked_by_subject", "retention_ended", "no_lawful_basis"]


class AppraisalBody(Body):
    """What becomes of a report at the end of its time; keeping names the day of the next appraisal."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"decision": "keep", "reason": "Inquest is open", "next_on": "2027-03-01"}}
    )

    decision: Literal["keep", "erase"]
    reason: Reason
    next_on: date | None = None


class SubjectAccessBody(Body):
    """Whom the request is about, and its number or reason."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"person": {"name": "Pat Example"}, "reason": "Request 2026-14"}}
    )

    person: PersonBody
    reason: Reason


class MissedNamesBody(Body):
    """Names of people that redaction missed, and the revision that was looked at."""

    model_config = ConfigDict(json_schema_extra={"example": {"revision": 1, "names": ["Pat Example"]}})

    revision: int = Field(ge=1)
    names: Annotated[list[Label], Field(min_length=1, max_length=20)]


def vault_routes(keeping: Keeping, originals: Originals, missed: MissedNames) -> APIRouter:
    """Build the routes.

    Args:
        keeping: Holds, erasure, appraisal, subject access.
        originals: Who read what.
        missed: Hides names that redaction missed.
    """
    router = APIRouter(prefix="/v1", tags=["vault"], responses=PROBLEMS)

    @router.get("/reports/{report_id}/holds", summary="Why nothing of a report may be destroyed")
    async def holds(report_id: str, principal: Keeper, provider_id: Provider = None) -> dict[str, Any]:
        """Return `legal_hold`, `escalation`, `running_clock`: those that stand."""
        return {"report_id": report_id, "holds": list(await keeping.holds(principal, provider_id, report_id))}

    @router.post("/reports/{report_id}:hold", status_code=204, summary="Place a legal hold")
    async def hold(report_id: str, body: HoldBody, principal: Keeper, provider_id: Provider = None) -> Response:
        """Keep all of a report from being destroyed until a person lifts the hold."""
        await keeping.hold(principal, provider_id, report_id, body.reason, body.review_on)
        return Response(status_code=204)

    @router.post("/reports/{report_id}:lift-hold", status_code=204, summary="Lift a legal hold")
    async def lift(report_id: str, principal: Keeper, provider_id: Provider = None) -> Response:
        """Lift a legal hold; escalations and running clocks hold by themselves."""
        await keeping.lift(principal, provider_id, report_id)
        return Response(status_code=204)

    @router.post("/reports/{report_id}:hide-names", status_code=204, summary="Hide names that redaction missed")
    async def hide_names(
        report_id: str, body: MissedNamesBody, principal: Hider, provider_id: Provider = None
    ) -> Response:
        """Publish the report without these names; they stay hidden in all later revisions. The vault keeps them."""
        await missed.hide(principal, provider_id, report_id, body.names, body.revision)
        return Response(status_code=204)

    @router.post("/reports/{report_id}:erase", status_code=204, summary="Erase a report's words")
    async def erase(report_id: str, body: ErasureBody, principal: Keeper, provider_id: Provider = None) -> Response:
        """Destroy keys and originals at once; the log forgets the redacted words within 8 days. Holds are a 409."""
        await keeping.erase(principal, provider_id, report_id, body.reason)
        return Response(status_code=204)

    @router.get("/retention/due", summary="Reports whose time is over")
    async def due(
        principal: Keeper, provider_id: Provider = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> dict[str, Any]:
        """Return reports to be appraised, with their class and what holds them; among the `limit` oldest."""
        return {"due": await keeping.due(principal, provider_id, limit)}

    @router.post("/reports/{report_id}:appraise", status_code=204, summary="Decide at the end of a report's time")
    async def appraise(
        report_id: str, body: AppraisalBody, principal: Keeper, provider_id: Provider = None
    ) -> Response:
        """Record the decision with its reason; to erase does so."""
        await keeping.appraise(principal, provider_id, report_id, body.decision, body.reason, body.next_on)
        return Response(status_code=204)

    @router.get("/reports/{report_id}/readings", summary="Who read a report's original")
    async def readings(report_id: str, principal: Keeper, provider_id: Provider = None) -> dict[str, Any]:
        """Return each reading: when, by which key and role, of what, and why."""
        return {"readings": await originals.history(principal, provider_id, report_id)}

    @router.post("/subject-access", summary="All that is kept about a person, as one file")
    async def subject_access(body: SubjectAccessBody, principal: Keeper, provider_id: Provider = None) -> Response:
        """Return a JSON file; every original in it counts as read. Check it for other people's data first."""
        person = Person(**body.person.model_dump())
        found = await keeping.subject_access(principal, provider_id, person, body.reason)
        headers = {"Content-Disposition": 'attachment; filename="subject-access.json"', "Cache-Control": "no-store"}
        return Response(orjson.dumps(found, option=orjson.OPT_INDENT_2), media_type="application/json", headers=headers)

    return router
