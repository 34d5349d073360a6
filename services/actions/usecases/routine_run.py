"""What the calendar does with routines: make occurrences ahead, let them fall due, count them as missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.actions.domain.occurrences import MISSED, Occurrence, moved_on
from services.actions.domain.recurrence import horizon
from services.actions.ports import Act, Store
from services.actions.usecases.fold import SYSTEM
from services.actions.usecases.remedy_ports import RemedyWork, RoutineBook, Transactions
from services.actions.usecases.routine_desk import make_ahead
from shared.kernel.clock import london_date, start_of_day

CHUNK = 100
"""So many routines or occurrences go into one transaction, which keeps it well below a second."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a run did."""

    planned: int = 0
    due: int = 0
    missed: int = 0


class RoutineRun:
    """Moves a provider's routines on; again on the same day changes nothing.

    Args:
        transactions: Runs the changes.
        store: Says on which day a provider's calendar stands.
        book: Says whose turn it is.
        ahead_weeks: For so many weeks occurrences are made ahead.
    """

    def __init__(self, transactions: Transactions, store: Store, book: RoutineBook, ahead_weeks: int) -> None:
        self._transactions = transactions
        self._store = store
        self._book = book
        self._ahead_weeks = ahead_weeks

    async def move_on(self, provider_id: str) -> Moved:
        """Do what the day asks of a provider's routines; after a standstill, what the days between asked.

        While history is replayed the day is the one that the replay has come to.

        Args:
            provider_id: The tenant.

        Returns:
            What was done; all zero where another process has the turn.
        """
        planned = due = missed = 0
        stands_on = (await self._store.progress(provider_id)).stands_on
        while await self._book.claim(provider_id):
            routines = await self._transactions.run(lambda work: self._plan(provider_id, stands_on, work))
            moved = await self._transactions.run(lambda work: _move(provider_id, stands_on, work))
            planned += routines
            due += sum(occurrence.version == 1 for occurrence in moved)
            missed += sum(occurrence.status == MISSED for occurrence in moved)
            if not routines and not moved:
                break
        return Moved(planned, due, missed)

    async def _plan(self, provider_id: str, stands_on: date | None, work: RemedyWork) -> int:
        today = stands_on or london_date(work.now)
        behind = await work.routines.to_plan(provider_id, horizon(today, self._ahead_weeks), CHUNK)
        for routine in behind:
            await make_ahead(routine, today, self._ahead_weeks, work)
        return len(behind)


async def _move(provider_id: str, stands_on: date | None, work: RemedyWork) -> list[Occurrence]:
    today = stands_on or london_date(work.now)
    moved = []
    for occurrence in await work.routines.to_move(provider_id, today, CHUNK):
        state = occurrence
        while (after := moved_on(state, today)) is not state:
            state = after
            event, day = (
                ("OccurrenceMissed", state.missed_on) if state.status == MISSED else ("OccurrenceDue", state.due_on)
            )
            act = Act(event, SYSTEM, "", start_of_day(day), replay=stands_on is not None)
            await work.routines.save_occurrence(state, act)
            moved.append(state)
    return moved
