"""API keys and sign-in links in MongoDB, by the hash of their secret."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.intake.adapters.aggregates import patiently
from services.intake.domain.credentials import Credential
from shared.kernel.clock import monotonic_s
from shared.kernel.principal import EVERY_PROVIDER, Role
from shared.runtime.mongo import Mongo

COLLECTION = "credentials"
FRESH_S = 5.0
"""So long a key that another process revoked still opens this one; in its own process it is over at once."""
REMEMBERED_MAX = 10_000


class MongoCredentials:
    """The store of keys and links.

    Args:
        mongo: Intake's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._seen: dict[str, tuple[float, Credential]] = {}

    async def prepare(self) -> None:
        """Make the index of a provider's credentials."""
        await self._mongo.db[COLLECTION].create_index([("provider_id", 1), ("kind", 1)])

    async def add(self, credential: Credential) -> None:
        """Keep a new one.

        Raises:
            Unavailable: the database did not answer.
        """
        await patiently(self._mongo.db[COLLECTION].insert_one(_document(credential)))

    async def find(self, credential_id: str) -> Credential | None:
        """Return one, from the last seconds' memory where it is there.

        Raises:
            Unavailable: the database did not answer.
        """
        seen = self._seen.get(credential_id)
        if seen is not None and seen[0] > monotonic_s() - FRESH_S:
            return seen[1]
        asked_at = monotonic_s()
        document = await patiently(self._mongo.db[COLLECTION].find_one({"_id": credential_id}))
        if document is None:
            return None
        if len(self._seen) >= REMEMBERED_MAX:
            self._seen.clear()
        credential = _credential(document)
        self._seen[credential_id] = (asked_at, credential)
        return credential

    async def all_of(self, tenant: str, kind: str) -> list[Credential]:
        """Return those of a provider, or with "*" of all, newest first.

        Raises:
            Unavailable: the database did not answer.
        """
        cursor = self._mongo.db[COLLECTION].find({"kind": kind} | _of(tenant)).sort("created_at", -1)
        return [_credential(document) for document in await patiently(cursor.to_list(None))]

    async def revoke(self, tenant: str, credential_id: str, at: datetime) -> None:
        """Revoke one of a provider, or with "*" of any; a second time changes nothing.

        Raises:
            Unavailable: the database did not answer.
        """
        query = {"_id": credential_id, "revoked_at": None} | _of(tenant)
        await patiently(self._mongo.db[COLLECTION].update_one(query, {"$set": {"revoked_at": at}}))
        self._seen.pop(credential_id, None)

    async def shorten(self, tenant: str, credential_id: str, until: datetime) -> None:
        """Let one of a provider, or with "*" of any, end at a moment, where it would last longer.

        Raises:
            Unavailable: the database did not answer.
        """
        query = {"_id": credential_id, "expires_at": {"$gt": until}} | _of(tenant)
        await patiently(self._mongo.db[COLLECTION].update_one(query, {"$set": {"expires_at": until}}))
        self._seen.pop(credential_id, None)


def _of(tenant: str) -> dict[str, Any]:
    return {} if tenant == EVERY_PROVIDER else {"provider_id": tenant}


def _document(credential: Credential) -> dict[str, Any]:
    return {
        "_id": credential.credential_id,
        "kind": credential.kind,
        "provider_id": credential.provider_id,
        "sites": None if credential.sites is None else sorted(credential.sites),
        "roles": sorted(credential.roles),
        "label": credential.label,
        "created_by": credential.created_by,
        "created_at": credential.created_at,
        "expires_at": credential.expires_at,
        "secret_hash": credential.secret_hash,
        "revoked_at": credential.revoked_at,
        "next_path": credential.next_path,
        "user_id": credential.user_id,
    }


def _credential(document: dict[str, Any]) -> Credential:
    state = {name: value for name, value in document.items() if name != "_id"}
    return Credential(
        **state
        | {
            "credential_id": document["_id"],
            "sites": None if document["sites"] is None else frozenset(document["sites"]),
            "roles": frozenset(Role(role) for role in document["roles"]),
            "secret_hash": bytes(document["secret_hash"]),
        }
    )
