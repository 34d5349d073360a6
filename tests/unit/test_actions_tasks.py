"""What may be done with a task, and when not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.actions.domain import tasks
from shared.kernel.errors import Conflict, Invalid, NotFound
from shared.taxonomy.loader import load_taxonomy

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
TODAY = date(2026, 11, 23)
PLAYBOOK = load_taxonomy().playbooks["medication-handover-checklist"]


def proposed() -> tasks.Task:
    return tasks.propose(PLAYBOOK, "p", "s", 1, ["a", "b", "c"], "site", NOW)


def accepted() -> tasks.Task:
    return tasks.accept(proposed(), 1, TODAY, None, TODAY, NOW)


def all_done() -> tasks.Task:
    task = accepted()
    for step in task.steps:
        task = tasks.complete_step(task, task.version, step.step_id, "manager", None, NOW)
    return task


def test_a_task_goes_from_proposal_to_completion():
    """Each act makes a new version and leaves when and by which role."""
    task = all_done()
    done = tasks.complete(task, task.version, NOW)

    assert [accepted().status, task.status, done.status] == ["accepted", "in_progress", "completed"]
    assert done.version == 1 + 1 + len(PLAYBOOK.steps) + 1
    assert all(step.done_at == NOW and step.done_by_role == "manager" for step in done.steps)
    assert (done.completed_at, done.closed_at, done.open) == (NOW, NOW, False)


def test_the_id_is_derived_from_what_the_task_is_for():
    """The same match found again is the same task; the next one at the site is another."""
    again = tasks.propose(PLAYBOOK, "p", "s", 1, ["x"], "site", NOW)
    second = tasks.propose(PLAYBOOK, "p", "s", 2, ["x"], "site", NOW)

    assert again.action_id == proposed().action_id
    assert second.action_id != proposed().action_id


def test_accepting_may_name_another_role():
    """The owner is a role; without one the proposed role stays."""
    assert accepted().owner_role == "registered_manager"
    assert tasks.accept(proposed(), 1, TODAY, "deputy_manager", TODAY, NOW).owner_role == "deputy_manager"


def test_a_past_day_is_no_due_date():
    """The field is named."""
    with pytest.raises(Invalid) as refused:
        tasks.accept(proposed(), 1, date(2026, 11, 22), None, TODAY, NOW)
    assert refused.value.faults[0].field == "due_on"


def test_a_stale_version_is_refused_with_the_current_one():
    """Nobody overwrites what he has not seen."""
    with pytest.raises(Conflict, match="is at version 2, not 1") as refused:
        tasks.accept(accepted(), 1, TODAY, None, TODAY, NOW)
    assert refused.value.faults[0].field == "version"


@pytest.mark.parametrize(
    ("task", "act", "said"),
    [
        (
            accepted(),
            lambda t: tasks.accept(t, t.version, TODAY, None, TODAY, NOW),
            "is accepted and cannot be accepted",
        ),
        (accepted(), lambda t: tasks.decline(t, t.version, "no", NOW), "is accepted and cannot be declined"),
        (proposed(), lambda t: tasks.complete(t, t.version, NOW), "is proposed and cannot be completed"),
        (
            proposed(),
            lambda t: tasks.complete_step(t, t.version, "draft", "manager", None, NOW),
            "is proposed and cannot be changed by a step",
        ),
        (
            replace(all_done(), status=tasks.COMPLETED),
            lambda t: tasks.complete(t, t.version, NOW),
            "is completed and cannot be completed",
        ),
        (
            tasks.decline(proposed(), 1, "no", NOW),
            lambda t: tasks.accept(t, t.version, TODAY, None, TODAY, NOW),
            "is declined and cannot be accepted",
        ),
    ],
)
def test_an_act_that_does_not_follow_is_refused_by_name(task, act, said):
    """The refusal names the status and the act."""
    with pytest.raises(Conflict, match=said):
        act(task)


def test_open_steps_are_named_when_completion_is_refused():
    """A task is complete when all its steps are done."""
    task = tasks.complete_step(accepted(), 2, "draft", "manager", "drafted", NOW)

    with pytest.raises(Conflict, match="still open are contents, brief"):
        tasks.complete(task, task.version, NOW)


def test_a_step_is_ticked_once_and_must_exist():
    """A second tick is a conflict, an unknown step is not found."""
    task = tasks.complete_step(accepted(), 2, "draft", "manager", "drafted", NOW)

    with pytest.raises(Conflict, match=r"step draft .* already done"):
        tasks.complete_step(task, 3, "draft", "manager", None, NOW)
    with pytest.raises(NotFound, match="no step nonsense"):
        tasks.complete_step(task, 3, "nonsense", "manager", None, NOW)


def test_links_grow_once_and_shrink_when_a_report_leaves_the_counts():
    """One new version for the whole change; none where nothing changes."""
    task = proposed()

    assert tasks.with_evidence(task, ["a", "b"], set()) is task
    changed = tasks.with_evidence(task, ["d", "a", "d"], {"b"})
    assert (changed.version, changed.report_ids) == (2, ("a", "c", "d"))


def test_a_task_that_nobody_closes_stops_linking():
    """Every event carries the list, so it has an end."""
    task = tasks.with_evidence(proposed(), [f"r{number}" for number in range(500)], set())

    assert len(task.report_ids) == tasks.LINKED_MAX
    assert tasks.with_evidence(task, ["one more"], set()) is task
