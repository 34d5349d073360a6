"""A table held in memory as columns of numbers, in the order of weeks: sums without reading, a few bytes a row."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.intp]
Rows = npt.NDArray[np.void]
"""Rows with named fields; `key`, `week`, `site` and `counts` are always among them."""
TAIL_MIN, TAIL_SHARE = 2_000, 16
"""Rows that came since the last sorting are at most so many, or one in so many of all, before all are sorted anew."""
SPARE = 1.25


class Words:
    """Words by number, as the columns hold them; a word keeps its number.

    Args:
        known: Words in the order of their numbers.
    """

    def __init__(self, known: Iterable[Hashable] = ()) -> None:
        self._numbers: dict[Hashable, int] = {word: number for number, word in enumerate(known)}

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, word: Hashable) -> int:
        """Return a word's number, giving it the next one where it has none; -1 where nothing was said."""
        return -1 if word is None else self._numbers.setdefault(word, len(self._numbers))

    def find(self, word: Hashable) -> int:
        """Return a word's number; -1 where it was never said."""
        return self._numbers.get(word, -1)

    def all(self) -> list[Hashable]:
        """Return the words in the order of their numbers."""
        return list(self._numbers)


class Columns:
    """Rows by key; the row put last under a key holds. Rows that do not count take part in nothing.

    All but a short tail lie in the order of their weeks, so that a period is one run of places and that tail.

    Args:
        fields: The fields of a row.

    Attributes:
        turn: How often anything has changed, to ask later which sites changed since.
    """

    def __init__(self, fields: np.dtype[np.void]) -> None:
        self.fields = fields
        self._columns: Mapping[str, npt.NDArray[Any]] = _empty(fields, 0)
        self._size = self._sorted = 0
        self._keys = np.empty(0, np.uint64)
        self._order = np.empty(0, np.intp)
        self._tail: dict[int, int] = {}
        self.turn = 0
        self._turns = np.zeros(0, np.int64)

    @classmethod
    def filled(cls, fields: np.dtype[np.void], size: int, parts: Iterable[Rows]) -> Columns:
        """Return a table of rows that come in parts, taking hardly more memory than they do.

        Args:
            fields: The fields of a row.
            size: How many rows are expected.
            parts: Of the rows; where a key comes twice, the later row holds.
        """
        made = cls(fields)
        made._grow(size)
        for rows in parts:
            made._append(rows)
        made._forget_earlier()
        made._sort()
        return made

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Return a column; who asked for it changes nothing in it."""
        return self._columns[name][: self._size]

    @property
    def bytes(self) -> int:
        """Return how much memory the rows take."""
        return sum(column.nbytes for column in self._columns.values()) + self._keys.nbytes + self._order.nbytes

    def put(self, rows: Rows) -> None:
        """Take rows in.

        Args:
            rows: Of the fields that the table has; where a key comes twice, the later one holds.
        """
        rows = rows[np.sort(last_of_each(rows["key"]))]
        places = self._places(rows["key"])
        known = places >= 0
        self._note(places[known], rows[known], rows[~known & rows["counts"]])
        moved = self._overwrite(places[known], rows[known])
        fresh = rows[~known & rows["counts"]]
        if moved or self._size + len(fresh) - self._sorted > max(TAIL_MIN, self._sorted // TAIL_SHARE):
            self._append(fresh)
            self._sort()
        else:
            self._tail |= {int(key): self._size + number for number, key in enumerate(fresh["key"].tolist())}
            self._append(fresh)

    def changed_since(self, turn: int) -> Places:
        """Return the numbers of the sites of which any row became another one.

        Args:
            turn: What `turn` was then.
        """
        return np.flatnonzero(self._turns > turn)

    def between(self, first: int | None = None, last: int | None = None) -> Places:
        """Return the places of the rows that count, from one week to another.

        Args:
            first: Number of the first week; None for no bound.
            last: Number of the last week, included.
        """
        weeks = self._columns["week"]
        sorted_weeks = weeks[: self._sorted]
        start = 0 if first is None else int(np.searchsorted(sorted_weeks, first, "left"))
        end = self._sorted if last is None else int(np.searchsorted(sorted_weeks, last, "right"))
        late = weeks[self._sorted : self._size]
        inside = np.ones(len(late), np.bool_)
        if first is not None:
            inside &= late >= first
        if last is not None:
            inside &= late <= last
        found = np.concatenate((np.arange(start, max(start, end)), np.flatnonzero(inside) + self._sorted))
        return found[self._columns["counts"][found].astype(np.bool_)]

    def rows(self) -> Rows:
        """Return the rows that count, as they can be put into another table."""
        found = self.between()
        made = np.empty(len(found), self.fields)
        for name in self._names():
            made[name] = self._columns[name][found]
        return made

    def _names(self) -> Sequence[str]:
        return self.fields.names or ()

    def _places(self, keys: npt.NDArray[np.uint64]) -> Places:
        found = np.full(len(keys), -1, np.intp)
        if len(self._keys):
            near = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
            same = self._keys[near] == keys
            found[same] = self._order[near[same]]
        if self._tail:
            for at in np.flatnonzero(found < 0).tolist():
                found[at] = self._tail.get(int(keys[at]), -1)
        return found

    def _note(self, places: Places, rows: Rows, fresh: Rows) -> None:
        """Note the sites of rows that are about to be replaced by other ones, or that are new."""
        differs = np.zeros(len(rows), np.bool_)
        for name in self._names():
            differs |= self._columns[name][places] != rows[name]
        left, come = self._columns["site"][places[differs]], rows["site"][differs & rows["counts"]]
        sites = np.concatenate((left, come, fresh["site"]))
        if not len(sites):
            return
        self.turn += 1
        missing = int(sites.max()) + 1 - len(self._turns)
        self._turns = np.pad(self._turns, (0, max(0, missing)))
        self._turns[sites] = self.turn

    def _overwrite(self, places: Places, rows: Rows) -> bool:
        """Replace rows; tell whether one of the sorted ones is now in another week."""
        moved = bool(np.any((self._columns["week"][places] != rows["week"]) & (places < self._sorted)))
        for name in self._names():
            self._columns[name][places] = rows[name]
        return moved

    def _append(self, rows: Rows) -> None:
        size = self._size + len(rows)
        if size > len(self._columns["key"]):
            self._grow(int(size * SPARE))
        for name in self._names():
            self._columns[name][self._size : size] = rows[name]
        self._size = size

    def _grow(self, room: int) -> None:
        larger = _empty(self.fields, room)
        for name, column in larger.items():
            column[: self._size] = self._columns[name][: self._size]
        self._columns = larger

    def _forget_earlier(self) -> None:
        """Let the rows not count that another one of the same key came after."""
        last = np.zeros(self._size, np.bool_)
        last[last_of_each(self._columns["key"][: self._size])] = True
        self._columns["counts"][: self._size] &= last

    def _sort(self) -> None:
        """Put all rows into the order of their weeks, and leave out those that do not count any more."""
        kept = np.flatnonzero(self._columns["counts"][: self._size])
        order = kept[np.argsort(self._columns["week"][kept], kind="stable")]
        self._columns = columns = dict(self._columns)
        for name in columns:  # one after the other, so that never all of them are there twice
            columns[name] = columns[name][order]
        self._size = self._sorted = len(order)
        keys = self._columns["key"]
        self._order = np.argsort(keys)
        self._keys = keys[self._order].astype(np.uint64)
        self._tail = {}


def last_of_each(keys: npt.NDArray[np.uint64]) -> Places:
    """Return the place of the last of each key, in the order of keys."""
    order = np.argsort(keys, kind="stable").astype(np.intp)
    found = keys[order]
    last = np.ones(len(keys), np.bool_)
    last[:-1] = found[1:] != found[:-1]
    kept: Places = order[last]
    return kept


def _empty(fields: np.dtype[np.void], room: int) -> dict[str, npt.NDArray[Any]]:
    return {name: np.empty(room, fields[name]) for name in fields.names or ()}
