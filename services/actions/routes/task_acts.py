"""HTTP for what else is done with tasks: opening by hand, starting, changing, commenting, verifying, reopening."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.actions.domain.task_acts import Written
from services.actions.routes.places import Day
from services.actions.routes.tasks import Actor, Asked, Body, Reader, TaskView, Version, task_view
from services.actions.usecases.desk import Who
from services.actions.usecases.task_desk import Opening, TaskDesk
from shared.contracts.envelope import Id
from shared.kernel.errors import Fault, Invalid
from shared.taxonomy.model import Playbook

OwnerRole = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")]
"""A role's word, such as registered_manager: never a person's name."""
Words = Annotated[str, Field(min_length=1, max_length=200)]
Kind = Literal["checklist", "inspection", "verification"]
Strength = Literal["stronger", "intermediate", "weaker"]


class StepAsked(Body):
    """A step of a task that somebody writes."""

    title: Words
    evidence_asked: Annotated[str | None, Field(max_length=200)] = None


class TaskOpened(Body):
    """Open a task: from a playbook, or with title, strength, owner and steps of one's own."""

    site: Id
    playbook: Annotated[str | None, Field(max_length=64)] = None
    title: Words | None = None
    kind: Kind = "checklist"
    strength: Strength | None = None
    owner_role: OwnerRole | None = None
    steps: Annotated[tuple[StepAsked, ...], Field(max_length=30)] = ()
    process_measure: Annotated[str | None, Field(max_length=200)] = None
    reports: Annotated[tuple[Id, ...], Field(max_length=200)] = ()
    signal_id: Id | None = None
    asset: Annotated[str | None, Field(max_length=64)] = None

    def opening(self) -> Opening:
        """Return it in the words of the domain.

        Raises:
            Invalid: a task of one's own lacks a field, or one from a playbook has what only the other has.
        """
        own = {"title": self.title, "strength": self.strength, "owner_role": self.owner_role, "steps": self.steps}
        written = None
        if self.playbook is None:
            if missing := [name for name, value in own.items() if not value]:
                detail = "is missing: name it, or a playbook that has it"
                raise Invalid("the action is not complete", tuple(Fault(detail, name) for name in missing))
            steps = [(step.title, step.evidence_asked) for step in self.steps]
            written = Written(
                self.title or "", self.kind, self.strength or "", self.owner_role or "", steps, self.process_measure
            )
        elif extra := [name for name, value in own.items() if value]:
            raise Invalid("the playbook says that already", tuple(Fault("comes from the playbook", n) for n in extra))
        return Opening(self.site, self.playbook, written, self.reports, self.signal_id, self.asset)


class Seen(Body):
    """An act that needs nothing but the version that was seen."""

    version: Version


class TaskChanged(Body):
    """Move the date or the owner."""

    version: Version
    due_on: Day | None = None
    owner_role: OwnerRole | None = None


class Remark(Body):
    """Say something about a task; the words stay in its history."""

    version: Version
    comment: Words


class Reopening(Body):
    """Open a closed task once more; the named steps are to be done again."""

    version: Version
    reason: Words
    steps: Annotated[tuple[Annotated[str, Field(max_length=64)], ...], Field(max_length=30)] = ()


class PlaybookStepView(BaseModel):
    """A step of a playbook."""

    id: str
    title: str
    evidence_asked: str


class PlaybookView(BaseModel):
    """A remedy that a task or a routine can be made from."""

    id: str
    version: str
    title: str
    kind: str
    steps: tuple[PlaybookStepView, ...]
    cadence: str | None
    owner_role: str
    strength: str
    process_measure: str
    source: str
    domains: tuple[str, ...]


class PlaybookList(BaseModel):
    """All remedies."""

    playbooks: tuple[PlaybookView, ...]


def task_acts_router(desk: TaskDesk) -> APIRouter:
    """Build the routes.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["actions"])

    @router.get("/v1/playbooks")
    async def list_playbooks(reader: Reader, domain: str | None = None) -> PlaybookList:  # noqa: ARG001 - the guard
        """List the remedies, all or those for a domain."""
        found = [_playbook(playbook) for playbook in desk.playbooks.values()]
        return PlaybookList(playbooks=tuple(said for said in found if domain is None or domain in said.domains))

    @router.post("/v1/actions", status_code=201)
    async def open_action(actor: Actor, body: TaskOpened, provider_id: Asked = None) -> TaskView:
        """Open a task by hand; it is a proposal until somebody accepts it."""
        who = Who(actor, actor.provider(provider_id))
        task = await desk.open(who, body.opening())
        return task_view(task, await desk.warning(who, task))

    @router.patch("/v1/actions/{action_id}")
    async def change(actor: Actor, action_id: str, body: TaskChanged, provider_id: Asked = None) -> TaskView:
        """Move the date or the owner."""
        who = Who(actor, actor.provider(provider_id))
        return task_view(await desk.change(who, action_id, body.version, body.due_on, body.owner_role))

    @router.post("/v1/actions/{action_id}:start")
    async def start(actor: Actor, action_id: str, body: Seen, provider_id: Asked = None) -> TaskView:
        """Begin the work."""
        return task_view(await desk.start(Who(actor, actor.provider(provider_id)), action_id, body.version))

    @router.post("/v1/actions/{action_id}:comment")
    async def comment(actor: Actor, action_id: str, body: Remark, provider_id: Asked = None) -> TaskView:
        """Say something about a task."""
        who = Who(actor, actor.provider(provider_id))
        return task_view(await desk.comment(who, action_id, body.version, body.comment))

    @router.post("/v1/actions/{action_id}:verify")
    async def verify(actor: Actor, action_id: str, body: Seen, provider_id: Asked = None) -> TaskView:
        """Note that somebody other than who completed it has seen that it is done."""
        return task_view(await desk.verify(Who(actor, actor.provider(provider_id)), action_id, body.version))

    @router.post("/v1/actions/{action_id}:reopen")
    async def reopen(actor: Actor, action_id: str, body: Reopening, provider_id: Asked = None) -> TaskView:
        """Open a closed task once more."""
        who = Who(actor, actor.provider(provider_id))
        return task_view(await desk.reopen(who, action_id, body.version, body.reason, body.steps))

    return router


def _playbook(playbook: Playbook) -> PlaybookView:
    pattern = playbook.pattern
    domains = tuple(dict.fromkeys(pattern.domains_all + pattern.domains_any))
    return PlaybookView.model_validate(asdict(playbook) | {"domains": domains})
