"""The page of one task: did it work, what is to be done, and everything that people do with it."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Response

from services.actions.domain.detection.one_series import Series
from services.actions.domain.evaluations import Evaluation
from services.actions.domain.occurrences import DONE, MISSED
from services.actions.domain.occurrences import STATUSES as OCCURRENCE_STATUSES
from services.actions.domain.picture import since_verdict
from services.actions.domain.routines import STATUSES as ROUTINE_STATUSES
from services.actions.domain.routines import Routine
from services.actions.domain.tasks import Task
from services.actions.routes.pages.drawings import evaluation_drawing, ratio_drawing, ratio_words
from services.actions.routes.pages.frame import FRESH, Done, Frame, Sent, Tried, Typed
from services.actions.routes.tasks import Actor, Reader
from services.actions.usecases.desk import Desk, StepEvidence, Who
from services.actions.usecases.picturing import Picturing
from services.actions.usecases.rebase_desk import RebaseDesk
from services.actions.usecases.routine_desk import RoutineDesk, Setting
from services.actions.usecases.signal_desk import SignalDesk
from services.actions.usecases.task_desk import TaskDesk
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.web.navigation import BOARD

DUE_AFTER = timedelta(days=28)
GRACE_DAYS = 2
ALL_REPORTS = "all"
"""Stands in the form for the chart of all reports of a site."""
FIELDS = {"reason": "changed", "domain": "chart"}
"""Names of the fields of a decision on limits, as the form of this page has them."""
REBASES_MAX = 100


@dataclass(frozen=True, slots=True)
class Kept:
    """How a routine that belongs to a task is kept up."""

    routine: Routine
    done: int
    missed: int


class TaskPages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: Tasks: deciding and ticking.
        tasks: Tasks: everything else.
        signals: Evaluations.
        routines: Routines that belong to tasks.
        picturing: Makes pictures.
        rebases: Decisions that limits begin anew.
    """

    def __init__(
        self,
        frame: Frame,
        desk: Desk,
        tasks: TaskDesk,
        signals: SignalDesk,
        routines: RoutineDesk,
        picturing: Picturing,
        rebases: RebaseDesk,
    ) -> None:
        self._frame = frame
        self._desk = desk
        self._tasks = tasks
        self._signals = signals
        self._routines = routines
        self._picturing = picturing
        self._rebases = rebases

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/actions/{action_id}")(self.one)
        router.post("/actions/{action_id}")(self.act)
        router.get("/actions/{action_id}/steps/{step_id}")(self.step)
        router.post("/actions/{action_id}/steps/{step_id}")(self.tick)
        return router

    async def one(self, reader: Reader, action_id: str, saved: Done = None) -> Response:
        """Show one task."""
        return await self._show(Who(reader, reader.provider()), action_id, FRESH, saved)

    async def act(self, actor: Actor, action_id: str, form: Sent) -> Response:
        """Do with a task what the pressed button says."""
        who = Who(actor, actor.provider())
        to = self._frame.href("actions", action_id)
        return await self._frame.sent(
            self._acted(who, action_id, form), to, form, lambda tried: self._show(who, action_id, tried)
        )

    async def step(self, actor: Actor, action_id: str, step_id: str) -> Response:
        """Show the form for one step."""
        return await self._step(Who(actor, actor.provider()), action_id, step_id, FRESH)

    async def tick(self, actor: Actor, action_id: str, step_id: str, form: Sent) -> Response:
        """Tick a step with its evidence."""
        who = Who(actor, actor.provider())

        async def ticked() -> None:
            evidence = StepEvidence(form.text("note"), form.number("count"), form.text("file"))
            await self._desk.complete_step(who, action_id, form.version(), step_id, evidence)

        to = self._frame.href("actions", action_id)
        return await self._frame.sent(ticked(), to, form, lambda tried: self._step(who, action_id, step_id, tried))

    async def _acted(self, who: Who, action_id: str, form: Typed) -> None:
        """Find the act that a button names, and do it."""
        version, word = form.version(), form.text("act")
        acts: dict[str, Any] = {
            "accept": lambda: self._desk.accept(
                who, action_id, version, form.day_needed("due_on"), form.role("owner_role")
            ),
            "decline": lambda: self._desk.decline(who, action_id, version, form.text("reason") or ""),
            "start": lambda: self._tasks.start(who, action_id, version),
            "change": lambda: self._tasks.change(who, action_id, version, form.day("due_on"), form.role("owner_role")),
            "comment": lambda: self._tasks.comment(who, action_id, version, form.text("comment") or ""),
            "complete": lambda: self._desk.complete(who, action_id, version),
            "verify": lambda: self._tasks.verify(who, action_id, version),
            "reopen": lambda: self._tasks.reopen(
                who, action_id, version, form.text("reason") or "", form.many("steps")
            ),
            "routine": lambda: self._routine(who, action_id, form),
            "rebase": lambda: self._rebase(who, action_id, form),
        }
        if word not in acts:
            raise Invalid("nothing was chosen", (Fault("press one of the buttons", "form"),))
        act: Awaitable[Any] = acts[word]()
        await act

    async def _routine(self, who: Who, action_id: str, form: Typed) -> None:
        """Set up the routine that the task's playbook asks for."""
        task, _ = await self._desk.read(who, action_id)
        if task.cadence is None:
            raise Invalid("the action has no cadence", (Fault("set up a routine by hand", "form"),))
        starts: date = form.day_needed("starts_on")
        asked = Setting(
            site_id=task.site_id,
            starts_on=starts,
            grace_days=GRACE_DAYS,
            playbook_id=task.playbook_id if task.playbook_id in self._tasks.playbooks else None,
            action_id=action_id,
            kind=task.kind,
            title=task.title,
            rule=task.cadence,
            owner_role=task.owner_role,
        )
        await self._routines.set_up(who, asked)

    async def _rebase(self, who: Who, action_id: str, form: Typed) -> None:
        """Decide that the limits of the site's chart begin anew, because the service itself changed."""
        task, _ = await self._desk.read(who, action_id)
        domain = None if form.text("chart") == ALL_REPORTS else form.text("chart")
        begins_on, reason = form.day_needed("begins_on"), form.text("changed") or ""
        try:
            await self._rebases.decide(who, task.site_id, domain, begins_on, reason, None)
        except Invalid as refusal:
            # Other forms of the page have a reason, too: what is wrong is said at the field that it is about.
            faults = [Fault(one.detail, FIELDS.get(one.field or "", one.field)) for one in refusal.faults]
            raise Invalid(str(refusal), tuple(faults)) from None

    async def _show(self, who: Who, action_id: str, tried: Tried, saved: str | None = None) -> Response:
        frame = self._frame
        task, history = await self._desk.read(who, action_id)
        try:
            evaluation = await self._signals.evaluation(who, action_id)
        except NotFound:
            evaluation = None
        drawn = picture = ratio = since = None
        if evaluation is not None:
            title = self._picturing.title(evaluation.series)
            picture = await self._picturing.of_evaluation(who, evaluation, frame.today)
            since = since_verdict(evaluation, picture, frame.today)
            drawn = await evaluation_drawing(frame.charts, evaluation, picture, title)
            if evaluation.verdict is not None and evaluation.verdict.rate_ratio is not None:
                ratio = await ratio_drawing(frame.charts, evaluation.verdict)
        return await frame.show(
            "action.html",
            who,
            BOARD,
            tried,
            saved,
            task=task,
            history=history,
            warning=await self._tasks.warning(who, task),
            evaluation=evaluation,
            series_title=None if evaluation is None else self._picturing.title(evaluation.series),
            drawn=drawn,
            picture=picture,
            since=since,
            ratio=ratio,
            ratio_words=ratio_words,
            kept=await self._kept(who, task),
            due_on=frame.today + DUE_AFTER,
            late=task.open and task.due_on is not None and task.due_on < frame.today,
            mine=task.completed_by == who.principal.subject,
            **await self._limits(who, evaluation),
        )

    async def _limits(self, who: Who, evaluation: Evaluation | None) -> dict[str, Any]:
        """Return the site's charts whose limits may begin anew, and what was decided of them."""
        if evaluation is None:
            return {"limit_charts": (), "limits_begun": ()}
        domains = evaluation.series.domains
        charts = [(ALL_REPORTS, "All reports"), *((word, self._picturing.title(Series((word,)))) for word in domains)]
        found = await self._rebases.page(who, evaluation.site_id, REBASES_MAX, None)
        return {
            "limit_charts": charts[::-1],
            "limits_begun": [made for made in found if not made.series.domains or made.series.domains[0] in domains],
        }

    async def _kept(self, who: Who, task: Task) -> list[Kept]:
        """Return the routines that belong to a task, and how they are kept up."""
        found = await self._routines.routine_list(who, task.site_id, ROUTINE_STATUSES, 200, None)
        kept = []
        for routine in found:
            if routine.action_id == task.action_id:
                asked = (task.site_id, OCCURRENCE_STATUSES, 500, None)
                past = await self._routines.occurrence_list(who, asked, routine.routine_id, None, self._frame.today)
                done = sum(one.status == DONE for one in past)
                kept.append(Kept(routine, done, sum(one.status == MISSED for one in past)))
        return kept

    async def _step(self, who: Who, action_id: str, step_id: str, tried: Tried) -> Response:
        task, _ = await self._desk.read(who, action_id)
        step = next((step for step in task.steps if step.step_id == step_id), None)
        if step is None:
            raise NotFound(f"action {action_id} has no step {step_id}")
        number = task.steps.index(step) + 1
        return await self._frame.show("step.html", who, BOARD, tried, task=task, step=step, number=number)
