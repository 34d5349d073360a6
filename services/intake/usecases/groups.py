"""Group commit without a timer: what arrived while the last group was being written is the next group."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.kernel.errors import Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Groups(Generic[Item, Answer]):
    """Collects items that arrive one by one and hands them on in groups, one group at a time.

    Args:
        commit: Writes a group and answers each item, in order.
        most: Largest group.
        waiting_max: So many waiting items are a sign that the writer stands still; more are turned away.
    """

    def __init__(
        self, commit: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], most: int, waiting_max: int
    ) -> None:
        self._commit = commit
        self._most = most
        self._waiting_max = waiting_max
        self._waiting: deque[tuple[Item, asyncio.Future[Answer | Exception]]] = deque()
        self._writer: asyncio.Task[None] | None = None

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
            self._writer = asyncio.create_task(self._write())
        await asyncio.wait(futures)
        answers = [future.result() for future in futures]
        for answer in answers:
            if isinstance(answer, Unavailable):
                raise answer
        return answers

    async def _write(self) -> None:
        try:
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                answers = await self._answers([item for item, _ in group])
                for (_, future), answer in zip(group, answers, strict=True):
                    future.set_result(answer)
        finally:
            self._writer = None

    async def _answers(self, items: Sequence[Item]) -> Sequence[Answer | Exception]:
        try:
            return await self._commit(items)
        except Unavailable as error:
            return [error] * len(items)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits; one bad item must not fail the others
            if len(items) == 1:
                return [error]
            return [answer for item in items for answer in await self._answers([item])]
