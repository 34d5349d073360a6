"""The pages of evidence packs: the list, the author's page with a look before anything is frozen, and the pack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from services.reporting.domain import pack_words
from services.reporting.domain.packs import OUTSIDERS
from services.reporting.routes.addresses import page_address
from services.reporting.routes.desk import Desk, writes_packs
from services.reporting.routes.pack_api import QUARTER_WEEKS, Issuer, PackBody, Reader, wanted_of
from services.reporting.routes.pack_sheet import PackSheet
from services.reporting.usecases.access import Access, access_to
from services.reporting.usecases.packs import TITLES, Packs, canonical
from services.reporting.usecases.periods import complete_weeks
from shared.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from shared.web.problems import sentence

SIX_DAYS: Final = timedelta(days=6)
ISSUE: Final = "issue"
UNSIGNED: Final = "(not signed yet)"
"""Stands for the name while the author looks at what would be frozen."""
WHAT_IS_WRONG: Final = {
    "audience": "Choose whom it is for",
    "from": "Must be a day from 2000 to 2100",
    "to": "Must be a day from 2000 to 2100",
    "contract": "Choose one of the contracts",
    "commentary": "Say what the reader should know, in at most 4,000 characters",
    "signed_by": "Write the name of who signs it off, in at most 200 characters",
}
STATUS: Final[dict[type[Refused], int]] = {Invalid: 422, NotFound: 422, Conflict: 409, Forbidden: 403}


@dataclass(frozen=True)
class Tried:
    """A form as it was typed, and what was wrong with it."""

    typed: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[tuple[str, str], ...] = ()
    status: int = 200

    def value(self, name: str, otherwise: object = "") -> str:
        """Return what was typed into a field, or what stands there at first."""
        return self.typed.get(name, str(otherwise))

    def error(self, name: str) -> str:
        """Return what is wrong with a field; nothing where nothing is."""
        return next((text for known, text in self.errors if known == name), "")


FRESH: Final = Tried()


async def typed_of(request: Request) -> Mapping[str, str]:
    """Read a form; a dependency of routes. Blank fields are left out."""
    async with request.form(max_files=0, max_fields=20) as form:
        texts = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
    return {name: value for name, value in texts.items() if value}


Saved = Annotated[str | None, Query(max_length=9)]
Typed = Annotated[Mapping[str, str], Depends(typed_of)]


def pack_pages(desk: Desk, packs: Packs, sheet: PackSheet) -> APIRouter:
    """Build the routes.

    Args:
        desk: What pages are made with.
        packs: Makes packs and hands them out.
        sheet: Draws packs.
    """
    answers = PackPages(desk, packs, sheet)
    router = APIRouter(prefix="/providers/{provider_id}/packs", include_in_schema=False)
    router.get("")(answers.list)
    router.get("/new")(answers.new)
    router.post("/new")(answers.write)
    router.get("/{pack_id}")(answers.one)
    return router


class PackPages:
    """The answers; arguments as for `pack_pages`."""

    def __init__(self, desk: Desk, packs: Packs, sheet: PackSheet) -> None:
        self._desk = desk
        self._packs = packs
        self._sheet = sheet

    async def list(self, principal: Reader, provider_id: str) -> Response:
        """List the packs that the reader may read, the newest first."""
        access = await access_to(self._desk.views, principal, provider_id)
        found = await self._packs.listed(principal, access.provider_id)
        return await self._desk.page("packs.html", access, "packs", found=found, words=pack_words, week_end=SIX_DAYS)

    async def one(
        self,
        principal: Reader,
        provider_id: str,
        pack_id: str,
        saved: Annotated[str | None, Query(max_length=9)] = None,
    ) -> Response:
        """Show a pack as it was frozen; its hash is computed again each time."""
        access = await access_to(self._desk.views, principal, provider_id)
        pack = await self._packs.read(principal, access.provider_id, pack_id)
        drawn = await self._sheet.context(json.loads(pack.body), pack.content_hash)
        all_packs = page_address(access.provider_id, "packs")
        return await self._desk.page(
            "pack.html", access, "packs", all_packs=all_packs, saved=saved is not None, **drawn
        )

    async def new(self, principal: Issuer, provider_id: str) -> Response:
        """Show the author's form."""
        return await self._form(await self._author(principal, provider_id), FRESH)

    async def write(self, principal: Issuer, provider_id: str, typed: Typed) -> Response:
        """Show what would be frozen; or, where the author signs it off, freeze it and lead to it."""
        access = await self._author(principal, provider_id)
        issuing = typed.get("act") == ISSUE
        try:
            if not issuing:
                return await self._form(access, Tried(typed), await self._draft(access, typed))
            wanted = wanted_of(_body_of(typed, issuing), self._desk.clock)
            pack = await self._packs.issue(access, principal, wanted)
        except ValidationError as error:
            wrong = dict.fromkeys(str(fault["loc"][0]) for fault in error.errors())
            told = tuple((name, WHAT_IS_WRONG.get(name, "This cannot be read")) for name in wrong)
            draft = await self._draft(access, typed) if set(wrong) == {"signed_by"} else None
            return await self._form(access, Tried(typed, told, 422), draft)
        except (Invalid, NotFound, Conflict) as refusal:
            return await self._form(access, _refused(refusal, typed))
        to = f"{page_address(access.provider_id, 'packs')}/{pack.pack_id}?saved=yes"
        return RedirectResponse(to, 303, headers={"Cache-Control": "no-store"})

    async def _draft(self, access: Access, typed: Mapping[str, str]) -> Mapping[str, Any]:
        wanted = wanted_of(_body_of(typed, issuing=False), self._desk.clock)
        body: Mapping[str, Any] = json.loads(canonical(await self._packs.draft(access, wanted)))
        return body

    async def _author(self, principal: Issuer, provider_id: str) -> Access:
        access = await access_to(self._desk.views, principal, provider_id)
        if not writes_packs(access):
            raise Forbidden("packs are issued by who answers for the whole provider")
        return access

    async def _form(self, access: Access, tried: Tried, draft: Mapping[str, Any] | None = None) -> Response:
        desk = self._desk
        today = desk.today()
        sites = await desk.views.sites(access)
        usual = complete_weeks(None, None, today, QUARTER_WEEKS)
        drawn = await self._sheet.context(draft, None) if draft else {"pack": None}
        return await desk.page(
            "new_pack.html",
            access,
            "packs",
            status=tried.status,
            tried=tried,
            contracts=sorted({contract for site in sites for contract in site.at(today).contracts}),
            audiences=[(word, sentence(pack_words.AUDIENCE_WORDS[word])[:-1], TITLES[word]) for word in TITLES],
            outsiders=OUTSIDERS,
            first=usual.first,
            last=usual.last + SIX_DAYS,
            **drawn,
        )


def _body_of(typed: Mapping[str, str], issuing: bool) -> PackBody:
    """Read the form as what the API takes; a look before signing needs no name."""
    known = {name: typed[name] for name in WHAT_IS_WRONG if name in typed}
    if not issuing:
        known["signed_by"] = typed.get("signed_by", UNSIGNED)
    if known.get("audience") not in OUTSIDERS:
        known.pop("contract", None)
    return PackBody.model_validate(known)


def _refused(refusal: Refused, typed: Mapping[str, str]) -> Tried:
    """Say in the words of a form what is wrong; what no field is to blame for stands at the whom."""
    faults = tuple((fault.field or "audience", sentence(fault.detail)) for fault in refusal.faults)
    return Tried(typed, faults or (("audience", sentence(refusal.detail)),), STATUS[type(refusal)])
