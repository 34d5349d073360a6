"""API keys, tokens and sign-in links over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.intake.domain.credentials import KEY_PREFIX, Credential
from services.intake.routes.reports import PROBLEMS, Provider
from services.intake.routes.strict_json import StrictRoute
from services.intake.routes.wire import Body, Label, SiteId
from services.intake.usecases.credentials import Asked, Credentials
from shared.kernel.clock import Clock
from shared.kernel.errors import Forbidden
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import EVERYONE, Allow

KEY_LIFE = timedelta(days=365)
Granter = Annotated[Principal, Depends(Allow(Role.OPERATOR, Role.GOVERNANCE))]
Anyone = Annotated[Principal, Depends(Allow(*EVERYONE))]
ProviderOrAll = Annotated[str, Field(pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9_.-]{0,63})$")]
UserId = Annotated[str, Field(pattern=r"^u-[0-9a-f]{20}$")]
Roles = Annotated[
    frozenset[Role],
    Field(description="at least one; with a user_id none means all that the person's own roles open"),
]


class KeyBody(Body):
    """What a new key is to be; `expires_at` defaults to a year from now."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"provider_id": "rowan-care", "roles": ["feed"], "sites": ["elm-house"], "label": "care app"}
        }
    )

    provider_id: ProviderOrAll | None = None
    sites: frozenset[SiteId] | None = None
    roles: Roles = frozenset()
    label: Label = "unnamed"
    expires_at: AwareDatetime | None = None
    user_id: UserId | None = Field(default=None, description="whose own it is; it then follows what they hold")


