"""HTTP for the records of governance meetings."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, Field

from services.actions.domain.meetings import Decision, Meeting
from services.actions.routes.places import Day
from services.actions.routes.tasks import Asked, Body, Version
from services.actions.usecases.desk import Who
from services.actions.usecases.meeting_desk import MeetingDesk
from shared.contracts.envelope import Id
from shared.contracts.learning import AgendaItem, MeetingDecision
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import Allow

Leader = Annotated[Principal, Depends(Allow(Role.GOVERNANCE, Role.SAFEGUARDING))]
OwnerRole = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")]


class Opened(Body):
    """Which day's record is opened."""

    held_on: Day


class Attendance(Body):
    """How many of each role were there."""

    version: Version
    attended: Annotated[dict[OwnerRole, int], Field(max_length=30)]


class Decided(Body):
    """What was decided, about which item, who carries it out, by when."""

    version: Version
    item_id: Annotated[str | None, Field(max_length=200)] = None
    words: Annotated[str, Field(min_length=1, max_length=200)]
    owner_role: OwnerRole
    due_on: Day


class Struck(Body):
    """Take a decision out of a draft."""

    version: Version
    decision_id: Annotated[str, Field(max_length=200)]


class Became(Body):
    """What became of an earlier decision."""

    version: Version
    item_id: Annotated[str, Field(max_length=200)]
    outcome: Literal["done", "not_done"]


class Signing(Body):
    """Sign the record."""

    version: Version


class MeetingView(BaseModel):
    """A record as readers get it; signed ones change no more, and `content_hash` tells whether one did."""

    meeting_id: Id
    provider_id: str
    version: int
    status: str
    held_on: date
    attended: dict[str, int]
    agenda: tuple[AgendaItem, ...]
    left_out: dict[str, int]
    decisions: tuple[MeetingDecision, ...]
    signed_at: AwareDatetime | None
    signed_by_role: str | None
    content_hash: str | None


class MeetingList(BaseModel):
    """The newest records, the newest first."""

    meetings: tuple[MeetingView, ...]


def meetings_router(desk: MeetingDesk) -> APIRouter:
    """Build the routes.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["meetings"])

    @router.get("/v1/meetings")
    async def list_records(leader: Leader, provider_id: Asked = None) -> MeetingList:
        """List the records."""
        found = await desk.records(Who(leader, leader.provider(provider_id)))
        return MeetingList(meetings=tuple(_view(meeting) for meeting in found))

    @router.post("/v1/meetings")
    async def open_record(leader: Leader, body: Opened, provider_id: Asked = None) -> MeetingView:
        """Open a day's record, or build the agenda of its draft anew."""
        return _view(await desk.open(Who(leader, leader.provider(provider_id)), body.held_on))

    @router.get("/v1/meetings/{meeting_id}")
    async def read_record(leader: Leader, meeting_id: str, provider_id: Asked = None) -> MeetingView:
        """Read one record."""
        return _view(await desk.read(Who(leader, leader.provider(provider_id)), meeting_id))

    _add_acts(router, desk)
    return router


def _add_acts(router: APIRouter, desk: MeetingDesk) -> None:
    """Add what people do with a draft."""

    @router.post("/v1/meetings/{meeting_id}:attended")
    async def attended(leader: Leader, meeting_id: str, body: Attendance, provider_id: Asked = None) -> MeetingView:
        """Note who was there, by role."""
        who = Who(leader, leader.provider(provider_id))
        return _view(await desk.attended(who, meeting_id, body.version, body.attended))

    @router.post("/v1/meetings/{meeting_id}:decide")
    async def decide(leader: Leader, meeting_id: str, body: Decided, provider_id: Asked = None) -> MeetingView:
        """Write a decision down."""
        who = Who(leader, leader.provider(provider_id))
        said = Decision("", body.item_id, body.words, body.owner_role, body.due_on)
        return _view(await desk.decide(who, meeting_id, body.version, said))

    @router.post("/v1/meetings/{meeting_id}:strike")
    async def strike(leader: Leader, meeting_id: str, body: Struck, provider_id: Asked = None) -> MeetingView:
        """Take a decision out of a draft."""
        who = Who(leader, leader.provider(provider_id))
        return _view(await desk.strike(who, meeting_id, body.version, body.decision_id))

    @router.post("/v1/meetings/{meeting_id}:outcome")
    async def outcome(leader: Leader, meeting_id: str, body: Became, provider_id: Asked = None) -> MeetingView:
        """Note what became of an earlier decision."""
        who = Who(leader, leader.provider(provider_id))
        return _view(await desk.outcome(who, meeting_id, body.version, body.item_id, body.outcome))

    @router.post("/v1/meetings/{meeting_id}:sign")
    async def sign(leader: Leader, meeting_id: str, body: Signing, provider_id: Asked = None) -> MeetingView:
        """Sign a record; nothing of it changes any more."""
        return _view(await desk.sign(Who(leader, leader.provider(provider_id)), meeting_id, body.version))


def _view(meeting: Meeting) -> MeetingView:
    return MeetingView.model_validate(asdict(meeting))
