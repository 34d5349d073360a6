"""The machine's randomness in pieces of one size, asked of the system for many at once."""

from __future__ import annotations

import os
from collections import deque

PIECES_AT_ONCE = 1_024
"""About a batch's worth: each call of the system also gives the interpreter away and waits to have it back."""


class Pieces:
    """Random pieces; each is given out once.

    A call of the system costs far more than the bytes that it gives. Taking a piece is one step of the interpreter, so
    that two threads never get the same; a forked process starts with none of its parent's.

    Args:
        size_bytes: Length of each.
    """

    def __init__(self, size_bytes: int) -> None:
        self._size = size_bytes
        self._left: deque[bytes] = deque()
        os.register_at_fork(after_in_child=self._left.clear)

    def take(self) -> bytes:
        """Return a piece that nobody else has or gets."""
        while True:
            try:
                return self._left.popleft()
            except IndexError:
                drawn = os.urandom(self._size * PIECES_AT_ONCE)
                self._left.extend(drawn[at : at + self._size] for at in range(0, len(drawn), self._size))
