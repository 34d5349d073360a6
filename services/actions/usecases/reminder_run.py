"""Reminds the next role of reports that nobody has reviewed for too long: a number and a link, once a day at most."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.actions.domain.oversight.unreviewed import Reminder, reminders
from services.actions.domain.progress import Targets
from services.actions.ports import Act, Inputs
from services.actions.ports.oversight import Oversight, OversightWork
from services.actions.usecases.passing_on import SYSTEM, Moved
from shared.kernel.clock import LONDON, Clock, london_date
from shared.taxonomy.oversight import Oversight as Rules


class ReminderRun:
    """Looks for reports that wait; again on the same day it tells nobody twice, whatever process does it.

    Args:
        oversight: Runs the changes.
        inputs: The log that the service reads: what was reviewed there, but is not read yet, is no cause to remind.
        rules: After how many hours whom, and from which hour of the day on.
        clock: The source of now.
        latest_h: After so many hours somebody is reminded all the same, whether the inputs were read or not.
    """

    def __init__(self, oversight: Oversight, inputs: Inputs, rules: Rules, clock: Clock, latest_h: float) -> None:
        self._oversight = oversight
        self._inputs = inputs
        self._rules = rules
        self._clock = clock
        self._latest = timedelta(hours=latest_h)
        self._ends: dict[str, tuple[datetime, Targets]] = {}

    async def move_on(self, provider_id: str) -> Moved:
        """Remind whom the moment asks for; nobody before the digest's hour.

        Args:
            provider_id: The tenant.

        Returns:
            How many messages were made, as digests.

        Raises:
            Unavailable: an engine is away; the next round looks again.
        """
        now = self._clock.now()
        if now.astimezone(LONDON).hour < self._rules.on(london_date(now)).digest.hour:
            return Moved()
        if not await self._oversight.run(lambda work: self._due(work, provider_id)):
            self._ends.pop(provider_id, None)
            return Moved()
        if not await self._read(provider_id, now):
            return Moved()
        made = await self._oversight.run(lambda work: self._remind(work, provider_id))
        self._ends.pop(provider_id, None)
        return Moved(digests=made)

    async def _read(self, provider_id: str, now: datetime) -> bool:
        """Tell whether all that was in the log when a reminder first fell due has been read."""
        if provider_id not in self._ends:
            self._ends[provider_id] = (now, await self._inputs.end_offsets())
        since, ends = self._ends[provider_id]
        return await self._inputs.reached(ends) or now - since >= self._latest

    async def _due(self, work: OversightWork, provider_id: str) -> list[Reminder]:
        day = london_date(work.now)
        rules = self._rules.on(day)
        steps = rules.unreviewed.steps
        late = await work.unreviewed.late(
            provider_id,
            told_until=work.now - timedelta(hours=steps[0].hours),
            received_from=work.now - timedelta(days=rules.alert.received_within_days),
            last_step=len(steps),
        )
        found = reminders(provider_id, late, rules.unreviewed, day, work.now)
        known = await work.notices.load(provider_id, [one.notice.notification_id for one in found])
        return [one for one in found if one.notice.notification_id not in known]

    async def _remind(self, work: OversightWork, provider_id: str) -> int:
        due = await self._due(work, provider_id)
        for reminder in due:
            await work.unreviewed.mark(provider_id, reminder.marks)
            # Nobody is told of a message before it was sent.
            await work.notices.save(reminder.notice, Act("", SYSTEM, "", work.now))
        return len(due)
