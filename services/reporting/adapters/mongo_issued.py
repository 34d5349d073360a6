"""The database of issued things: inserts only, apart from the views, never dropped or rebuilt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from services.reporting.domain.packs import IssuedPack
from services.reporting.domain.reading import Span
from shared.kernel.errors import Conflict
from shared.runtime.mongo import Database, Mongo, translate

PACKS, AUDIT = "packs", "audit"


class MongoIssued:
    """Implements `ports.Issued`.

    Args:
        mongo: The service's connection; the database is another one.
        database: Its name.
    """

    def __init__(self, mongo: Mongo, database: str) -> None:
        self._mongo = mongo
        self._name = database

    @property
    def _db(self) -> Database:
        return self._mongo.client[self._name]

    async def prepare(self) -> None:
        """Make the indexes."""
        await self._db[PACKS].create_index([("provider", ASCENDING), ("issued_at", DESCENDING)])
        numbered = {"number": {"$exists": True}}
        await self._db[PACKS].create_index(
            [("provider", ASCENDING), ("number", ASCENDING)], unique=True, partialFilterExpression=numbered
        )
        await self._db[AUDIT].create_index([("provider", ASCENDING), ("pack", ASCENDING), ("at", ASCENDING)])

    async def keep(self, pack: IssuedPack, number: int) -> None:
        """Keep a pack; of two at one moment one wins, since each was held against all that came before it alone."""
        document = {name: value for name, value in vars(pack).items() if name not in ("provider_id", "span")} | {
            "_id": f"{pack.provider_id}|{pack.pack_id}",
            "provider": pack.provider_id,
            "sites": list(pack.sites),
            "first": pack.span.first.isoformat(),
            "last": pack.span.last.isoformat(),
            "number": number,
        }
        try:
            await translate(self._db[PACKS].insert_one(document))
        except DuplicateKeyError as error:
            raise Conflict("another pack was issued at this moment; look at it before issuing yours") from error

    async def pack(self, provider_id: str, pack_id: str) -> IssuedPack | None:
        """Return one pack of a provider."""
        found = await translate(self._db[PACKS].find_one({"_id": f"{provider_id}|{pack_id}", "provider": provider_id}))
        return None if found is None else _pack(found)

    async def packs(self, provider_id: str) -> list[IssuedPack]:
        """Return all packs of a provider, the newest first."""
        cursor = self._db[PACKS].find({"provider": provider_id}).sort([("issued_at", DESCENDING), ("_id", ASCENDING)])
        return [_pack(found) for found in await translate(cursor.to_list(None))]

    async def note(self, provider_id: str, pack_id: str, subject: str, act: str, at: datetime) -> None:
        """Write down who did what with a pack."""
        entry = {"provider": provider_id, "pack": pack_id, "subject": subject, "act": act, "at": at}
        await translate(self._db[AUDIT].insert_one(entry))


def _pack(document: Mapping[str, Any]) -> IssuedPack:
    names = ("pack_id", "audience", "contract", "title", "issued_at", "signed_by", "series", "body", "content_hash")
    return IssuedPack(
        provider_id=document["provider"],
        sites=tuple(document["sites"]),
        span=Span(date.fromisoformat(document["first"]), date.fromisoformat(document["last"])),
        **{name: document[name] for name in names},
    )
