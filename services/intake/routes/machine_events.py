"""Machine events over HTTP: what call monitoring and medicine records note that is a near miss."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

import orjson
from fastapi import APIRouter, Response
from fastapi import Body as Sent
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from services.intake.domain import machine_events as domain
from services.intake.domain.submission import ExternalReference, Person
from services.intake.domain.times import MINUTE, parse_moment
from services.intake.routes.reports import PROBLEMS, Sender
from services.intake.routes.strict_json import StrictRoute
from services.intake.routes.wire import Body, ExternalReferenceBody, PersonBody, SiteId, When
from services.intake.usecases.admission import Admission
from services.intake.usecases.preparing import Order

EXAMPLES: Final[dict[str, Any]] = {
    "check_in": {
        "summary": "A check-in far from the client's address",
        "value": {
            "site_id": "elm-branch",
            "event": "check_in",
            "at": "2025-11-03T08:02:11Z",
            "distance_m": 640,
            "person": {"id": "C-12"},
            "reference": {"system": "care-app", "id": "CI-77123"},
        },
    },
    "emar_discrepancy": {
        "summary": "A discrepancy of the electronic medicine record",
        "value": {
            "site_id": "elm-house",
            "event": "emar_discrepancy",
            "at": "2025-11-03T21:30:00Z",
            "discrepancy": "not_recorded",
            "person": {"id": "R-4"},
            "reference": {"system": "emar", "id": "D-2043"},
        },
    },
}


class MachineEventBody(Body):
    """An event as a machine noted it; the same `reference` sent again never counts twice."""

    site_id: SiteId
    event: Literal["check_in", "check_out", "emar_discrepancy"]
    at: When = Field(description="the exact moment, with a zone or in English local time")
    reference: ExternalReferenceBody
    distance_m: int | None = Field(default=None, ge=0, le=20_000_000, description="metres from the client's address")
    discrepancy: (
        Literal["not_recorded", "late", "early", "wrong_dose", "twice", "after_stop", "not_prescribed", "count_differs"]
        | None
    ) = None
    person: PersonBody | None = Field(default=None, description="the client, by the system's own id")
    asset_ref: Annotated[str, Field(max_length=64, pattern=r"^[\w .:/#-]+$")] | None = None
    provider_id: SiteId | None = Field(default=None, description="for keys that are not bound to a provider")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse an event without its own figure, or with another kind's."""
        medicine = self.event == domain.MEDICINE_RECORD
        wanted, foreign = ("discrepancy", "distance_m") if medicine else ("distance_m", "discrepancy")
        if getattr(self, wanted) is None or getattr(self, foreign) is not None:
            why = f"{self.event} takes {wanted} and no {foreign}"
            raise PydanticCustomError("event", "{why}", {"why": why})
        if parse_moment(self.at).precision != MINUTE:
            raise PydanticCustomError("event", "{why}", {"why": "at needs the time of day: a machine knows it"})
        return self

    def to_domain(self) -> domain.MachineEvent:
        """Return the event."""
        said = self.model_dump(exclude_none=True, exclude={"provider_id"})
        return domain.MachineEvent(
            site_id=self.site_id,
            kind=self.event,
            at=parse_moment(self.at),
            reference=ExternalReference(**self.reference.model_dump()),
            body=orjson.dumps(said, option=orjson.OPT_SORT_KEYS),
            distance_m=self.distance_m,
            discrepancy=self.discrepancy,
            person=Person(**self.person.model_dump()) if self.person else None,
            asset_ref=self.asset_ref,
            provider_id=self.provider_id,
        )


class MachineEventAnswer(BaseModel):
    """What became of a machine event; without a report it was no near miss, and `why` says so."""

    report_id: str | None = None
    status: Literal["accepted", "repeated", "amended", "no_near_miss"]
    received_at: datetime | None = None
    why: str | None = None


def machine_event_routes(admission: Admission) -> APIRouter:
    """Build the routes.

    Args:
        admission: Takes reports in.
    """
    router = APIRouter(prefix="/v1", tags=["reports"], responses=PROBLEMS, route_class=StrictRoute)

    @router.post("/machine-events", status_code=202, summary="Send what a machine noted")
    async def send(
        body: Annotated[MachineEventBody, Sent(openapi_examples=EXAMPLES)], principal: Sender, response: Response
    ) -> MachineEventAnswer:
        """Take a machine's event in as a report with `origin` telemetry.

        A check-in or check-out counts from more than 200 m from the client's address on; nearer ones are answered with
        200 and `no_near_miss`, so that a feed may send them all. Where a person of the site told the same moment, the
        two are joined and counted once: by themselves where the person or thing is the same within 45 minutes, else
        somebody is asked in triage.
        """
        event = body.to_domain()
        if why := domain.why_none(event):
            response.status_code = 200
            return MachineEventAnswer(status="no_near_miss", why=why)
        outcome = await admission.receive(principal, Order(domain.submission_of(event)))
        return MachineEventAnswer.model_validate(
            {"report_id": outcome.report_id, "status": outcome.status, "received_at": outcome.received_at}
        )

    return router
