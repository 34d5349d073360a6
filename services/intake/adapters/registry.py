"""Providers and sites in MongoDB, with a short memory for the sites that every report asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from services.intake.adapters.aggregates import Aggregates, Document, FoundDocuments, Write, patiently
from services.intake.adapters.events import provider_event, site_event
from services.intake.domain.sites import Provider, Site, SiteChange, SiteVersion
from shared.contracts.topics import SITES
from shared.kernel.clock import monotonic_s
from shared.runtime.mongo import Mongo

PROVIDERS = "providers"
COLLECTION = "sites"
FRESH_S = 5.0
"""So long a site that another process changed may be seen as it was; a new one is seen at once."""
REMEMBERED_MAX = 20_000


class MongoRegistry:
    """The store of providers and sites.

    Args:
        mongo: Intake's database.
        aggregates: Writes.
    """

    def __init__(self, mongo: Mongo, aggregates: Aggregates) -> None:
        self._mongo = mongo
        self._aggregates = aggregates
        self._seen: dict[tuple[str, str], tuple[float, Site]] = {}

    async def prepare(self) -> None:
        """Make the collections and the index of a provider's sites."""
        await self._aggregates.prepare(PROVIDERS, COLLECTION)
        await self._mongo.db[COLLECTION].create_index([("provider_id", 1), ("site_id", 1)])

    async def sites(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Site]:
        """Return the sites that are known, by provider and site id.

        Raises:
            Unavailable: the database did not answer.
        """
        oldest = monotonic_s() - FRESH_S
        known = {key: seen[1] for key in keys if (seen := self._seen.get(key)) is not None and seen[0] > oldest}
        missing = {_identity(*key) for key in keys if key not in known}
        if missing:
            asked_at = monotonic_s()
            query = {"_id": {"$in": sorted(missing)}}
            for document in await patiently(self._mongo.db[COLLECTION].find(query).to_list(None)):
                site = _site(document)
                known[site.provider_id, site.site_id] = site
                self._remember(site, asked_at)
        return known

    def _remember(self, site: Site, at_s: float) -> None:
        if len(self._seen) >= REMEMBERED_MAX:
            self._seen.clear()
        self._seen[site.provider_id, site.site_id] = (at_s, site)

    async def sites_of(self, provider_id: str) -> list[Site]:
        """Return all sites of a provider, by id.

        Raises:
            Unavailable: the database did not answer.
        """
        cursor = self._mongo.db[COLLECTION].find({"provider_id": provider_id}).sort("site_id", 1)
        return [_site(document) for document in await patiently(cursor.to_list(None))]

    async def providers(self, provider_ids: Sequence[str]) -> Mapping[str, Provider]:
        """Return the providers that are known.

        Raises:
            Unavailable: the database did not answer.
        """
        cursor = self._mongo.db[PROVIDERS].find({"_id": {"$in": list(provider_ids)}})
        return {document["_id"]: _provider(document) for document in await patiently(cursor.to_list(None))}

    async def change_providers(
        self, provider_ids: Sequence[str], decide: Callable[[Mapping[str, Provider]], Sequence[Provider]], at: datetime
    ) -> int:
        """Write new states with their events in one transaction; return how many changed.

        Raises:
            Unavailable: the database did not answer.
        """

        def work(found: FoundDocuments) -> tuple[list[Write], int]:
            known = {key: _provider(document) for key, document in found.get(PROVIDERS, {}).items()}
            following = decide(known)
            return [
                Write(PROVIDERS, _provider_document(one), SITES, provider_event(one, at)) for one in following
            ], len(following)

        return await self._aggregates.change({PROVIDERS: provider_ids}, work)

    async def change_sites(
        self,
        keys: Sequence[tuple[str, str]],
        decide: Callable[[Mapping[tuple[str, str], Site]], Sequence[SiteChange]],
        at: datetime,
    ) -> int:
        """Write new states with their events in one transaction; return how many changed.

        Raises:
            Unavailable: the database did not answer.
        """

        def work(found: FoundDocuments) -> tuple[list[Write], int]:
            sites = [_site(document) for document in found.get(COLLECTION, {}).values()]
            changes = decide({(site.provider_id, site.site_id): site for site in sites})
            writes = [Write(COLLECTION, _site_document(one.site), SITES, site_event(one, at)) for one in changes]
            return writes, len(changes)

        changed = await self._aggregates.change({COLLECTION: [_identity(*key) for key in keys]}, work)
        for key in keys:
            self._seen.pop(key, None)
        return changed


def _identity(provider_id: str, site_id: str) -> str:
    return f"{provider_id}:{site_id}"


def _provider(document: Document) -> Provider:
    return Provider(document["_id"], document["name"], document["synthetic"], document["revision"])


def _provider_document(provider: Provider) -> Document:
    return {
        "_id": provider.provider_id,
        "name": provider.name,
        "synthetic": provider.synthetic,
        "revision": provider.revision,
    }


def _site(document: Document) -> Site:
    closed_on = document["closed_on"]
    return Site(
        provider_id=document["provider_id"],
        site_id=document["site_id"],
        opened_on=date.fromisoformat(document["opened_on"]),
        closed_on=None if closed_on is None else date.fromisoformat(closed_on),
        cqc_location_id=document["cqc_location_id"],
        postcode=document["postcode"],
        history=tuple(_version(version) for version in document["history"]),
        revision=document["revision"],
    )


def _version(stored: dict[str, Any]) -> SiteVersion:
    return SiteVersion(
        **{
            **stored,
            "effective_from": date.fromisoformat(stored["effective_from"]),
            "councils": tuple(stored["councils"]),
            "contracts": tuple(stored["contracts"]),
        }
    )


def _site_document(site: Site) -> Document:
    document = asdict(site)
    for version in document["history"]:
        version["effective_from"] = version["effective_from"].isoformat()
    return {
        **document,
        "_id": _identity(site.provider_id, site.site_id),
        "opened_on": site.opened_on.isoformat(),
        "closed_on": None if site.closed_on is None else site.closed_on.isoformat(),
        "history": list(document["history"]),
    }
