"""The management log in MongoDB, inside a transaction and for readers."""

from __future__ import annotations

from dataclasses import replace

from pymongo import ASCENDING, DESCENDING, ReplaceOne

from services.actions.adapters.documents import Document, stored
from services.actions.adapters.fields import fields_of
from services.actions.domain.management_log import LogEntry
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Database

LOG = "management_log"


async def prepare_log(db: Database) -> None:
    """Create the index that the queries of the log go by, and with it the collection."""
    await db[LOG].create_index([("provider_id", ASCENDING), ("on", DESCENDING), ("_id", ASCENDING)])


class MongoLog:
    """The port `ManagementLog` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._new: list[ReplaceOne[Document]] = []

    async def holds(self, line_id: str) -> bool:
        """Tell whether a line is in the log."""
        return await self._tx.db[LOG].find_one({"_id": line_id}, {"_id": 1}, session=self._tx.session) is not None

    async def add(self, entry: LogEntry) -> None:
        """Store a new line, recorded now whenever the act may count from."""
        document = {"_id": entry.line_id, **stored(fields_of(replace(entry, recorded_at=self._tx.now)))}
        self._new.append(ReplaceOne({"_id": entry.line_id}, document, upsert=True))

    async def flush(self) -> None:
        """Write what was added, in bulk."""
        if self._new:
            await self._tx.db[LOG].bulk_write(self._new, ordered=False, session=self._tx.session)
