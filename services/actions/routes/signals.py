"""HTTP for early warnings, and the operator's replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.actions.domain.signals import STATUSES, Signal
from services.actions.routes.places import Day, Paging
from services.actions.routes.tasks import Actor, Asked, Body, Reader, Version
from services.actions.usecases.desk import Who
from services.actions.usecases.reviews import Reviews
from services.actions.usecases.signal_desk import SignalDesk
from shared.contracts import actions as wire
from shared.contracts.envelope import Id
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import Allow

Operator = Annotated[Principal, Depends(Allow(Role.OPERATOR))]
StatusAsked = Literal["open", "closed", "all"]


class SignalView(wire.Signal):
    """A signal as readers get it."""

    provider_id: str
    site_id: str


class SignalPage(BaseModel):
    """Signals, last raised first, and where to go on; `next` is None at the end.

    `rule_version` is the one in force, and `expected_false_alarms_per_site_month` how many signals chance alone would
    bring at such sites; None until it was computed.
    """

    signals: tuple[SignalView, ...]
    rule_version: str
    expected_false_alarms_per_site_month: float | None
    next: str | None


class Decision(Body):
    """What somebody makes of a signal."""

    version: Version
    decision: Literal["acted_on", "watched", "dismissed"]
    reason: Annotated[str | None, Field(max_length=200)] = None
    action_id: Id | None = None


class ReplayAsked(Body):
    """Which days of loaded history to review, both included."""

    provider_id: Id
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    more: bool = False
    """Whether later days follow: until then nothing is reviewed live and routines stand on the day after the last."""


class ReplayDone(BaseModel):
    """What the days that were reviewed now did; all zero where a replay had gone through them before."""

    days: int
    signals_raised: int
    signals_updated: int
    signals_closed: int


def signals_router(desk: SignalDesk) -> APIRouter:
    """Build the routes of signals.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["signals"])

    @router.get("/v1/signals")
    async def list_signals(
        reader: Reader,
        page: Paging,
        site: str | None = None,
        status: StatusAsked = "open",
        provider_id: Asked = None,
    ) -> SignalPage:
        """List signals in reach."""
        who = Who(reader, reader.provider(provider_id))
        found = await desk.signal_list(who, site, _statuses(status), page.limit, page.start(date))
        following = page.following([(signal.raised_on, signal.signal_id) for signal in found])
        version, chance = await desk.chance(who)
        return SignalPage(
            signals=tuple(_view(signal) for signal in found),
            rule_version=version,
            expected_false_alarms_per_site_month=chance,
            next=following,
        )

    @router.get("/v1/signals/{signal_id}")
    async def read_signal(reader: Reader, signal_id: str, provider_id: Asked = None) -> SignalView:
        """Read one signal with the ids of the reports behind it."""
        return _view(await desk.signal(Who(reader, reader.provider(provider_id)), signal_id))

    @router.post("/v1/signals/{signal_id}:review")
    async def review(actor: Actor, signal_id: str, body: Decision, provider_id: Asked = None) -> SignalView:
        """Note what somebody makes of a signal."""
        who = Who(actor, actor.provider(provider_id))
        made = await desk.review(who, signal_id, body.version, body.decision, body.reason, body.action_id)
        return _view(made)

    return router


def replay_router(reviews: Reviews) -> APIRouter:
    """Build the route of the replay.

    Args:
        reviews: The review runs.
    """
    router = APIRouter(tags=["replay"])

    @router.post("/v1/replay")
    async def replay(operator: Operator, body: ReplayAsked) -> ReplayDone:
        """Review days of loaded history in order."""
        tally = await reviews.replay(operator.provider(body.provider_id), body.first, body.last, more=body.more)
        return ReplayDone(
            days=tally.days,
            signals_raised=tally.raised,
            signals_updated=tally.updated,
            signals_closed=tally.closed,
        )

    return router


def _statuses(asked: StatusAsked) -> Sequence[str]:
    return STATUSES if asked == "all" else (asked,)


def _view(signal: Signal) -> SignalView:
    return SignalView.model_validate(asdict(signal))
