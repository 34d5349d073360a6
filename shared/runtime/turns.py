"""Work that never waits on the event loop, in one turn of a thread: the loop stays free, nothing is handed over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def in_one_turn(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread; everything that it awaits must answer at once, or block the thread.

    Where the caller is cancelled, the work is still waited for: it may use a session that the caller is about to end.

    Args:
        work: Not yet begun.

    Returns:
        What it returned.

    Raises:
        RuntimeError: it waited for the event loop after all.
    """
    turn = asyncio.ensure_future(asyncio.to_thread(_driven, work))
    try:
        return await asyncio.shield(turn)
    except asyncio.CancelledError:
        await asyncio.wait([turn])
        raise


def _driven(work: Coroutine[Any, Any, T]) -> T:
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise RuntimeError("work that waits for the event loop cannot be done in one turn of a thread")
