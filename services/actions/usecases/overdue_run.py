"""What the calendar does with what waits: passes on what nobody answered, asks about overdue actions, makes digests."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from services.actions.domain import task_acts
from services.actions.domain.oversight import faults, notices, repeats, told
from services.actions.domain.oversight.holders import present_on
from services.actions.ports import Act
from services.actions.ports.oversight import DigestReader, Oversight, OversightWork
from services.actions.usecases.passing_on import CHUNK, SYSTEM, Moved, absent_at
from services.actions.usecases.repeats import council_of
from shared.kernel.clock import LONDON, Clock, london_date
from shared.taxonomy.detection_data import DetectionData
from shared.taxonomy.oversight import OverdueRules
from shared.taxonomy.oversight import Oversight as Rules


class OverdueRun:
    """Moves a provider's waiting things on; again on the same day changes nothing, whatever process does it.

    Args:
        oversight: Runs the changes.
        digests: Counts what waits.
        rules: After how long who is asked, and when digests go out.
        data: The threshold packs.
        clock: The source of now.
    """

    def __init__(
        self,
        oversight: Oversight,
        digests: DigestReader,
        rules: Rules,
        data: DetectionData,
        clock: Clock,
    ) -> None:
        self._oversight = oversight
        self._digests = digests
        self._rules = rules
        self._data = data
        self._clock = clock

    async def move_on(self, provider_id: str) -> Moved:
        """Do what the day asks.

        Args:
            provider_id: The tenant.

        Raises:
            Unavailable: the database is away; what was done until then stays.
        """
        asked = await self._oversight.run(lambda work: self._ask_overdue(work, provider_id))
        passed = await self._oversight.run(lambda work: self._pass_on(work, provider_id))
        return Moved(asked, passed, await self._digest(provider_id))

    async def _ask_overdue(self, work: OversightWork, provider_id: str) -> int:
        """Ask about signals that stay open while the action about them is overdue."""
        today, count = london_date(work.now), 0
        overdue = await work.tasks.overdue_of_signals(provider_id, today)
        late = {task.action_id for task in overdue}
        for repeat in await work.repeats.about_overdue(provider_id):
            if repeat.action_id not in late:
                await work.repeats.save(repeats.closed(repeat, work.now), Act("RepeatAnswered", SYSTEM, "", work.now))
        signals = await work.signals.load(provider_id, {task.signal_id for task in overdue if task.signal_id})
        keys = {signal_id: repeats.repeat_id(signal, "overdue") for signal_id, signal in signals.items()}
        known = await work.repeats.load(provider_id, list(keys.values()))
        for task in overdue:
            signal = signals.get(task.signal_id or "")
            if signal is None or keys[signal.signal_id] in known:
                continue
            council = await council_of(work, signal, today)
            pack = self._data.pack_on(today, council)
            asked = repeats.asked_overdue(signal, task, pack, self._data.version, council, work.now)
            if asked is not None:
                await work.repeats.save(asked, Act("RepeatAsked", SYSTEM, "", work.now))
                count += 1
        return count

    async def _pass_on(self, work: OversightWork, provider_id: str) -> int:
        rules, today, count = self._overdue_rules(work.now), london_date(work.now), 0
        before = work.now - timedelta(days=rules.repeat_days)
        for repeat in await work.repeats.unanswered(provider_id, before, rules.to_role, CHUNK):
            after = repeats.passed_on(repeat, rules.to_role, work.now)
            await work.repeats.save(after, Act("RepeatAsked", SYSTEM, "", work.now))
            count += 1
        count += await self._pass_on_tasks(work, provider_id)
        for fault in await work.faults.late(provider_id, today - timedelta(days=rules.fault_days), CHUNK):
            if faults.is_late(fault, today, rules.fault_days):
                late = faults.escalated(fault, rules.to_role)
                await work.faults.save(late, Act("AssetStatusChanged", SYSTEM, "", work.now))
                count += 1
        for state in await work.told.late(provider_id, work.now - timedelta(days=rules.told_days), CHUNK):
            await work.told.save(told.escalated(state, rules.to_role), Act("PersonTold", SYSTEM, "", work.now))
            count += 1
        return count

    async def _pass_on_tasks(self, work: OversightWork, provider_id: str) -> int:
        steps, today, count = self._overdue_rules(work.now).action_steps, london_date(work.now), 0
        late = await work.tasks.late(provider_id, today - timedelta(days=steps[0].days), steps[-1].role)
        absent = await absent_at(work.holders, provider_id, {task.site_id for task in late}, steps, today)
        for task in late:
            asked = task_acts.escalated(task, steps, today, work.now, absent[task.site_id])
            if asked is not task and count < CHUNK:
                words = f"Overdue: passed on to the {(asked.escalated_to or '').replace('_', ' ')}"
                await work.tasks.save(asked, Act("ActionChanged", SYSTEM, "", work.now, words))
                count += 1
        return count

    async def _digest(self, provider_id: str) -> int:
        """Make the digests of the day once its hour has come; who has nothing waiting gets none."""
        now = self._clock.now()
        today = london_date(now)
        rules = self._rules.on(today).digest
        if now.astimezone(LONDON).hour < rules.hour or await self._digests.made(provider_id, today):
            return 0
        due_at = datetime.combine(today, time(rules.hour), LONDON).astimezone(UTC)
        overdue = self._rules.on(today).overdue
        by_site = await self._digests.sites(provider_id, today)
        group = await self._digests.group(provider_id, today, rules, overdue)
        lead = await self._digests.safeguarding(provider_id)
        made = [
            notices.digest_notice(provider_id, site_id, rules.site_role, today, waiting.total, due_at)
            for site_id, waiting in sorted(by_site.items())
            if waiting.total
        ]
        with_deputy = await self._digests.passed_on(provider_id, rules.deputy_role)
        made += [
            notices.digest_notice(provider_id, site_id, rules.deputy_role, today, with_deputy[site_id].total, due_at)
            for site_id in await self._reachable(provider_id, set(with_deputy), rules.deputy_role, today)
        ]
        made += [
            notices.digest_notice(provider_id, None, role, today, waiting.total, due_at)
            for role, waiting in ((rules.group_role, group), ("safeguarding_lead", lead))
            if waiting.total
        ]
        return await self._oversight.run(lambda work: _keep(work, provider_id, today, made))

    async def _reachable(self, provider_id: str, sites: set[str], role: str, today: date) -> list[str]:
        """Return the sites where somebody in a role is not away: nobody else is told of what is theirs alone."""
        if not sites:
            return []
        held = await self._oversight.run(lambda work: work.holders.of_sites(provider_id, sites, [role]))
        known = ((site_id, roles[role]) for site_id, roles in sorted(held.items()))
        return [site_id for site_id, one in known if one.work_address and present_on(one, today)]

    def _overdue_rules(self, now: datetime) -> OverdueRules:
        return self._rules.on(london_date(now)).overdue


async def _keep(work: OversightWork, provider_id: str, day: date, made: list[notices.Notice]) -> int:
    if not await work.notices.first_of_day(provider_id, day):
        return 0
    for notice in made:
        await work.notices.save(notice, Act("", SYSTEM, "", work.now))
    return len(made)
