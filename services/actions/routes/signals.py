"""HTTP for early warnings, and the operator's replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.actions.domain.rules.rising_rate import RisingRateRule
from services.actions.domain.signals import STATUSES, Signal
from services.actions.routes.places import Day, Paging
from services.actions.routes.tasks import Asked, Body, Reader
from services.actions.usecases.desk import Desk, Who
from services.actions.usecases.reviews import Reviews
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


class RuleView(BaseModel):
    """The rule in force, and how many signals chance alone brings at most."""

    rule: str
    rule_version: str
    false_alarms_per_site_month_at_most: float


class SignalPage(BaseModel):
    """Signals, last raised first, and where to go on; `next` is None at the end."""

    signals: tuple[SignalView, ...]
    rule: RuleView
    next: str | None


class ReplayAsked(Body):
    """Which days of loaded history to review, both included."""

    provider_id: Id
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")


class ReplayDone(BaseModel):
    """What the days that were reviewed now did; all zero where a replay had gone through them before."""

    days: int
    signals_raised: int
    signals_updated: int
    signals_closed: int


def signals_router(desk: Desk, rule: RisingRateRule, series: int) -> APIRouter:
    """Build the routes of signals.

    Args:
        desk: The use cases.
        rule: The newest version of the rule.
        series: How many series it looks at per site.
    """
    router = APIRouter(tags=["signals"])
    bound = round(rule.false_alarms_per_site_month(series), 3)
    in_force = RuleView(rule="rising_rate", rule_version=rule.version, false_alarms_per_site_month_at_most=bound)

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
        return SignalPage(signals=tuple(_view(signal) for signal in found), rule=in_force, next=following)

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
        tally = await reviews.replay(operator.provider(body.provider_id), body.first, body.last)
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
    return SignalView.model_validate({**asdict(signal), "series": {"domains": signal.domains}})
