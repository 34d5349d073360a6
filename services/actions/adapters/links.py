"""What a task refers to, in MongoDB, inside a transaction."""

from __future__ import annotations

from services.actions.adapters.signals import SIGNAL_STATES
from shared.runtime.fenced import Tx


class MongoLinks:
    """The port `Links` over one try of a transaction.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    async def signal(self, provider_id: str, signal_id: str) -> tuple[str, str] | None:
        """Return a signal's site and visibility; None where there is no such signal."""
        query = {"_id": signal_id, "provider_id": provider_id}
        fields = {"site_id": 1, "visibility": 1}
        document = await self._tx.db[SIGNAL_STATES].find_one(query, fields, session=self._tx.session)
        return None if document is None else (document["site_id"], document["visibility"])
