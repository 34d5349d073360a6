"""HTTP for cards, messages, and whether people were told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from services.actions.domain.oversight import cards as card_states
from services.actions.domain.oversight import notices as notice_states
from services.actions.domain.oversight import told as told_states
from services.actions.ports import HistoryLine
from services.actions.routes.places import Paging
from services.actions.routes.tasks import Actor, Asked, Body, LineView, Reader, Version, line_view
from services.actions.usecases.desk import Who
from services.actions.usecases.oversight_desk import CardDesk, NoticeDesk
from shared.contracts.cards import Card
from shared.contracts.envelope import Id
from shared.contracts.notifications import Notification
from shared.contracts.upkeep import Told


class CardView(Card):
    """A card as readers get it."""

    provider_id: str
    site_id: str


class CardWithHistory(CardView):
    """A card with everything that became of it, oldest line first."""

    history: tuple[LineView, ...]


class CardPage(BaseModel):
    """Cards, last raised first, and where to go on; `next` is None at the end."""

    cards: tuple[CardView, ...]
    next: str | None


class Clearing(Body):
    """Record what now stands in the way."""

    version: Version
    in_the_way: Annotated[str, Field(min_length=1, max_length=200)]
    action_id: Id | None = None


class NoticeView(Notification):
    """A message as readers get it; `seconds_to_sent` counts from the report's acceptance; no channel before a try."""

    provider_id: str
    site_id: str | None
    channel: str = ""
    seconds_to_sent: float | None = None


class NoticePage(BaseModel):
    """Messages, the last due first, and where to go on; `next` is None at the end."""

    notifications: tuple[NoticeView, ...]
    next: str | None


class ToldView(Told):
    """Whether somebody was told, as readers get it."""

    provider_id: str
    site_id: str


class ToldWithHistory(ToldView):
    """Whether somebody was told, with everything that became of it, oldest line first."""

    history: tuple[LineView, ...]


class ToldPage(BaseModel):
    """Questions, the last due first, and where to go on; `next` is None at the end."""

    told: tuple[ToldView, ...]
    next: str | None


class Telling(Body):
    """Write down that somebody was told, why not yet, or why it is not needed."""

    version: Annotated[int, Field(ge=0, description="The version that was seen; 0 where nothing is written down yet")]
    status: Literal["told", "not_yet", "not_needed"]
    who: Literal["person", "family", "advocate"] | None = None
    told_at: AwareDatetime | None = None
    why_not: Annotated[str | None, Field(max_length=200)] = None


def cards_router(desk: CardDesk) -> APIRouter:
    """Build the routes of cards.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["cards"])

    @router.get("/v1/cards")
    async def list_cards(
        reader: Reader,
        page: Paging,
        site: str | None = None,
        status: Literal["open", "cleared", "all"] = "open",
        provider_id: Asked = None,
    ) -> CardPage:
        """List cards in reach: reports that could have killed."""
        who = Who(reader, reader.provider(provider_id))
        asked = card_states.STATUSES if status == "all" else (status,)
        found = await desk.card_list(who, site, asked, page.limit, page.start(datetime))
        following = page.following([(card.raised_at, card.card_id) for card in found])
        return CardPage(cards=tuple(_card(card) for card in found), next=following)

    @router.get("/v1/cards/{card_id}")
    async def read_card(reader: Reader, card_id: str, provider_id: Asked = None) -> CardWithHistory:
        """Read one card with its history."""
        card, lines = await desk.card(Who(reader, reader.provider(provider_id)), card_id)
        return CardWithHistory.model_validate(asdict(card) | {"history": _history(lines)})

    @router.post("/v1/cards/{card_id}:clear")
    async def clear(actor: Actor, card_id: str, body: Clearing, provider_id: Asked = None) -> CardView:
        """Record what now stands in the way."""
        who = Who(actor, actor.provider(provider_id))
        return _card(await desk.clear(who, card_id, body.version, body.in_the_way, body.action_id))

    return router


def told_router(desk: CardDesk) -> APIRouter:
    """Build the routes of whether people were told.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["people told"])

    @router.get("/v1/told")
    async def list_told(
        reader: Reader,
        page: Paging,
        site: str | None = None,
        status: Literal["open", "all", "due", "not_yet", "told", "not_needed"] = "open",
        provider_id: Asked = None,
    ) -> ToldPage:
        """List of which reports it is asked whether the person or family was told."""
        who = Who(reader, reader.provider(provider_id))
        asked = {"open": told_states.OPEN, "all": told_states.STATUSES}.get(status, (status,))
        found = await desk.told_list(who, site, asked, page.limit, page.start(datetime))
        following = page.following([(state.due_at, state.told_id) for state in found])
        return ToldPage(told=tuple(_told(state) for state in found), next=following)

    @router.get("/v1/reports/{report_id}/told")
    async def read_told(reader: Reader, report_id: str, provider_id: Asked = None) -> ToldWithHistory:
        """Read whether the person or family was told of a report."""
        state, lines = await desk.told(Who(reader, reader.provider(provider_id)), report_id)
        return ToldWithHistory.model_validate(asdict(state) | {"history": _history(lines)})

    @router.post("/v1/reports/{report_id}/told")
    async def write_told(actor: Actor, report_id: str, body: Telling, provider_id: Asked = None) -> ToldView:
        """Write down that somebody was told, or why not."""
        who = Who(actor, actor.provider(provider_id))
        noted = await desk.note_told(who, report_id, body.version, body.status, body.who, body.told_at, body.why_not)
        return _told(noted)

    return router


def notices_router(desk: NoticeDesk) -> APIRouter:
    """Build the routes of messages.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["notifications"])

    @router.get("/v1/notifications")
    async def list_notifications(
        reader: Reader,
        page: Paging,
        site: str | None = None,
        status: Literal["all", "waiting", "sent", "failed", "acknowledged", "passed_on", "settled"] = "all",
        provider_id: Asked = None,
    ) -> NoticePage:
        """List messages in reach: to which role, when, and whether somebody has seen them."""
        who = Who(reader, reader.provider(provider_id))
        asked = notice_states.STATUSES if status == "all" else (status,)
        found = await desk.notice_list(who, site, asked, page.limit, page.start(datetime))
        following = page.following([(notice.due_at, notice.notification_id) for notice in found])
        return NoticePage(notifications=tuple(_notice(notice) for notice in found), next=following)

    @router.get("/v1/notifications/{notification_id}")
    async def read_notification(reader: Reader, notification_id: str, provider_id: Asked = None) -> NoticeView:
        """Read one message."""
        return _notice(await desk.notice(Who(reader, reader.provider(provider_id)), notification_id))

    @router.post("/v1/notifications/{notification_id}:acknowledge")
    async def acknowledge(actor: Actor, notification_id: str, provider_id: Asked = None) -> NoticeView:
        """Say that a message was seen; nobody else is asked about the same."""
        who = Who(actor, actor.provider(provider_id))
        return _notice(await desk.acknowledge(who, notification_id))

    return router


def _card(card: card_states.Card) -> CardView:
    return CardView.model_validate(asdict(card))


def _told(state: told_states.Told) -> ToldView:
    return ToldView.model_validate(asdict(state))


def _notice(notice: notice_states.Notice) -> NoticeView:
    took = None
    if notice.sent_at is not None and notice.accepted_at is not None:
        took = (notice.sent_at - notice.accepted_at).total_seconds()
    return NoticeView.model_validate(asdict(notice) | {"seconds_to_sent": took})


def _history(lines: Sequence[HistoryLine]) -> tuple[LineView, ...]:
    return tuple(line_view(line) for line in lines)
