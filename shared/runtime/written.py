"""Many small documents written with one command: the driver's own bulk writes take three times the processor time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError

from shared.runtime.mongo import Database, PlainDatabase, PlainSession, Session

COMMAND_BYTES_MAX: Final = 8_000_000
"""The server takes 16 MB in one command; what documents hold beside their largest field comes to it."""
OVERHEAD_BYTES: Final = 1_000
Documents = Sequence[Mapping[str, Any]]


async def insert(db: Database, name: str, documents: Documents, session: Session, largest: str | None = None) -> None:
    """Insert documents in a transaction; one without `_id` gets one from the server.

    Args:
        db: Where.
        name: The collection.
        documents: Each below a kilobyte, but for one field.
        session: The transaction's.
        largest: That field, of text or bytes; None where all is small.

    Raises:
        BulkWriteError: one of them was not taken; the transaction has come to nothing.
    """
    for command in _in_commands("insert", name, "documents", documents, largest):
        _require_all(await db.command(command, session=session))


def write_plainly(db: PlainDatabase, name: str, inserts: Documents, updates: Documents, session: PlainSession) -> None:
    """Insert and update small documents in a transaction, blocking.

    Args:
        db: Where.
        name: The collection.
        inserts: Documents below a kilobyte each; one without `_id` gets one from the server.
        updates: Statements of the command `update`: q, u and upsert.
        session: The transaction's.

    Raises:
        BulkWriteError: one of them was not taken; the transaction has come to nothing.
    """
    for kind, field, documents in (("insert", "documents", inserts), ("update", "updates", updates)):
        for command in _in_commands(kind, name, field, documents, None):
            _require_all(db.command(command, session=session))


def insert_encoded(db: PlainDatabase, name: str, documents: Sequence[bytes], session: PlainSession) -> None:
    """Insert documents that are BSON already in a transaction, blocking.

    Args:
        db: Where.
        name: The collection.
        documents: Each whole, of any size that the server takes, with its `_id`.
        session: The transaction's.

    Raises:
        BulkWriteError: one of them was not taken; the transaction has come to nothing.
    """
    start = size_bytes = 0
    for end, document in enumerate(documents):
        if size_bytes + len(document) > COMMAND_BYTES_MAX and end > start:
            _insert_encoded(db, name, documents[start:end], session)
            start, size_bytes = end, 0
        size_bytes += len(document)
    if documents:
        _insert_encoded(db, name, documents[start:], session)


def _insert_encoded(db: PlainDatabase, name: str, documents: Sequence[bytes], session: PlainSession) -> None:
    whole = [RawBSONDocument(document) for document in documents]
    _require_all(db.command({"insert": name, "documents": whole, "ordered": False}, session=session))


def _in_commands(
    kind: str, name: str, field: str, documents: Documents, largest: str | None
) -> Iterator[dict[str, Any]]:
    start = size_bytes = 0
    for end, document in enumerate(documents):
        bytes_of = OVERHEAD_BYTES + (len(document[largest]) if largest is not None else 0)
        if size_bytes + bytes_of > COMMAND_BYTES_MAX and end > start:
            yield {kind: name, field: documents[start:end], "ordered": False}
            start, size_bytes = end, 0
        size_bytes += bytes_of
    if start < len(documents):
        yield {kind: name, field: documents[start:], "ordered": False}


def _require_all(answer: Mapping[str, Any]) -> None:
    if answer.get("writeErrors"):
        raise BulkWriteError(dict(answer))
