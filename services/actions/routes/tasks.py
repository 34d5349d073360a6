"""HTTP for remedial tasks: reading, and the acts of people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.actions.domain.tasks import OPEN, STATUSES, Task
from services.actions.ports import HistoryLine
from services.actions.routes.places import Day, Paging
from services.actions.usecases.desk import Desk, StepEvidence, Who
from services.actions.usecases.task_desk import TaskDesk
from shared.contracts.actions import Action, Step
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import Allow

Reader = Annotated[Principal, Depends(Allow(Role.MANAGER, Role.GOVERNANCE, Role.SAFEGUARDING, Role.ANALYST))]
Actor = Annotated[Principal, Depends(Allow(Role.MANAGER, Role.GOVERNANCE, Role.SAFEGUARDING))]
Asked = Annotated[str | None, Query(description="Only for keys that are not bound to one provider")]
StatusAsked = Literal[
    "open", "all", "proposed", "accepted", "in_progress", "completed", "verified", "declined", "lapsed"
]
Version = Annotated[int, Field(ge=1, description="The version that was seen; a stale one is refused")]


class Body(BaseModel):
    """Base of what is sent: an unknown field is a mistake that is said, not swallowed."""

    model_config = ConfigDict(extra="forbid")


class Acceptance(Body):
    """Take a task on."""

    version: Version
    due_on: Day
    owner_role: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")] = None
    """A role's word, such as registered_manager: never a person's name."""


class Refusal(Body):
    """Decide against a task."""

    version: Version
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class StepDone(Body):
    """Tick a step with its evidence: a note, a count, the name of a file that is kept elsewhere."""

    version: Version
    note: Annotated[str | None, Field(max_length=200)] = None
    count: Annotated[int | None, Field(ge=0, le=1_000_000)] = None
    file: Annotated[str | None, Field(max_length=130)] = None


class Completion(Body):
    """Close a task."""

    version: Version


class StepView(Step):
    """A step with the evidence that stays in this service."""

    count: int | None = None
    file: str | None = None


class TaskView(Action):
    """A task as readers get it; `warning` is said where one is opened, accepted or read, not in lists."""

    provider_id: str
    site_id: str
    steps: tuple[StepView, ...] = ()
    warning: str | None = None


class LineView(BaseModel):
    """One line of a task's history; `type` is the event's."""

    version: int
    type: str
    at: AwareDatetime
    by_role: str
    status: str
    words: str | None = None


class TaskWithHistory(TaskView):
    """A task with everything that became of it, oldest line first."""

    history: tuple[LineView, ...]


class TaskPage(BaseModel):
    """Tasks, newest proposal first, and where to go on; `next` is None at the end."""

    actions: tuple[TaskView, ...]
    next: str | None


def tasks_router(desk: Desk, task_desk: TaskDesk) -> APIRouter:
    """Build the routes of tasks.

    Args:
        desk: The use cases.
        task_desk: Says what to think about a plan.
    """
    router = APIRouter(tags=["actions"])

    @router.get("/v1/actions")
    async def list_actions(
        reader: Reader,
        page: Paging,
        site: str | None = None,
        status: StatusAsked = "open",
        provider_id: Asked = None,
    ) -> TaskPage:
        """List tasks in reach."""
        who = Who(reader, reader.provider(provider_id))
        found = await desk.task_list(who, site, _statuses(status), page.limit, page.start(datetime))
        following = page.following([(task.proposed_at, task.action_id) for task in found])
        return TaskPage(actions=tuple(task_view(task) for task in found), next=following)

    @router.get("/v1/actions/{action_id}")
    async def read_action(reader: Reader, action_id: str, provider_id: Asked = None) -> TaskWithHistory:
        """Read one task with its history."""
        who = Who(reader, reader.provider(provider_id))
        task, history = await desk.read(who, action_id)
        said = {"history": tuple(line_view(line) for line in history), "warning": await task_desk.warning(who, task)}
        return TaskWithHistory.model_validate(asdict(task) | said)

    @router.post("/v1/actions/{action_id}:accept")
    async def accept(actor: Actor, action_id: str, body: Acceptance, provider_id: Asked = None) -> TaskView:
        """Take a task on."""
        who = Who(actor, actor.provider(provider_id))
        task = await desk.accept(who, action_id, body.version, body.due_on, body.owner_role)
        return task_view(task, await task_desk.warning(who, task))

    @router.post("/v1/actions/{action_id}:decline")
    async def decline(actor: Actor, action_id: str, body: Refusal, provider_id: Asked = None) -> TaskView:
        """Decide against a task."""
        who = Who(actor, actor.provider(provider_id))
        return task_view(await desk.decline(who, action_id, body.version, body.reason))

    @router.post("/v1/actions/{action_id}/steps/{step_id}:complete")
    async def complete_step(
        actor: Actor, action_id: str, step_id: str, body: StepDone, provider_id: Asked = None
    ) -> TaskView:
        """Tick a step."""
        who = Who(actor, actor.provider(provider_id))
        evidence = StepEvidence(body.note, body.count, body.file)
        return task_view(await desk.complete_step(who, action_id, body.version, step_id, evidence))

    @router.post("/v1/actions/{action_id}:complete")
    async def complete(actor: Actor, action_id: str, body: Completion, provider_id: Asked = None) -> TaskView:
        """Close a task whose steps are all done."""
        who = Who(actor, actor.provider(provider_id))
        return task_view(await desk.complete(who, action_id, body.version))

    return router


def _statuses(asked: StatusAsked) -> Sequence[str]:
    return {"open": OPEN, "all": STATUSES}.get(asked, (asked,))


def task_view(task: Task, warning: str | None = None) -> TaskView:
    """Show a task.

    Args:
        task: As it is now.
        warning: What to think about the plan that it belongs to.
    """
    return TaskView.model_validate(asdict(task) | {"warning": warning})


def line_view(line: HistoryLine) -> LineView:
    """Show a line of a history."""
    return LineView.model_validate({**asdict(line), "type": line.act})
