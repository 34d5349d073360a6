"""What becomes of proposals that nobody decides on: the table of the shipped rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.actions.domain import task_acts, tasks
from services.actions.domain.oversight.proposals import Question, moved_on, questions_about
from services.actions.domain.tasks import Task
from shared.kernel.errors import Conflict
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.oversight import load_oversight

TAXONOMY = load_taxonomy()
RULES = load_oversight(TAXONOMY).on(date(2026, 11, 23)).overdue
PROPOSED_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY_0 = date(2026, 3, 2)
BOOK = next(iter(TAXONOMY.playbooks.values()))
OPEN = Question("q", "s", frozenset({"r1", "x"}), DAY_0 + timedelta(days=3))


def proposal(**changes) -> Task:
    made = tasks.propose(BOOK, "p", "s", 1, ["r1", "r2"], "site", PROPOSED_AT)
    return replace(made, **changes)


def after(task: Task, days: int, *about: Question, news: int = 0) -> Task:
    """The task as it is so many days after it was proposed, at noon."""
    at = PROPOSED_AT + timedelta(days=days)
    return moved_on(task, about, PROPOSED_AT + timedelta(days=news), RULES, DAY_0 + timedelta(days=days), at)


@pytest.mark.parametrize(
    ("days", "news", "lapses"), [(27, 0, False), (28, 0, True), (200, 0, True), (40, 13, False), (40, 12, True)]
)
def test_a_proposal_without_a_question_lapses_28_days_after_its_last_news(days, news, lapses):
    """Proposed, linked to a report or written about: each counts as news; nothing lapses a day too soon."""
    task = proposal()
    moved = after(task, days, news=news)

    assert (moved.status == "lapsed") is lapses
    assert (moved is task) is not lapses
    if lapses:
        assert (moved.version, moved.closed_at) == (2, PROPOSED_AT + timedelta(days=days))


def test_while_a_question_about_its_reports_is_open_a_proposal_goes_from_role_to_role_and_never_lapses():
    """Days count from when both were open: the question was raised three days after the proposal."""
    task = proposal()
    assert after(task, 9, OPEN) is task
    manager = after(task, 10, OPEN)
    assert (manager.status, manager.escalated_to, manager.version) == ("proposed", "manager", 2)
    assert after(manager, 16, OPEN) is manager
    lead = after(manager, 17, OPEN)
    assert (lead.escalated_to, lead.escalated_at) == ("group_lead", PROPOSED_AT + timedelta(days=17))
    assert after(lead, 300, OPEN) is lead


def test_once_the_question_has_closed_its_28_days_begin():
    """From the last of several; the role that was asked is asked no longer."""
    closed = [replace(OPEN, closed_on=DAY_0 + timedelta(days=days)) for days in (20, 30)]
    asked = proposal(escalated_to="manager", escalated_at=PROPOSED_AT)

    assert after(asked, 57, *closed) is asked
    lapsed = after(asked, 58, *closed)
    assert (lapsed.status, lapsed.escalated_to) == ("lapsed", None)


@pytest.mark.parametrize("status", ["accepted", "in_progress", "completed", "verified", "declined", "lapsed"])
def test_only_proposals_lapse(status):
    """What somebody took on, or decided, is theirs."""
    task = proposal(status=status)

    assert after(task, 400) is task


def test_what_somebody_opened_again_stays():
    """A lapsed proposal can be opened again, accepted then, and the role that was asked is forgotten."""
    lapsed = after(proposal(), 28)
    with pytest.raises(Conflict, match="lapsed"):
        tasks.accept(lapsed, 2, DAY_0 + timedelta(days=60), None, DAY_0, PROPOSED_AT)

    again = task_acts.reopen(lapsed, 2, ())
    taken = tasks.accept(
        replace(again, escalated_to="manager", escalated_at=PROPOSED_AT), 3, DAY_0 + timedelta(days=60), None, DAY_0,
        PROPOSED_AT,
    )  # fmt: skip

    assert (again.status, again.closed_at) == ("proposed", None)
    assert after(again, 400) is again
    assert (taken.escalated_to, taken.escalated_at) == (None, None)


def test_a_question_is_about_a_proposal_by_its_own_name_or_by_a_report_of_the_same_site():
    """Another site's signal of the same season shares no report with it."""
    own = Question("mine", "s", frozenset(), DAY_0)
    elsewhere = replace(OPEN, signal_id="e", site_id="other")
    strange = replace(OPEN, signal_id="o", report_ids=frozenset({"x"}))

    assert questions_about(proposal(signal_id="mine"), [own, OPEN, elsewhere, strange]) == [own, OPEN]
