"""HTTP for the escalation register: duties with their clocks, and decisions on a report's escalation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from services.actions.domain.duties import STATUSES
from services.actions.domain.duties import Duty as DutyState
from services.actions.domain.escalations import Decision, Escalated, applies, needs_review, standing
from services.actions.ports import HistoryLine
from services.actions.routes.places import Day, Paging
from services.actions.routes.tasks import Actor, Asked, Body, LineView, Reader, Version
from services.actions.usecases.desk import Who
from services.actions.usecases.escalation_desk import EscalationDesk
from shared.contracts.escalations import Duty, EscalationDecision
from shared.taxonomy.duties import UNCONFIRMED

StatusAsked = Literal["open", "all", "asked", "holds", "does_not_hold", "not_known", "done", "closed"]
Answer = Literal["yes", "no", "dont_know"]
Words = Annotated[str, Field(min_length=1, max_length=200)]
Seen = Annotated[int, Field(ge=0, description="The version that was seen; 0 where nobody has decided yet")]


class Answering(Body):
    """Answer a duty's question; `since` is the day that its clock counts from where the report does not tell it."""

    version: Version
    answer: Answer
    reason: Annotated[str | None, Field(max_length=200)] = None
    since: Day | None = None


class FollowingUp(Body):
    """Answer a follow-up question."""

    version: Version
    follow_up_id: Annotated[str, Field(min_length=1, max_length=64)]
    answer: Answer
    since: Day | None = None


class CouncilNamed(Body):
    """Name the council in whose area the adult is."""

    version: Version
    council: Words


class RecipientTold(Body):
    """Note that the recipient was told; the reference says where the receipt lies."""

    version: Version
    reference: Words


class Deciding(Body):
    """Decide on a report's escalation.

    `report_revision` is the revision that was read, left out the one that is known now; an older one is a conflict.
    """

    version: Seen
    reason: Words
    report_revision: Annotated[int | None, Field(ge=1)] = None


class SecondReading(Deciding):
    """Agree to a removal that was proposed, or refuse it."""

    agrees: bool


class DutyView(Duty):
    """A duty as readers get it; `due_at` is null where no time is fixed or its start is not known.

    `found_later` marks what was first asked more than 14 days after the event was known; lists have it last.
    """

    provider_id: str
    site_id: str
    due_at: AwareDatetime | None
    found_later: bool
    confirmation: str = UNCONFIRMED


class DutyWithHistory(DutyView):
    """A duty with everything that became of it, oldest line first."""

    history: tuple[LineView, ...]


class DutyPage(BaseModel):
    """Duties, the one with the least time left first, and where to go on; `next` is None at the end."""

    duties: tuple[DutyView, ...]
    next: str | None


class EscalationView(BaseModel):
    """A report's escalation: the code that holds, what was decided, and whether it counts as if there were none.

    `needs_review`: the label, or the report itself, changed since the decision.
    """

    provider_id: str
    site_id: str
    report_id: str
    report_revision: int
    code: str | None
    removed: bool
    needs_review: bool
    decision: EscalationDecision | None
    history: tuple[LineView, ...] = ()


