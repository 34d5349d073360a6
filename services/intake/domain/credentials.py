"""API keys and sign-in links: opaque secrets of which only a hash is kept, and who may hand out what."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.intake.domain.people import Person, access_of
from shared.kernel.clock import london_date, start_of_day
from shared.kernel.errors import Fault
from shared.kernel.principal import EVERY_PROVIDER, Principal, Role

KEY_PREFIX = "nmk_"
Kind = Literal["key", "link"]
_GRANTED_BY_GOVERNANCE = frozenset(set(Role) - {Role.OPERATOR})


@dataclass(frozen=True, slots=True)
class Credential:
    """An API key or a sign-in link, without its secret.

    Attributes:
        secret_hash: SHA-256 of the secret. The secret has 256 random bits, so that it cannot be guessed from a
            fast hash; a slow one is for passwords, and would only slow every request down.
        next_path: Where a sign-in link leads; empty for keys.
        user_id: Whose own it is; then it opens what they hold on the day, narrowed to `roles` where there are any.
    """

    credential_id: str
    kind: Kind
    provider_id: str
    sites: frozenset[str] | None
    roles: frozenset[Role]
    label: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    secret_hash: bytes
    revoked_at: datetime | None = None
    next_path: str = ""
    user_id: str | None = None

    @property
    def name(self) -> str:
        """Return what it is called in records: its kind and id."""
        return f"{self.kind}:{self.credential_id}"

    def principal(self, expires_at: datetime) -> Principal:
        """Return whom it stands for, where it is nobody's own.

        Args:
            expires_at: When the proof made from it is void; never after the credential itself.
        """
        return Principal(self.name, self.provider_id, self.sites, self.roles, min(expires_at, self.expires_at))

    def principal_of(self, person: Person, expires_at: datetime, now: datetime) -> Principal | None:
        """Return its owner as who is asking; None where they hold nothing any more.

        Args:
            person: Its owner.
            expires_at: As `principal`; never after the owner's last day.
            now: The present moment.
        """
        access = access_of(person, self.roles, london_date(now))
        if access is None:
            return None
        until = min(expires_at, self.expires_at)
        if person.last_day is not None:
            until = min(until, start_of_day(person.last_day + timedelta(days=1)))
        return Principal(f"user:{person.user_id}", self.provider_id, access.sites, access.roles, until, self.name)


def hash_secret(secret: str) -> bytes:
    """Return the hash under which a secret is kept."""
    return hashlib.sha256(secret.encode()).digest()


def spell(kind: Kind, credential_id: str, secret: str) -> str:
    """Return what the holder gets: `nmk_<id>.<secret>` for a key, `<id>.<secret>` for a link."""
    return f"{KEY_PREFIX if kind == 'key' else ''}{credential_id}.{secret}"


def take_apart(kind: Kind, presented: str) -> tuple[str, str] | None:
    """Return id and secret of what was presented; None where it has not the form."""
    if kind == "key" and not presented.startswith(KEY_PREFIX):
        return None
    credential_id, dot, secret = presented.removeprefix(KEY_PREFIX if kind == "key" else "").partition(".")
    return (credential_id, secret) if dot and credential_id and secret else None


def fits(credential: Credential, secret: str) -> bool:
    """Tell whether a secret is the credential's, in constant time."""
    return hmac.compare_digest(credential.secret_hash, hash_secret(secret))


def why_not_granted(
    granter: Principal, provider_id: str, sites: frozenset[str] | None, roles: frozenset[Role]
) -> list[Fault]:
    """Say what a principal may not hand out: nobody gives more than they have.

    Args:
        granter: Who hands it out: an operator, or governance of the own provider.
        provider_id: The provider it is for; "*" for all, which only an operator of all may give.
        sites: Its sites; None for all.
        roles: Its roles.
    """
    faults = []
    if provider_id == EVERY_PROVIDER and granter.tenant != EVERY_PROVIDER:
        faults.append(Fault("only the operator of all providers may give a key for all", "provider_id"))
    if provider_id == EVERY_PROVIDER and sites is not None:
        faults.append(Fault("a key for all providers names no sites", "sites"))
    if granter.sites is not None and (sites is None or not sites <= granter.sites):
        faults.append(Fault("reaches further than your own sites: name some of yours", "sites"))
    if Role.OPERATOR not in granter.roles and not roles <= _GRANTED_BY_GOVERNANCE:
        faults.append(Fault("governance cannot give the role operator", "roles"))
    return faults
