"""Pages of the register: the sites, and one site with its poster, stickers, roles and things."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.intake.domain.assets import NUMBER
from services.intake.routes.form_fields import read_form
from services.intake.routes.posters import Maker
from services.intake.routes.reports import Provider
from services.intake.usecases.forms import PURPOSES, Forms
from services.intake.usecases.register_view import RegisterView
from shared.kernel.errors import Fault, Invalid
from shared.kernel.principal import EVERY_PROVIDER, Principal, Role
from shared.runtime.auth import Allow, refuse_other_sites
from shared.web.navigation import navigation
from shared.web.pages import PAGE_HEADERS, Pages

Looker = Annotated[Principal, Depends(Allow(Role.MANAGER, Role.GOVERNANCE, Role.SAFEGUARDING, Role.OPERATOR))]
_DONE = {"revoked": "The link leads nowhere from now on. What is printed with it can be thrown away."}


class RegisterPages:
    """Renders the pages of the register, of people and of keys.

    Args:
        pages: Renders templates.
        prefix: Where the front door has this service, such as /in.
    """

    def __init__(self, pages: Pages, prefix: str) -> None:
        self._pages = pages
        self.prefix = prefix

    def page(
        self, template: str, principal: Principal, provider_id: str | None, status: int = 200, **context: Any
    ) -> Response:
        """Render a page; what it shows is kept by no cache."""
        own = principal.provider(provider_id)
        html = self._pages.render(
            template,
            navigation(principal.roles, own, principal.sites),
            f"{self.prefix}/register",
            prefix=self.prefix,
            asked=asked(principal, provider_id),
            may_keep=bool(principal.roles & {Role.GOVERNANCE, Role.OPERATOR}),
            **context,
        )
        return HTMLResponse(html, status, headers=PAGE_HEADERS | {"Cache-Control": "no-store"})

    def to(self, principal: Principal, provider_id: str | None, path: str, **query: str) -> Response:
        """Lead on to a page after something was done."""
        bound = {"provider_id": provider_id} if provider_id and principal.tenant == EVERY_PROVIDER else {}
        said = urlencode(query | bound)
        return RedirectResponse(f"{self.prefix}{path}{'?' if said else ''}{said}", 303)


def asked(principal: Principal, provider_id: str | None) -> str:
    """Return the query that keeps an operator of all providers at the one they look at; empty for others."""
    return f"?{urlencode({'provider_id': provider_id})}" if provider_id and principal.tenant == EVERY_PROVIDER else ""


def register_pages(view: RegisterView, forms: Forms, shown: RegisterPages) -> APIRouter:
    """Build the routes.

    Args:
        view: Reads the register.
        forms: Makes and revokes links to the report form.
        shown: Renders.
    """
    router = APIRouter(prefix="/register", include_in_schema=False)

    @router.get("")
    async def sites(principal: Looker, provider_id: Provider = None) -> Response:
        lines = await view.sites(principal, provider_id)
        if len(lines) == 1:
            return shown.to(principal, provider_id, f"/register/{quote(lines[0].site.site_id)}")
        return shown.page("register.html", principal, provider_id, lines=lines)

    @router.get("/{site_id}")
    async def site(
        site_id: str,
        principal: Looker,
        provider_id: Provider = None,
        done: Annotated[str, Query(max_length=20)] = "",
    ) -> Response:
        found = await view.site(principal, provider_id, site_id)
        return shown.page("register_site.html", principal, provider_id, page=found, done=_DONE.get(done))

    @router.post("/{site_id}/links")
    async def make(site_id: str, request: Request, principal: Maker, provider_id: Provider = None) -> Response:
        refuse_other_sites(request)
        sent = await read_form(request)
        purpose = next((one for one in PURPOSES if one == sent["purpose"]), None)
        thing = sent["asset_ref"] or None
        if purpose is None or (thing is not None and not _fits(thing)):
            fault = Fault("must be letters, digits, spaces and . : / # - as it stands on the label", "asset_ref")
            raise Invalid("no link was made; see errors", (fault,))
        link, _ = await forms.link_for(principal, provider_id, site_id, purpose, thing)
        return shown.to(principal, provider_id, f"/posters/{quote(link.link_id)}")

    @router.post("/{site_id}/links/{link_id}/revoke")
    async def revoke(
        site_id: str, link_id: str, request: Request, principal: Maker, provider_id: Provider = None
    ) -> Response:
        refuse_other_sites(request)
        await forms.revoke(principal, provider_id, link_id)
        return shown.to(principal, provider_id, f"/register/{quote(site_id)}", done="revoked")

    return router


def _fits(thing: str) -> bool:
    return re.fullmatch(NUMBER, thing) is not None
