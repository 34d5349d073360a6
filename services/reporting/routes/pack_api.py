"""Evidence packs over HTTP: issued by governance, read by their audience as page, PDF, Word or data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.domain.pack_sections import Framework
from services.reporting.domain.packs import Audience, IssuedPack
from services.reporting.ports import Views
from services.reporting.routes.addresses import page_address
from services.reporting.routes.answers import HEADERS
from services.reporting.routes.asked import Day, Word
from services.reporting.routes.pack_sheet import PackSheet
from services.reporting.usecases.access import Access, access_to
from services.reporting.usecases.packs import MAY_READ, Packs, Wanted, canonical
from services.reporting.usecases.periods import complete_weeks
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Fault, Invalid
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import Allow
from shared.taxonomy.maps import OutwardMap
from shared.taxonomy.model import Taxonomy
from shared.web.navigation import navigation
from shared.web.pages import PAGE_HEADERS, Pages

Reader = Annotated[Principal, Depends(Allow(*MAY_READ))]
Issuer = Annotated[Principal, Depends(Allow(Role.GOVERNANCE))]
QUARTER_WEEKS = 13
STATEMENTS, DRAFT = "cqc-quality-statements", "cqc-draft-key-lines"
LEARNING_CODE = "S1"
MEDIA = {
    "json": "application/json",
    "html": "text/html",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class PackBody(BaseModel):
    """What is to be issued."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    audience: Audience
    first: Day | None = Field(default=None, alias="from")
    last: Day | None = Field(default=None, alias="to")
    contract: str | None = Field(default=None, min_length=1, max_length=200)
    commentary: str = Field(min_length=1, max_length=4_000)
    signed_by: str = Field(min_length=1, max_length=200, description="Name of who signs it off.")


def make_pack_api(packs: Packs, views: Views, clock: Clock, pages: Pages, sheet: PackSheet) -> APIRouter:
    """Build the routes.

    Args:
        packs: Makes packs and hands them out.
        views: To ask whether a provider exists.
        clock: The source of today.
        pages: Renders the page.
        sheet: Draws packs, on the screen and as files.
    """
    api = PackApi(packs, views, clock, pages, sheet)
    router = APIRouter(prefix="/v1", tags=["packs"])
    router.post("/packs", status_code=201)(api.issue)
    router.post("/packs:preview")(api.preview)
    router.get("/packs")(api.listed)
    router.get("/packs/{pack_id}")(api.pack)
    router.get("/packs/{pack_id}/verify")(api.verify)
    return router


