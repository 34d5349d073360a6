"""Links to the report form and the pulse in MongoDB."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.intake.adapters.aggregates import patiently
from services.intake.domain.form_links import FormLink, Purpose
from shared.runtime.mongo import Mongo

COLLECTION = "form_links"


class MongoFormLinks:
    """The store of form links.

    Args:
        mongo: Intake's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def prepare(self) -> None:
        """Make the index of a provider's links."""
        await self._mongo.db[COLLECTION].create_index([("provider_id", 1), ("site_id", 1)])

    async def add(self, link: FormLink) -> None:
        """Keep a new one.

        Raises:
            Unavailable: the database did not answer.
        """
        document = asdict(link)
        await patiently(self._mongo.db[COLLECTION].insert_one({"_id": document.pop("link_id"), **document}))

    async def find(self, link_id: str) -> FormLink | None:
        """Return one.

        Raises:
            Unavailable: the database did not answer.
        """
        document = await patiently(self._mongo.db[COLLECTION].find_one({"_id": link_id}))
        return None if document is None else _link(document)

    async def all_of(self, provider_id: str) -> list[FormLink]:
        """Return those of a provider, newest first.

        Raises:
            Unavailable: the database did not answer.
        """
        cursor = self._mongo.db[COLLECTION].find({"provider_id": provider_id}).sort("created_at", -1)
        return [_link(document) for document in await patiently(cursor.to_list(None))]

    async def same(self, provider_id: str, site_id: str, purpose: Purpose, asset_ref: str | None) -> FormLink | None:
        """Return the one that still leads to the same place, if any.

        Raises:
            Unavailable: the database did not answer.
        """
        query = {"provider_id": provider_id, "site_id": site_id, "purpose": purpose, "asset_ref": asset_ref}
        document = await patiently(self._mongo.db[COLLECTION].find_one({**query, "revoked_at": None}))
        return None if document is None else _link(document)

    async def revoke(self, provider_id: str, link_id: str, at: datetime) -> bool:
        """Revoke one; tell whether there was one of the provider.

        Raises:
            Unavailable: the database did not answer.
        """
        query = {"_id": link_id, "provider_id": provider_id}
        found = await patiently(self._mongo.db[COLLECTION].find_one(query))
        unrevoked = query | {"revoked_at": None}
        await patiently(self._mongo.db[COLLECTION].update_one(unrevoked, {"$set": {"revoked_at": at}}))
        return found is not None


def _link(document: dict[str, Any]) -> FormLink:
    return FormLink(link_id=document["_id"], **{name: value for name, value in document.items() if name != "_id"})
