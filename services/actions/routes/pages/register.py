"""The escalation register: duties by time left, one duty with its answers, and decisions on a report's escalation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response

from services.actions.domain.duties import FOLLOW_UP, OPEN, STATUSES, Duty
from services.actions.domain.escalations import REMOVAL_PROPOSED, applies, needs_review, standing
from services.actions.routes.pages.frame import FRESH, Done, Frame, Sent, Tried, Typed
from services.actions.routes.places import Page
from services.actions.routes.tasks import Actor, Reader
from services.actions.usecases.desk import Who
from services.actions.usecases.escalation_desk import EscalationDesk
from shared.kernel.clock import start_of_day
from shared.kernel.errors import Fault, Invalid
from shared.taxonomy.duties import UNCONFIRMED
from shared.web.navigation import CLOCKS
from shared.web.words import count_words

ROWS_MAX = 80
Shown = Literal["open", "past", "follow_up", "all"]
SHOWN: Final[dict[str, tuple[str, ...]]] = {"open": OPEN, "past": OPEN, "follow_up": (FOLLOW_UP,), "all": STATUSES}
"""What each choice lists; of what is open that of today and later, or that of before today."""
Site = Annotated[str | None, Query(max_length=128)]


class RegisterPages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: Duties and decisions.
    """

    def __init__(self, frame: Frame, desk: EscalationDesk) -> None:
        self._frame = frame
        self._desk = desk

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/escalations")(self.register)
        router.get("/duties/{duty_id}")(self.duty)
        router.post("/duties/{duty_id}")(self.act)
        router.get("/escalations/{report_id}")(self.escalation)
        router.post("/escalations/{report_id}")(self.decide)
        return router

    async def register(
        self,
        reader: Reader,
        site: Site = None,
        status: Shown = "open",
        after: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        """List the duties by the time that is left: today's first, what waits from before today behind a link."""
        who = Who(reader, reader.provider())
        page = Page(ROWS_MAX, after)
        now, midnight = self._frame.clock.now(), start_of_day(self._frame.today)
        start = page.start(datetime) or ((midnight, "") if status == "open" else None)
        found = await self._desk.duty_list(who, site or None, SHOWN[status], page.limit, start)
        if status == "past":
            found = [duty for duty in found if duty.sort_at < midnight]
        running = [duty for duty in found if duty.due_at is not None and duty.status in ("asked", "holds", "not_known")]
        return await self._frame.show(
            "register.html",
            who,
            CLOCKS,
            duties=found,
            site=site or None,
            status=status,
            left=lambda duty: left_words(duty, now),
            over=[duty for duty in running if duty.due_at is not None and duty.due_at < now],
            next_due=next((duty for duty in running if duty.due_at is not None and duty.due_at >= now), None),
            first=after is None,
            **await self._behind(who, site or None, status, midnight),
            following=page.following([(duty.sort_at, duty.duty_id) for duty in found]),
            rows_max=ROWS_MAX,
            unconfirmed=UNCONFIRMED,
        )

    async def _behind(self, who: Who, site_id: str | None, status: str, midnight: datetime) -> dict[str, Any]:
        """Count what the list of today does not show, up to one page of each."""
        if status != "open":
            return {"past": 0, "later": 0}
        waiting = await self._desk.duty_list(who, site_id, OPEN, ROWS_MAX, None)
        later = await self._desk.duty_list(who, site_id, (FOLLOW_UP,), ROWS_MAX, None)
        return {"past": sum(duty.sort_at < midnight for duty in waiting), "later": len(later)}

    async def duty(self, reader: Reader, duty_id: str, saved: Done = None) -> Response:
        """Show one duty."""
        return await self._show(Who(reader, reader.provider()), duty_id, FRESH, saved)

    async def act(self, actor: Actor, duty_id: str, form: Sent) -> Response:
        """Do with a duty what the pressed button says."""
        who = Who(actor, actor.provider())
        to = self._frame.href("duties", duty_id)
        return await self._frame.sent(
            self._acted(who, duty_id, form), to, form, lambda tried: self._show(who, duty_id, tried)
        )

    async def escalation(self, reader: Reader, report_id: str, saved: Done = None) -> Response:
        """Show a report's escalation and what was decided of it."""
        return await self._show_escalation(Who(reader, reader.provider()), report_id, FRESH, saved)

    async def decide(self, actor: Actor, report_id: str, form: Sent) -> Response:
        """Decide on a report's escalation, or read as the second one."""
        who = Who(actor, actor.provider())
        to = self._frame.href("escalations", report_id)
        return await self._frame.sent(
            self._decided(who, report_id, form), to, form, lambda tried: self._show_escalation(who, report_id, tried)
        )

    async def _acted(self, who: Who, duty_id: str, form: Typed) -> None:
        version, word = form.version(), form.text("act")
        if word == "answer":
            answer = form.text("answer")
            if answer not in ("yes", "no", "dont_know"):
                raise Invalid("nothing was chosen", (Fault("choose an answer", "answer"),))
            await self._desk.answer(who, duty_id, version, answer, form.text("reason"), form.day("since"))
        elif word == "council":
            await self._desk.council(who, duty_id, version, form.text("council") or "")
        elif word == "done":
            await self._desk.done(who, duty_id, version, form.text("reference") or "")
        elif word and word.startswith("follow-up:"):
            key = word.partition(":")[2]
            answer = form.text("follow_up")
            if answer not in ("yes", "no", "dont_know"):
                raise Invalid("nothing was chosen", (Fault("choose an answer", "follow_up"),))
            await self._desk.follow_up(who, duty_id, version, key, answer, None)
        else:
            raise Invalid("nothing was chosen", (Fault("press one of the buttons", "form"),))

    async def _decided(self, who: Who, report_id: str, form: Typed) -> None:
        version, reason = form.version(), form.text("reason") or ""
        revision, word = form.needed("report_revision"), form.text("act")
        if word == "remove":
            await self._desk.remove(who, report_id, version, reason, revision)
        elif word == "uphold":
            await self._desk.uphold(who, report_id, version, reason, revision)
        elif word in ("agree", "refuse"):
            await self._desk.second_reading(who, report_id, version, word == "agree", reason, revision)
        else:
            raise Invalid("nothing was chosen", (Fault("press one of the buttons", "form"),))

    async def _show(self, who: Who, duty_id: str, tried: Tried, saved: str | None = None) -> Response:
        duty, history = await self._desk.read(who, duty_id)
        return await self._frame.show(
            "duty.html",
            who,
            CLOCKS,
            tried,
            saved,
            duty=duty,
            history=history,
            left=left_words(duty, self._frame.clock.now()),
            unconfirmed=UNCONFIRMED,
        )

    async def _show_escalation(self, who: Who, report_id: str, tried: Tried, saved: str | None = None) -> Response:
        report, decision, history = await self._desk.escalation(who, report_id)
        return await self._frame.show(
            "escalation.html",
            who,
            CLOCKS,
            tried,
            saved,
            report=report,
            decision=decision,
            history=history,
            code=standing(report, decision),
            removed=applies(decision, report),
            stale=needs_review(report, decision),
            second=decision is not None and decision.status == REMOVAL_PROPOSED,
        )


def left_words(duty: Duty, now: datetime) -> str:
    """Say how much time a duty's clock leaves: the sooner of the law's and our own.

    Args:
        duty: The duty.
        now: The present moment.
    """
    if duty.due_at is None:
        return "no fixed time" if duty.legal.base_at is not None else "the clock's start is not known"
    seconds = (duty.due_at - now).total_seconds()
    hours = int(abs(seconds) // 3600)
    words = count_words(hours // 24, "day") if hours >= 48 else count_words(hours, "hour")
    if hours == 0:
        words = "less than an hour"
    return f"{words} over" if seconds < 0 else f"{words} left"