class PackApi:
    """The answers; arguments as for `make_pack_api`."""

    def __init__(self, packs: Packs, views: Views, clock: Clock, pages: Pages, sheet: PackSheet) -> None:
        self._packs = packs
        self._views = views
        self._clock = clock
        self._pages = pages
        self._sheet = sheet

    async def issue(self, body: PackBody, principal: Issuer, provider: Word = None) -> Response:
        """Freeze a pack; it can change no more, and its hash says so."""
        access = await access_to(self._views, principal, provider)
        made = await self._packs.issue(access, principal, wanted_of(body, self._clock))
        return _json(_line(made), 201)

    async def preview(self, body: PackBody, principal: Issuer, provider: Word = None) -> Response:
        """Return what would be frozen now, and freeze nothing."""
        access = await access_to(self._views, principal, provider)
        return Response(
            canonical(await self._packs.draft(access, wanted_of(body, self._clock))), media_type=MEDIA["json"]
        )

    async def listed(self, principal: Reader, provider: Word = None) -> Response:
        """Return the packs that the reader may read, the newest first."""
        access = await access_to(self._views, principal, provider)
        found = await self._packs.listed(principal, access.provider_id)
        return _json({"packs": [_line(pack) for pack in found]})

    async def pack(
        self,
        request: Request,
        principal: Reader,
        pack_id: str,
        provider: Word = None,
        form: Annotated[str | None, Query(alias="format", description="json, html, pdf or docx")] = None,
    ) -> Response:
        """Return a pack: its canonical data, byte for byte what was hashed; or the same as page, PDF or Word."""
        access = await access_to(self._views, principal, provider)
        kind = _kind(request, form)
        pack = await self._packs.read(principal, access.provider_id, pack_id)
        headers = HEADERS | {"ETag": f'"{pack.content_hash}"', "Content-Hash": f"sha256={pack.content_hash}"}
        if kind == "json":
            return Response(pack.body, media_type=MEDIA[kind], headers=headers)
        if kind == "html":
            return await self._page(pack, principal, access)
        content = await self._sheet.file(kind, json.loads(pack.body), pack.content_hash)
        name = f'attachment; filename="{quote(f"{pack.audience}-{pack.pack_id}.{kind}")}"'
        return Response(content, media_type=MEDIA[kind], headers=headers | {"Content-Disposition": name})

    async def _page(self, pack: IssuedPack, principal: Principal, access: Access) -> Response:
        html = self._pages.render(
            "pack.html",
            navigation(principal.roles, access.provider_id, access.sites),
            "",
            all_packs=page_address(access.provider_id, "packs"),
            saved=False,
            **await self._sheet.context(json.loads(pack.body), pack.content_hash),
        )
        return HTMLResponse(html, headers=PAGE_HEADERS)

    async def verify(self, principal: Reader, pack_id: str, provider: Word = None) -> Response:
        """Compute the hash of what is stored again; 409 where it is not what was issued."""
        access = await access_to(self._views, principal, provider)
        pack = await self._packs.read(principal, access.provider_id, pack_id)
        return _json(_line(pack) | {"sound": pack.sound()})


def wanted_of(body: PackBody, clock: Clock) -> Wanted:
    """Read what is to be issued; without weeks it is about the last thirteen complete ones.

    Raises:
        Invalid: the period holds no complete week.
    """
    span = complete_weeks(body.first, body.last, london_date(clock.now()), QUARTER_WEEKS)
    return Wanted(body.audience, span, body.contract, body.commentary, body.signed_by)


def framework_of(taxonomy: Taxonomy, maps: Mapping[str, OutwardMap]) -> Framework:
    """Return the headings of the frameworks and the domains that stand under each.

    Args:
        taxonomy: Groups and domains.
        maps: The outward maps; the regulator's framework in force and its draft are among them.
    """
    statements, draft = maps[STATEMENTS], maps[DRAFT]
    headings = {
        f"{key.title()}: {title}": tuple(
            domain
            for domain in taxonomy.domains
            if any((code.list_name, code.code) == (key, name) for code in statements.codes("domains", domain))
        )
        for key, codes in statements.lists.items()
        for name, title in codes.items()
    }
    titles = {group.name: group.title for group in taxonomy.groups}
    return Framework(
        in_force=headings,
        draft={
            domain: tuple(f"{c.list_name.title()}: {c.title}" for c in draft.codes("domains", domain))
            for domain in taxonomy.domains
        },
        groups={
            title: tuple(word for word, domain in taxonomy.domains.items() if domain.group == name)
            for name, title in titles.items()
        },
        learning=f"Safe: {statements.lists['safe'][LEARNING_CODE]}",
        version=taxonomy.version,
    )


def _kind(request: Request, asked: str | None) -> str:
    if asked is not None and asked not in MEDIA:
        raise Invalid("this format is not offered", (Fault("must be json, html, pdf or docx", field="format"),))
    wants_page = "text/html" in request.headers.get("accept", "")
    return asked or ("html" if wants_page else "json")


def _line(pack: IssuedPack) -> dict[str, Any]:
    return {
        "pack_id": pack.pack_id,
        "audience": pack.audience,
        "contract": pack.contract,
        "title": pack.title,
        "from": pack.span.first.isoformat(),
        "to": pack.span.last.isoformat(),
        "sites": list(pack.sites),
        "issued_at": pack.issued_at.isoformat(),
        "signed_by": pack.signed_by,
        "content_hash": pack.content_hash,
        "address": f"/v1/packs/{pack.pack_id}",
    }


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, media_type=MEDIA["json"], headers=HEADERS)
