"""HTTP for evaluations of remedies, and for the management log that they begin in."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from services.actions.domain.evaluations import Evaluation
from services.actions.domain.management_log import LogEntry
from services.actions.routes.places import Day, Paging
from services.actions.routes.tasks import Actor, Asked, Body, Reader
from services.actions.usecases.desk import Who
from services.actions.usecases.signal_desk import SignalDesk
from shared.contracts import effectiveness as wire
from shared.contracts.envelope import Id


class EvaluationView(wire.Evaluation):
    """An evaluation as readers get it."""

    provider_id: str
    site_id: str


class EvaluationPage(BaseModel):
    """Evaluations, last started first, and where to go on; `next` is None at the end."""

    evaluations: tuple[EvaluationView, ...]
    next: str | None


class Written(Body):
    """What management did at a site on a day."""

    site: Id
    date: Day
    text: Annotated[str, Field(min_length=1, max_length=200)]


class LogView(BaseModel):
    """A line of the management log; `kind` is free, or what was done with the task of `action_id`."""

    line_id: str
    site: str
    date: date
    text: str | None
    kind: str
    by_role: str
    recorded_at: AwareDatetime
    action_id: str | None


class LogPage(BaseModel):
    """Lines, the newest first, and where to go on; `next` is None at the end."""

    lines: tuple[LogView, ...]
    next: str | None


def evaluations_router(desk: SignalDesk) -> APIRouter:
    """Build the routes of evaluations.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["effectiveness"])

    @router.get("/v1/evaluations")
    async def list_evaluations(
        reader: Reader, page: Paging, site: str | None = None, provider_id: Asked = None
    ) -> EvaluationPage:
        """List evaluations in reach."""
        who = Who(reader, reader.provider(provider_id))
        found = await desk.evaluation_list(who, site, page.limit, page.start(date))
        following = page.following([(state.started_on, state.evaluation_id) for state in found])
        return EvaluationPage(evaluations=tuple(_view(state) for state in found), next=following)

    @router.get("/v1/actions/{action_id}/evaluation")
    async def read_evaluation(reader: Reader, action_id: str, provider_id: Asked = None) -> EvaluationView:
        """Read what an action is judged by, and the verdict that holds."""
        return _view(await desk.evaluation(Who(reader, reader.provider(provider_id)), action_id))

    return router


def log_router(desk: SignalDesk) -> APIRouter:
    """Build the routes of the management log.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["management log"])

    @router.get("/v1/log")
    async def list_log(reader: Reader, page: Paging, site: str | None = None, provider_id: Asked = None) -> LogPage:
        """List lines in reach."""
        who = Who(reader, reader.provider(provider_id))
        found = await desk.log_list(who, site, page.limit, page.start(date))
        following = page.following([(entry.on, entry.line_id) for entry in found])
        return LogPage(lines=tuple(_line(entry, who.reads_words) for entry in found), next=following)

    @router.post("/v1/log", status_code=201)
    async def write(actor: Actor, body: Written, provider_id: Asked = None) -> LogView:
        """Write down what management did."""
        who = Who(actor, actor.provider(provider_id))
        return _line(await desk.write_log(who, body.site, body.date, body.text), True)

    return router


def _view(state: Evaluation) -> EvaluationView:
    return EvaluationView.model_validate(asdict(state))


def _line(entry: LogEntry, words: bool) -> LogView:
    """Show a line; what somebody typed is left out for readers of numbers alone."""
    return LogView(
        line_id=entry.line_id,
        site=entry.site_id,
        date=entry.on,
        text=entry.text if words or entry.action_id else None,
        kind=entry.kind,
        by_role=entry.by_role,
        recorded_at=entry.recorded_at,
        action_id=entry.action_id,
    )
