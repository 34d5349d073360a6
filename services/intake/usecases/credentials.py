"""Hands out, checks and revokes API keys and sign-in links, and turns them into short-lived tokens."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.intake.domain.credentials import (
    Credential,
    Kind,
    fits,
    hash_secret,
    spell,
    take_apart,
    why_not_granted,
)
from services.intake.ports import CredentialStore, PeopleStore, Randomness, Registry, Signer
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Fault, Invalid, NotFound, Unauthenticated
from shared.kernel.paths import is_local_path
from shared.kernel.principal import EVERY_PROVIDER, Principal, Role

LIFE_MAX = timedelta(days=731)
VERIFIED_MAX = 10_000
GRANTERS = frozenset({Role.OPERATOR, Role.GOVERNANCE})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a new key or link is to be."""

    provider_id: str | None
    sites: frozenset[str] | None
    roles: frozenset[Role]
    label: str
    expires_at: datetime
    next_path: str = ""
    user_id: str | None = None


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
        people: Knows whose own a key or link is.
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
        people: PeopleStore,
        signer: Signer,
        clock: Clock,
        randomness: Randomness,
        bootstrap_key: str | None,
        token_minutes: int,
        session_hours: int,
    ) -> None:
        self._store = store
        self._registry = registry
        self._people = people
        self._signer = signer
        self._clock = clock
        self._randomness = randomness
        self._bootstrap_hash = hash_secret(bootstrap_key) if bootstrap_key else None
        self._token_life = timedelta(minutes=token_minutes)
        self._session_life = timedelta(hours=session_hours)
        self._verified: dict[bytes, tuple[Credential, Principal]] = {}
        """By the hash of what was presented: what it was verified against, and whom it stands for."""

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
        if not asked.roles and asked.user_id is None:
            faults.append(Fault("name at least one role", "roles"))
        if asked.next_path and not is_local_path(asked.next_path):
            faults.append(Fault("must be a path of this site, such as /sites", "next"))
        faults += await self._unknown(provider_id, asked)
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
            user_id=asked.user_id,
        )
        await self._store.add(credential)
        return Issued(credential, spell(kind, credential.credential_id, secret))

    async def rotate(self, principal: Principal, key_id: str, overlap: timedelta) -> tuple[Issued, Credential]:
        """Make the successor of a key: the same rights and the same length of life; both are valid for a while.

        A key may rotate itself; else it takes who may make keys.

        Args:
            principal: Who asks.
            key_id: The old key.
            overlap: So long the old one still opens; it never lasts longer than it would have.

        Returns:
            The new key, and the old one with its new end.

        Raises:
            NotFound: there is none of that id within reach, or it is revoked or over.
            Invalid: the principal could not have made it.
            Unavailable: the database is away.
        """
        now = self._clock.now()
        old = await self._store.find(key_id)
        itself = f"key:{key_id}" in (principal.subject, principal.credential)
        if old is None or not (itself or await self._reaches(principal, old)) or not _lives(old, now):
            raise NotFound(f"key {key_id} is not known here")
        if not itself and (faults := why_not_granted(principal, old.provider_id, old.sites, old.roles)):
            raise Invalid("nothing was handed out; see errors", tuple(faults))
        secret = self._randomness.new_secret()
        new = replace(
            old,
            credential_id=self._randomness.new_id(),
            created_by=principal.subject,
            created_at=now,
            expires_at=now + (old.expires_at - old.created_at),
            secret_hash=hash_secret(secret),
        )
        await self._store.add(new)
        until = min(old.expires_at, now + overlap)
        await self._store.shorten(old.provider_id, key_id, until)
        return Issued(new, spell("key", new.credential_id, secret)), replace(old, expires_at=until)

    async def _reaches(self, principal: Principal, credential: Credential) -> bool:
        if not principal.roles & GRANTERS:
            return False
        return credential.credential_id in {one.credential_id for one in await self.all_of(principal, None, "key")}

    async def _unknown(self, provider_id: str, asked: Asked) -> list[Fault]:
        sites = asked.sites
        if provider_id == EVERY_PROVIDER:
            return [Fault("a person belongs to one provider", "user_id")] if asked.user_id else []
        if provider_id not in await self._registry.providers([provider_id]):
            return [Fault(f"provider {provider_id} is not registered", "provider_id")]
        faults = []
        if asked.user_id is not None:
            person = await self._people.person(provider_id, asked.user_id)
            if person is None or not person.works_on(london_date(self._clock.now())):
                faults.append(Fault("is nobody who works here: import the list of people first", "user_id"))
            if sites is not None:
                faults.append(Fault("must be left out: a person's sites are those of their roles", "sites"))
        known = await self._registry.sites([(provider_id, site) for site in sites or ()])
        return faults + [
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
        hashed = hash_secret(presented)
        if self._bootstrap_hash is not None and hmac.compare_digest(self._bootstrap_hash, hashed):
            until = self._clock.now() + self._token_life
            return Principal("key:bootstrap", EVERY_PROVIDER, None, frozenset({Role.OPERATOR}), until)
        known = self._verified.get(hashed)
        if known is not None and await self._store.find(known[0].credential_id) is known[0]:
            credential, principal = known  # the very state that was verified: what is left to look at is the time
            _refuse_expired(credential, "API key", self._clock.now())
            return principal
        credential = await self._checked("key", presented, "API key")
        principal = await self._principal(credential, credential.expires_at)
        if credential.user_id is None:  # whose own a key is can hold something else at any time
            if len(self._verified) >= VERIFIED_MAX:
                self._verified.clear()
            self._verified[hashed] = credential, principal
        return principal

    async def follow_link(self, presented: str) -> tuple[Token, str]:
        """Open a session from a sign-in link.

        Returns:
            The session's token, and the path to go to.

        Raises:
            Unauthenticated: as `verify_key`.
        """
        credential = await self._checked("link", presented, "sign-in link")
        principal = await self._principal(credential, self._clock.now() + self._session_life)
        return self._sign(principal), credential.next_path or "/"

    async def _principal(self, credential: Credential, until: datetime) -> Principal:
        if credential.user_id is None:
            return credential.principal(until)
        person = await self._people.person(credential.provider_id, credential.user_id)
        principal = person and credential.principal_of(person, until, self._clock.now())
        if not principal:
            raise Unauthenticated(f"whose {credential.kind} this is holds no role here any more")
        return principal

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
        return self._sign(replace(principal, expires_at=until))

    def _sign(self, principal: Principal) -> Token:
        until = principal.expires_at.replace(microsecond=0)
        return Token(self._signer.sign(replace(principal, expires_at=until)), until)

    async def _checked(self, kind: Kind, presented: str, called: str) -> Credential:
        parts = take_apart(kind, presented)
        credential = await self._store.find(parts[0]) if parts else None
        if parts is None or credential is None or credential.kind != kind or not fits(credential, parts[1]):
            raise Unauthenticated(f"the {called} is revoked or unknown")
        if credential.revoked_at is not None:
            raise Unauthenticated(f"the {called} is revoked or unknown")
        _refuse_expired(credential, called, self._clock.now())
        return credential


def _refuse_expired(credential: Credential, called: str, now: datetime) -> None:
    if now >= credential.expires_at:
        raise Unauthenticated(f"the {called} has expired; ask for a new one")


def _lives(credential: Credential, now: datetime) -> bool:
    return credential.kind == "key" and credential.revoked_at is None and now < credential.expires_at
