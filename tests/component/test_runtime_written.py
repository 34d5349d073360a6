"""Many small documents in one command: all or nothing, never more than the server takes at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import bson
import pytest
from pymongo.errors import BulkWriteError, PyMongoError

from shared.runtime import written
from shared.runtime.mongo import Mongo, Session

pytestmark = pytest.mark.engines


@pytest.fixture
async def mongo(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Mongo]:
    """A database with an empty collection."""
    opened = Mongo(mongodb_uri, f"{database_prefix}written")
    opened.open()
    await opened.client.drop_database(opened.db.name)
    await opened.db.create_collection("rows")
    yield opened
    await opened.client.drop_database(opened.db.name)
    opened.close()


async def stored(mongo: Mongo) -> list[dict[str, Any]]:
    """Everything in the collection."""
    return await mongo.db["rows"].find().sort("number", 1).to_list(None)


async def test_what_has_no_id_gets_one(mongo: Mongo) -> None:
    """Each document is there once, under an id of its own."""

    async def work(session: Session) -> None:
        await written.insert(mongo.db, "rows", [{"number": number} for number in range(30)], session)

    await mongo.in_transaction(work)
    rows = await stored(mongo)
    assert [row["number"] for row in rows] == list(range(30))
    assert len({row["_id"] for row in rows}) == 30


async def test_a_document_that_is_refused_takes_all_with_it(mongo: Mongo) -> None:
    """An id that is taken: the transaction fails and leaves nothing behind."""

    async def work(session: Session) -> None:
        await written.insert(mongo.db, "rows", [{"_id": 1, "number": 1}, {"_id": 1, "number": 2}], session)

    with pytest.raises((BulkWriteError, PyMongoError)):
        await mongo.in_transaction(work)
    assert await stored(mongo) == []


async def test_more_than_one_command_holds_goes_in_several(mongo: Mongo) -> None:
    """Forty megabytes, which the server would refuse in one command, arrive whole and in one transaction."""
    documents = [{"number": number, "value": b"x" * 1_000_000} for number in range(40)]

    async def work(session: Session) -> None:
        await written.insert(mongo.db, "rows", documents, session, largest="value")

    await mongo.in_transaction(work)
    assert [len(row["value"]) for row in await stored(mongo)] == [1_000_000] * 40


async def test_inserts_and_updates_without_an_event_loop(mongo: Mongo) -> None:
    """What is there is changed, what may be missing is put in its place, what is new is added."""
    await mongo.db["rows"].insert_one({"_id": 1, "number": 1})
    updates = [
        {"q": {"_id": 1}, "u": {"$set": {"number": 10}}},
        {"q": {"_id": 2}, "u": {"$set": {"number": 20}}, "upsert": True},
    ]

    def work(db: Any, session: Any) -> None:
        written.write_plainly(db, "rows", [{"_id": 3, "number": 30}], updates, session)

    await mongo.in_one_go(work, 5.0)
    assert await stored(mongo) == [{"_id": 1, "number": 10}, {"_id": 2, "number": 20}, {"_id": 3, "number": 30}]


async def test_what_is_encoded_already_arrives_whole_or_not_at_all(mongo: Mongo) -> None:
    """Forty megabytes of BSON arrive in one transaction; with an id that is taken among them nothing does."""
    documents = [bson.encode({"_id": number, "number": number, "value": b"x" * 1_000_000}) for number in range(40)]

    def work(db: Any, session: Any) -> None:
        written.insert_encoded(db, "rows", [], session)
        written.insert_encoded(db, "rows", documents, session)

    def taken(db: Any, session: Any) -> None:
        written.insert_encoded(db, "rows", [bson.encode({"_id": 100}), bson.encode({"_id": 7})], session)

    await mongo.in_one_go(work, 5.0)
    with pytest.raises(BulkWriteError) as refused:
        await mongo.in_one_go(taken, 5.0)

    assert [error["code"] for error in refused.value.details["writeErrors"]] == [11000]
    assert [len(row["value"]) for row in await stored(mongo)] == [1_000_000] * 40
