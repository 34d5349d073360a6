"""One try of one transaction, as the use cases see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.actions.adapters.facts import MongoFacts
from services.actions.adapters.signals import MongoSignals
from services.actions.adapters.tasks import MongoTasks
from services.actions.ports import Work
from shared.runtime.fenced import Tx

T = TypeVar("T")


class MongoWork:
    """The port `Work`.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self.now = tx.now
        self.facts = MongoFacts(tx)
        self.tasks = MongoTasks(tx)
        self.signals = MongoSignals(tx)

    async def flush(self) -> None:
        """Write what was saved of tasks and signals, in bulk."""
        await self.tasks.flush()
        await self.signals.flush()


async def within(tx: Tx, work: Callable[[Work], Awaitable[T]]) -> T:
    """Run work inside a transaction that somebody else commits.

    Args:
        tx: The transaction.
        work: What to do in it.

    Returns:
        What the work returned.
    """
    mongo_work = MongoWork(tx)
    result = await work(mongo_work)
    await mongo_work.flush()
    return result
