"""Hands out, checks and revokes API keys and sign-in links, and turns them into short-lived tokens."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.intake.domain.credentials import (
    Credential,
    Kind,
    fits,
    hash_secret,
    is_local_path,
    spell,
    take_apart,
    why_not_granted,
)
from services.intake.ports import CredentialStore, Randomness, Registry, Signer
from shared.kernel.clock import Clock
from shared.kernel.errors import Fault, Invalid, NotFound, Unauthenticated
from shared.kernel.principal import EVERY_PROVIDER, Principal, Role

LIFE_MAX = timedelta(days=731)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a new key or link is to be."""

    provider_id: str | None
    sites: frozenset[str] | None
    roles: frozenset[Role]
    label: str
    expires_at: datetime
    next_path: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new key or link; the only time that its secret is told."""

    credential: Credential
    spelt: str


@dataclass(frozen=True, slots=True)
class Token:
    """A signed token and when it ends."""

    token: str
    expires_at: datetime


class Credentials:
    """Keys, links and tokens.

    Args:
        store: Keeps them by hash.
        registry: Knows providers and sites.
        signer: Signs tokens.
        clock: The source of now.
        randomness: Ids and secrets.
        bootstrap_key: The operator's first key, from the settings; None where there is none.
        token_minutes: Life of a token made from a key.
        session_hours: Life of a browser's session.
    """

    def __init__(
        self,
        store: CredentialStore,
        registry: Registry,
        signer: Signer,
        clock: Clock,
        randomness: Randomness,
        bootstrap_key: str | None,
        token_minutes: int,
        session_hours: int,
    ) -> None:
        self._store = store
        self._registry = registry
        self._signer = signer
        self._clock = clock
        self._randomness = randomness
        self._bootstrap_hash = hash_secret(bootstrap_key) if bootstrap_key else None
        self._token_life = timedelta(minutes=token_minutes)
        self._session_life = timedelta(hours=session_hours)

    async def issue(self, principal: Principal, kind: Kind, asked: Asked) -> Issued:
        """Make a key or a link.

        Raises:
            Invalid: it reaches further than the principal's own rights, names what is not known, ends in the past or
                later than two years from now, or leads off this site; names the fields.
            NotFound: another tenant's provider was named.
            Unavailable: the database is away.
        """
        now = self._clock.now()
        provider_id = principal.provider(asked.provider_id)
        faults = why_not_granted(principal, provider_id, asked.sites, asked.roles)
        if not now < asked.expires_at <= now + LIFE_MAX:
            faults.append(Fault(f"must lie between now and {LIFE_MAX.days} days from now", "expires_at"))
        if asked.next_path and not is_local_path(asked.next_path):
            faults.append(Fault("must be a path of this site, such as /sites", "next"))
        faults += await self._unknown(provider_id, asked.sites)
        if faults:
            raise Invalid("nothing was handed out; see errors", tuple(faults))
        secret = self._randomness.new_secret()
        credential = Credential(
            credential_id=self._randomness.new_id(),
            kind=kind,
            provider_id=provider_id,
            sites=asked.sites,
            roles=asked.roles,
            label=asked.label,
            created_by=principal.subject,
            created_at=now,
            expires_at=asked.expires_at,
            secret_hash=hash_secret(secret),
            next_path=asked.next_path,
        )
        await self._store.add(credential)
        return Issued(credential, spell(kind, credential.credential_id, secret))

    async def _unknown(self, provider_id: str, sites: frozenset[str] | None) -> list[Fault]:
        if provider_id == EVERY_PROVIDER:
            return []
        if provider_id not in await self._registry.providers([provider_id]):
            return [Fault(f"provider {provider_id} is not registered", "provider_id")]
        known = await self._registry.sites([(provider_id, site) for site in sites or ()])
        return [
            Fault(f"{site} is not a site that is known here", "sites")
            for site in sorted(sites or ())
            if (provider_id, site) not in known
        ]

    async def all_of(self, principal: Principal, provider_id: str | None, kind: Kind) -> Sequence[Credential]:
        """Return keys or links, newest first, without secrets; an operator of all may name a provider or see all.

        Raises:
            NotFound: another tenant's provider was named.
        """
        tenant = principal.tenant if provider_id is None else principal.provider(provider_id)
        found = await self._store.all_of(tenant, kind)
        return [one for one in found if principal.sites is None or (one.sites or set()) & principal.sites]

    async def revoke(self, principal: Principal, kind: Kind, credential_id: str) -> None:
        """Revoke a key or a link; doing it again changes nothing. Tokens that were made from it live out their time.

        Raises:
            NotFound: there is none of that id within the principal's reach.
        """
        reach = {one.credential_id for one in await self.all_of(principal, None, kind)}
        if credential_id not in reach:
            raise NotFound(f"{kind} {credential_id} is not known here")
        await self._store.revoke(principal.tenant, credential_id, self._clock.now())

    async def verify_key(self, presented: str) -> Principal:
        """Return whom an API key stands for.

        Raises:
            Unauthenticated: it has expired, or it is revoked or unknown (which of the two is not told).
            Unavailable: the database is away.
        """
        now = self._clock.now()
        if self._bootstrap_hash is not None and hmac.compare_digest(self._bootstrap_hash, hash_secret(presented)):
            until = now + self._token_life
            return Principal("key:bootstrap", EVERY_PROVIDER, None, frozenset({Role.OPERATOR}), until)
        credential = await self._checked("key", presented, "API key")
        return credential.principal(credential.expires_at)

    async def follow_link(self, presented: str) -> tuple[Token, str]:
        """Open a session from a sign-in link.

        Returns:
            The session's token, and the path to go to.

        Raises:
            Unauthenticated: as `verify_key`.
        """
        credential = await self._checked("link", presented, "sign-in link")
        return self._sign(credential.principal(self._clock.now() + self._session_life)), credential.next_path or "/"

    def token(self, principal: Principal) -> Token:
        """Make a short-lived token from a verified key."""
        return self._lasting(principal, self._token_life)

    def session(self, principal: Principal) -> Token:
        """Make a browser session's token from a verified key."""
        return self._lasting(principal, self._session_life)

    def _lasting(self, principal: Principal, life: timedelta) -> Token:
        until = self._clock.now() + life
        if principal.subject != "key:bootstrap":
            until = min(until, principal.expires_at)
        return self._sign(Principal(principal.subject, principal.tenant, principal.sites, principal.roles, until))

    def _sign(self, principal: Principal) -> Token:
        until = principal.expires_at.replace(microsecond=0)
        whole = Principal(principal.subject, principal.tenant, principal.sites, principal.roles, until)
        return Token(self._signer.sign(whole), until)

    async def _checked(self, kind: Kind, presented: str, called: str) -> Credential:
        parts = take_apart(kind, presented)
        credential = await self._store.find(parts[0]) if parts else None
        if parts is None or credential is None or credential.kind != kind or not fits(credential, parts[1]):
            raise Unauthenticated(f"the {called} is revoked or unknown")
        if credential.revoked_at is not None:
            raise Unauthenticated(f"the {called} is revoked or unknown")
        if self._clock.now() >= credential.expires_at:
            raise Unauthenticated(f"the {called} has expired; ask for a new one")
        return credential
