"""The board of tasks by state, and the form for a task of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.actions.domain.task_acts import Written
from services.actions.domain.tasks import (
    ACCEPTED,
    COMPLETED,
    DECLINED,
    IN_PROGRESS,
    LAPSED,
    PROPOSED,
    VERIFIED,
    Task,
)
from services.actions.routes.pages.frame import FRESH, Frame, Sent, Tried, Typed, led, refused
from services.actions.routes.pages.titles import STRENGTHS
from services.actions.routes.tasks import Actor, Reader
from services.actions.usecases.desk import Desk, Who
from services.actions.usecases.signal_desk import SignalDesk
from services.actions.usecases.task_desk import Opening, TaskDesk
from shared.kernel.errors import Conflict, Fault, Forbidden, Invalid
from shared.web.navigation import BOARD

COLUMNS = (
    ("Proposed: to decide", (PROPOSED,)),
    ("Accepted", (ACCEPTED,)),
    ("In progress", (IN_PROGRESS,)),
    ("Completed: to verify", (COMPLETED,)),
    ("Verified", (VERIFIED,)),
)
CARDS_MAX = 40
CLOSED_SHOWN = 12
SHOWN_FIRST = 8
"""So many of a column stand open; the others are folded away behind them."""
STEPS_MAX = 20
Site = Annotated[str | None, Query(max_length=128)]
Owner = Annotated[str | None, Query(max_length=64)]


class BoardPages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: Tasks.
        tasks: Opens tasks.
        signals: Evaluations, and the questions that tasks answer.
    """

    def __init__(self, frame: Frame, desk: Desk, tasks: TaskDesk, signals: SignalDesk) -> None:
        self._frame = frame
        self._desk = desk
        self._tasks = tasks
        self._signals = signals

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/board")(self.board)
        router.get("/board/new")(self.new)
        router.post("/board/new")(self.open)
        return router

    async def board(self, reader: Reader, site: Site = None, owner: Owner = None) -> Response:
        """Show the tasks by state; overdue ones first, then by date."""
        who = Who(reader, reader.provider())
        columns: list[tuple[str, list[Task], bool]] = []
        late = 0
        for title, statuses in COLUMNS:
            most = CLOSED_SHOWN if statuses == (VERIFIED,) else CARDS_MAX
            found = await self._desk.task_list(who, site or None, statuses, 200, None)
            if owner:
                found = [task for task in found if task.owner_role == owner]
            late += sum(self._late(task) for task in found)
            columns.append((title, _in_order(found)[:most], len(found) > most))
        over = await self._desk.task_list(who, site or None, (DECLINED, LAPSED), 200, None)
        over = [task for task in over if not owner or task.owner_role == owner]
        over.sort(key=lambda task: (task.closed_at or task.proposed_at, task.action_id), reverse=True)
        verdicts = await self._signals.evaluation_list(who, site or None, 500, None)
        return await self._frame.show(
            "board.html",
            who,
            BOARD,
            columns=columns,
            late=late,
            over=over[:CLOSED_SHOWN],
            shown_first=SHOWN_FIRST,
            over_more=len(over) > CLOSED_SHOWN,
            is_late=self._late,
            site=site or None,
            owner=owner or None,
            verdicts={found.action_id: found for found in verdicts},
        )

    async def new(
        self, actor: Actor, site: Site = None, signal: Annotated[str | None, Query(max_length=128)] = None
    ) -> Response:
        """Show the form for a task of one's own."""
        return await self._form(Who(actor, actor.provider()), site, signal, FRESH)

    async def open(self, actor: Actor, form: Sent) -> Response:
        """Open a task: from a playbook, or in one's own words."""
        who = Who(actor, actor.provider())
        try:
            task = await self._tasks.open(who, _opening(form))
        except (Invalid, Conflict, Forbidden) as refusal:
            return await self._form(who, form.text("site"), form.text("signal_id"), refused(refusal, form))
        return led(self._frame.href("actions", task.action_id))

    async def _form(self, who: Who, site: str | None, signal_id: str | None, tried: Tried) -> Response:
        signal = None if signal_id is None else await self._signals.signal(who, signal_id)
        names = await self._frame.names(who)
        chosen = signal.site_id if signal else site or (next(iter(names)) if len(names) == 1 else None)
        return await self._frame.show(
            "new_action.html",
            who,
            BOARD,
            tried,
            signal=signal,
            chosen=chosen,
            names=names,
            playbooks=sorted(self._tasks.playbooks.values(), key=lambda book: book.title),
        )

    def _late(self, task: Task) -> bool:
        return task.open and task.due_on is not None and task.due_on < self._frame.today


def _in_order(found: Sequence[Task]) -> list[Task]:
    """Put what is due first in front; of proposals those that went to somebody else, then the newest."""
    newest = sorted(found, key=lambda task: (task.proposed_at, task.action_id), reverse=True)
    return sorted(newest, key=lambda task: (task.due_on is None, task.due_on, task.escalated_to is None))


def _opening(form: Typed) -> Opening:
    site = form.text("site")
    if site is None:
        raise Invalid("the form is not complete", (Fault("choose a site", "site"),))
    playbook, title = form.text("playbook"), form.text("title")
    written = None
    if playbook is None:
        steps = form.lines("steps")
        if not 1 <= len(steps) <= STEPS_MAX:
            raise Invalid("the form is not complete", (Fault(f"write 1 to {STEPS_MAX} steps, one on a line", "steps"),))
        written = Written(
            title=title or "",
            kind="checklist",
            strength=form.choice("strength", STRENGTHS) or "weaker",
            owner_role=form.role("owner_role") or "registered_manager",
            steps=[(step, None) for step in steps],
            process_measure=form.text("process_measure"),
        )
    return Opening(site, playbook, written, (), form.text("signal_id"), form.text("asset"))
