"""Who is asking: short-lived signed tokens, one verifier, deny by default."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
from fastapi import Request

from shared.kernel.clock import Clock
from shared.kernel.errors import Forbidden, Unauthenticated
from shared.kernel.principal import Principal, Role
from shared.runtime.rate import RateGate

ALGORITHM = "EdDSA"
AUDIENCE = "nearmiss"
COOKIE = "nearmiss_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
API_KEY_PREFIX = "nmk_"

OpaqueVerifier = Callable[[str], Awaitable[Principal]]
"""Looks an opaque secret up (an API key); only the service that made it can."""


def sign_token(private_key_pem: str, principal: Principal, clock: Clock) -> str:
    """Sign a principal as a compact token (JWT, EdDSA); only intake holds the private key.

    Args:
        private_key_pem: Ed25519 private key.
        principal: Who it is for; its expiry becomes the token's.
        clock: The source of now.
    """
    claims: dict[str, Any] = {
        "aud": AUDIENCE,
        "sub": principal.subject,
        "tenant": principal.tenant,
        "sites": None if principal.sites is None else sorted(principal.sites),
        "roles": sorted(principal.roles),
        "iat": clock.now(),
        "exp": principal.expires_at,
    }
    if principal.credential is not None:
        claims["cred"] = principal.credential
    return jwt.encode(claims, private_key_pem, algorithm=ALGORITHM)


class TokenVerifier:
    """Turns a request into a principal.

    Args:
        public_key_pem: Ed25519 public key of intake's tokens; empty refuses every token.
        opaque: Verifier of API keys, where this service made them.
    """

    def __init__(self, public_key_pem: str, opaque: OpaqueVerifier | None = None) -> None:
        self._public_key = public_key_pem
        self._opaque = opaque

    async def principal(self, request: Request) -> Principal:
        """Return who is asking.

        Raises:
            Unauthenticated: no proof, a false one, or one that has expired.
            Forbidden: a cookie came along with a request from another site.
        """
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        if credential and scheme.lower() == "bearer":
            return await self._of(credential.strip())
        if key := request.headers.get("x-api-key"):
            return await self._of(key.strip())
        if token := request.cookies.get(COOKIE):
            refuse_other_sites(request)
            return self.token(token)
        raise Unauthenticated("send a token or, to intake, an API key: 'Authorization: Bearer ...'")

    async def _of(self, credential: str) -> Principal:
        if not credential.startswith(API_KEY_PREFIX):
            return self.token(credential)
        if self._opaque is None:
            raise Unauthenticated("this service takes tokens; exchange the API key for one at POST /in/v1/tokens")
        return await self._opaque(credential)

    def token(self, token: str) -> Principal:
        """Verify a signed token.

        Raises:
            Unauthenticated: signature, audience or expiry is wrong.
        """
        if not self._public_key:
            raise Unauthenticated("no public key is set (NEARMISS_TOKEN_PUBLIC_KEY): nobody can sign in")
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._public_key, algorithms=[ALGORITHM], audience=AUDIENCE, options={"require": ["exp", "sub"]}
            )
            sites = claims["sites"]
            return Principal(
                subject=claims["sub"],
                tenant=claims["tenant"],
                sites=None if sites is None else frozenset(sites),
                roles=frozenset(Role(role) for role in claims["roles"] if role in set(Role)),
                expires_at=datetime.fromtimestamp(claims["exp"], UTC),
                credential=claims.get("cred"),
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("the token has expired; get a new one from intake") from None
        except (jwt.InvalidTokenError, KeyError, TypeError):
            raise Unauthenticated("the token is not valid") from None


def refuse_other_sites(request: Request) -> None:
    """Refuse a changing request that another site's page sent (cross-site request forgery).

    Raises:
        Forbidden: neither Sec-Fetch-Site nor Origin says that one of our own pages sent it.
    """
    if request.method in SAFE_METHODS or request.headers.get("sec-fetch-site") in {"same-origin", "none"}:
        return
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc == request.headers.get("host"):
        return
    raise Forbidden("the request came from another site; open the page here and try again")


class Allow:
    """A route's dependency: lets in principals with one of the roles, and hands the principal on.

    Args:
        roles: Roles that are let in; at least one.
    """

    def __init__(self, *roles: Role) -> None:
        if not roles:
            raise ValueError("name at least one role: a route without one would be open to everybody")
        self.roles = frozenset(roles)

    async def __call__(self, request: Request) -> Principal:
        """Return the principal.

        Raises:
            Unauthenticated: nobody valid is asking.
            TooMany: the key calls too often, where its service limits that.
            Forbidden: none of the roles.
        """
        verifier: TokenVerifier = request.app.state.verifier
        principal = await verifier.principal(request)
        gate: RateGate | None = getattr(request.app.state, "rate_gate", None)
        if gate is not None:
            await gate.admit(principal.credential or principal.subject, request.scope)
        if not principal.roles & self.roles:
            raise Forbidden(f"this needs one of the roles {', '.join(sorted(self.roles))}")
        return principal


class Public:
    """A route's dependency that says, on purpose, that anybody may call it."""

    async def __call__(self) -> None:
        """Let everybody in."""


PUBLIC = Public()
EVERYONE = tuple(Role)


def expiry(clock: Clock, minutes: int) -> datetime:
    """Return the moment so many minutes from now, cut to the second as tokens are."""
    return (clock.now() + timedelta(minutes=minutes)).replace(microsecond=0)
