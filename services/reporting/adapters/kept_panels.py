"""Panels kept in MongoDB as packed rows: a process that starts reads these, and then only what changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any, Final

import numpy as np
from bson.objectid import ObjectId
from bson.timestamp import Timestamp

from services.reporting.adapters import documents as doc
from services.reporting.adapters.panel_rows import hashed
from services.reporting.domain.columns import Columns, Rows, Words
from services.reporting.domain.panel import CARE, REPORT, Panel
from shared.runtime.mongo import Mongo, PlainDatabase, Session

ROWS_IN_A_PART: Final = 50_000
"""About three megabytes."""
FORM: Final = f"1 {REPORT.descr} {CARE.descr}"
"""What a row means; the number is raised where `panel_rows` reads something else into the same fields."""
TABLES: Final = ("reports", "care")
WORDS: Final = ("sites", "domains", "classes", "reasons", "roles", "shifts", "kinds", "units")


@dataclass(frozen=True)
class Snapshot:
    """A panel as it stood, apart from the one that goes on changing.

    Attributes:
        rows: By table, those that count.
        words: By the name of their list, in the order of their numbers.
        followed: Ids of the reports that are told one by one.
    """

    rows: Mapping[str, Rows]
    words: Mapping[str, Sequence[Any]]
    followed: Sequence[str]

    @staticmethod
    def of(panel: Panel) -> Snapshot:
        """Copy a panel."""
        rows = {name: getattr(panel, name).rows() for name in TABLES}
        counting = set(rows["reports"]["key"].tolist()) if panel.followed else set()
        words = {name: getattr(panel, name).all() for name in WORDS}
        return Snapshot(rows, words, [id_ for key, id_ in panel.followed.items() if key in counting])


class KeptPanels:
    """Packed panels of one database; they are made from the views and may be dropped at any time.

    A head says which parts belong together and from which mark on changes are read beside them. Where a report is
    erased, all parts of its provider go in that transaction, and the head's number of erasures rises: who has begun to
    write a panel before that finds another number, and leaves off.

    Args:
        mongo: The service's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def erasures(self, provider_id: str) -> int:
        """Return how often something was erased, to be asked for before what will be kept is read."""
        heads = self._mongo.db[doc.PANEL_HEADS]
        if (head := await heads.find_one({"_id": provider_id}, {"erasures": 1})) is not None:
            return int(head["erasures"])
        await heads.update_one({"_id": provider_id}, {"$setOnInsert": {"erasures": 0}}, upsert=True)
        return await self.erasures(provider_id)

    async def newest(self, provider_id: str, generation: int) -> Timestamp | None:
        """Return the mark of what is kept of a generation of views; None where nothing is."""
        wanted = {"_id": provider_id, "generation": generation, "form": FORM}
        head = await self._mongo.db[doc.PANEL_HEADS].find_one(wanted, {"read_from": 1})
        return None if head is None else head["read_from"]

    async def keep(self, provider_id: str, generation: int, mark: Timestamp, erasures: int, snapshot: Snapshot) -> bool:
        """Keep a panel in place of what is kept.

        Args:
            provider_id: Whose.
            generation: Of the views that it was read from.
            mark: From this on, changes are read beside it.
            erasures: As told before it was read.
            snapshot: What it holds.

        Returns:
            False where something was erased meanwhile, or another process kept its own: then nothing of this is kept.
        """
        this = {"provider": provider_id, "made": ObjectId()}
        about = {"made": this["made"], "generation": generation, "read_from": mark, "form": FORM}
        about |= {"words": snapshot.words, "followed": snapshot.followed}
        about |= {"rows": {name: len(rows) for name, rows in snapshot.rows.items()}}
        heads, parts = self._mongo.db[doc.PANEL_HEADS], self._mongo.db[doc.PANEL_PARTS]
        number = sum(ceil(len(rows) / ROWS_IN_A_PART) for rows in snapshot.rows.values())

        async def nothing_erased(session: Session, change: Mapping[str, Any]) -> bool:
            head = {"_id": provider_id, "erasures": erasures}
            return bool((await heads.update_one(head, change, session=session)).matched_count)

        async def put(session: Session, part: Mapping[str, Any]) -> bool:
            goes_on = await nothing_erased(session, {"$inc": {"touched": 1}})
            if goes_on:
                await parts.insert_one({**this, **part}, session=session)
            return goes_on

        async def take_over(session: Session) -> bool:
            # Another process that wrote its panel meanwhile has thrown away what was there of this one.
            whole = await parts.count_documents(this, session=session) == number
            goes_on = whole and await nothing_erased(session, {"$set": about})
            if goes_on:
                await parts.delete_many({"provider": provider_id, "made": {"$ne": this["made"]}}, session=session)
            return goes_on

        for part in _parts(snapshot):
            if not await self._mongo.in_transaction(partial(put, part=part)):
                break
        else:
            if await self._mongo.in_transaction(take_over):
                return True
        await parts.delete_many(this)
        return False

    def read(self, provider_id: str, generation: int) -> tuple[Panel, Timestamp] | None:
        """Return what is kept of a generation with its mark; None where nothing is, or not all. It blocks."""
        db = self._mongo.db.delegate
        head = db[doc.PANEL_HEADS].find_one({"_id": provider_id, "generation": generation, "form": FORM})
        if head is None:
            return None
        panel = Panel()
        for name, words in head["words"].items():
            setattr(panel, name, Words(map(_word, words)))
        panel.followed = {hashed(id_): id_ for id_ in head["followed"]}
        for name, fields in (("reports", REPORT), ("care", CARE)):
            size = head["rows"][name]
            table = Columns.filled(fields, size, _rows(db, provider_id, head["made"], name, fields))
            if len(table) != size:
                return None
            setattr(panel, name, table)
        return panel, head["read_from"]


def _parts(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    for table, rows in snapshot.rows.items():
        for number, start in enumerate(range(0, len(rows), ROWS_IN_A_PART)):
            yield {"table": table, "number": number, "rows": rows[start : start + ROWS_IN_A_PART].tobytes()}


def _rows(db: PlainDatabase, provider_id: str, made: ObjectId, table: str, fields: np.dtype[np.void]) -> Iterator[Rows]:
    wanted = {"provider": provider_id, "made": made, "table": table}
    for part in db[doc.PANEL_PARTS].find(wanted, {"rows": 1}).sort("number", 1).batch_size(2):
        yield np.frombuffer(part["rows"], fields)


def _word(word: Any) -> Any:
    return tuple(word) if isinstance(word, list) else word
