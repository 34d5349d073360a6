"""The assets of sites in MongoDB: the newest revision of each."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter
from pymongo import ASCENDING, UpdateOne

from services.actions.adapters.documents import joined, stored
from services.actions.adapters.fields import fields_of
from services.actions.domain.asset_register import RegisteredAsset
from services.actions.ports import SiteKey
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database, Mongo, translate

ASSETS = "assets"
ADAPTER: TypeAdapter[RegisteredAsset] = TypeAdapter(RegisteredAsset)


async def prepare_assets(db: Database) -> None:
    """Create the collection and what it is found by."""
    await db[ASSETS].create_index([("provider_id", ASCENDING), ("site_id", ASCENDING)])


class MongoAssets:
    """The port `Assets` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    async def keep(self, told: Sequence[RegisteredAsset]) -> None:
        """Store the newest revision of each."""
        writes = []
        for asset in told:
            key = joined(asset.provider_id, asset.site_id, asset.asset_id)
            whole = {"$literal": {"_id": key, **stored(fields_of(asset))}}
            newer = {"$gt": [asset.revision, {"$ifNull": ["$revision", 0]}]}
            writes.append(UpdateOne({"_id": key}, [{"$replaceWith": {"$cond": [newer, whole, "$$ROOT"]}}], upsert=True))
        await self._tx.db[ASSETS].bulk_write(writes, session=self._tx.session)

    async def of_site(self, site: SiteKey) -> list[RegisteredAsset]:
        """Return a site's register."""
        query = {"provider_id": site[0], "site_id": site[1]}
        documents = await self._tx.db[ASSETS].find(query, session=self._tx.session).to_list(None)
        return [ADAPTER.validate_python(document) for document in documents]


class MongoAssetBook:
    """The port `AssetBook`.

    Args:
        mongo: The service's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def of_provider(self, provider_id: str) -> list[RegisteredAsset]:
        """Return the register of all sites."""
        found = self._mongo.db[ASSETS].find({"provider_id": provider_id})
        return [ADAPTER.validate_python(document) for document in await translate(found.to_list(None))]
