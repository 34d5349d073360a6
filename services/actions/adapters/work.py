"""One try of one transaction, as the use cases see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from services.actions.adapters.asset_register import MongoAssets
from services.actions.adapters.directory import MongoHolders
from services.actions.adapters.duties import MongoDuties
from services.actions.adapters.facts import MongoFacts
from services.actions.adapters.learning import MongoLearnings, MongoMeetings
from services.actions.adapters.links import MongoLinks
from services.actions.adapters.management_log import MongoLog
from services.actions.adapters.missed import MongoMissed
from services.actions.adapters.oversight import (
    CARDS,
    REBASES,
    MongoFaults,
    MongoNotices,
    MongoProgrammes,
    MongoRepeats,
    MongoTold,
)
from services.actions.adapters.proposals import MongoProposals
from services.actions.adapters.routines import MongoRoutines
from services.actions.adapters.signals import MongoSignals
from services.actions.adapters.states import MongoStates
from services.actions.adapters.tasks import MongoTasks
from services.actions.adapters.unreviewed import MongoUnreviewed
from services.actions.adapters.watch import MongoWatch
from shared.runtime.fenced import Tx

T = TypeVar("T")


class MongoWork:
    """The ports `Work`, `RemedyWork`, `OversightWork` and `LearningWork`.

    Args:
        tx: The transaction.
        at: From when what is done counts; None for the transaction's own moment.
    """

    def __init__(self, tx: Tx, at: datetime | None = None) -> None:
        self.now = at or tx.now
        self.facts = MongoFacts(tx)
        self.tasks = MongoTasks(tx)
        self.signals = MongoSignals(tx)
        self.duties = MongoDuties(tx)
        self.log = MongoLog(tx)
        self.watch = MongoWatch(tx)
        self.links = MongoLinks(tx)
        self.routines = MongoRoutines(tx)
        self.missed = MongoMissed(tx)
        self.proposals = MongoProposals(tx)
        self.cards = MongoStates(tx, CARDS)
        self.told = MongoTold(tx)
        self.notices = MongoNotices(tx)
        self.repeats = MongoRepeats(tx)
        self.faults = MongoFaults(tx)
        self.programmes = MongoProgrammes(tx)
        self.assets = MongoAssets(tx)
        self.rebases = MongoStates(tx, REBASES)
        self.holders = MongoHolders(tx)
        self.unreviewed = MongoUnreviewed(tx)
        self.learning = MongoLearnings(tx, self.now)
        self.meetings = MongoMeetings(tx, self.now)

    async def flush(self) -> None:
        """Write what was saved, in bulk."""
        await self.tasks.flush()
        await self.signals.flush()
        await self.duties.flush()
        await self.log.flush()
        await self.routines.flush()
        await self.cards.flush()
        await self.told.flush()
        await self.notices.flush()
        await self.repeats.flush()
        await self.faults.flush()
        await self.learning.flush()
        await self.meetings.flush()
        await self.programmes.flush()
        await self.rebases.flush()


async def within(tx: Tx, work: Callable[[MongoWork], Awaitable[T]], at: datetime | None = None) -> T:
    """Run work inside a transaction that somebody else commits.

    Args:
        tx: The transaction.
        work: What to do in it.
        at: From when what is done counts; None for the transaction's own moment.

    Returns:
        What the work returned.
    """
    mongo_work = MongoWork(tx, at)
    result = await work(mongo_work)
    await mongo_work.flush()
    return result
