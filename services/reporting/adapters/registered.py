"""The sites of providers as they were last read: hundreds of documents that hardly ever change are read once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from services.reporting.adapters import documents as doc
from services.reporting.adapters.queries import Query
from services.reporting.adapters.shelves import LiveShelf
from services.reporting.domain.registry import Site
from shared.runtime.mongo import translate

PROVIDERS_MAX: Final = 64
Stamp = tuple[int, int, int]


class Registered:
    """Gives a provider's sites as new as they are.

    A site's revision only grows and no site is ever taken away, so that the number of sites and the sum of their
    revisions are other ones after every change.

    Args:
        shelf: The live views.
    """

    def __init__(self, shelf: LiveShelf) -> None:
        self._db = shelf
        self._kept: OrderedDict[str, tuple[Stamp, Sequence[Site]]] = OrderedDict()

    async def of(self, provider_id: str) -> Sequence[Site]:
        """Return all sites of a provider, by id."""
        stamp = await self._stamp(provider_id)
        known = self._kept.get(provider_id)
        if known is None or known[0] != stamp:
            query = {"provider": provider_id, "revision": {"$gt": 0}}
            found = await translate(self._db[doc.SITES].find(query).sort("site", 1).to_list(None))
            known = self._kept[provider_id] = stamp, tuple(doc.site_of(document) for document in found)
        self._kept.move_to_end(provider_id)
        while len(self._kept) > PROVIDERS_MAX:
            self._kept.popitem(last=False)
        return known[1]

    async def _stamp(self, provider_id: str) -> Stamp:
        """Return what changes with every change; asked for before the sites are read, which may be newer."""
        generation = self._db.generation
        stages: list[Query] = [
            {"$match": {"provider": provider_id, "revision": {"$gt": 0}}},
            {"$group": {"_id": None, "sites": {"$sum": 1}, "revisions": {"$sum": "$revision"}}},
        ]
        found = await translate(self._db[doc.SITES].aggregate(stages).to_list(1))
        return (generation, found[0]["sites"], found[0]["revisions"]) if found else (generation, 0, 0)
