"""HTTP for repeats without action, assets out of use, and what waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from services.actions.domain.oversight import faults as fault_states
from services.actions.domain.oversight import repeats as repeat_states
from services.actions.ports import HistoryLine
from services.actions.routes.places import Day, Paging
from services.actions.routes.tasks import Actor, Asked, Body, LineView, Reader, Version, line_view
from services.actions.usecases.desk import Who
from services.actions.usecases.digest_desk import DigestDesk
from services.actions.usecases.fault_desk import FaultDesk, TakingOut
from services.actions.usecases.repeats import RepeatDesk
from shared.contracts.cards import Repeat
from shared.contracts.envelope import Id
from shared.contracts.upkeep import AssetFault
from shared.kernel.clock import Clock

Words = Annotated[str, Field(min_length=1, max_length=200)]
Owner = Literal["provider", "contractor", "landlord"]


class RepeatView(Repeat):
    """A question about a repeat as readers get it."""

    provider_id: str
    site_id: str


class RepeatWithHistory(RepeatView):
    """A question with everything that became of it, oldest line first."""

    history: tuple[LineView, ...]


class RepeatPage(BaseModel):
    """Questions, last asked first, and where to go on; `next` is None at the end."""

    repeats: tuple[RepeatView, ...]
    next: str | None


class Answering(Body):
    """Decide: consult or no_consult about a person; act or no_action_needed about an asset or pathway."""

    version: Version
    decision: Literal["consult", "no_consult", "act", "no_action_needed"]
    reason: Words


class FaultView(AssetFault):
    """An asset out of use as readers get it; `link_ends_at` is when its owner's link ends, None where there is none."""

    provider_id: str
    site_id: str
    link_ends_at: AwareDatetime | None = None


class FaultWithHistory(FaultView):
    """An asset out of use with everything that became of it, oldest line first."""

    history: tuple[LineView, ...]


class FaultPage(BaseModel):
    """Assets, the last taken out first, and where to go on; `next` is None at the end."""

    faults: tuple[FaultView, ...]
    next: str | None


class TakenOut(Body):
    """Take an asset out of use now."""

    site: Id
    asset: Annotated[str, Field(min_length=1, max_length=64)]
    reason: Words
    owner: Owner = "provider"
    promised_on: Day | None = None
    report_ids: Annotated[tuple[Id, ...], Field(max_length=50)] = ()


class Changed(Body):
    """Name another owner, or another promised day."""

    version: Version
    owner: Owner
    promised_on: Day | None = None


class BackInUse(Body):
    """Put an asset back in use."""

    version: Version
    note: Annotated[str | None, Field(max_length=200)] = None


class LinkMade(BaseModel):
    """The link of a fault's owner; it is told this once."""

    url: str
    ends_at: AwareDatetime
    version: int


class WaitingView(BaseModel):
    """What waits, counted by kind."""

    total: int
    counts: dict[str, int]


class DigestView(BaseModel):
    """What waits at each site in reach, and what is for the group lead; None for who does not see all sites."""

    sites: dict[str, WaitingView]
    group: WaitingView | None


