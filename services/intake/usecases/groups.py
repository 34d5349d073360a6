"""Group commit without a timer: what arrived while the last group was being written is the next group."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.kernel.errors import Refused, Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Groups(Generic[Item, Answer]):
    """Collects items that arrive one by one and hands them on in groups, one group at a time.

    Args:
        commit: Writes a group and answers each item, in order; an answer may be a refusal.
        most: Largest group.
        waiting_max: So many waiting items are a sign that the writer stands still; more are turned away.
    """

    def __init__(
        self, commit: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Refused]]], most: int, waiting_max: int
    ) -> None:
        self._commit = commit
        self._most = most
        self._waiting_max = waiting_max
        self._waiting: deque[tuple[Item, asyncio.Future[Answer | Refused]]] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, items: Sequence[Item]) -> list[Answer | Refused]:
        """Have items written and return their answers, in order.

        Raises:
            Unavailable: too much waits already, or the engine is away; nothing or everything of the items is written.
        """
        if len(self._waiting) >= self._waiting_max:
            raise Unavailable("too many reports wait to be stored")
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in items]
        self._waiting.extend(zip(items, futures, strict=True))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        done = await asyncio.gather(*futures, return_exceptions=True)
        for answer in done:
            if isinstance(answer, BaseException) and not isinstance(answer, Refused):
                raise answer
        return [answer for answer in done if not isinstance(answer, BaseException) or isinstance(answer, Refused)]

    async def _write(self) -> None:
        try:
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                await self._settle(group)
        finally:
            self._writer = None

    async def _settle(self, group: Sequence[tuple[Item, asyncio.Future[Answer | Refused]]]) -> None:
        try:
            answers = await self._commit([item for item, _ in group])
        except Unavailable as error:
            _fail(group, error)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits; one bad item must not fail the others
            if len(group) == 1:
                _fail(group, error)
                return
            for one in group:
                await self._settle([one])
        else:
            for (_, future), answer in zip(group, answers, strict=True):
                if not future.done():  # it is when the request was given up
                    future.set_result(answer)


def _fail(group: Sequence[tuple[Item, asyncio.Future[Answer | Refused]]], error: Exception) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)
