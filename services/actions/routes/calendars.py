"""Calendar feeds over HTTP: iCalendar (RFC 5545) by an opaque secret, with titles and links and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from icalendar import Calendar, Event
from pydantic import AwareDatetime, BaseModel, Field

from services.actions.ports.learning import Feed
from services.actions.routes.tasks import Actor, Asked, Body
from services.actions.usecases.desk import Who
from services.actions.usecases.feed_desk import Entry, FeedDesk
from shared.kernel.clock import Clock
from shared.runtime.auth import PUBLIC

PRODUCT = "-//near-miss-learning//calendar//EN"
HEADERS = {
    "Cache-Control": "private, max-age=3600",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class FeedAsked(Body):
    """Whose days the calendar tells; left out, those of all roles."""

    owner_role: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")] = None


class FeedView(BaseModel):
    """A calendar without its secret."""

    feed_id: str
    owner_role: str | None
    made_at: AwareDatetime
    expires_at: AwareDatetime


class FeedMade(FeedView):
    """A new calendar; its address holds the secret and is told this once."""

    path: str


class FeedList(BaseModel):
    """The calendars that one made and that still open."""

    calendars: tuple[FeedView, ...]


def calendars_router(desk: FeedDesk, clock: Clock, public_prefix: str, front_url: str) -> APIRouter:
    """Build the routes.

    Args:
        desk: The use cases.
        clock: The source of now.
        public_prefix: Where the front door has this service, such as /act.
        front_url: Address of the front door as people reach it, without a slash at the end.
    """
    router = APIRouter(tags=["calendars"])

    @router.get("/v1/calendars")
    async def list_feeds(actor: Actor, provider_id: Asked = None) -> FeedList:
        """List one's calendars."""
        found = await desk.feeds(Who(actor, actor.provider(provider_id)))
        return FeedList(calendars=tuple(_view(feed) for feed in found))

    @router.post("/v1/calendars", status_code=201)
    async def make(actor: Actor, body: FeedAsked, provider_id: Asked = None) -> FeedMade:
        """Make a calendar that a program may read without signing in."""
        feed, secret = await desk.make(Who(actor, actor.provider(provider_id)), body.owner_role)
        return FeedMade(**_view(feed).model_dump(), path=feed_path(public_prefix, secret))

    @router.delete("/v1/calendars/{feed_id}", status_code=204)
    async def revoke(actor: Actor, feed_id: str, provider_id: Asked = None) -> None:
        """Close a calendar for good."""
        await desk.revoke(Who(actor, actor.provider(provider_id)), feed_id)

    @router.get("/v1/calendars/{secret}/days.ics", dependencies=[Depends(PUBLIC)], include_in_schema=False)
    async def read(secret: str) -> Response:
        """Read a calendar by its secret."""
        entries = await desk.read(secret)
        days = calendar_of(entries, front_url + public_prefix, clock.now())
        return Response(days, media_type="text/calendar", headers=HEADERS)

    return router


def feed_path(public_prefix: str, secret: str) -> str:
    """Return the address of a calendar below the front door."""
    return f"{public_prefix}/v1/calendars/{secret}/days.ics"


def calendar_of(entries: Sequence[Entry], base: str, now: datetime) -> bytes:
    """Write a calendar of whole days.

    Args:
        entries: The days.
        base: Address of the service as people reach it, without a slash at the end.
        now: The present moment; programs ask for when an entry was written.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Checks and actions due")
    for entry in entries:
        event = Event()
        event.add("uid", entry.uid)
        event.add("dtstamp", now)
        event.add("dtstart", entry.on)
        event.add("dtend", entry.on + timedelta(days=1))
        event.add("summary", entry.title)
        event.add("url", f"{base}{entry.path}")
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _view(feed: Feed) -> FeedView:
    return FeedView(feed_id=feed.feed_id, owner_role=feed.owner_role, made_at=feed.made_at, expires_at=feed.expires_at)
