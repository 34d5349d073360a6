"""Corrections over HTTP, and the review set that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from services.classifier.ports import CorrectionStore
from services.classifier.usecases.correct import CORRECTING, CorrectLabels
from shared.kernel.errors import Forbidden, Invalid, NotFound
from shared.kernel.paths import is_local_path
from shared.kernel.principal import Principal
from shared.runtime.auth import Allow, refuse_other_sites

Reviewer = Annotated[Principal, Depends(Allow(*CORRECTING))]
"""Who may say what a report is about."""
PAGE_MAX = 500


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
        _refuse_site_roles(principal)
        decisions = await store.history(provider, site_id, report_id)
        if not decisions:
            raise NotFound(f"report {report_id} has no corrections at site {site_id}")
        return {"report_id": report_id, "decisions": decisions}

    @router.get("/review-set", summary="Reports whose labels people decided")
    async def get_review_set(
        principal: Reviewer,
        provider_id: str | None = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
        after: str | None = None,
    ) -> dict[str, Any]:
        """Return corrected reports with all decisions, in order of site and report; `next` is the place to go on from.

        The words are not here: `python -m services.classifier review-set` joins them from the log.
        """
        provider = principal.provider(provider_id)
        _refuse_site_roles(principal)
        found = await store.corrected(provider, limit, after)
        return {"reports": found, "next": found[-1]["place"] if len(found) == limit else None}

    return router


def correction_form_route(correct: CorrectLabels) -> APIRouter:
    """Build the route that a page's plain form posts a correction to; it goes back to where the page says.

    Args:
        correct: The use case.
    """
    router = APIRouter(include_in_schema=False)

    @router.post("/reports/{report_id}/correct")
    async def post_form(report_id: str, request: Request, principal: Reviewer) -> Response:
        refuse_other_sites(request)
        sent = parse_qs((await request.body()).decode("utf-8", "replace"))
        primary = _first(sent, "primary_domain")
        domains = list(dict.fromkeys([primary, *sent.get("domains", [])])) if primary else sent.get("domains", [])
        fields: dict[str, Any] = {"domains": domains, "primary_domain": primary or None}
        fields |= {name: _first(sent, name) for name in ("potential_severity", "event_class") if _first(sent, name)}
        revision = _first(sent, "report_revision")
        if not revision.isdecimal():
            raise Invalid("the form is not whole: load the page again")
        await correct(
            principal, None, _first(sent, "site_id"), report_id, int(revision), fields, _first(sent, "reason")
        )
        target = _first(sent, "next")
        return RedirectResponse(target if is_local_path(target) else "/", 303, headers={"Cache-Control": "no-store"})

    return router


def _first(sent: Mapping[str, Sequence[str]], name: str) -> str:
    return sent.get(name, ("",))[0].strip()


def _refuse_site_roles(principal: Principal) -> None:
    """The classifier holds no reports and cannot tell which of them are held from their site."""
    if not principal.sees_held:
        raise Forbidden("what was decided is shown to those who answer for the whole provider: ask governance")
