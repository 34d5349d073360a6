"""HTTP for decisions that limits begin anew."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.actions.domain.rebases import Rebase as State
from services.actions.routes.places import Day, Paging
from services.actions.routes.tasks import Actor, Asked, Body, Reader
from services.actions.usecases.desk import Who
from services.actions.usecases.rebase_desk import RebaseDesk
from shared.contracts.cards import Rebase
from shared.contracts.envelope import Id, Word


class RebaseView(Rebase):
    """A decision as readers get it."""

    provider_id: str
    site_id: str


class RebasePage(BaseModel):
    """Decisions, the last one first, and where to go on; `next` is None at the end."""

    rebases: tuple[RebaseView, ...]
    next: str | None


class Deciding(Body):
    """Begin the limits of a site's chart anew on a Monday, because the service itself changed.

    Without `domain` it is the chart of all reports of the site.
    """

    site: Id
    domain: Word | None = None
    begins_on: Day
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    signal_id: Id | None = None


def rebases_router(desk: RebaseDesk) -> APIRouter:
    """Build the routes of decisions that limits begin anew.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["limits"])

    @router.get("/v1/rebases")
    async def list_rebases(
        reader: Reader, page: Paging, site: str | None = None, provider_id: Asked = None
    ) -> RebasePage:
        """List the decisions in reach."""
        who = Who(reader, reader.provider(provider_id))
        found = await desk.page(who, site, page.limit, page.start(datetime))
        following = page.following([(rebase.decided_at, rebase.rebase_id) for rebase in found])
        return RebasePage(rebases=tuple(_view(rebase) for rebase in found), next=following)

    @router.post("/v1/rebases", status_code=201)
    async def decide(actor: Actor, body: Deciding, provider_id: Asked = None) -> RebaseView:
        """Decide; the same chart and day again is the same decision."""
        who = Who(actor, actor.provider(provider_id))
        made = await desk.decide(who, body.site, body.domain, body.begins_on, body.reason, body.signal_id)
        return _view(made)

    return router


def _view(rebase: State) -> RebaseView:
    return RebaseView.model_validate(asdict(rebase))
