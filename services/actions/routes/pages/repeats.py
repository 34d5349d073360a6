"""The pages of similar events that go on without an action: the questions, and one of them with its answer."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from services.actions.domain.oversight.repeats import ASKED, DECISIONS, PERSON, STATUSES
from services.actions.routes.pages.frame import FRESH, Done, Frame, Sent, Tried, Typed
from services.actions.routes.tasks import Actor, Reader
from services.actions.usecases.desk import Who
from services.actions.usecases.picturing import Picturing
from services.actions.usecases.repeats import DECIDES_ON_PERSONS, RepeatDesk
from shared.kernel.errors import Fault, Invalid
from shared.web.navigation import SIGNALS

LIST_MAX = 100
ANSWERS: Final = {
    "consult": ("Consult the council's safeguarding team", "A person rings them; nothing is sent from here."),
    "no_consult": ("Do not consult", "Say why below, for whoever asks later."),
    "act": ("Something is planned", "Say what below; an action on the board is better still."),
    "no_action_needed": ("Nothing more is needed", "Say why below."),
}
Site = Annotated[str | None, Query(max_length=128)]


class RepeatPages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: The questions.
        picturing: Knows what a reader calls a series.
    """

    def __init__(self, frame: Frame, desk: RepeatDesk, picturing: Picturing) -> None:
        self._frame = frame
        self._desk = desk
        self._picturing = picturing

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/repeats")(self.list)
        router.get("/repeats/{repeat_id}")(self.one)
        router.post("/repeats/{repeat_id}")(self.answer)
        return router

    async def list(self, reader: Reader, site: Site = None, answered: bool = False) -> Response:
        """List the questions, those that nobody has answered first."""
        who = Who(reader, reader.provider())
        found = await self._desk.page(who, site or None, STATUSES if answered else (ASKED,), LIST_MAX, None)
        return await self._frame.show(
            "repeats.html",
            who,
            SIGNALS,
            asked=[state for state in found if state.status == ASKED],
            past=[state for state in found if state.status != ASKED],
            title_of=self._picturing.title,
            site=site or None,
            answered=answered,
            more=len(found) == LIST_MAX,
        )

    async def one(self, reader: Reader, repeat_id: str, saved: Done = None) -> Response:
        """Show one question."""
        return await self._show(Who(reader, reader.provider()), repeat_id, FRESH, saved)

    async def answer(self, actor: Actor, repeat_id: str, form: Sent) -> Response:
        """Write down what was decided."""
        who = Who(actor, actor.provider())
        to = self._frame.href("repeats", repeat_id)
        return await self._frame.sent(
            self._answered(who, repeat_id, form), to, form, lambda tried: self._show(who, repeat_id, tried)
        )

    async def _answered(self, who: Who, repeat_id: str, form: Typed) -> None:
        decision = form.choice("decision", ANSWERS)
        if decision is None:
            raise Invalid("nothing was chosen", (Fault("choose an answer", "decision"),))
        await self._desk.answer(who, repeat_id, form.version(), decision, form.text("reason") or "")

    async def _show(self, who: Who, repeat_id: str, tried: Tried, saved: str | None = None) -> Response:
        state, history = await self._desk.one(who, repeat_id)
        decides = state.about != PERSON or bool(who.principal.roles & DECIDES_ON_PERSONS)
        return await self._frame.show(
            "repeat.html",
            who,
            SIGNALS,
            tried,
            saved,
            state=state,
            history=history,
            title=self._picturing.title(state.series),
            choices=[(word, *ANSWERS[word]) for word in DECISIONS[state.about]],
            said=ANSWERS,
            decides=decides,
        )
