"""Learning, huddle sheets, meetings, calendar feeds and names of sites in MongoDB, as readers get them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import TypeAdapter
from pymongo import ASCENDING, DESCENDING

from services.actions.adapters.documents import Document, joined, stored
from services.actions.adapters.facts import FACTS, SITES, STATES
from services.actions.adapters.fields import fields_of
from services.actions.adapters.learning import (
    ENTRY,
    HUDDLE,
    HUDDLES,
    LEARNING,
    MEETING,
    MEETINGS,
    RECEIPT,
    RECEIPTS,
)
from services.actions.domain.facts import HELD
from services.actions.domain.huddles import Huddle
from services.actions.domain.learning import Learning, Receipt
from services.actions.domain.meetings import Meeting
from services.actions.ports.learning import Feed, SiteName
from shared.runtime.mongo import Database, Mongo, translate

FEEDS = "calendar_feeds"
FEED: TypeAdapter[Feed] = TypeAdapter(Feed)
FEEDS_SHOWN = 50


async def prepare_feeds(db: Database) -> None:
    """Create the indexes that feeds are found by."""
    await db[FEEDS].create_index([("secret_hash", ASCENDING)], unique=True)
    await db[FEEDS].create_index([("provider_id", ASCENDING), ("by", ASCENDING)])


class MongoLearningBook:
    """The ports `LearningBook` and `Places`.

    Args:
        mongo: The service's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def learning(self, provider_id: str, learning_id: str) -> Learning | None:
        """Return one entry."""
        document = await self._one(LEARNING, {"_id": learning_id, "provider_id": provider_id})
        return None if document is None else ENTRY.validate_python(document)

    async def learning_list(
        self, provider_id: str, first: date | None, last: date | None, limit: int
    ) -> list[Learning]:
        """Return entries published in a span of days, the newest first."""
        span: Document = {}
        if first is not None:
            span["$gte"] = first.isoformat()
        if last is not None:
            span["$lte"] = last.isoformat()
        query: Document = {"provider_id": provider_id} | ({"published_on": span} if span else {})
        found = self._mongo.db[LEARNING].find(query).sort([("published_on", DESCENDING), ("_id", ASCENDING)])
        return [ENTRY.validate_python(document) for document in await translate(found.limit(limit).to_list(None))]

    async def receipts(self, provider_id: str, learning_ids: Sequence[str]) -> list[Receipt]:
        """Return what sites said to alerts."""
        query = {"provider_id": provider_id, "learning_id": {"$in": list(learning_ids)}}
        found = self._mongo.db[RECEIPTS].find(query).sort("_id", ASCENDING)
        return [RECEIPT.validate_python(document) for document in await translate(found.to_list(None))]

    async def huddle(self, provider_id: str, huddle_id: str) -> Huddle | None:
        """Return a sheet's state."""
        document = await self._one(HUDDLES, {"_id": huddle_id, "provider_id": provider_id})
        return None if document is None else HUDDLE.validate_python(document)

    async def huddle_list(self, provider_id: str, month: date) -> list[Huddle]:
        """Return the states of all sheets of a month that were shared."""
        found = self._mongo.db[HUDDLES].find({"provider_id": provider_id, "month": month.isoformat()})
        return [HUDDLE.validate_python(document) for document in await translate(found.to_list(None))]

    async def meeting(self, provider_id: str, meeting_id: str) -> Meeting | None:
        """Return one record."""
        document = await self._one(MEETINGS, {"_id": meeting_id, "provider_id": provider_id})
        return None if document is None else MEETING.validate_python(document)

    async def meeting_list(self, provider_id: str, limit: int) -> list[Meeting]:
        """Return records, the newest first."""
        found = self._mongo.db[MEETINGS].find({"provider_id": provider_id}).sort("held_on", DESCENDING)
        return [MEETING.validate_python(document) for document in await translate(found.limit(limit).to_list(None))]

    async def add_feed(self, feed: Feed) -> None:
        """Store a new feed."""
        document = {"_id": feed.feed_id, **stored(fields_of(feed))}
        document["sites"] = None if feed.sites is None else sorted(feed.sites)
        await translate(self._mongo.db[FEEDS].insert_one(document))

    async def feed(self, secret_hash: str) -> Feed | None:
        """Return the feed of a secret."""
        document = await self._one(FEEDS, {"secret_hash": secret_hash})
        return None if document is None else FEED.validate_python(document)

    async def feeds(self, provider_id: str, by: str) -> list[Feed]:
        """Return the feeds that somebody made, the newest first."""
        found = self._mongo.db[FEEDS].find({"provider_id": provider_id, "by": by}).sort("made_at", DESCENDING)
        return [FEED.validate_python(document) for document in await translate(found.limit(FEEDS_SHOWN).to_list(None))]

    async def revoke_feed(self, provider_id: str, by: str, feed_id: str, at: datetime) -> bool:
        """Close a feed that somebody made; False where there is none."""
        query = {"_id": feed_id, "provider_id": provider_id, "by": by, "revoked_at": None}
        done = await translate(self._mongo.db[FEEDS].update_one(query, {"$set": {"revoked_at": at}}))
        return bool(done.matched_count)

    async def sites(self, provider_id: str, on: date) -> list[SiteName]:
        """Return all sites of a provider with their names on a day, in alphabetical order."""
        found = self._mongo.db[SITES].find({"provider_id": provider_id}, {"names": 1, "site_id": 1})
        documents = await translate(found.to_list(None))
        named = [SiteName(document["site_id"], _name(document, on.isoformat())) for document in documents]
        return sorted(named, key=lambda site: (site.name.casefold(), site.site_id))

    async def first_report_on(self, provider_id: str, site_id: str) -> date | None:
        """Return the day of a site's first report; None where none is known."""
        state = await self._one(STATES, {"_id": joined(provider_id, site_id)})
        day = state.get("first_reported_on") if state else None
        return None if day is None else date.fromisoformat(day)

    async def months_reports(self, provider_id: str, site_id: str, first: date, last: date) -> int:
        """Return how many reports that count, and are not held, staff of a site told in a span of days."""
        query = {
            "provider_id": provider_id,
            "site_id": site_id,
            "counts": True,
            "visibility": {"$ne": HELD},
            "reported_on": {"$gte": first.isoformat(), "$lte": last.isoformat()},
        }
        return int(await translate(self._mongo.db[FACTS].count_documents(query)))

    async def _one(self, collection: str, query: Document) -> Document | None:
        document: Document | None = await translate(self._mongo.db[collection].find_one(query))
        return document


def _name(document: Document, day: str) -> str:
    names: list[list[str]] = document["names"]
    return next((name for since, name in reversed(names) if since <= day), names[0][1])
