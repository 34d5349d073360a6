"""Links, QR codes, posters and stickers that lead to the report form and the pulse."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake.adapters.codes_drawn import qr_png
from services.intake.domain.form_links import FormLink
from services.intake.routes.front import Front
from services.intake.routes.reports import PROBLEMS, Provider
from services.intake.routes.wire import Body, SiteId
from services.intake.usecases.forms import Forms
from shared.kernel.errors import NotFound
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import Allow

Maker = Annotated[Principal, Depends(Allow(Role.MANAGER, Role.GOVERNANCE, Role.SAFEGUARDING, Role.OPERATOR))]


class FormLinkBody(Body):
    """Where a link is to lead."""

    model_config = ConfigDict(json_schema_extra={"example": {"site_id": "elm-house", "asset_ref": "hoist 3"}})

    provider_id: SiteId | None = None
    site_id: SiteId
    purpose: Literal["report", "pulse"] = "report"
    asset_ref: Annotated[str, Field(max_length=64, pattern=r"^[\w .:/#-]+$")] | None = None


class FormLinkAnswer(BaseModel):
    """A link to the form: the same for the same place, so that what is printed stays good."""

    link_id: str
    site_id: str
    purpose: str
    asset_ref: str | None
    address: str
    poster: str
    png: str


def poster_routes(forms: Forms, front: Front) -> APIRouter:
    """Build the routes.

    Args:
        forms: Makes and revokes links.
        front: Renders.
    """
    router = APIRouter(tags=["report form"], responses=PROBLEMS)

    def answer(request: Request, link: FormLink, spelt: str) -> FormLinkAnswer:
        return FormLinkAnswer(
            link_id=link.link_id,
            site_id=link.site_id,
            purpose=link.purpose,
            asset_ref=link.asset_ref,
            address=front.address(request, f"{link.path}/{spelt}"),
            poster=f"{front.prefix}/posters/{link.link_id}",
            png=f"{front.prefix}/posters/{link.link_id}.png",
        )

    @router.post("/v1/form-links", summary="Make the link of a site's report form, or of a thing's sticker")
    async def make(body: FormLinkBody, request: Request, principal: Maker) -> FormLinkAnswer:
        """Return the link that leads to the form; asked again it is the same one, until it is revoked."""
        found = await forms.link_for(principal, body.provider_id, body.site_id, body.purpose, body.asset_ref)
        return answer(request, *found)

    @router.get("/v1/form-links", summary="List the links to the form")
    async def listed(request: Request, principal: Maker, provider_id: Provider = None) -> dict[str, Any]:
        """Return the links in reach, newest first, revoked ones too."""
        found = await forms.links(principal, provider_id)
        return {
            "links": [answer(request, *one).model_dump() | {"revoked_at": one[0].revoked_at} for one in found],
        }

    @router.delete("/v1/form-links/{link_id}", status_code=204, summary="Revoke a link to the form")
    async def revoke(link_id: str, principal: Maker, provider_id: Provider = None) -> Response:
        """Stop a link: a poster that was photographed by the wrong people leads nowhere any more."""
        await forms.revoke(principal, provider_id, link_id)
        return Response(status_code=204)

    async def found(principal: Principal, provider_id: str | None, link_id: str) -> tuple[FormLink, str]:
        for link, spelt in await forms.links(principal, provider_id):
            if link.link_id == link_id and link.revoked_at is None:
                return link, spelt
        raise NotFound(f"link {link_id} is not known here")

    @router.get("/posters/{link_id}.png", include_in_schema=False)
    async def png(link_id: str, request: Request, principal: Maker, provider_id: Provider = None) -> Response:
        link, spelt = await found(principal, provider_id, link_id)
        image = qr_png(front.address(request, f"{link.path}/{spelt}"))
        headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
        return Response(image, media_type="image/png", headers=headers)

    @router.get("/posters/{link_id}", include_in_schema=False)
    async def poster(link_id: str, request: Request, principal: Maker, provider_id: Provider = None) -> Response:
        link, spelt = await found(principal, provider_id, link_id)
        opened = await forms.open(spelt, link.purpose)
        _, words = front.words.of(None)
        asked = f"?provider_id={provider_id}" if provider_id else ""
        return front.page(
            "poster.html",
            link=link,
            site_name=opened.site_name,
            png=f"{front.prefix}/posters/{link_id}.png{asked}",
            address=front.address(request, f"{link.path}/{spelt}"),
            w=words,
        )

    return router
