"""Who holds which role, in MongoDB: the newest revision of each, and who is there at a moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from pydantic import TypeAdapter
from pymongo import ASCENDING, UpdateOne

from services.actions.adapters.documents import joined, stored
from services.actions.adapters.fields import fields_of
from services.actions.domain.oversight.holders import RoleHolders, candidates, there_at
from services.actions.ports.oversight import Reached
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database, Mongo, translate

HOLDERS = "role_holders"
ADAPTER: TypeAdapter[RoleHolders] = TypeAdapter(RoleHolders)


async def prepare_directory(db: Database) -> None:
    """Create the collection and what it is found by."""
    await db[HOLDERS].create_index([("provider_id", ASCENDING), ("site_id", ASCENDING), ("role", ASCENDING)])


class MongoHolders:
    """The port `Holders` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    async def keep(self, told: Sequence[RoleHolders]) -> None:
        """Store the newest revision of each."""
        writes = []
        for held in told:
            key = joined(held.provider_id, held.site_id or "*", held.role)
            whole = {"$literal": {"_id": key, **stored(fields_of(held))}}
            newer = {"$gt": [held.revision, {"$ifNull": ["$revision", 0]}]}
            writes.append(UpdateOne({"_id": key}, [{"$replaceWith": {"$cond": [newer, whole, "$$ROOT"]}}], upsert=True))
        await self._tx.db[HOLDERS].bulk_write(writes, session=self._tx.session)

    async def of_sites(
        self, provider_id: str, sites: Collection[str], roles: Collection[str]
    ) -> dict[str, dict[str, RoleHolders]]:
        """Return who holds some roles at sites, by site and role."""
        query = {"provider_id": provider_id, "site_id": {"$in": sorted(sites)}, "role": {"$in": sorted(roles)}}
        found: dict[str, dict[str, RoleHolders]] = {}
        async for document in self._tx.db[HOLDERS].find(query, session=self._tx.session):
            found.setdefault(document["site_id"], {})[document["role"]] = ADAPTER.validate_python(document)
        return found


class MongoDirectory:
    """The port `Directory`.

    Args:
        mongo: The service's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def holders(self, provider_id: str, site_id: str | None, role: str, at: datetime) -> Reached:
        """Return who holds a role at a moment, else the group's holder; empty where nobody can be reached."""
        places = candidates(site_id, role)
        keys = [joined(provider_id, site or "*", name) for site, name in places]
        query = {"_id": {"$in": keys}, "provider_id": provider_id}
        found = await translate(self._mongo.db[HOLDERS].find(query).to_list(None))
        known = {document["_id"]: ADAPTER.validate_python(document) for document in found}
        for number, key in enumerate(keys):
            held = known.get(key)
            if held is not None and held.work_address and (users := there_at(held, at)):
                return Reached(users, (held.work_address,), fell_back=number > 0)
        return Reached((), (), fell_back=True)
