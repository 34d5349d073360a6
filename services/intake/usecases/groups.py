"""Group commit without a timer: what arrived while the last group was being written is the next group."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.kernel.errors import Unavailable

Item = TypeVar("Item")
Ready = TypeVar("Ready")
Answer = TypeVar("Answer")
ROW = 16
"""So many are prepared in a row, which takes less of the processor than one by one among the connections' work."""


async def as_they_are(items: Sequence[Item]) -> Sequence[Item | Exception]:
    """Prepare nothing."""
    return items


async def each_answered(
    work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]], items: Sequence[Item]
) -> Sequence[Answer | Exception]:
    """Do work on some items together; where it meets a bug, on each alone, so that only the bad ones fail.

    Args:
        work: Answers items in order.
        items: What it is done on.

    Returns:
        For each item its answer or its error; all have `Unavailable` where the engine is away.
    """
    try:
        return await work(items)
    except Unavailable as error:
        return [error] * len(items)
    except Exception as error:  # noqa: BLE001 - handed to whoever waits; one bad item must not fail the others
        if len(items) == 1:
            return [error]
        return [answer for item in items for answer in await each_answered(work, [item])]


class Groups(Generic[Item, Ready, Answer]):
    """Collects items that arrive one by one and hands them on in groups, one group at a time.

    While a group is being written the next one is prepared, so that neither the processor nor the engine waits for the
    other. An item that cannot be prepared is answered with its error at once.

    Args:
        prepare: Makes items ready for writing, in order; of one that cannot be written the error.
        commit: Writes a group and answers each item, in order.
        most: Largest group.
        waiting_max: So many waiting items are a sign that the writer stands still; more are turned away.
    """

    def __init__(
        self,
        prepare: Callable[[Sequence[Item]], Awaitable[Sequence[Ready | Exception]]],
        commit: Callable[[Sequence[Ready]], Awaitable[Sequence[Answer]]],
        most: int,
        waiting_max: int,
    ) -> None:
        self._prepare = prepare
        self._commit = commit
        self._most = most
        self._waiting_max = waiting_max
        self._waiting: deque[tuple[Item, asyncio.Future[Answer | Exception]]] = deque()
        self._ready: list[tuple[Ready, asyncio.Future[Answer | Exception]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._pause: asyncio.Future[None] | None = None

    async def submit(self, items: Sequence[Item]) -> list[Answer | Exception]:
        """Have items written and return their answers, in order; an item that met a bug is answered with its error.

        Raises:
            Unavailable: too much waits already, or the engine is away.
        """
        if len(self._waiting) >= self._waiting_max:
            raise Unavailable("too many reports wait to be stored")
        if not items:
            return []
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Answer | Exception]] = [loop.create_future() for _ in items]
        self._waiting.extend(zip(items, futures, strict=True))
        if self._writer is None:
            self._writer = asyncio.create_task(self._work())
        elif len(self._waiting) >= ROW and len(self._ready) < self._most:
            self._go_on()
        answers = [await future for future in futures]
        for answer in answers:
            if isinstance(answer, Unavailable):
                raise answer
        return answers

    async def _work(self) -> None:
        """Prepare what waits and write what is ready, until there is nothing of either."""
        writing: asyncio.Task[None] | None = None
        try:
            while self._waiting or self._ready or writing is not None:
                if writing is not None and writing.done():
                    writing.result()
                    writing = None
                if len(self._ready) < self._most and (writing is None or len(self._waiting) >= ROW):
                    await self._make_ready()
                elif writing is not None:
                    self._pause = asyncio.get_running_loop().create_future()
                    await self._pause
                    self._pause = None
                if writing is None and self._ready:
                    group, self._ready = self._ready[: self._most], self._ready[self._most :]
                    writing = asyncio.create_task(self._write(group))
                    writing.add_done_callback(lambda _: self._go_on())
        finally:
            self._writer = None

    def _go_on(self) -> None:
        if self._pause is not None and not self._pause.done():
            self._pause.set_result(None)

    async def _make_ready(self) -> None:
        """Prepare what waits, as far as a group takes it."""
        taken = [self._waiting.popleft() for _ in range(min(self._most - len(self._ready), len(self._waiting)))]
        if not taken:
            return
        prepared = await each_answered(self._prepare, [item for item, _ in taken])
        for made, (_, future) in zip(prepared, taken, strict=True):
            if isinstance(made, Exception):
                _settle(future, made)
            else:
                self._ready.append((made, future))

    async def _write(self, group: Sequence[tuple[Ready, asyncio.Future[Answer | Exception]]]) -> None:
        answers = await each_answered(self._commit, [made for made, _ in group])
        for (_, future), answer in zip(group, answers, strict=True):
            _settle(future, answer)


def _settle(future: asyncio.Future[Answer | Exception], answer: Answer | Exception) -> None:
    if not future.done():  # whoever waited for it went away
        future.set_result(answer)
