"""Takes a stream of parsed lines in, batch by batch, and accounts for every one of them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.intake.domain.submission import Submission
from services.intake.ports import Backlog
from services.intake.usecases.admission import Admission, Ready
from services.intake.usecases.preparing import Order
from services.intake.usecases.settling import Outcome
from shared.kernel.errors import Fault, Invalid, Refused, Unavailable
from shared.kernel.principal import Principal

log = logging.getLogger(__name__)
PAUSE_S = 0.05
PAUSES_MAX = 40


class ParsedLine(NamedTuple):
    """One line of an import: a submission, or why it is none."""

    number: int
    submission: Submission | None
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class Account:
    """What became of all lines."""

    lines: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


What = Outcome | tuple[Fault, ...]
OnLines = Callable[[Sequence[tuple[int, What]]], None]
"""Called for the lines of each batch, in order, with what became of them."""


class Imports:
    """Imports reports.

    Args:
        admission: Takes batches in; the same way as single reports.
        backlog: How much waits to be sent.
        batch_lines: Lines per batch.
        pause_above: With more waiting events than this an import lets them drain a little, so that live reports
            stay fresh.
    """

    def __init__(self, admission: Admission, backlog: Backlog, batch_lines: int, pause_above: int) -> None:
        self._admission = admission
        self._backlog = backlog
        self._batch_lines = batch_lines
        self._pause_above = pause_above

    async def run(
        self,
        principal: Principal,
        parts: AsyncIterator[Sequence[ParsedLine]],
        idempotency_key: str | None,
        replay: bool,
        on_lines: OnLines,
    ) -> Account:
        """Import all lines; a broken one is refused and stops no other.

        Args:
            principal: Who imports.
            parts: The lines in order, as they come.
            idempotency_key: Joined with the line number it becomes the key of lines without an external reference,
                so that the same import sent again repeats; None gives such lines no key.
            replay: Whether it is history that is loaded as it was.
            on_lines: Called for all lines, in order.

        Raises:
            Unavailable: the database is away or too much waits; says up to which line all is stored.
            Invalid: the stream broke and cannot be read on; says how many lines were taken before.
        """
        work = _Import(self._admission, principal, idempotency_key, replay, on_lines)
        batch: list[ParsedLine] = []
        try:
            async for part in parts:
                batch += part
                while len(batch) >= self._batch_lines:
                    await self._let_drain()
                    await work.take(batch[: self._batch_lines])
                    batch = batch[self._batch_lines :]
            if batch:
                await self._let_drain()
                await work.take(batch)
            await work.finish()
        except Invalid as error:
            await work.finish()
            if not work.account.lines:
                raise
            raise Invalid(f"{error.detail}; the first {work.account.lines} were taken", error.faults) from None
        finally:
            work.abandon()
        return work.account

    async def _let_drain(self) -> None:
        for _ in range(PAUSES_MAX):
            if self._backlog.depth() <= self._pause_above:
                return
            await asyncio.sleep(PAUSE_S)


class _Import:
    """One import: the next batch is read and prepared while one is written, and written after it."""

    def __init__(
        self, admission: Admission, principal: Principal, key: str | None, replay: bool, on_lines: OnLines
    ) -> None:
        self._admission = admission
        self._principal = principal
        self._key = key
        self._replay = replay
        self._on_lines = on_lines
        self._writing: asyncio.Task[None] | None = None
        self.account = Account()

    async def take(self, batch: Sequence[ParsedLine]) -> None:
        """Take a batch in hand; when this returns, the one before it is stored."""
        orders = [
            Order(one.submission, _own_key(self._key, one.number, one.submission), self._replay)
            for one in batch
            if one.submission is not None
        ]
        try:
            ready = await self._admission.prepare_many(self._principal, orders) if orders else ()
        except Unavailable as error:
            await self.finish()
            raise _cut_off(error, batch) from error
        await self.finish()
        self._writing = asyncio.create_task(self._write(batch, ready))

    async def finish(self) -> None:
        """Wait until the batch in hand is stored and its lines are answered."""
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing

    def abandon(self) -> None:
        """Let go of a batch in hand: nobody waits for the answer."""
        if self._writing is not None:
            self._writing.cancel()

    async def _write(self, batch: Sequence[ParsedLine], ready: Sequence[Ready]) -> None:
        try:
            answers = iter(await self._admission.store_many(ready) if ready else ())
        except Unavailable as error:
            raise _cut_off(error, batch) from error
        said = [
            (number, faults if submission is None else _said(next(answers))) for number, submission, faults in batch
        ]
        self.account.lines += len(said)
        self.account.outcomes.update([what.status if isinstance(what, Outcome) else "refused" for _, what in said])
        self._on_lines(said)


def _cut_off(error: Unavailable, batch: Sequence[ParsedLine]) -> Unavailable:
    first = batch[0].number
    said = f"{error.what}; all before line {first} is stored: send the file again from line {first}"
    return Unavailable(said, error.retry_after_s)


def _own_key(key: str | None, number: int, submission: Submission) -> str | None:
    return f"{key}:{number}" if key and submission.external_reference is None else None


def _said(answer: Outcome | Exception) -> What:
    if isinstance(answer, Outcome):
        return answer
    if isinstance(answer, Refused):
        return answer.faults or (Fault(answer.detail),)
    log.error("a line of an import met a bug: %s", type(answer).__name__)  # its message could hold report text
    return (Fault("could not be taken: something here is broken; it has been logged. Send this line again later"),)
