"""Generations of views in one database: one is live, another may be built beside it; a pointer says which is which."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from bson.timestamp import Timestamp
from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo.errors import PyMongoError

from services.reporting.adapters import documents as doc
from shared.kernel.errors import Unavailable
from shared.runtime.logging import logger
from shared.runtime.mongo import Database, Mongo, Session, translate

LIVE = "live"
"""Id of the document of `meta` that names the generation that is read and written."""
SWAPPED = "swapped"
"""Says there since when."""
NEVER: Final = Timestamp(0, 0)
LOOK_EVERY_S = 1.0
log = logger(__name__)


def shelved(name: str, generation: int) -> str:
    """Return what a collection of views is called in a generation; the first one bears the plain names.

    Args:
        name: Its plain name.
        generation: From 0.
    """
    return f"{name}_{generation}" if generation and name in doc.VIEWS else name


class Shelf:
    """The collections of one generation; what is no view is the same in all.

    Args:
        db: The service's database.
        generation: From 0.
    """

    def __init__(self, db: Database, generation: int) -> None:
        self._db = db
        self.generation = generation

    def __getitem__(self, name: str) -> AsyncIOMotorCollection[dict[str, Any]]:
        """Return a collection by its plain name."""
        return self._db[shelved(name, self.generation)]


async def live_generation(db: Database, session: Session | None = None) -> int:
    """Return which generation is live; inside a transaction, as of its snapshot."""
    found = await db[doc.META].find_one({"_id": LIVE}, session=session)
    return 0 if found is None else int(found["generation"])


class LiveShelf:
    """The live generation as readers use it; it learns of a swap within a second.

    Args:
        mongo: The service's database.

    Attributes:
        generation: Which it is.
        swapped: The database's time at which it became live.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self.generation = 0
        self.swapped = NEVER

    def __getitem__(self, name: str) -> AsyncIOMotorCollection[dict[str, Any]]:
        """Return a collection by its plain name."""
        return self._mongo.db[shelved(name, self.generation)]

    @property
    def database(self) -> Database:
        """Return the database that they lie in."""
        return self._mongo.db

    async def refresh(self) -> None:
        """Look which generation is live."""
        found = await translate(self._mongo.db[doc.META].find_one({"_id": LIVE})) or {}
        self.generation, self.swapped = int(found.get("generation", 0)), found.get(SWAPPED, NEVER)

    async def watch(self) -> None:
        """Look again for as long as the service lives; while the engine is away nothing is read anyhow."""
        while True:
            try:
                await self.refresh()
            except (Unavailable, PyMongoError) as error:
                log.info("cannot see which views are live", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)
