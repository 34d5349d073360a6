"""A remedial task and what may be done with it: the states, the acts, and who may follow whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from shared.kernel.errors import Conflict, Fault, Invalid, NotFound
from shared.kernel.ids import derived_id
from shared.taxonomy.model import Playbook

PROPOSED, ACCEPTED, IN_PROGRESS, COMPLETED, DECLINED = "proposed", "accepted", "in_progress", "completed", "declined"
VERIFIED, LAPSED = "verified", "lapsed"
STATUSES = (PROPOSED, ACCEPTED, IN_PROGRESS, COMPLETED, VERIFIED, DECLINED, LAPSED)
OPEN = (PROPOSED, ACCEPTED, IN_PROGRESS)
FREE = "free"
"""Stands for the playbook of a task that somebody wrote without one."""
FROM = {
    "accepted": (PROPOSED,),
    "declined": (PROPOSED,),
    "started": (ACCEPTED,),
    "changed": (ACCEPTED, IN_PROGRESS),
    "changed by a step": (ACCEPTED, IN_PROGRESS),
    "completed": (ACCEPTED, IN_PROGRESS),
    "verified": (COMPLETED,),
    "reopened": (COMPLETED, VERIFIED, DECLINED, LAPSED),
    "commented on": STATUSES,
}
"""For each act the statuses that it may follow."""
LINKED_MAX = 200
"""A task that nobody closes stops linking here: every event of it carries the whole list."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step and, once done, when, by which role and with what evidence.

    Attributes:
        note: What was seen, redacted.
        count: What was counted, 0 or more.
        file: The name under which a file is kept elsewhere, redacted; the file itself is not here.
    """

    step_id: str
    title: str
    evidence_asked: str | None = None
    done_at: datetime | None = None
    done_by_role: str | None = None
    note: str | None = None
    count: int | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """The whole state of a remedial task; `version` goes up by one with every change.

    Attributes:
        playbook_id: The playbook; FREE for a task that somebody wrote without one.
        signal_id: The early warning that it answers.
        completed_by: Opaque id of who completed it; whoever verifies it must be another.
        reopened: How often it was opened again.
        comments: How many comments its history holds.
        asset: The asset that it is about.
        escalated_to: The role that was asked because it is overdue, or because nobody decided on a proposal; None where
            none was, or somebody has taken it on or set a new day since.
    """

    action_id: str
    provider_id: str
    site_id: str
    ordinal: int
    version: int
    status: str
    kind: str
    title: str
    playbook_id: str
    playbook_version: str
    strength: str
    owner_role: str
    proposed_at: datetime
    visibility: str
    process_measure: str | None = None
    cadence: str | None = None
    due_on: date | None = None
    steps: tuple[Step, ...] = ()
    report_ids: tuple[str, ...] = ()
    reason: str | None = None
    accepted_at: datetime | None = None
    completed_at: datetime | None = None
    closed_at: datetime | None = None
    signal_id: str | None = None
    completed_by: str | None = None
    verified_at: datetime | None = None
    verified_by_role: str | None = None
    reopened: int = 0
    comments: int = 0
    asset: str | None = None
    escalated_to: str | None = None
    escalated_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Tell whether something is still to be decided or done."""
        return self.status in OPEN


def propose(
    playbook: Playbook,
    provider_id: str,
    site_id: str,
    ordinal: int,
    report_ids: Iterable[str],
    visibility: str,
    at: datetime,
) -> Task:
    """Make the task that a playbook's match calls for.

    Args:
        playbook: The remedy.
        provider_id: The tenant.
        site_id: Where the reports came from.
        ordinal: 1 for the first task of this playbook at this site, 2 for the next.
        report_ids: The reports that matched.
        visibility: site, or held where the match needs reports that are held from the site.
        at: When it counts from.
    """
    return Task(
        action_id=derived_id(f"action|{provider_id}|{site_id}|{playbook.id}|{ordinal}"),
        provider_id=provider_id,
        site_id=site_id,
        ordinal=ordinal,
        version=1,
        status=PROPOSED,
        kind=playbook.kind,
        title=playbook.title,
        playbook_id=playbook.id,
        playbook_version=playbook.version,
        strength=playbook.strength,
        owner_role=playbook.owner_role,
        proposed_at=at,
        visibility=visibility,
        process_measure=playbook.process_measure,
        cadence=playbook.cadence,
        steps=tuple(Step(step.id, step.title, step.evidence_asked) for step in playbook.steps),
        report_ids=tuple(report_ids)[:LINKED_MAX],
    )


def with_evidence(task: Task, linked: Iterable[str], gone: Collection[str]) -> Task:
    """Link further reports and let go of those that no longer count or may no longer be seen.

    Args:
        task: An open task.
        linked: Ids of reports that match; known ones do no harm.
        gone: Ids of reports that were withdrawn, or held from those who see the task.

    Returns:
        The task with a new version, or the very same one where nothing changed.
    """
    kept = [known for known in task.report_ids if known not in gone]
    new = [report_id for report_id in dict.fromkeys(linked) if report_id not in kept and report_id not in gone]
    ids = tuple(kept + new[: max(0, LINKED_MAX - len(kept))])
    return task if ids == task.report_ids else replace(task, version=task.version + 1, report_ids=ids)


