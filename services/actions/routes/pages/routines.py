"""The pages of routines: a calendar of what is due, one routine, and the form for a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.actions.domain.occurrences import (
    CHECKLIST,
    INSPECTION,
    STATUSES,
    VERIFICATION,
    Occurrence,
)
from services.actions.domain.routines import OPEN as ROUTINE_OPEN
from services.actions.routes.pages.frame import FRESH, Done, Frame, Sent, Tried, Typed, led, refused
from services.actions.routes.tasks import Actor, Reader
from services.actions.usecases.desk import Who
from services.actions.usecases.routine_desk import RoutineDesk, Setting
from services.actions.usecases.task_desk import TaskDesk
from shared.kernel.clock import week_start
from shared.kernel.errors import Conflict, Fault, Forbidden, Invalid
from shared.web.navigation import BOARD

WEEKS_SHOWN = 5
LIST_MAX = 500
KINDS = (CHECKLIST, INSPECTION, VERIFICATION)
CADENCES = (
    ("FREQ=DAILY", "Every day"),
    ("FREQ=WEEKLY;BYDAY=MO", "Every Monday"),
    ("FREQ=WEEKLY;BYDAY=WE", "Every Wednesday"),
    ("FREQ=WEEKLY;BYDAY=MO,TH", "Mondays and Thursdays"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "Every second Monday"),
    ("FREQ=MONTHLY;BYMONTHDAY=1", "On the first of each month"),
    ("FREQ=MONTHLY;BYDAY=1MO", "On the first Monday of each month"),
    ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1", "Every three months"),
    ("FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=1", "Every six months"),
)
"""What the form offers; any rule of RFC 5545 may be kept."""
Site = Annotated[str | None, Query(max_length=128)]
From = Annotated[date | None, Query(alias="from", ge=date(2000, 1, 1), le=date(2099, 1, 1))]


@dataclass(frozen=True, slots=True)
class DayOf:
    """One day of the calendar."""

    day: date
    occurrences: Sequence[Occurrence]


class RoutinePages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: Routines.
        tasks: Knows the playbooks.
    """

    def __init__(self, frame: Frame, desk: RoutineDesk, tasks: TaskDesk) -> None:
        self._frame = frame
        self._desk = desk
        self._tasks = tasks

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/routines")(self.calendar)
        router.get("/routines/new")(self.new)
        router.post("/routines/new")(self.set_up)
        router.get("/routines/{routine_id}")(self.one)
        router.post("/routines/{routine_id}")(self.act)
        return router

    async def calendar(self, reader: Reader, site: Site = None, first: From = None) -> Response:
        """Show five weeks of what falls due, and what waits from before."""
        who = Who(reader, reader.provider())
        today = self._frame.today
        monday = week_start(first or today)
        last = monday + timedelta(weeks=WEEKS_SHOWN, days=-1)
        here = (site or None, STATUSES, LIST_MAX, None)
        found = await self._desk.occurrence_list(who, here, None, monday, last)
        days = [monday + timedelta(days=number) for number in range(7 * WEEKS_SHOWN)]
        return await self._frame.show(
            "routines.html",
            who,
            BOARD,
            weeks=[
                [DayOf(day, [one for one in found if one.due_on == day]) for day in days[start : start + 7]]
                for start in range(0, len(days), 7)
            ],
            waiting=await self._desk.to_do(who, site or None, today),
            routines=await self._desk.routine_list(who, site or None, ROUTINE_OPEN, 200, None),
            site=site or None,
            earlier=monday - timedelta(weeks=WEEKS_SHOWN),
            later=last + timedelta(days=1),
        )

    async def new(self, actor: Actor, site: Site = None) -> Response:
        """Show the form for a new routine."""
        return await self._form(Who(actor, actor.provider()), site, FRESH)

    async def set_up(self, actor: Actor, form: Sent) -> Response:
        """Set a routine up."""
        who = Who(actor, actor.provider())
        try:
            routine = await self._desk.set_up(who, _setting(form))
        except (Invalid, Conflict, Forbidden) as refusal:
            return await self._form(who, form.text("site"), refused(refusal, form))
        return led(self._frame.href("routines", routine.routine_id))

    async def one(self, reader: Reader, routine_id: str, saved: Done = None) -> Response:
        """Show one routine."""
        return await self._show(Who(reader, reader.provider()), routine_id, FRESH, saved)

    async def act(self, actor: Actor, routine_id: str, form: Sent) -> Response:
        """Pause, take up again or end a routine."""
        who = Who(actor, actor.provider())

        async def acted() -> None:
            acts = {"pause": self._desk.pause, "resume": self._desk.resume, "end": self._desk.end}
            if (act := acts.get(form.text("act") or "")) is None:
                raise Invalid("nothing was chosen", (Fault("press one of the buttons", "form"),))
            await act(who, routine_id, form.version())

        to = self._frame.href("routines", routine_id)
        return await self._frame.sent(acted(), to, form, lambda tried: self._show(who, routine_id, tried))

    async def _show(self, who: Who, routine_id: str, tried: Tried, saved: str | None = None) -> Response:
        routine, history = await self._desk.routine(who, routine_id)
        asked = (routine.site_id, STATUSES, LIST_MAX, None)
        first = self._frame.today - timedelta(weeks=26)
        found = await self._desk.occurrence_list(who, asked, routine_id, first, None)
        return await self._frame.show(
            "routine.html",
            who,
            BOARD,
            tried,
            saved,
            routine=routine,
            history=history,
            past=[one for one in found if one.due_on <= self._frame.today][::-1],
            ahead=[one for one in found if one.due_on > self._frame.today][:6],
        )

    async def _form(self, who: Who, site: str | None, tried: Tried) -> Response:
        books = [book for book in self._tasks.playbooks.values() if book.cadence]
        return await self._frame.show(
            "new_routine.html",
            who,
            BOARD,
            tried,
            chosen=site,
            playbooks=sorted(books, key=lambda book: book.title),
            cadences=CADENCES,
        )


def _setting(form: Typed) -> Setting:
    site = form.text("site")
    if site is None:
        raise Invalid("the form is not complete", (Fault("choose a site", "site"),))
    return Setting(
        site_id=site,
        starts_on=form.day_needed("starts_on"),
        grace_days=form.number("grace_days") or 0,
        playbook_id=form.text("playbook"),
        kind=form.choice("kind", KINDS),
        title=form.text("title"),
        rule=form.text("rule"),
        owner_role=form.role("owner_role"),
        steps=form.lines("steps"),
    )
