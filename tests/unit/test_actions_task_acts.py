"""What else may be done with a task, and what a plan's strength says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.actions.domain import task_acts, tasks
from services.actions.domain.strength import ONLY_WEAKER, plan_warning
from services.actions.domain.task_acts import Written
from shared.kernel.errors import Conflict, Invalid
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.oversight import load_oversight

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
TODAY = date(2026, 11, 23)
WRITTEN = Written(
    "Move the sling rack", "checklist", "stronger", "maintenance_lead", [("Move it", "A count"), ("Look", None)]
)


def task(status: str = "proposed", **changes) -> tasks.Task:
    made = task_acts.write(WRITTEN, "p", "s", 1, "site", NOW)
    return replace(made, status=status, **changes)


def completed(by: str = "user-1") -> tasks.Task:
    step = tasks.Step("step-1", "Move it", "A count", NOW, "manager", "seen", 3, "rack.jpg")
    done = replace(task("accepted", accepted_at=NOW), steps=(step,))
    return tasks.complete(done, 1, NOW, by)


def test_a_written_task_has_its_own_steps_and_no_playbook():
    """It stands for itself: its id is derived from site and number, its playbook is the word for none."""
    assert [(step.step_id, step.title, step.evidence_asked) for step in task().steps] == [
        ("step-1", "Move it", "A count"),
        ("step-2", "Look", None),
    ]
    assert (task().playbook_id, task().strength, task().version) == ("free", "stronger", 1)
    assert task().action_id != task_acts.write(WRITTEN, "p", "s", 2, "site", NOW).action_id


def test_a_task_is_verified_by_somebody_else_only():
    """By id: who completed it is refused, another one is not."""
    with pytest.raises(Conflict, match="cannot be verified by who completed it"):
        task_acts.verify(completed("user-1"), 2, "user-1", "manager", NOW)
    verified = task_acts.verify(completed("user-1"), 2, "user-2", "governance", NOW)

    assert (verified.status, verified.version, verified.verified_by_role) == ("verified", 3, "governance")


def test_a_task_completed_by_nobody_known_is_not_verified():
    """Where it was not written down who completed it, it must be reopened first."""
    with pytest.raises(Conflict, match="nobody wrote down who completed it"):
        task_acts.verify(replace(completed(), completed_by=None), 2, "user-2", "governance", NOW)


@pytest.mark.parametrize(
    ("closed", "status"),
    [
        (completed(), "in_progress"),
        (task_acts.verify(completed(), 2, "user-2", "manager", NOW), "in_progress"),
        (tasks.decline(task(), 1, "no need", NOW), "proposed"),
    ],
)
def test_a_closed_task_is_opened_again(closed, status):
    """A declined one as a proposal, another one as work; what closed it is gone from the state."""
    again = task_acts.reopen(closed, closed.version, ())

    assert (again.status, again.version, again.reopened) == (status, closed.version + 1, 1)
    assert (again.closed_at, again.completed_at, again.completed_by, again.verified_at, again.reason) == (None,) * 5
    assert again.open


def test_reopening_may_undo_steps():
    """A named step loses its evidence and is to be done again; an unknown one is refused."""
    again = task_acts.reopen(completed(), 2, ["step-1"])

    assert again.steps == (tasks.Step("step-1", "Move it", "A count"),)
    with pytest.raises(Invalid, match="has no step step-9"):
        task_acts.reopen(completed(), 2, ["step-9"])


@pytest.mark.parametrize(
    ("act", "status", "word"),
    [
        (lambda it: task_acts.start(it, 1), "proposed", "started"),
        (lambda it: task_acts.start(it, 1), "in_progress", "started"),
        (lambda it: task_acts.change(it, 1, TODAY, None, TODAY), "completed", "changed"),
        (lambda it: task_acts.verify(it, 1, "b", "manager", NOW), "in_progress", "verified"),
        (lambda it: task_acts.verify(it, 1, "b", "manager", NOW), "verified", "verified"),
        (lambda it: task_acts.reopen(it, 1, ()), "accepted", "reopened"),
        (lambda it: tasks.complete(it, 1, NOW), "declined", "completed"),
    ],
)
def test_an_act_that_does_not_follow_names_status_and_act(act, status, word):
    """The conflict says what the task is and what it cannot be."""
    with pytest.raises(Conflict, match=f"is {status} and cannot be {word}: only"):
        act(task(status))


def test_a_change_moves_date_or_owner():
    """Both, one, or none, which is refused; a past day is refused."""
    accepted = task("accepted", due_on=TODAY)
    changed = task_acts.change(accepted, 1, date(2026, 12, 1), "deputy_manager", TODAY)

    assert (changed.due_on, changed.owner_role, changed.version) == (date(2026, 12, 1), "deputy_manager", 2)
    with pytest.raises(Invalid, match="nothing would change"):
        task_acts.change(accepted, 1, TODAY, None, TODAY)
    with pytest.raises(Invalid, match="past day"):
        task_acts.change(accepted, 1, date(2026, 11, 22), None, TODAY)


def test_readers_of_numbers_alone_get_no_file_names():
    """Notes and file names are what people typed; counts are not."""
    [step] = tasks.without_words(completed()).steps

    assert (step.note, step.file, step.count) == (None, None, 3)


@pytest.mark.parametrize(
    ("strengths", "warning"),
    [
        ([], None),
        (["weaker"], ONLY_WEAKER),
        (["weaker", "weaker"], ONLY_WEAKER),
        (["weaker", "intermediate"], None),
        (["stronger"], None),
    ],
)
def test_a_plan_of_weaker_actions_alone_gets_a_warning(strengths, warning):
    """One action that does not rest on memory is enough."""
    assert plan_warning(strengths) == warning


STEPS = load_oversight(load_taxonomy()).on(TODAY).overdue.action_steps


@pytest.mark.parametrize(
    ("late_days", "changes", "asked"),
    [
        (2, {}, None),
        (3, {}, "deputy"),
        (3, {"owner_role": "registered_manager"}, "deputy"),
        (3, {"owner_role": "deputy_manager"}, "manager"),
        (4, {"escalated_to": "deputy"}, "deputy"),
        (5, {"escalated_to": "deputy"}, "manager"),
        (6, {"escalated_to": "manager"}, "manager"),
        (7, {"escalated_to": "manager"}, "group_lead"),
        (40, {}, "group_lead"),
        (40, {"escalated_to": "group_lead"}, "group_lead"),
        (3, {"visibility": "held"}, None),
        (7, {"visibility": "held"}, "group_lead"),
        (40, {"owner_role": "group_lead"}, "manager"),
        (40, {"status": "completed"}, None),
        (40, {"status": "proposed"}, None),
    ],
)
def test_an_overdue_action_goes_to_the_next_role_after_set_days(late_days, changes, asked):
    """To each in turn, never to its own owner, never back, and a held one past its site's roles."""
    late = task(**{"status": "accepted", "due_on": TODAY - timedelta(days=late_days), **changes})
    moved = task_acts.escalated(late, STEPS, TODAY, NOW)

    assert moved.escalated_to == asked
    assert (moved is late) is (asked == changes.get("escalated_to"))
    assert moved is late or (moved.version, moved.escalated_at) == (late.version + 1, NOW)


def test_a_new_day_takes_an_overdue_action_back_to_its_owner():
    """Moving the owner alone does not: the day is still past."""
    late = task("accepted", due_on=TODAY - timedelta(days=8), escalated_to="group_lead", escalated_at=NOW)

    moved = task_acts.change(late, 1, TODAY + timedelta(days=7), None, TODAY)
    handed = task_acts.change(late, 1, None, "kitchen_lead", TODAY)

    assert (moved.escalated_to, moved.escalated_at) == (None, None)
    assert handed.escalated_to == "group_lead"
