"""The pages of remedies at several sites: the list, the form, and one with a verdict for each site and over all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response

from services.actions.domain.evaluations import Evaluation
from services.actions.routes.pages.drawings import ratio_drawing, ratio_words
from services.actions.routes.pages.frame import FRESH, Done, Frame, Sent, Tried, led, refused
from services.actions.routes.tasks import Actor, Reader
from services.actions.usecases.desk import Who
from services.actions.usecases.picturing import Picturing
from services.actions.usecases.programmes import ProgrammeDesk
from services.actions.usecases.signal_desk import SignalDesk
from shared.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from shared.web.navigation import BOARD

LIST_MAX = 100


@dataclass(frozen=True, slots=True)
class Group:
    """Remedies about the same series, one or more a site; those of two sites can be joined."""

    title: str
    evaluations: Sequence[Evaluation]


class ProgrammePages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: Programmes.
        signals: Evaluations that can be joined.
        picturing: Knows what a reader calls a series.
    """

    def __init__(self, frame: Frame, desk: ProgrammeDesk, signals: SignalDesk, picturing: Picturing) -> None:
        self._frame = frame
        self._desk = desk
        self._signals = signals
        self._picturing = picturing

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/programmes")(self.list)
        router.get("/programmes/new")(self.new)
        router.post("/programmes/new")(self.set_up)
        router.get("/programmes/{programme_id}")(self.one)
        return router

    async def list(self, reader: Reader) -> Response:
        """List the programmes, the last set up first."""
        who = Who(reader, reader.provider())
        found = await self._desk.page(who, LIST_MAX, None)
        return await self._frame.show("programmes.html", who, BOARD, programmes=found, title_of=self._picturing.title)

    async def new(self, actor: Actor) -> Response:
        """Show the form that joins remedies of several sites."""
        return await self._form(Who(actor, actor.provider()), FRESH)

    async def set_up(self, actor: Actor, form: Sent) -> Response:
        """Join remedies of several sites."""
        who = Who(actor, actor.provider())
        try:
            made = await self._desk.set_up(who, form.text("title") or "", form.many("action_ids"))
        except (Invalid, Conflict, Forbidden) as refusal:
            return await self._form(who, refused(refusal, form))
        return led(self._frame.href("programmes", made.programme_id))

    async def one(self, reader: Reader, programme_id: str, saved: Done = None) -> Response:
        """Show one programme."""
        who = Who(reader, reader.provider())
        programme, history = await self._desk.one(who, programme_id)
        found = await self._signals.evaluation_list(who, None, 500, None)
        actions = {evaluation.evaluation_id: evaluation.action_id for evaluation in found}
        ratio = None
        if programme.pooled is not None and programme.pooled.rate_ratio is not None:
            ratio = await ratio_drawing(self._frame.charts, programme.pooled)
        return await self._frame.show(
            "programme.html",
            who,
            BOARD,
            FRESH,
            saved,
            programme=programme,
            history=history,
            actions=actions,
            ratio=ratio,
            ratio_words=ratio_words,
            title=self._picturing.title(programme.series),
        )

    async def _form(self, who: Who, tried: Tried) -> Response:
        if who.principal.sites is not None:
            raise NotFound("programmes are for those who see all sites")
        groups: dict[str, list[Evaluation]] = {}
        for evaluation in await self._signals.evaluation_list(who, None, 500, None):
            groups.setdefault(self._picturing.title(evaluation.series), []).append(evaluation)
        joinable = [
            Group(title, evaluations)
            for title, evaluations in sorted(groups.items())
            if len({evaluation.site_id for evaluation in evaluations}) > 1
        ]
        return await self._frame.show("new_programme.html", who, BOARD, tried, groups=joinable)