def without_words(task: Task) -> Task:
    """Leave out what people typed, for readers of numbers alone: the reason, and notes and file names of steps."""
    return replace(task, reason=None, steps=tuple(replace(step, note=None, file=None) for step in task.steps))


def reveal(task: Task, report_ids: Iterable[str], at: datetime) -> Task:
    """Show a held proposal to its site, because enough of its reports may be seen there.

    Args:
        task: A held task that nobody has acted on.
        report_ids: The reports that the site may see; they alone stay linked.
        at: When it counts from for the site.
    """
    ids = tuple(report_ids)[:LINKED_MAX]
    return replace(task, version=task.version + 1, visibility="site", report_ids=ids, proposed_at=at)


def accept(task: Task, version: int, due_on: date, owner_role: str | None, today: date, at: datetime) -> Task:
    """Take a task on.

    Args:
        task: As it is stored.
        version: As it was seen.
        due_on: When it shall be done, today or later.
        owner_role: Which role does it; None leaves it with the proposed one.
        today: The present day in England.
        at: The present moment.

    Raises:
        Conflict: the task has moved on, or is not proposed.
        Invalid: the date is past.
    """
    expect(task, version, "accepted")
    refuse_past(task, due_on, today)
    return replace(
        task,
        version=version + 1,
        status=ACCEPTED,
        due_on=due_on,
        owner_role=owner_role or task.owner_role,
        accepted_at=at,
        escalated_to=None,
        escalated_at=None,
    )


def decline(task: Task, version: int, reason: str, at: datetime) -> Task:
    """Decide against a task.

    Args:
        task: As it is stored.
        version: As it was seen.
        reason: Why, already redacted.
        at: The present moment.

    Raises:
        Conflict: the task has moved on, or is not proposed.
    """
    expect(task, version, "declined")
    return replace(task, version=version + 1, status=DECLINED, reason=reason, closed_at=at)


def complete_step(
    task: Task,
    version: int,
    step_id: str,
    role: str,
    note: str | None,
    at: datetime,
    count: int | None = None,
    file: str | None = None,
) -> Task:
    """Tick a step; the first one starts the task.

    Args:
        task: As it is stored.
        version: As it was seen.
        step_id: Which step.
        role: The role that did it.
        note: What the evidence is, already redacted.
        at: The present moment.
        count: What was counted.
        file: The name under which a file is kept, already redacted.

    Raises:
        Conflict: the task has moved on, is not accepted or in progress, or the step is done.
        NotFound: the task has no such step.
    """
    step = next((step for step in task.steps if step.step_id == step_id), None)
    if step is None:
        raise NotFound(f"action {task.action_id} has no step {step_id}")
    expect(task, version, "changed by a step")
    if step.done_at is not None:
        raise Conflict(f"step {step_id} of action {task.action_id} is already done")
    done = replace(step, done_at=at, done_by_role=role, note=note, count=count, file=file)
    steps = tuple(done if known is step else known for known in task.steps)
    return replace(task, version=version + 1, status=IN_PROGRESS, steps=steps)


def complete(task: Task, version: int, at: datetime, by: str | None = None) -> Task:
    """Close a task whose steps are all done.

    Args:
        task: As it is stored.
        version: As it was seen.
        at: The present moment.
        by: Opaque id of who completes it.

    Raises:
        Conflict: the task has moved on, is not accepted or in progress, or steps are still open.
    """
    expect(task, version, "completed")
    left = [step.step_id for step in task.steps if step.done_at is None]
    if left:
        raise Conflict(f"action {task.action_id} cannot be completed: still open are {', '.join(left)}")
    return replace(task, version=version + 1, status=COMPLETED, completed_at=at, closed_at=at, completed_by=by)


def refuse_past(task: Task, due_on: date, today: date) -> None:
    """Refuse a day on which nothing can be done any more.

    Args:
        task: The task, for the message.
        due_on: The day that was named.
        today: The present day in England.

    Raises:
        Invalid: the date is past.
    """
    if due_on < today:
        raise Invalid(
            f"action {task.action_id} cannot be due on a past day", (Fault(f"must be {today} or later", "due_on"),)
        )


def expect(task: Task, version: int, act: str) -> None:
    """Refuse an act on a task that has moved on, or that the act may not follow.

    Args:
        task: As it is stored.
        version: As it was seen.
        act: The act, as FROM names it.

    Raises:
        Conflict: names the version, or the status and the act.
    """
    if task.version != version:
        fault = Fault(f"the current version is {task.version}", "version")
        raise Conflict(
            f"action {task.action_id} is at version {task.version}, not {version}: read it and decide again", (fault,)
        )
    if task.status not in FROM[act]:
        allowed = " or ".join(FROM[act])
        raise Conflict(f"action {task.action_id} is {task.status} and cannot be {act}: only {allowed} ones can")
