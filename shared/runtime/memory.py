"""Keeps the search for cyclic garbage off what a process loads once and off batches that live for milliseconds."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NEW_OBJECTS: Final = 20_000
"""How many new objects bring on a search, about a batch's worth; nearly all of a batch goes without one."""


def settle() -> None:
    """Set what was loaded so far apart from the search, and search once per batch rather than many times in each.

    Once in a process, when it has started: what is garbage by then is cleared; what is loaded later is searched. A
    process that opens many services after another, as tests do, sets those of the first apart and no others.
    """
    if gc.get_freeze_count():
        return
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])


@contextmanager
def unsearched() -> Iterator[None]:
    """Search for nothing while a command holds millions of objects: each search would go through all of them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
