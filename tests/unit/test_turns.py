"""Work done in one turn of a thread."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from shared.runtime.turns import in_one_turn


async def answer() -> threading.Thread:
    return threading.current_thread()


async def test_all_of_it_runs_in_one_other_thread() -> None:
    """What the work awaits is done in the same thread, and what it returns or raises comes back."""

    async def work() -> tuple[threading.Thread, threading.Thread]:
        return await answer(), threading.current_thread()

    inner, outer = await in_one_turn(work())
    assert inner is outer is not threading.current_thread()

    async def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await in_one_turn(broken())


async def test_work_that_waits_is_refused() -> None:
    """It would wait for ever, since nothing in the thread could wake it."""
    with pytest.raises(RuntimeError, match="waits for the event loop"):
        await in_one_turn(asyncio.sleep(0))


async def test_a_caller_that_is_cancelled_waits_for_the_work() -> None:
    """Whoever ends a session afterwards finds nobody using it."""
    begun, ended = threading.Event(), threading.Event()

    async def work() -> None:
        begun.set()
        time.sleep(0.3)
        ended.set()

    caller = asyncio.create_task(in_one_turn(work()))
    await asyncio.to_thread(begun.wait)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended.is_set()
