"""The pages of assets: the register with what is out of use, one fault with all that is done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from services.actions.domain.asset_register import RegisteredAsset, find
from services.actions.domain.oversight.faults import OUT, STATUSES, AssetFault, out_days
from services.actions.routes.pages.frame import FRESH, Done, Frame, Sent, Tried, Typed, led, refused
from services.actions.routes.tasks import Actor, Reader
from services.actions.usecases.asset_desk import AssetDesk
from services.actions.usecases.desk import Who
from services.actions.usecases.fault_desk import FaultDesk, TakingOut
from shared.kernel.errors import Conflict, Fault, Forbidden, Invalid
from shared.web.navigation import BOARD

LIST_MAX = 100
OWNERS: Final = (("provider", "We mend it ourselves"), ("contractor", "A contractor"), ("landlord", "The landlord"))
Site = Annotated[str | None, Query(max_length=128)]
Named = Annotated[str | None, Query(max_length=64)]


@dataclass(frozen=True, slots=True)
class Standing:
    """An asset of the register, and the fault that keeps it out of use; None where it is in use."""

    asset: RegisteredAsset
    fault: AssetFault | None


class AssetPages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: Assets out of use.
        register: The register.
        front_url: Where people find the service, for the link of a fault's owner.
    """

    def __init__(self, frame: Frame, desk: FaultDesk, register: AssetDesk, front_url: str) -> None:
        self._frame = frame
        self._desk = desk
        self._register = register
        self._front_url = front_url

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/assets")(self.list)
        router.get("/assets/out")(self.new)
        router.post("/assets/out")(self.take_out)
        router.get("/assets/{fault_id}")(self.one)
        router.post("/assets/{fault_id}")(self.act)
        return router

    async def list(self, reader: Reader, site: Site = None, back: bool = False) -> Response:
        """List what is out of use, the longest first, and the register below."""
        who = Who(reader, reader.provider())
        found = await self._desk.page(who, site or None, STATUSES if back else (OUT,), LIST_MAX, None)
        out = sorted((fault for fault in found if fault.status == OUT), key=lambda fault: fault.out_since)
        return await self._frame.show(
            "assets.html",
            who,
            BOARD,
            out=out,
            mended=[fault for fault in found if fault.status != OUT],
            standing=self._standing(await self._register.register(who, site or None), out),
            is_late=self._late,
            late=sum(self._late(fault) for fault in out),
            days=self._days,
            owners=dict(OWNERS),
            site=site or None,
            back=back,
        )

    async def new(self, actor: Actor, site: Site = None, asset: Named = None) -> Response:
        """Show the form that takes an asset out of use."""
        return await self._form(Who(actor, actor.provider()), site, asset, FRESH)

    async def take_out(self, actor: Actor, form: Sent) -> Response:
        """Take an asset out of use now."""
        who = Who(actor, actor.provider())
        try:
            fault = await self._desk.take_out(who, _taking_out(form))
        except (Invalid, Conflict, Forbidden) as refusal:
            return await self._form(who, form.text("site"), form.text("asset"), refused(refusal, form))
        return led(self._frame.href("assets", fault.fault_id))

    async def one(self, reader: Reader, fault_id: str, saved: Done = None) -> Response:
        """Show one fault."""
        return await self._show(Who(reader, reader.provider()), fault_id, FRESH, saved)

    async def act(self, actor: Actor, fault_id: str, form: Sent) -> Response:
        """Do with a fault what the pressed button says; a new link is shown at once, and never again."""
        who = Who(actor, actor.provider())
        if form.text("act") == "link":
            try:
                secret, _ = await self._desk.link(who, fault_id)
            except (Invalid, Conflict, Forbidden) as refusal:
                return await self._show(who, fault_id, refused(refusal, form))
            return await self._show(who, fault_id, FRESH, link=f"{self._front_url}{self._frame.href('fix', secret)}")
        to = self._frame.href("assets", fault_id)
        return await self._frame.sent(
            self._acted(who, fault_id, form), to, form, lambda tried: self._show(who, fault_id, tried)
        )

    async def _acted(self, who: Who, fault_id: str, form: Typed) -> None:
        word = form.text("act")
        if word == "back":
            await self._desk.back(who, fault_id, form.version(), form.text("note"))
        elif word == "change":
            owner = form.choice("owner", dict(OWNERS)) or "provider"
            await self._desk.change(who, fault_id, form.version(), owner, form.day("promised_on"))
        elif word == "unlink":
            await self._desk.unlink(who, fault_id)
        else:
            raise Invalid("nothing was chosen", (Fault("press one of the buttons", "form"),))

    async def _form(self, who: Who, site: str | None, asset: str | None, tried: Tried) -> Response:
        names = await self._frame.names(who)
        chosen = site if site in names else next(iter(names)) if len(names) == 1 else None
        known = [one for one in await self._register.register(who, chosen) if one.in_use(self._frame.today)]
        return await self._frame.show(
            "asset_out.html", who, BOARD, tried, chosen=chosen, asset=asset, known=known, names=names, owners=OWNERS
        )

    async def _show(
        self, who: Who, fault_id: str, tried: Tried, saved: str | None = None, link: str | None = None
    ) -> Response:
        fault, history = await self._desk.one(who, fault_id)
        asset = find(fault.asset, await self._register.register(who, fault.site_id))
        return await self._frame.show(
            "asset.html",
            who,
            BOARD,
            tried,
            saved,
            fault=fault,
            history=history,
            asset=asset,
            days=self._days(fault),
            late=self._late(fault),
            owners=OWNERS,
            link=link,
            linked=fault.link_ends_at is not None and self._frame.clock.now() < fault.link_ends_at,
        )

    def _standing(self, register: Sequence[RegisteredAsset], out: Sequence[AssetFault]) -> Sequence[Standing]:
        faults = {fault.fault_id: fault for fault in out}
        found = []
        for asset in register:
            if asset.in_use(self._frame.today):
                here = (fault for fault in faults.values() if fault.site_id == asset.site_id)
                found.append(Standing(asset, next((fault for fault in here if find(fault.asset, [asset])), None)))
        return found

    def _late(self, fault: AssetFault) -> bool:
        return fault.status == OUT and fault.promised_on is not None and fault.promised_on < self._frame.today

    def _days(self, fault: AssetFault) -> int:
        return out_days(fault, self._frame.clock.now())


def _taking_out(form: Typed) -> TakingOut:
    site, asset = form.text("site"), form.text("asset")
    faults = [] if site else [Fault("choose a site", "site")]
    faults += [] if asset else [Fault("say which asset, by its number or name", "asset")]
    if site is None or asset is None:
        raise Invalid("the form is not complete", tuple(faults))
    owner = form.choice("owner", dict(OWNERS)) or "provider"
    return TakingOut(site, asset, form.text("reason") or "", owner, form.day("promised_on"))
