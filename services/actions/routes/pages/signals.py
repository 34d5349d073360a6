"""The pages of questions raised by the data: the list to review, and one question with what can be done about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.actions.domain.oversight.cards import OPEN as CARD_OPEN
from services.actions.domain.signals import OPEN, STATUSES
from services.actions.domain.tasks import OPEN as TASK_OPEN
from services.actions.routes.pages.drawings import signal_drawing
from services.actions.routes.pages.frame import FRESH, Done, Frame, Sent, Tried, Typed
from services.actions.routes.tasks import Actor, Reader
from services.actions.usecases.desk import Desk, Who
from services.actions.usecases.oversight_desk import CardDesk
from services.actions.usecases.picturing import Picturing
from services.actions.usecases.signal_desk import SignalDesk
from services.actions.usecases.task_desk import Opening, TaskDesk
from shared.kernel.errors import Fault, Invalid
from shared.web.navigation import SIGNALS

LIST_MAX = 100
TASKS_OFFERED = 6
Site = Annotated[str | None, Query(max_length=128)]


class SignalPages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: Signals.
        board: Tasks.
        tasks: Opens tasks.
        picturing: Makes pictures.
        cards: What could have killed, which is said before all questions.
    """

    def __init__(
        self,
        frame: Frame,
        desk: SignalDesk,
        board: Desk,
        tasks: TaskDesk,
        picturing: Picturing,
        cards: CardDesk,
    ) -> None:
        self._frame = frame
        self._desk = desk
        self._board = board
        self._tasks = tasks
        self._picturing = picturing
        self._cards = cards

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/signals")(self.list)
        router.get("/signals/{signal_id}")(self.one)
        router.post("/signals/{signal_id}")(self.decide)
        return router

    async def list(self, reader: Reader, site: Site = None, closed: bool = False) -> Response:
        """List the questions, those that nobody has answered first."""
        who = Who(reader, reader.provider())
        found = await self._desk.signal_list(who, site or None, STATUSES if closed else (OPEN,), LIST_MAX, None)
        version, chance = await self._desk.chance(who)
        return await self._frame.show(
            "signals.html",
            who,
            SIGNALS,
            unanswered=[signal for signal in found if signal.review is None and signal.status == OPEN],
            answered=[signal for signal in found if signal.review is not None and signal.status == OPEN],
            past=[signal for signal in found if signal.status != OPEN],
            site=site or None,
            closed=closed,
            more=len(found) == LIST_MAX,
            chance=chance,
            rule_version=version,
            cards=len(await self._cards.card_list(who, site or None, (CARD_OPEN,), LIST_MAX, None)),
        )

    async def one(self, reader: Reader, signal_id: str, saved: Done = None) -> Response:
        """Show one question."""
        return await self._show(Who(reader, reader.provider()), signal_id, FRESH, saved)

    async def decide(self, actor: Actor, signal_id: str, form: Sent) -> Response:
        """Answer a question: open an action, point to one, watch it, or dismiss it with a reason."""
        who = Who(actor, actor.provider())
        to = self._frame.href("signals", signal_id)
        return await self._frame.sent(
            self._decided(who, signal_id, form), to, form, lambda tried: self._show(who, signal_id, tried)
        )

    async def _decided(self, who: Who, signal_id: str, form: Typed) -> None:
        version, reason = form.version(), form.text("reason")
        kind, _, key = (form.text("decision") or "").partition(":")
        action_id = None
        if kind == "playbook":
            signal = await self._desk.signal(who, signal_id)
            opening = Opening(signal.site_id, key, report_ids=signal.report_ids[:200], signal_id=signal_id)
            action_id = (await self._tasks.open(who, opening)).action_id
        elif kind == "action":
            action_id = key
        elif kind not in ("watched", "dismissed"):
            raise Invalid("nothing was chosen", (Fault("choose what you make of it", "decision"),))
        decision = "acted_on" if action_id else kind
        await self._desk.review(who, signal_id, version, decision, reason, action_id)

    async def _show(self, who: Who, signal_id: str, tried: Tried, saved: str | None = None) -> Response:
        signal = await self._desk.signal(who, signal_id)
        picture = await self._picturing.of_signal(who, signal, self._frame.today)
        title = self._picturing.title(signal.series)
        tasks = await self._board.task_list(who, signal.site_id, TASK_OPEN, LIST_MAX, None)
        linked = [task for task in tasks if task.signal_id == signal_id]
        taken = {task.playbook_id for task in tasks}
        _, chance = await self._desk.chance(who)
        return await self._frame.show(
            "signal.html",
            who,
            SIGNALS,
            tried,
            saved,
            signal=signal,
            title=title,
            picture=picture,
            drawn=await signal_drawing(self._frame.charts, signal, picture, title),
            fitting=[book for book in self._picturing.fitting(signal.series, picture) if book.id not in taken],
            offered=[task for task in tasks if task not in linked][:TASKS_OFFERED],
            linked=linked,
            chance=chance,
        )
