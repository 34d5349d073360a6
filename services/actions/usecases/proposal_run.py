"""Has proposals that nobody decides on passed on or lapse, once a day, when the day before has been reviewed."""

from __future__ import annotations

from datetime import date, timedelta

from services.actions.domain.oversight.proposals import moved_on, questions_about
from services.actions.domain.progress import DAY
from services.actions.domain.tasks import LAPSED
from services.actions.ports import Act, Store
from services.actions.usecases.passing_on import CHUNK, SYSTEM, Moved
from services.actions.usecases.remedy_ports import RemedyWork, Transactions
from shared.kernel.clock import london_date, start_of_day
from shared.taxonomy.oversight import Oversight


class ProposalRun:
    """Looks at a provider's proposals; again on the same day changes nothing, whatever process does it.

    Args:
        transactions: Runs the changes.
        store: Says how far days are reviewed.
        rules: After how long what happens.
    """

    def __init__(self, transactions: Transactions, store: Store, rules: Oversight) -> None:
        self._transactions = transactions
        self._store = store
        self._rules = rules
        self._looked_on: dict[str, date] = {}

    async def move_on(self, provider_id: str) -> Moved:
        """Do what the day asks; nothing before yesterday was reviewed: which questions are open is known since then.

        Args:
            provider_id: The tenant.

        Raises:
            Unavailable: the database is away; what was done until then stays.
        """
        known_to = (await self._store.progress(provider_id)).last_day
        if known_to is None or self._looked_on.get(provider_id) == known_to:
            return Moved()
        today, moved = await self._transactions.run(lambda work: self._look(work, provider_id, known_to))
        if moved < CHUNK and known_to + DAY >= today:
            self._looked_on[provider_id] = known_to
        return Moved(passed_on=moved)

    async def _look(self, work: RemedyWork, provider_id: str, known_to: date) -> tuple[date, int]:
        today, count = london_date(work.now), 0
        if known_to + DAY < today:
            return today, 0
        rules = self._rules.on(today).overdue
        first_days = min(rules.proposal_lapse_days, *(step.days for step in rules.proposal_steps))
        before = start_of_day(today - timedelta(days=first_days - 1))
        undecided = await work.tasks.undecided(provider_id, before)
        if not undecided:
            return today, 0
        since = today - timedelta(days=rules.proposal_lapse_days)
        questions = await work.proposals.questions(provider_id, {task.site_id for task in undecided}, since)
        news_at = await work.proposals.news_at([task.action_id for task in undecided])
        for task in undecided:
            last = max(task.proposed_at, news_at.get(task.action_id, task.proposed_at))
            after = moved_on(task, questions_about(task, questions), last, rules, today, work.now)
            if after is task:
                continue
            if after.status == LAPSED:
                words = f"Lapsed: nobody took it on for {rules.proposal_lapse_days} days"
                await work.tasks.save(after, Act("ActionDeclined", SYSTEM, "", work.now, words))
            else:
                words = f"Not decided: passed on to the {(after.escalated_to or '').replace('_', ' ')}"
                await work.tasks.save(after, Act("ActionChanged", SYSTEM, "", work.now, words))
            count += 1
            if count == CHUNK:
                break
        return today, count