def repeats_router(desk: RepeatDesk) -> APIRouter:
    """Build the routes of repeats without action.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["repeats"])

    @router.get("/v1/repeats")
    async def list_repeats(
        reader: Reader,
        page: Paging,
        site: str | None = None,
        status: Literal["asked", "answered", "closed", "all"] = "asked",
        provider_id: Asked = None,
    ) -> RepeatPage:
        """List questions about similar events that go on without an action."""
        who = Who(reader, reader.provider(provider_id))
        asked = repeat_states.STATUSES if status == "all" else (status,)
        found = await desk.page(who, site, asked, page.limit, page.start(datetime))
        following = page.following([(state.asked_at, state.repeat_id) for state in found])
        return RepeatPage(repeats=tuple(RepeatView.model_validate(asdict(state)) for state in found), next=following)

    @router.get("/v1/repeats/{repeat_id}")
    async def read_repeat(reader: Reader, repeat_id: str, provider_id: Asked = None) -> RepeatWithHistory:
        """Read one question with its history."""
        state, lines = await desk.one(Who(reader, reader.provider(provider_id)), repeat_id)
        return RepeatWithHistory.model_validate(asdict(state) | {"history": _history(lines)})

    @router.post("/v1/repeats/{repeat_id}:answer")
    async def answer(actor: Actor, repeat_id: str, body: Answering, provider_id: Asked = None) -> RepeatView:
        """Decide; nothing is sent to anybody."""
        who = Who(actor, actor.provider(provider_id))
        decided = await desk.answer(who, repeat_id, body.version, body.decision, body.reason)
        return RepeatView.model_validate(asdict(decided))

    return router


def faults_router(desk: FaultDesk, clock: Clock, public_url: str) -> APIRouter:
    """Build the routes of assets out of use.

    Args:
        desk: The use cases.
        clock: The source of now, for the days out of use.
        public_url: Where people find the service; links begin so.
    """
    router = APIRouter(tags=["assets"])

    def view(fault: fault_states.AssetFault) -> FaultView:
        return FaultView.model_validate(_fields(fault, clock))

    @router.get("/v1/faults")
    async def list_faults(
        reader: Reader,
        page: Paging,
        site: str | None = None,
        status: Literal["out_of_use", "in_use", "all"] = "out_of_use",
        provider_id: Asked = None,
    ) -> FaultPage:
        """List assets out of use, with days out of use."""
        who = Who(reader, reader.provider(provider_id))
        asked = fault_states.STATUSES if status == "all" else (status,)
        found = await desk.page(who, site, asked, page.limit, page.start(datetime))
        following = page.following([(fault.out_since, fault.fault_id) for fault in found])
        return FaultPage(faults=tuple(view(fault) for fault in found), next=following)

    @router.post("/v1/faults", status_code=201)
    async def take_out(actor: Actor, body: TakenOut, provider_id: Asked = None) -> FaultView:
        """Take an asset out of use now."""
        who = Who(actor, actor.provider(provider_id))
        said = TakingOut(body.site, body.asset, body.reason, body.owner, body.promised_on, body.report_ids)
        return view(await desk.take_out(who, said))

    @router.get("/v1/faults/{fault_id}")
    async def read_fault(reader: Reader, fault_id: str, provider_id: Asked = None) -> FaultWithHistory:
        """Read one with its history."""
        fault, lines = await desk.one(Who(reader, reader.provider(provider_id)), fault_id)
        return FaultWithHistory.model_validate(_fields(fault, clock) | {"history": _history(lines)})

    @router.post("/v1/faults/{fault_id}:change")
    async def change(actor: Actor, fault_id: str, body: Changed, provider_id: Asked = None) -> FaultView:
        """Name another owner or promised day; another owner's link ends."""
        who = Who(actor, actor.provider(provider_id))
        return view(await desk.change(who, fault_id, body.version, body.owner, body.promised_on))

    @router.post("/v1/faults/{fault_id}:back")
    async def back(actor: Actor, fault_id: str, body: BackInUse, provider_id: Asked = None) -> FaultView:
        """Put an asset back in use."""
        who = Who(actor, actor.provider(provider_id))
        return view(await desk.back(who, fault_id, body.version, body.note))

    @router.post("/v1/faults/{fault_id}/link", status_code=201)
    async def make_link(actor: Actor, fault_id: str, provider_id: Asked = None) -> LinkMade:
        """Make the link by which its owner closes this one fault without signing in; one made before ends."""
        who = Who(actor, actor.provider(provider_id))
        secret, fault = await desk.link(who, fault_id)
        assert fault.link_ends_at is not None
        return LinkMade(url=f"{public_url}/fix/{secret}", ends_at=fault.link_ends_at, version=fault.version)

    @router.delete("/v1/faults/{fault_id}/link")
    async def take_back(actor: Actor, fault_id: str, provider_id: Asked = None) -> FaultView:
        """Take its owner's link back."""
        who = Who(actor, actor.provider(provider_id))
        return view(await desk.unlink(who, fault_id))

    return router


def digest_router(desk: DigestDesk) -> APIRouter:
    """Build the route of what waits.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["digest"])

    @router.get("/v1/digest")
    async def read_digest(reader: Reader, site: str | None = None, provider_id: Asked = None) -> DigestView:
        """Count what waits, as the daily digest does."""
        by_site, group = await desk.read(Who(reader, reader.provider(provider_id)), site)
        return DigestView(
            sites={key: WaitingView(total=waits.total, counts=dict(waits.counts)) for key, waits in by_site.items()},
            group=None if group is None else WaitingView(total=group.total, counts=dict(group.counts)),
        )

    return router


def _fields(fault: fault_states.AssetFault, clock: Clock) -> dict[str, object]:
    return asdict(fault) | {"out_days": fault_states.out_days(fault, clock.now())}


def _history(lines: Sequence[HistoryLine]) -> tuple[LineView, ...]:
    return tuple(line_view(line) for line in lines)
