"""Sums over many reports, remembered until anything in the views changes: the same question twice is counted once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar

from services.reporting.adapters.shelves import LiveShelf
from services.reporting.ports import Reach
from shared.runtime.fenced import COLLECTION as FENCES
from shared.runtime.mongo import Database, translate

T = TypeVar("T")
KEPT_MAX: Final = 64
"""So many answers at most; the largest, of a year of 500 sites, holds some ten megabytes."""
Token = tuple[Any, ...]


class Changes:
    """Tells by a token whether anything in the views has changed.

    Every batch that changes a view moves a fence in the same transaction, a rebuild moves the live generation, and a
    fence counts how often parked records were taken back: while none has moved, counting again would give the same.

    Args:
        db: Gives the service's database, once it is open.
        shelf: The live views.
    """

    def __init__(self, db: Callable[[], Database], shelf: LiveShelf) -> None:
        self._db = db
        self._shelf = shelf

    async def token(self) -> Token:
        """Return the state of the views, to be asked for before anything is read: that may be newer, never older."""
        fields = {"next": 1, "taken_back": 1}
        found = await translate(self._db()[FENCES].find({}, fields).sort("_id", 1).to_list(None))
        places = tuple((fence["_id"], fence["next"], fence.get("taken_back", 0)) for fence in found)
        return self._shelf.generation, places


class Remembered:
    """Remembers answers of one process, each with the state of the views that it was counted in.

    Args:
        changes: Tells that state.
    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._kept: OrderedDict[Hashable, tuple[Token, Any]] = OrderedDict()

    async def of(self, name: str, reach: Reach, asked: Hashable, count: Callable[[], Awaitable[T]]) -> T:
        """Return a remembered answer, or count it.

        Args:
            name: What is counted.
            reach: What the reader may see; part of what is remembered, so that nobody gets another's answer.
            asked: All else that the answer depends on.
            count: Counts it; what it returns is never changed by anybody.
        """
        key = (name, reach.provider_id, reach.sites, reach.held, asked)
        token = await self._changes.token()
        known = self._kept.get(key)
        if known is not None and known[0] == token:
            self._kept.move_to_end(key)
            value: T = known[1]
            return value
        found = await count()
        self._kept[key] = token, found
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return found
