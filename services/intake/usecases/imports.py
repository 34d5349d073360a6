"""Takes a stream of parsed lines in, batch by batch, and accounts for every one of them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from services.intake.domain.submission import Submission
from services.intake.ports import Backlog
from services.intake.usecases.admission import Admission, Order
from services.intake.usecases.settling import Outcome
from shared.kernel.errors import Fault, Refused, Unavailable
from shared.kernel.principal import Principal

log = logging.getLogger(__name__)
PAUSE_S = 0.05
PAUSES_MAX = 40


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """One line of an import: a submission, or why it is none."""

    number: int
    submission: Submission | None
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class Account:
    """What became of all lines."""

    lines: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


OnLine = Callable[[int, Outcome | tuple[Fault, ...]], None]
"""Called once for each line with what became of it."""


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
        lines: AsyncIterator[ParsedLine],
        idempotency_key: str | None,
        replay: bool,
        on_line: OnLine,
    ) -> Account:
        """Import all lines; a broken one is refused and stops no other.

        Args:
            principal: Who imports.
            lines: The lines in order.
            idempotency_key: Joined with the line number it becomes the key of lines without an external reference,
                so that the same import sent again repeats; None gives such lines no key.
            replay: Whether it is history that is loaded as it was.
            on_line: Called for each line, in order.

        Raises:
            Unavailable: the database is away or too much waits; says up to which line all is stored.
        """
        account = Account()
        batch: list[ParsedLine] = []
        async for line in lines:
            batch.append(line)
            if len(batch) == self._batch_lines:
                await self._take(principal, batch, idempotency_key, replay, on_line, account)
                batch = []
        if batch:
            await self._take(principal, batch, idempotency_key, replay, on_line, account)
        return account

    async def _take(
        self,
        principal: Principal,
        batch: Sequence[ParsedLine],
        key: str | None,
        replay: bool,
        on_line: OnLine,
        account: Account,
    ) -> None:
        await self._let_drain()
        orders = [
            Order(one.submission, _own_key(key, one.number, one.submission), replay)
            for one in batch
            if one.submission is not None
        ]
        try:
            answers = iter(await self._admission.receive_many(principal, orders) if orders else ())
        except Unavailable as error:
            first = batch[0].number
            said = f"{error.what}; all before line {first} is stored: send the file again from line {first}"
            raise Unavailable(said, error.retry_after_s) from error
        for one in batch:
            answer = next(answers) if one.submission is not None else one.faults
            what = answer if isinstance(answer, Outcome) else _faults(answer)
            account.lines += 1
            account.outcomes[what.status if isinstance(what, Outcome) else "refused"] += 1
            on_line(one.number, what)

    async def _let_drain(self) -> None:
        for _ in range(PAUSES_MAX):
            if self._backlog.depth() <= self._pause_above:
                return
            await asyncio.sleep(PAUSE_S)


def _own_key(key: str | None, number: int, submission: Submission) -> str | None:
    return f"{key}:{number}" if key and submission.external_reference is None else None


def _faults(answer: Exception | tuple[Fault, ...]) -> tuple[Fault, ...]:
    if isinstance(answer, tuple):
        return answer
    if isinstance(answer, Refused):
        return answer.faults or (Fault(answer.detail),)
    log.error("a line of an import met a bug: %s", type(answer).__name__)  # its message could hold report text
    return (Fault("could not be taken: something here is broken; it has been logged. Send this line again later"),)
