"""What a picture needs of a site, read from MongoDB."""

from __future__ import annotations

import asyncio
from datetime import date

from pymongo import ASCENDING

from services.actions.adapters.documents import LOG_ENTRY, Document, exposure_of, fact_of
from services.actions.adapters.facts import EXPOSURE, FACTS
from services.actions.adapters.management_log import LOG
from services.actions.adapters.watch import FACT_FIELDS
from services.actions.domain.facts import HELD
from services.actions.domain.picture import Past
from shared.runtime.mongo import Mongo, translate


class MongoPast:
    """The port `PastReading`.

    Args:
        mongo: The service's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def past(self, provider_id: str, site_id: str, first: date, last: date, held: bool) -> Past:
        """Return what is known of a site in some days; lines of held tasks only where they may be seen."""
        here: Document = {"provider_id": provider_id, "site_id": site_id}
        span = {"$gte": first.isoformat(), "$lte": last.isoformat()}
        lines: Document = {**here, "on": span} | ({} if held else {"visibility": {"$ne": HELD}})
        facts, periods, log = await asyncio.gather(
            self._all(FACTS, {**here, "counts": True, "reported_on": span}, FACT_FIELDS),
            self._all(EXPOSURE, {**here, "period_end": {"$gte": span["$gte"]}, "period_start": {"$lte": span["$lte"]}}),
            self._all(LOG, lines),
        )
        return Past(
            facts=[fact_of(document) for document in facts],
            exposure=[exposure_of(document) for document in periods],
            log=sorted(
                (LOG_ENTRY.validate_python(document) for document in log),
                key=lambda entry: (entry.on, entry.recorded_at),
            ),
        )

    async def _all(self, collection: str, query: Document, fields: Document | None = None) -> list[Document]:
        found = self._mongo.db[collection].find(query, fields).sort("_id", ASCENDING)
        documents: list[Document] = await translate(found.to_list(None))
        return documents
