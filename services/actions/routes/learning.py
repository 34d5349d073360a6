"""HTTP for the learning log, alerts and huddle sheets."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.actions.domain.huddles import ShiftTold
from services.actions.domain.learning import Receipt
from services.actions.routes.places import Day
from services.actions.routes.tasks import Actor, Asked, Body, Reader, Version
from services.actions.usecases.desk import Who
from services.actions.usecases.learning_desk import Entry, LearningDesk, Publication, Sheet
from shared.contracts import learning as wire
from shared.contracts.envelope import Id

Words = Annotated[str, Field(min_length=1, max_length=200)]
Month = Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="Such as 2026-03")]


class Published(Body):
    """An entry: what staff said, and what was done about it; `alert` asks `for_sites` (none: all) to answer."""

    site: Id | None = None
    you_said: Words
    we_did: Words
    domains: Annotated[tuple[Id, ...], Field(max_length=8)] = ()
    action_id: Id | None = None
    signal_id: Id | None = None
    alert: bool = False
    for_sites: Annotated[tuple[Id, ...], Field(max_length=1000)] = ()


class Withdrawal(Body):
    """Take an entry out."""

    version: Version


class Answered(Body):
    """What a site says to an alert."""

    site: Id
    status: Literal["received", "acted_on"]
    note: Annotated[str | None, Field(max_length=200)] = None


class Shared(Body):
    """With how many of a shift's staff the sheet was shared, and when."""

    shift: Id
    told: int
    staff: int
    on: Day


class ReceiptView(wire.LearningReceipt):
    """What a site said to an alert."""

    site_id: str


class LearningView(wire.Learning):
    """An entry with what the sites in reach said to it."""

    provider_id: str
    site_id: str | None
    receipts: tuple[ReceiptView, ...] = ()


class LearningList(BaseModel):
    """The newest entries, the newest first."""

    learning: tuple[LearningView, ...]


class HuddleView(wire.Huddle):
    """With whom a sheet was shared."""

    version: int = Field(ge=0)
    provider_id: str
    site_id: str


class SheetView(BaseModel):
    """A site's huddle sheet of a month."""

    site_id: str
    month: date
    learned: tuple[wire.Learning, ...]
    changed: tuple[str, ...]
    reports: int
    question: str | None
    shared: HuddleView


def learning_router(desk: LearningDesk) -> APIRouter:
    """Build the routes.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["learning"])

    @router.get("/v1/learning")
    async def read_log(
        reader: Reader, limit: Annotated[int, Field(ge=1, le=200)] = 100, provider_id: Asked = None
    ) -> LearningList:
        """Read the learning log."""
        found = await desk.log(Who(reader, reader.provider(provider_id)), limit)
        return LearningList(learning=tuple(_view(entry) for entry in found))

    @router.post("/v1/learning", status_code=201)
    async def publish(actor: Actor, body: Published, provider_id: Asked = None) -> LearningView:
        """Write an entry; the same words on the same day are written once."""
        said = body.model_dump(exclude={"site"}) | {"site_id": body.site}
        made = await desk.publish(Who(actor, actor.provider(provider_id)), Publication(**said))
        return _view(Entry(made, ()))

    @router.post("/v1/learning/{learning_id}:withdraw")
    async def withdraw(actor: Actor, learning_id: str, body: Withdrawal, provider_id: Asked = None) -> LearningView:
        """Take an entry out of the log."""
        who = Who(actor, actor.provider(provider_id))
        return _view(Entry(await desk.withdraw(who, learning_id, body.version), ()))

    @router.post("/v1/learning/{learning_id}:answer")
    async def answer(actor: Actor, learning_id: str, body: Answered, provider_id: Asked = None) -> ReceiptView:
        """Say that a site received an alert, or acted on it."""
        who = Who(actor, actor.provider(provider_id))
        return _receipt(await desk.receive(who, learning_id, body.site, body.status == "acted_on", body.note))

    @router.get("/v1/huddles/{site_id}/{month}")
    async def read_sheet(reader: Reader, site_id: str, month: Month, provider_id: Asked = None) -> SheetView:
        """Read a site's huddle sheet of a month."""
        who = Who(reader, reader.provider(provider_id))
        return _sheet(await desk.sheet(who, site_id, month_named(month)))

    @router.post("/v1/huddles/{site_id}/{month}:share")
    async def share(actor: Actor, site_id: str, month: Month, body: Shared, provider_id: Asked = None) -> HuddleView:
        """Note that the sheet was shared with a shift."""
        who = Who(actor, actor.provider(provider_id))
        said = ShiftTold(body.shift, body.told, body.staff, body.on)
        return HuddleView.model_validate(asdict(await desk.share(who, site_id, month_named(month), said)))

    return router


def month_named(text: str) -> date:
    """Return the first day of a month that is written as 2026-03."""
    return date.fromisoformat(f"{text}-01")


def _view(entry: Entry) -> LearningView:
    said = asdict(entry.learning) | {"receipts": tuple(_receipt(known) for known in entry.receipts)}
    return LearningView.model_validate(said)


def _receipt(receipt: Receipt) -> ReceiptView:
    return ReceiptView.model_validate(asdict(receipt))


def _sheet(sheet: Sheet) -> SheetView:
    return SheetView(
        site_id=sheet.site_id,
        month=sheet.month,
        learned=tuple(wire.Learning.model_validate(asdict(entry)) for entry in sheet.learned),
        changed=tuple(task.title for task in sheet.changed),
        reports=sheet.reports,
        question=sheet.question,
        shared=HuddleView.model_validate(asdict(sheet.shared)),
    )