class LinkBody(Body):
    """What a sign-in link opens, for how long, and where it leads."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"provider_id": "rowan-care", "roles": ["governance"], "expires_in_hours": 24, "next": "/"}
        }
    )

    provider_id: ProviderOrAll | None = None
    sites: frozenset[SiteId] | None = None
    roles: Roles = frozenset()
    user_id: UserId | None = Field(default=None, description="whose own it is; it then follows what they hold")
    expires_in_hours: int = Field(ge=1, le=24 * 90)
    next: str = Field(default="/", max_length=500)
    label: Label = "unnamed"


class KeyAnswer(BaseModel):
    """A new key; its secret is told this once."""

    key_id: str
    key: str
    expires_at: datetime


class LinkAnswer(BaseModel):
    """A new sign-in link; its secret is told this once."""

    link_id: str
    path: str
    expires_at: datetime


class RotationBody(Body):
    """How long the old key still opens."""

    model_config = ConfigDict(json_schema_extra={"example": {"overlap_hours": 24}})

    overlap_hours: int = Field(default=24, ge=0, le=24 * 30)


class RotationAnswer(KeyAnswer):
    """A new key, and when the old one ends."""

    old_expires_at: datetime


class TokenAnswer(BaseModel):
    """A signed token for all services."""

    token: str
    expires_at: datetime


def key_routes(credentials: Credentials, clock: Clock) -> APIRouter:
    """Build the routes of keys and tokens.

    Args:
        credentials: Hands out and revokes.
        clock: The source of now.
    """
    router = APIRouter(prefix="/v1", tags=["keys"], responses=PROBLEMS, route_class=StrictRoute)

    @router.post("/keys", status_code=201, summary="Make an API key")
    async def make_key(body: KeyBody, principal: Granter) -> KeyAnswer:
        """Make a key for a provider; the operator any, governance for its own provider and with roles up to its own."""
        until = body.expires_at or clock.now() + KEY_LIFE
        asked = Asked(body.provider_id, body.sites, body.roles, body.label, until, user_id=body.user_id)
        issued = await credentials.issue(principal, "key", asked)
        return KeyAnswer(key_id=issued.credential.credential_id, key=issued.spelt, expires_at=until)

    @router.get("/keys", summary="List API keys, without secrets")
    async def list_keys(principal: Granter, provider_id: Provider = None) -> dict[str, Any]:
        """Return the keys in reach, newest first."""
        return {"keys": [_shown(one) for one in await credentials.all_of(principal, provider_id, "key")]}

    @router.delete("/keys/{key_id}", status_code=204, summary="Revoke an API key")
    async def revoke_key(key_id: str, principal: Granter) -> Response:
        """Revoke a key at once (other processes follow within 5 s); its tokens live out their hour."""
        await credentials.revoke(principal, "key", key_id)
        return Response(status_code=204)

    @router.post("/keys/{key_id}:rotate", status_code=201, summary="Replace an API key without a gap")
    async def rotate_key(key_id: str, principal: Anyone, body: RotationBody | None = None) -> RotationAnswer:
        """Make a key's successor with the same rights; the old one stays valid for the overlap, then ends.

        A key may rotate itself; another's takes the roles that make keys.
        """
        hours = (body or RotationBody()).overlap_hours
        issued, old = await credentials.rotate(principal, key_id, timedelta(hours=hours))
        new = issued.credential
        return RotationAnswer(
            key_id=new.credential_id, key=issued.spelt, expires_at=new.expires_at, old_expires_at=old.expires_at
        )

    @router.post("/tokens", summary="Exchange an API key for a token")
    async def make_token(request: Request, principal: Anyone) -> TokenAnswer:
        """Return a signed token that every service takes; a token cannot be exchanged for another."""
        if not _presents_key(request):
            raise Forbidden("send the API key itself; a token or a session cannot be made to last longer")
        token = credentials.token(principal)
        return TokenAnswer(token=token.token, expires_at=token.expires_at)

    return router


def link_routes(credentials: Credentials, clock: Clock, public_prefix: str) -> APIRouter:
    """Build the routes of sign-in links.

    Args:
        credentials: Hands out and revokes.
        clock: The source of now.
        public_prefix: Where the front door has this service, such as /in.
    """
    router = APIRouter(prefix="/v1", tags=["keys"], responses=PROBLEMS, route_class=StrictRoute)

    @router.post("/sign-in-links", status_code=201, summary="Make a sign-in link")
    async def make_link(body: LinkBody, principal: Granter) -> LinkAnswer:
        """Make a link that signs a browser in; it can be used until it expires or is revoked."""
        until = clock.now() + timedelta(hours=body.expires_in_hours)
        asked = Asked(body.provider_id, body.sites, body.roles, body.label, until, body.next, body.user_id)
        issued = await credentials.issue(principal, "link", asked)
        path = f"{public_prefix}/sign-in/{issued.spelt}"
        return LinkAnswer(link_id=issued.credential.credential_id, path=path, expires_at=until)

    @router.get("/sign-in-links", summary="List sign-in links, without secrets")
    async def list_links(principal: Granter, provider_id: Provider = None) -> dict[str, Any]:
        """Return the links in reach, newest first."""
        return {"links": [_shown(one) for one in await credentials.all_of(principal, provider_id, "link")]}

    @router.delete("/sign-in-links/{link_id}", status_code=204, summary="Revoke a sign-in link")
    async def revoke_link(link_id: str, principal: Granter) -> Response:
        """Revoke a link; sessions that it opened live out their time."""
        await credentials.revoke(principal, "link", link_id)
        return Response(status_code=204)

    return router


def _presents_key(request: Request) -> bool:
    bearer = request.headers.get("authorization", "").partition(" ")[2].strip()
    return (bearer or request.headers.get("x-api-key", "").strip()).startswith(KEY_PREFIX)


def _shown(credential: Credential) -> dict[str, Any]:
    return {
        "id": credential.credential_id,
        "provider_id": credential.provider_id,
        "sites": None if credential.sites is None else sorted(credential.sites),
        "roles": sorted(credential.roles),
        "label": credential.label,
        "user_id": credential.user_id,
        "created_by": credential.created_by,
        "created_at": credential.created_at,
        "expires_at": credential.expires_at,
        "revoked_at": credential.revoked_at,
    }
