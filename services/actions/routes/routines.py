"""HTTP for routines: set up, changed, paused, resumed, ended, read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.actions.domain.routines import OPEN, STATUSES, Changes
from services.actions.domain.routines import Routine as RoutineState
from services.actions.routes.places import Day, Paging
from services.actions.routes.task_acts import Kind, OwnerRole, Seen, Words
from services.actions.routes.tasks import Actor, Asked, Body, LineView, Reader, Version, line_view
from services.actions.usecases.desk import Who
from services.actions.usecases.routine_desk import RoutineDesk, Setting
from shared.contracts.actions import Routine
from shared.contracts.envelope import Id

StatusAsked = Literal["open", "all", "active", "paused", "ended"]
Rule = Annotated[str, Field(min_length=1, max_length=200, description="RFC 5545 RRULE, such as FREQ=WEEKLY;BYDAY=MO")]
GraceDays = Annotated[int, Field(ge=0, le=60)]


class RoutineAsked(Body):
    """Set up a routine: from a playbook, or with kind, title, rule and owner of one's own."""

    site: Id
    starts_on: Day
    ends_on: Day | None = None
    grace_days: GraceDays = 3
    playbook: Annotated[str | None, Field(max_length=64)] = None
    action_id: Id | None = None
    kind: Kind | None = None
    title: Words | None = None
    rule: Rule | None = None
    owner_role: OwnerRole | None = None
    steps: Annotated[tuple[Words, ...], Field(max_length=30)] = ()


class RoutineChanged(Body):
    """Change a routine from today on; what is left out stays."""

    version: Version
    title: Words | None = None
    rule: Rule | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    owner_role: OwnerRole | None = None
    grace_days: GraceDays | None = None


class RoutineView(Routine):
    """A routine as readers get it."""

    provider_id: str
    site_id: str
    steps: tuple[str, ...] = ()
    planned_to: date | None = None


class RoutineWithHistory(RoutineView):
    """A routine with everything that became of it, oldest line first."""

    history: tuple[LineView, ...]


class RoutinePage(BaseModel):
    """Routines, the one that starts first at the top, and where to go on; `next` is None at the end."""

    routines: tuple[RoutineView, ...]
    next: str | None


def routines_router(desk: RoutineDesk) -> APIRouter:
    """Build the routes of routines.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["routines"])

    @router.get("/v1/routines")
    async def list_routines(
        reader: Reader,
        page: Paging,
        site: str | None = None,
        status: StatusAsked = "open",
        provider_id: Asked = None,
    ) -> RoutinePage:
        """List routines in reach."""
        who = Who(reader, reader.provider(provider_id))
        found = await desk.routine_list(who, site, _statuses(status), page.limit, page.start(date))
        following = page.following([(routine.starts_on, routine.routine_id) for routine in found])
        return RoutinePage(routines=tuple(_view(routine) for routine in found), next=following)

    @router.get("/v1/routines/{routine_id}")
    async def read_routine(reader: Reader, routine_id: str, provider_id: Asked = None) -> RoutineWithHistory:
        """Read one routine with its history."""
        routine, history = await desk.routine(Who(reader, reader.provider(provider_id)), routine_id)
        lines = tuple(line_view(line) for line in history)
        return RoutineWithHistory.model_validate(asdict(routine) | {"history": lines})

    _add_acts(router, desk)
    return router


def _add_acts(router: APIRouter, desk: RoutineDesk) -> None:
    """Add what people do with a routine."""

    @router.post("/v1/routines", status_code=201)
    async def set_up(actor: Actor, body: RoutineAsked, provider_id: Asked = None) -> RoutineView:
        """Set up a routine; its occurrences of the coming weeks are made at once."""
        fields = body.model_dump(exclude={"site", "playbook"})
        asked = Setting(site_id=body.site, playbook_id=body.playbook, **fields)
        return _view(await desk.set_up(Who(actor, actor.provider(provider_id)), asked))

    @router.patch("/v1/routines/{routine_id}")
    async def change(actor: Actor, routine_id: str, body: RoutineChanged, provider_id: Asked = None) -> RoutineView:
        """Change a routine from today on."""
        who = Who(actor, actor.provider(provider_id))
        return _view(await desk.change(who, routine_id, body.version, Changes(**body.model_dump(exclude={"version"}))))

    @router.post("/v1/routines/{routine_id}:pause")
    async def pause(actor: Actor, routine_id: str, body: Seen, provider_id: Asked = None) -> RoutineView:
        """Let a routine rest."""
        return _view(await desk.pause(Who(actor, actor.provider(provider_id)), routine_id, body.version))

    @router.post("/v1/routines/{routine_id}:resume")
    async def resume(actor: Actor, routine_id: str, body: Seen, provider_id: Asked = None) -> RoutineView:
        """Take a routine up again, from today on."""
        return _view(await desk.resume(Who(actor, actor.provider(provider_id)), routine_id, body.version))

    @router.post("/v1/routines/{routine_id}:end")
    async def end(actor: Actor, routine_id: str, body: Seen, provider_id: Asked = None) -> RoutineView:
        """End a routine for good."""
        return _view(await desk.end(Who(actor, actor.provider(provider_id)), routine_id, body.version))


def _statuses(asked: StatusAsked) -> Sequence[str]:
    return {"open": OPEN, "all": STATUSES}.get(asked, (asked,))


def _view(routine: RoutineState) -> RoutineView:
    return RoutineView.model_validate(asdict(routine))
