"""Asks the next role about routines that nobody carried out and duties that nobody answered; each role once."""

from __future__ import annotations

from datetime import timedelta

from services.actions.domain.oversight.ladder import (
    duty_passed_on,
    neglected,
    occurrence_at_rest,
    occurrence_passed_on,
)
from services.actions.ports import Act
from services.actions.usecases.duties import ADVISED
from services.actions.usecases.passing_on import CHUNK, SYSTEM, Moved, absent_at
from services.actions.usecases.remedy_ports import RemedyWork, Transactions
from shared.kernel.clock import london_date
from shared.taxonomy.duties import UNANSWERED_TO, DutyPacks
from shared.taxonomy.oversight import OverdueRules, Oversight

MISSED = "OccurrenceMissed"


class LadderRun:
    """Moves a provider's missed routines and unanswered duties on; again at the same moment changes nothing.

    What changes is read and written in one transaction, so that another process, or the same one after a restart, finds
    it done.

    Args:
        transactions: Runs the changes.
        rules: After which times who is asked.
        packs: Whom each pack of duties names last.
    """

    def __init__(self, transactions: Transactions, rules: Oversight, packs: DutyPacks) -> None:
        self._transactions = transactions
        self._rules = rules
        self._packs = packs

    async def move_on(self, provider_id: str) -> Moved:
        """Do what the moment asks.

        Args:
            provider_id: The tenant.

        Raises:
            Unavailable: the database is away; what was done until then stays.
        """
        routines = await self._transactions.run(lambda work: self._routines(work, provider_id))
        duties = await self._transactions.run(lambda work: self._duties(work, provider_id))
        return Moved(passed_on=routines + duties)

    async def _routines(self, work: RemedyWork, provider_id: str) -> int:
        rules, today = self._overdue(work), london_date(work.now)
        steps = rules.occurrence_steps
        first = today - timedelta(days=rules.occurrence_within_days)
        late = await work.missed.late(provider_id, first, today - timedelta(days=steps[0].days), steps[-1].role)
        asked = await work.missed.asked_about(provider_id)
        routines = {miss.routine_id for miss in (*late, *asked)}
        if not routines:
            return 0
        done_on = await work.missed.done_on(routines)
        stand = {miss.occurrence_id for miss in neglected(await work.missed.of_routines(routines), done_on).values()}
        over = {miss.occurrence_id for miss in asked if not neglected([miss], done_on)}
        count = 0
        for occurrence in await work.routines.occurrences(provider_id, sorted(over)[:CHUNK]):
            words = "Carried out since: nobody is asked any more"
            act = Act(MISSED, SYSTEM, "", work.now, words)
            await work.routines.save_occurrence(occurrence_at_rest(occurrence), act)
            count += 1
        waiting = [miss.occurrence_id for miss in sorted(late, key=lambda miss: miss.due_on)]
        return count + await self._ask(work, provider_id, [key for key in waiting if key in stand], CHUNK - count)

    async def _ask(self, work: RemedyWork, provider_id: str, keys: list[str], limit: int) -> int:
        """Ask about missed occurrences until so many were passed on: most of them wait for their next day."""
        steps, today, count = self._overdue(work).occurrence_steps, london_date(work.now), 0
        for start in range(0, len(keys), CHUNK):
            found = await work.routines.occurrences(provider_id, keys[start : start + CHUNK])
            absent = await absent_at(work.holders, provider_id, {one.site_id for one in found}, steps, today)
            for occurrence in found:
                after = occurrence_passed_on(occurrence, steps, today, work.now, absent[occurrence.site_id])
                if after is occurrence:
                    continue
                if count == limit:
                    return count
                words = f"Not carried out: passed on to the {_words(after.escalated_to)}"
                await work.routines.save_occurrence(after, Act(MISSED, SYSTEM, "", work.now, words))
                count += 1
        return count

    async def _duties(self, work: RemedyWork, provider_id: str) -> int:
        rules, today, count = self._overdue(work), london_date(work.now), 0
        steps = rules.duty_steps
        first = work.now - timedelta(days=rules.duty_within_days)
        last = work.now - timedelta(hours=steps[0].at_least_h)
        unanswered = await work.duties.unanswered(provider_id, first, last, UNANSWERED_TO)
        absent = await absent_at(work.holders, provider_id, {duty.site_id for duty in unanswered}, steps, today)
        for duty in unanswered:
            rule = self._packs.on(duty.rule, duty.first_known_on)
            last_role = rule.unanswered_to if rule else rules.to_role
            after = duty_passed_on(duty, steps, last_role, work.now, absent[duty.site_id])
            if after is duty:
                continue
            words = f"Not answered: passed on to the {_words(after.escalated_to)}"
            await work.duties.save(after, Act(ADVISED, SYSTEM, "", work.now, words))
            count += 1
            if count == CHUNK:
                break
        return count

    def _overdue(self, work: RemedyWork) -> OverdueRules:
        return self._rules.on(london_date(work.now)).overdue


def _words(role: str | None) -> str:
    return (role or "").replace("_", " ")
