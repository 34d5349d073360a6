"""What could have killed: cards that stay until somebody records what stands in the way, alerts, and people to tell."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.actions.domain.oversight.cards import OPEN
from services.actions.domain.oversight.notices import ALERT, SENT
from services.actions.domain.oversight.told import OPEN as TOLD_OPEN
from services.actions.domain.tasks import OPEN as TASK_OPEN
from services.actions.routes.pages.frame import FRESH, Done, Frame, Sent, Tried, Typed
from services.actions.routes.tasks import Actor, Reader
from services.actions.usecases.desk import Desk, Who
from services.actions.usecases.oversight_desk import CardDesk, NoticeDesk
from shared.kernel.clock import LONDON
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.web.navigation import SIGNALS

LIST_MAX = 60
TASKS_OFFERED = 30
WHOM = ("person", "family", "advocate")
TOLD = ("told", "not_yet", "not_needed")
Site = Annotated[str | None, Query(max_length=128)]


class CardPages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: Cards, and whether people were told.
        notices: Alerts.
        tasks: What may stand in the way.
    """

    def __init__(self, frame: Frame, desk: CardDesk, notices: NoticeDesk, tasks: Desk) -> None:
        self._frame = frame
        self._desk = desk
        self._notices = notices
        self._tasks = tasks

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/cards")(self.list)
        router.post("/cards")(self.acknowledge)
        router.get("/cards/{card_id}")(self.one)
        router.post("/cards/{card_id}")(self.act)
        router.get("/told/{report_id}")(self.told)
        router.post("/told/{report_id}")(self.tell)
        return router

    async def list(self, reader: Reader, site: Site = None, saved: Done = None) -> Response:
        """List the open cards, the alerts that nobody has seen, and the people to tell."""
        who = Who(reader, reader.provider())
        alerts = await self._notices.notice_list(who, site or None, (SENT,), LIST_MAX, None)
        return await self._frame.show(
            "cards.html",
            who,
            SIGNALS,
            FRESH,
            saved,
            cards=await self._desk.card_list(who, site or None, (OPEN,), LIST_MAX, None),
            alerts=[notice for notice in alerts if notice.kind == ALERT],
            told=await self._desk.told_list(who, site or None, TOLD_OPEN, LIST_MAX, None),
            site=site or None,
            now=self._frame.clock.now(),
        )

    async def acknowledge(self, actor: Actor, form: Sent) -> Response:
        """Say that an alert was seen; nobody else is asked about the same."""
        who = Who(actor, actor.provider())
        to = self._frame.href("cards")
        act = self._notices.acknowledge(who, form.text("notification_id") or "")
        return await self._frame.sent(act, to, form, lambda _: self.list(actor))

    async def one(self, reader: Reader, card_id: str, saved: Done = None) -> Response:
        """Show one card."""
        return await self._show(Who(reader, reader.provider()), card_id, FRESH, saved)

    async def act(self, actor: Actor, card_id: str, form: Sent) -> Response:
        """Record what now stands in the way."""
        who = Who(actor, actor.provider())

        async def cleared() -> None:
            words = form.text("in_the_way") or ""
            await self._desk.clear(who, card_id, form.version(), words, form.text("action_id"))

        to = self._frame.href("cards", card_id)
        return await self._frame.sent(cleared(), to, form, lambda tried: self._show(who, card_id, tried))

    async def told(self, reader: Reader, report_id: str, saved: Done = None) -> Response:
        """Show whether the person or family was told of a report."""
        return await self._show_told(Who(reader, reader.provider()), report_id, FRESH, saved)

    async def tell(self, actor: Actor, report_id: str, form: Sent) -> Response:
        """Write down that somebody was told, why not yet, or why it is not needed."""
        who = Who(actor, actor.provider())
        to = self._frame.href("told", report_id)
        return await self._frame.sent(
            self._noted(who, report_id, form), to, form, lambda tried: self._show_told(who, report_id, tried)
        )

    async def _noted(self, who: Who, report_id: str, form: Typed) -> None:
        status = form.choice("status", TOLD)
        if status is None:
            raise Invalid("nothing was chosen", (Fault("choose an answer", "status"),))
        whom, why_not = form.choice("who", WHOM), form.text("why_not")
        day = form.day_needed("told_on") if status == "told" else None
        at = None if day is None else min(datetime.combine(day, time(12), LONDON), self._frame.clock.now())
        if day is not None and day > self._frame.today:
            raise Invalid("what is yet to come cannot be written down", (Fault("must not lie ahead", "told_on"),))
        await self._desk.note_told(who, report_id, form.version(), status, whom, at, why_not)

    async def _show(self, who: Who, card_id: str, tried: Tried, saved: str | None = None) -> Response:
        card, history = await self._desk.card(who, card_id)
        tasks = await self._tasks.task_list(who, card.site_id, TASK_OPEN, TASKS_OFFERED, None)
        return await self._frame.show(
            "one_card.html", who, SIGNALS, tried, saved, card=card, history=history, tasks=tasks
        )

    async def _show_told(self, who: Who, report_id: str, tried: Tried, saved: str | None = None) -> Response:
        try:
            state, history = await self._desk.told(who, report_id)
        except NotFound:
            state, history = None, []
        return await self._frame.show(
            "told.html", who, SIGNALS, tried, saved, state=state, history=history, report_id=report_id
        )