def duties_router(desk: EscalationDesk) -> APIRouter:
    """Build the routes of duties.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["duties"])

    @router.get("/v1/duties")
    async def list_duties(
        reader: Reader,
        page: Paging,
        site: str | None = None,
        status: StatusAsked = "open",
        provider_id: Asked = None,
    ) -> DutyPage:
        """List duties in reach by the time that is left."""
        who = Who(reader, reader.provider(provider_id))
        found = await desk.duty_list(who, site, _statuses(status), page.limit, page.start(datetime))
        following = page.following([(duty.sort_at, duty.duty_id) for duty in found])
        return DutyPage(duties=tuple(_view(duty) for duty in found), next=following)

    @router.get("/v1/duties/{duty_id}")
    async def read_duty(reader: Reader, duty_id: str, provider_id: Asked = None) -> DutyWithHistory:
        """Read one duty with its history."""
        duty, history = await desk.read(Who(reader, reader.provider(provider_id)), duty_id)
        return DutyWithHistory.model_validate(_fields(duty) | {"history": _history(history)})

    _add_acts(router, desk)
    return router


def _add_acts(router: APIRouter, desk: EscalationDesk) -> None:
    """Add what people do with a duty."""

    @router.post("/v1/duties/{duty_id}:answer")
    async def answer(actor: Actor, duty_id: str, body: Answering, provider_id: Asked = None) -> DutyView:
        """Answer its question: yes, no or don't know."""
        who = Who(actor, actor.provider(provider_id))
        return _view(await desk.answer(who, duty_id, body.version, body.answer, body.reason, body.since))

    @router.post("/v1/duties/{duty_id}:follow-up")
    async def follow_up(actor: Actor, duty_id: str, body: FollowingUp, provider_id: Asked = None) -> DutyView:
        """Answer a follow-up question."""
        who = Who(actor, actor.provider(provider_id))
        return _view(await desk.follow_up(who, duty_id, body.version, body.follow_up_id, body.answer, body.since))

    @router.post("/v1/duties/{duty_id}:council")
    async def council(actor: Actor, duty_id: str, body: CouncilNamed, provider_id: Asked = None) -> DutyView:
        """Name the council in whose area the adult is."""
        who = Who(actor, actor.provider(provider_id))
        return _view(await desk.council(who, duty_id, body.version, body.council))

    @router.post("/v1/duties/{duty_id}:done")
    async def done(actor: Actor, duty_id: str, body: RecipientTold, provider_id: Asked = None) -> DutyView:
        """Note that the recipient was told."""
        who = Who(actor, actor.provider(provider_id))
        return _view(await desk.done(who, duty_id, body.version, body.reference))


def escalations_router(desk: EscalationDesk) -> APIRouter:
    """Build the routes of decisions on escalation.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["escalations"])

    @router.get("/v1/reports/{report_id}/escalation")
    async def read_escalation(reader: Reader, report_id: str, provider_id: Asked = None) -> EscalationView:
        """Read a report's escalation and what was decided of it."""
        report, decision, history = await desk.escalation(Who(reader, reader.provider(provider_id)), report_id)
        return _escalation(report, decision, history)

    @router.post("/v1/reports/{report_id}/escalation:remove")
    async def remove(actor: Actor, report_id: str, body: Deciding, provider_id: Asked = None) -> EscalationView:
        """Remove an escalation; for some codes this waits for a second reader outside the site."""
        who = Who(actor, actor.provider(provider_id))
        return _escalation(*await desk.remove(who, report_id, body.version, body.reason, body.report_revision))

    @router.post("/v1/reports/{report_id}/escalation:uphold")
    async def uphold(actor: Actor, report_id: str, body: Deciding, provider_id: Asked = None) -> EscalationView:
        """Let an escalation stand, or take a removal back."""
        who = Who(actor, actor.provider(provider_id))
        return _escalation(*await desk.uphold(who, report_id, body.version, body.reason, body.report_revision))

    @router.post("/v1/reports/{report_id}/escalation:second-reading")
    async def second_reading(
        actor: Actor, report_id: str, body: SecondReading, provider_id: Asked = None
    ) -> EscalationView:
        """Agree to a proposed removal, or refuse it."""
        who = Who(actor, actor.provider(provider_id))
        decided = await desk.second_reading(
            who, report_id, body.version, body.agrees, body.reason, body.report_revision
        )
        return _escalation(*decided)

    return router


def _statuses(asked: StatusAsked) -> Sequence[str]:
    return STATUSES if asked == "all" else (asked,)


def _fields(duty: DutyState) -> dict[str, object]:
    return asdict(duty) | {"due_at": duty.due_at, "found_later": duty.found_later}


def _view(duty: DutyState) -> DutyView:
    return DutyView.model_validate(_fields(duty))


def _escalation(report: Escalated, decision: Decision | None, history: Sequence[HistoryLine] = ()) -> EscalationView:
    return EscalationView(
        provider_id=report.provider_id,
        site_id=report.site_id,
        report_id=report.report_id,
        report_revision=report.revision,
        code=standing(report, decision),
        removed=applies(decision, report),
        needs_review=needs_review(report, decision),
        decision=None if decision is None else EscalationDecision.model_validate(asdict(decision)),
        history=_history(history),
    )


def _history(lines: Sequence[HistoryLine]) -> tuple[LineView, ...]:
    return tuple(LineView.model_validate({**asdict(line), "type": line.act}) for line in lines)
