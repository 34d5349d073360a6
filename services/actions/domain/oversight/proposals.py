"""What becomes of proposals that nobody decides on: the next role while a question is open, else they lapse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.actions.domain.oversight.ladder import next_step
from services.actions.domain.tasks import LAPSED, PROPOSED, Task
from shared.kernel.clock import london_date
from shared.taxonomy.oversight import OverdueRules


@dataclass(frozen=True, slots=True)
class Question:
    """A signal about reports, as far as it matters for proposals: from when to when it was open.

    Attributes:
        closed_on: The day on which it closed; None while it is open.
    """

    signal_id: str
    site_id: str
    report_ids: frozenset[str]
    raised_on: date
    closed_on: date | None = None


def questions_about(task: Task, questions: Iterable[Question]) -> list[Question]:
    """Return the questions that a proposal answers: its own signal, and those of its site that share a report.

    Args:
        task: The proposal.
        questions: Signals of its provider.
    """
    reports = frozenset(task.report_ids)
    return [
        asked
        for asked in questions
        if asked.signal_id == task.signal_id or (asked.site_id == task.site_id and asked.report_ids & reports)
    ]


def moved_on(
    task: Task, about: Sequence[Question], news_at: datetime, rules: OverdueRules, today: date, at: datetime
) -> Task:
    """Let the calendar act on a proposal: the next role is asked, or it lapses.

    One that a person opened again stays: somebody wants it.

    Args:
        task: As it is stored.
        about: The questions about it.
        news_at: When it was proposed, a report was linked, or somebody last wrote about it; whichever came last.
        rules: After how long what happens.
        today: The present day in England.
        at: The present moment.

    Returns:
        The task with a new version, or the very same one where nothing is to be done.
    """
    if task.status != PROPOSED:
        return task
    open_since = [asked.raised_on for asked in about if asked.closed_on is None]
    if open_since:
        waits_days = (today - max(min(open_since), london_date(task.proposed_at))).days
        step = next_step(rules.proposal_steps, waits_days, task.owner_role, task.escalated_to, task.visibility)
        if step is None:
            return task
        return replace(task, version=task.version + 1, escalated_to=step.role, escalated_at=at)
    last_on = max([london_date(news_at), *(asked.closed_on for asked in about if asked.closed_on is not None)])
    if task.reopened or (today - last_on).days < rules.proposal_lapse_days:
        return task
    return replace(task, version=task.version + 1, status=LAPSED, closed_at=at, escalated_to=None, escalated_at=None)
