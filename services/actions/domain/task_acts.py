"""What else may be done with a task: opened by hand, started, changed, commented on, verified, opened again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.actions.domain.oversight.ladder import next_step
from services.actions.domain.tasks import (
    ACCEPTED,
    DECLINED,
    FREE,
    IN_PROGRESS,
    LAPSED,
    PROPOSED,
    VERIFIED,
    Step,
    Task,
    expect,
    refuse_past,
)
from shared.kernel.errors import Conflict, Fault, Invalid
from shared.kernel.ids import derived_id
from shared.taxonomy.oversight import OverdueStep


@dataclass(frozen=True, slots=True)
class Written:
    """A task that somebody writes without a playbook; all words are redacted.

    Attributes:
        kind: checklist, inspection or verification.
        strength: Its place in the hierarchy of actions: stronger, intermediate or weaker.
        steps: Title and the evidence asked for, in order.
    """

    title: str
    kind: str
    strength: str
    owner_role: str
    steps: Sequence[tuple[str, str | None]]
    process_measure: str | None = None


def write(written: Written, provider_id: str, site_id: str, ordinal: int, visibility: str, at: datetime) -> Task:
    """Make a task without a playbook.

    Args:
        written: What it says.
        provider_id: The tenant.
        site_id: Where it is to be done.
        ordinal: 1 for the site's first such task, 2 for the next.
        visibility: site or held.
        at: The present moment.
    """
    return Task(
        action_id=derived_id(f"action|{provider_id}|{site_id}|{FREE}|{ordinal}"),
        provider_id=provider_id,
        site_id=site_id,
        ordinal=ordinal,
        version=1,
        status=PROPOSED,
        kind=written.kind,
        title=written.title,
        playbook_id=FREE,
        playbook_version="1",
        strength=written.strength,
        owner_role=written.owner_role,
        proposed_at=at,
        visibility=visibility,
        process_measure=written.process_measure,
        steps=tuple(Step(f"step-{number}", *said) for number, said in enumerate(written.steps, 1)),
    )


def start(task: Task, version: int) -> Task:
    """Begin the work.

    Args:
        task: As it is stored.
        version: As it was seen.

    Raises:
        Conflict: the task has moved on, or is not accepted.
    """
    expect(task, version, "started")
    return replace(task, version=version + 1, status=IN_PROGRESS)


def change(task: Task, version: int, due_on: date | None, owner_role: str | None, today: date) -> Task:
    """Move the date or the owner.

    Args:
        task: As it is stored.
        version: As it was seen.
        due_on: The new date; None leaves it.
        owner_role: The new role; None leaves it.
        today: The present day in England.

    Raises:
        Conflict: the task has moved on, or is neither accepted nor in progress.
        Invalid: nothing is to change, or the date is past.
    """
    expect(task, version, "changed")
    if due_on is not None:
        refuse_past(task, due_on, today)
    changed = replace(task, due_on=due_on or task.due_on, owner_role=owner_role or task.owner_role)
    if due_on is not None and due_on != task.due_on:
        changed = replace(changed, escalated_to=None, escalated_at=None)
    if changed == task:
        raise Invalid("nothing would change", (Fault("name a new date or another role", "due_on"),))
    return replace(changed, version=version + 1)


def comment(task: Task, version: int) -> Task:
    """Count a comment; its words stand in the history alone.

    Args:
        task: As it is stored.
        version: As it was seen.

    Raises:
        Conflict: the task has moved on.
    """
    expect(task, version, "commented on")
    return replace(task, version=version + 1, comments=task.comments + 1)


def verify(task: Task, version: int, by: str, role: str, at: datetime) -> Task:
    """Note that somebody else has seen that it is done.

    Args:
        task: As it is stored.
        version: As it was seen.
        by: Opaque id of who has seen it.
        role: The role of the same.
        at: The present moment.

    Raises:
        Conflict: the task has moved on, is not completed, or the same person completed it.
    """
    expect(task, version, "verified")
    if task.completed_by in (None, by):
        raise Conflict(
            f"action {task.action_id} cannot be verified by who completed it: somebody else must have seen it"
            if task.completed_by
            else f"action {task.action_id} cannot be verified: nobody wrote down who completed it; reopen it first"
        )
    return replace(task, version=version + 1, status=VERIFIED, verified_at=at, verified_by_role=role)


def reopen(task: Task, version: int, again: Collection[str]) -> Task:
    """Open a closed task once more: a declined or lapsed one as a proposal, another one as work in progress.

    Args:
        task: As it is stored.
        version: As it was seen.
        again: Ids of the steps that are to be done again.

    Raises:
        Conflict: the task has moved on, or is still open.
        Invalid: the task has no such step.
    """
    expect(task, version, "reopened")
    unknown = [step_id for step_id in again if all(step.step_id != step_id for step in task.steps)]
    if unknown:
        raise Invalid(
            f"action {task.action_id} has no step {unknown[0]}", (Fault("name steps of the action", "steps"),)
        )
    steps = tuple(
        Step(step.step_id, step.title, step.evidence_asked) if step.step_id in again else step for step in task.steps
    )
    status = PROPOSED if task.status in (DECLINED, LAPSED) else IN_PROGRESS
    return replace(
        task,
        version=version + 1,
        status=status,
        steps=steps,
        reopened=task.reopened + 1,
        reason=None,
        completed_at=None,
        completed_by=None,
        verified_at=None,
        verified_by_role=None,
        closed_at=None,
        escalated_to=None,
        escalated_at=None,
    )


def escalated(
    task: Task, steps: Sequence[OverdueStep], today: date, at: datetime, absent: Collection[str] = ()
) -> Task:
    """Ask the next role about a task that is past its day; after a standstill the last one that it is late for.

    A task that is held from its site goes to the last role alone.

    Args:
        task: As it is stored.
        steps: After how many days it goes to whom, the soonest first.
        today: The present day in England.
        at: The present moment.
        absent: Roles that cannot be asked at its site today.

    Returns:
        The task with a new version, or the very same one where nobody new is to be asked.
    """
    if task.status not in (ACCEPTED, IN_PROGRESS) or task.due_on is None:
        return task
    step = next_step(steps, (today - task.due_on).days, task.owner_role, task.escalated_to, task.visibility, absent)
    if step is None:
        return task
    return replace(task, version=task.version + 1, escalated_to=step.role, escalated_at=at)
