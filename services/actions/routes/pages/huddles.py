"""The huddle sheet of a month, on screen and on one side of A4, and with how many of each shift it was shared."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.actions.domain.huddles import SHIFTS, ShiftTold, month_of
from services.actions.routes.learning import month_named
from services.actions.routes.pages.frame import FRESH, Done, Frame, Sent, Tried, Typed
from services.actions.routes.tasks import Actor, Reader
from services.actions.usecases.desk import Who
from services.actions.usecases.learning_desk import LearningDesk
from shared.kernel.errors import Fault, Invalid
from shared.web.navigation import BOARD

Month = Annotated[str, Path(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip


class HuddlePages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: The sheets.
    """

    def __init__(self, frame: Frame, desk: LearningDesk) -> None:
        self._frame = frame
        self._desk = desk

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/huddles")(self.sites)
        router.get("/huddles/{site_id}/{month}")(self.sheet)
        router.post("/huddles/{site_id}/{month}")(self.share)
        return router

    async def sites(self, reader: Reader) -> Response:
        """List the sheets of this month, by site."""
        who = Who(reader, reader.provider())
        month = month_of(self._frame.today)
        names = await self._frame.names(who)
        return await self._frame.show(
            "huddles.html",
            who,
            BOARD,
            names=names,
            shared=await self._desk.shared(who, month),
            month=month,
            title=month_words(month),
        )

    async def sheet(self, reader: Reader, site_id: str, month: Month, saved: Done = None) -> Response:
        """Show one sheet."""
        return await self._show(Who(reader, reader.provider()), site_id, month_named(month), FRESH, saved)

    async def share(self, actor: Actor, site_id: str, month: Month, form: Sent) -> Response:
        """Note that the sheet was shared with a shift."""
        who = Who(actor, actor.provider())
        first = month_named(month)
        to = self._frame.href("huddles", site_id, month)
        return await self._frame.sent(
            self._shared(who, site_id, first, form),
            to,
            form,
            lambda tried: self._show(who, site_id, first, tried),
        )

    async def _shared(self, who: Who, site_id: str, first: date, form: Typed) -> None:
        shift = form.choice("shift", SHIFTS)
        if shift is None:
            raise Invalid("the form is not complete", (Fault("choose a shift", "shift"),))
        said = ShiftTold(shift, form.needed("told"), form.needed("staff"), form.day_needed("on"))
        await self._desk.share(who, site_id, first, said)

    async def _show(self, who: Who, site_id: str, first: date, tried: Tried, saved: str | None = None) -> Response:
        sheet = await self._desk.sheet(who, site_id, first)
        today = self._frame.today
        return await self._frame.show(
            "huddle.html",
            who,
            BOARD,
            tried,
            saved,
            sheet=sheet,
            title=month_words(first),
            shifts=SHIFTS,
            current=first <= today,
            earlier=f"{first - timedelta(days=1):%Y-%m}" if sheet.first is not None and sheet.first < first else None,
            later=f"{first + timedelta(days=31):%Y-%m}" if month_of(first + timedelta(days=31)) <= today else None,
        )


def month_words(first: date) -> str:
    """Write a month as "March 2026"."""
    return f"{MONTHS[first.month - 1]} {first.year}"
