"""Tokens that tell apart people of one site without saying who they are; they cannot be joined across sites."""

from __future__ import annotations

import hmac
from datetime import datetime

from services.intake.domain.submission import Person, Reporter
from shared.kernel.clock import london_date

TOKEN_BYTES = 16
HASH_BYTES = 32
USER_BYTES = 10


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Derive a key of 32 bytes for one purpose (HKDF with SHA-256 and no salt, RFC 5869).

    Args:
        secret: At least 32 random bytes.
        purpose: What the key is for; another purpose gives a key that says nothing about this one.
    """
    extracted = hmac.digest(bytes(HASH_BYTES), secret, "sha256")
    return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")


def quarter(moment: datetime) -> str:
    """Return the calendar quarter in England, such as 2025Q4."""
    day = london_date(moment)
    return f"{day.year}Q{(day.month + 2) // 3}"


class Pseudonyms:
    """Makes the tokens of people, and the keyed hash of a body.

    Args:
        secret: The installation's pseudonym key. Another one would give everybody a new token and let a repeated
            report look like a changed one, so it is never rotated.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._body_mac = hmac.new(derive_key(secret, "body"), digestmod="sha256")
        """Begun once: setting a key up costs more than a body of a report does."""
        self._site_keys: dict[tuple[str, str], bytes] = {}

    def person(self, provider_id: str, site_id: str, person: Person | None) -> str | None:
        """Return the token of the person whom a report is about: stable at a site; None where nobody is named."""
        who = _who(person)
        return None if who is None else self._token(provider_id, site_id, f"person|{who}")

    def reporter(
        self, provider_id: str, site_id: str, reporter: Reporter | None, identity_mode: str, reported_at: datetime
    ) -> str | None:
        """Return the token of who tells it: stable at a site within a quarter of the year; None for anonymous ones."""
        who = None if identity_mode == "anonymous" else _who(reporter)
        return None if who is None else self._token(provider_id, site_id, f"reporter|{quarter(reported_at)}|{who}")

    def user(self, provider_id: str, person_id: str) -> str:
        """Return the opaque id of somebody who works for a provider, from the provider's own number for them."""
        key = derive_key(self._secret, f"user|{provider_id}")
        return f"u-{hmac.digest(key, person_id.encode(), 'sha256')[:USER_BYTES].hex()}"

    def body_hash(self, body: bytes) -> bytes:
        """Return the keyed hash by which a repeated body is known; without the key no body can be guessed from it."""
        mac = self._body_mac.copy()
        mac.update(body)
        return mac.digest()

    def _token(self, provider_id: str, site_id: str, who: str) -> str:
        key = self._site_keys.get((provider_id, site_id))
        if key is None:
            key = derive_key(self._secret, f"site|{provider_id}|{site_id}")
            self._site_keys[provider_id, site_id] = key
        return hmac.digest(key, who.encode(), "sha256")[:TOKEN_BYTES].hex()


def _who(someone: Person | Reporter | None) -> str | None:
    """Return the feed's own id, else the name without differences of case and spacing."""
    if someone is None:
        return None
    if someone.id:
        return f"id|{someone.id}"
    name = " ".join((someone.name or "").casefold().split())
    return f"name|{name}" if name else None
