"""The pages of the learning log: what was learned, the form to publish it, and what sites say to alerts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.actions.routes.pages.frame import FRESH, Done, Frame, Sent, Tried, Typed, led, refused
from services.actions.routes.tasks import Actor, Reader
from services.actions.usecases.desk import Desk, Who
from services.actions.usecases.learning_desk import ALERTING, Entry, LearningDesk, Publication
from services.actions.usecases.signal_desk import SignalDesk
from shared.kernel.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from shared.web.navigation import BOARD

SHOWN = 100
Key = Annotated[str | None, Query(max_length=128)]


class LearningPages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: The log.
        tasks: The actions that entries come from.
        signals: Their verdicts.
    """

    def __init__(self, frame: Frame, desk: LearningDesk, tasks: Desk, signals: SignalDesk) -> None:
        self._frame = frame
        self._desk = desk
        self._tasks = tasks
        self._signals = signals

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/learning")(self.log)
        router.get("/learning/new")(self.new)
        router.post("/learning/new")(self.publish)
        router.get("/learning/{learning_id}")(self.one)
        router.post("/learning/{learning_id}")(self.act)
        return router

    async def log(self, reader: Reader, saved: Done = None) -> Response:
        """Show the log, with the alerts that wait for an answer first."""
        who = Who(reader, reader.provider())
        entries = await self._desk.log(who, SHOWN)
        names = await self._frame.names(who)
        return await self._frame.show(
            "learning.html",
            who,
            BOARD,
            FRESH,
            saved,
            names=names,
            entries=[entry for entry in entries if entry.learning.status == "published"],
            waiting=[(entry, _silent(entry, names)) for entry in entries if _silent(entry, names)],
        )

    async def new(self, actor: Actor, action: Key = None, signal: Key = None) -> Response:
        """Show the form for an entry."""
        return await self._form(Who(actor, actor.provider()), action, signal, FRESH)

    async def publish(self, actor: Actor, form: Sent) -> Response:
        """Write an entry into the log."""
        who = Who(actor, actor.provider())
        action, signal = form.text("action_id"), form.text("signal_id")
        try:
            entry = await self._desk.publish(who, _publication(form))
        except (Invalid, Conflict, Forbidden) as refusal:
            return await self._form(who, action, signal, refused(refusal, form))
        return led(self._frame.href("learning", entry.learning_id))

    async def one(self, reader: Reader, learning_id: str, saved: Done = None) -> Response:
        """Show one entry."""
        return await self._show(Who(reader, reader.provider()), learning_id, FRESH, saved)

    async def act(self, actor: Actor, learning_id: str, form: Sent) -> Response:
        """Say that a site received an alert or acted on it, or take the entry out."""
        who = Who(actor, actor.provider())
        to = self._frame.href("learning", learning_id)
        return await self._frame.sent(
            self._acted(who, learning_id, form), to, form, lambda tried: self._show(who, learning_id, tried)
        )

    async def _acted(self, who: Who, learning_id: str, form: Typed) -> None:
        word = form.text("act")
        if word == "withdraw":
            await self._desk.withdraw(who, learning_id, form.version())
        elif word in ("received", "acted_on"):
            site = form.text("site")
            if site is None:
                raise Invalid("the form is not complete", (Fault("choose a site", "site"),))
            await self._desk.receive(who, learning_id, site, word == "acted_on", form.text("note"))
        else:
            raise Invalid("nothing was chosen", (Fault("press one of the buttons", "form"),))

    async def _form(self, who: Who, action_id: str | None, signal_id: str | None, tried: Tried) -> Response:
        task = verdict = signal = None
        if action_id is not None:
            task, _ = await self._tasks.read(who, action_id)
            try:
                verdict = (await self._signals.evaluation(who, action_id)).verdict
            except NotFound:
                verdict = None
        if signal_id is not None:
            signal = await self._signals.signal(who, signal_id)
        wide = who.principal.sites is None and any(role in who.principal.roles for role in ALERTING)
        return await self._frame.show(
            "new_learning.html",
            who,
            BOARD,
            tried,
            task=task,
            verdict=verdict,
            signal=signal,
            wide=wide,
            chosen=task.site_id if task else signal.site_id if signal else None,
        )

    async def _show(self, who: Who, learning_id: str, tried: Tried, saved: str | None = None) -> Response:
        entry = await self._desk.entry(who, learning_id)
        names = await self._frame.names(who)
        asked = [site for site in names if entry.learning.reaches(site)]
        return await self._frame.show(
            "learned.html",
            who,
            BOARD,
            tried,
            saved,
            names=names,
            entry=entry.learning,
            said={receipt.site_id: receipt for receipt in entry.receipts},
            asked=asked,
            mine=who.principal.sites is None or entry.learning.site_id in names,
        )


def _silent(entry: Entry, names: dict[str, str]) -> list[str]:
    """Return the sites in reach that have not said yet that they received an alert."""
    said = {receipt.site_id for receipt in entry.receipts}
    return [site for site in names if entry.learning.reaches(site) and site not in said]


def _publication(form: Typed) -> Publication:
    return Publication(
        site_id=form.text("site"),
        you_said=form.text("you_said") or "",
        we_did=form.text("we_did") or "",
        domains=form.many("domains"),
        action_id=form.text("action_id"),
        signal_id=form.text("signal_id"),
        alert=form.text("alert") == "yes",
        for_sites=form.many("for_sites"),
    )
