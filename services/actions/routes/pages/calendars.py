"""The page of calendar feeds: make one, see its address once, close it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from services.actions.routes.calendars import feed_path
from services.actions.routes.pages.frame import FRESH, Done, Frame, Sent, Tried, led, refused
from services.actions.routes.tasks import Actor
from services.actions.usecases.desk import Who
from services.actions.usecases.feed_desk import FeedDesk
from shared.kernel.errors import Conflict, Forbidden, Invalid
from shared.web.navigation import BOARD


class CalendarPages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: The feeds.
    """

    def __init__(self, frame: Frame, desk: FeedDesk) -> None:
        self._frame = frame
        self._desk = desk

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/calendars")(self.list)
        router.post("/calendars")(self.make)
        router.post("/calendars/{feed_id}")(self.revoke)
        return router

    async def list(self, actor: Actor, saved: Done = None) -> Response:
        """List one's calendars."""
        return await self._show(Who(actor, actor.provider()), FRESH, saved)

    async def make(self, actor: Actor, form: Sent) -> Response:
        """Make a calendar, and show its address this once."""
        who = Who(actor, actor.provider())
        try:
            _, secret = await self._desk.make(who, form.role("owner_role"))
        except (Invalid, Conflict, Forbidden) as refusal:
            return await self._show(who, refused(refusal, form))
        return await self._show(who, FRESH, None, feed_path(self._frame.prefix, secret))

    async def revoke(self, actor: Actor, feed_id: str) -> Response:
        """Close a calendar for good."""
        await self._desk.revoke(Who(actor, actor.provider()), feed_id)
        return led(self._frame.href("calendars"))

    async def _show(self, who: Who, tried: Tried, saved: str | None = None, path: str | None = None) -> Response:
        feeds = await self._desk.feeds(who)
        return await self._frame.show("calendars.html", who, BOARD, tried, saved, feeds=feeds, path=path)
