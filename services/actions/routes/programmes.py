"""HTTP for remedies at several sites."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.actions.domain.programmes import Programme as State
from services.actions.routes.places import Paging
from services.actions.routes.tasks import Actor, Asked, Body, LineView, Reader, line_view
from services.actions.usecases.desk import Who
from services.actions.usecases.programmes import ProgrammeDesk
from shared.contracts.envelope import Id
from shared.contracts.upkeep import Programme


class ProgrammeView(Programme):
    """A programme as readers get it: a verdict for each site, and one over all, stratified by site."""

    provider_id: str
    set_up_on: date


class ProgrammeWithHistory(ProgrammeView):
    """A programme with everything that became of it, oldest line first."""

    history: tuple[LineView, ...]


class ProgrammePage(BaseModel):
    """Programmes, the last set up first, and where to go on; `next` is None at the end."""

    programmes: tuple[ProgrammeView, ...]
    next: str | None


class SettingUp(Body):
    """Join actions of several sites that are judged by the same series."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    action_ids: Annotated[tuple[Id, ...], Field(min_length=2, max_length=200)]


def programmes_router(desk: ProgrammeDesk) -> APIRouter:
    """Build the routes of programmes.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["programmes"])

    @router.get("/v1/programmes")
    async def list_programmes(reader: Reader, page: Paging, provider_id: Asked = None) -> ProgrammePage:
        """List programmes."""
        who = Who(reader, reader.provider(provider_id))
        found = await desk.page(who, page.limit, page.start(date))
        following = page.following([(state.set_up_on, state.programme_id) for state in found])
        return ProgrammePage(programmes=tuple(_view(state) for state in found), next=following)

    @router.post("/v1/programmes", status_code=201)
    async def set_up(actor: Actor, body: SettingUp, provider_id: Asked = None) -> ProgrammeView:
        """Set a programme up; the same actions again are the same programme."""
        who = Who(actor, actor.provider(provider_id))
        return _view(await desk.set_up(who, body.title, body.action_ids))

    @router.get("/v1/programmes/{programme_id}")
    async def read_programme(reader: Reader, programme_id: str, provider_id: Asked = None) -> ProgrammeWithHistory:
        """Read one programme with its history."""
        state, lines = await desk.one(Who(reader, reader.provider(provider_id)), programme_id)
        return ProgrammeWithHistory.model_validate(asdict(state) | {"history": tuple(line_view(ln) for ln in lines)})

    return router


def _view(state: State) -> ProgrammeView:
    return ProgrammeView.model_validate(asdict(state))
