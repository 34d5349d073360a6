"""What people do with duties and with a report's escalation, and what they may read of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

from services.actions.domain import duty_acts, duty_words, escalations
from services.actions.domain.duties import DONE, Duty
from services.actions.domain.escalations import Deciding, Decision, Escalated, needs_reason
from services.actions.domain.facts import HELD, Fact
from services.actions.domain.oversight import notices
from services.actions.ports import Act, HistoryLine, Register
from services.actions.ports.oversight import Oversight, OversightWork
from services.actions.usecases.desk import Desk, Who, redacted_words
from services.actions.usecases.duties import codes_given, current
from services.actions.usecases.oversight import rest_alerts
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.principal import Role
from shared.taxonomy.duties import DutyPacks

ANSWERED, DECIDED = "DutyAnswered", "EscalationDecided"
SECOND_READERS = (Role.SAFEGUARDING, Role.GOVERNANCE)
Change = Callable[[Duty, datetime], Duty]
Decide = Callable[[Escalated, Decision | None, Deciding], Decision]


class EscalationDesk:
    """The acts and the reading.

    Args:
        oversight: Runs the changes.
        register: The duties and decisions in it.
        desk: Knows what a reader may ask for.
        packs: The rules.
    """

    def __init__(self, oversight: Oversight, register: Register, desk: Desk, packs: DutyPacks) -> None:
        self._oversight = oversight
        self._register = register
        self._desk = desk
        self._packs = packs
        self._councils = {rule.council.casefold(): rule.council for rule in packs.councils}

    async def answer(
        self, who: Who, duty_id: str, version: int, said: str, reason: str | None, since: date | None
    ) -> Duty:
        """Answer a duty's question; see `domain.duty_acts.answer`.

        Raises:
            NotFound: there is no such duty in reach.
            Invalid: the reason is missing or too long, or the day lies in the future.
        """
        words = redacted_words(reason, "reason")

        def change(duty: Duty, now: datetime) -> Duty:
            return duty_acts.answer(duty, version, said, words, since, who.role, now)

        return await self._act(who, duty_id, change, words, reopens=True)

    async def follow_up(
        self, who: Who, duty_id: str, version: int, follow_up_id: str, said: str, since: date | None
    ) -> Duty:
        """Answer a follow-up question; see `domain.duty_acts.follow_up`.

        Raises:
            NotFound: there is no such duty or question in reach.
        """

        def change(duty: Duty, now: datetime) -> Duty:
            return duty_acts.follow_up(duty, version, follow_up_id, said, since, who.role, now)

        return await self._act(who, duty_id, change)

    async def council(self, who: Who, duty_id: str, version: int, council: str) -> Duty:
        """Say in which council's area the adult is; see `domain.duty_acts.choose_council`.

        Raises:
            NotFound: there is no such duty in reach.
            Invalid: the council is none of the site's.
        """
        known = self._councils.get(council.strip().casefold())
        typed = known or redacted_words(council, "council")
        if not typed:
            raise Invalid("name the council", (Fault("must not be blank", "council"),))

        def change(duty: Duty, _: datetime) -> Duty:
            named = council if council in duty.councils else typed  # a registered name is no personal data
            return duty_acts.choose_council(duty, version, named, self._packs)

        return await self._act(who, duty_id, change)

    async def done(self, who: Who, duty_id: str, version: int, reference: str) -> Duty:
        """Note that the recipient was told; see `domain.duty_acts.tell`.

        Raises:
            NotFound: there is no such duty in reach.
            Invalid: the reference is blank or too long.
        """
        words = redacted_words(reference, "reference")
        if not words:
            raise Invalid("say where the receipt is", (Fault("must not be blank", "reference"),))
        return await self._act(who, duty_id, lambda duty, now: duty_acts.tell(duty, version, words, now), words)

    async def read(self, who: Who, duty_id: str) -> tuple[Duty, list[HistoryLine]]:
        """Return a duty with what became of it.

        Raises:
            NotFound: there is no such duty in reach.
        """
        found = await self._register.duty(who.provider_id, duty_id)
        if found is None or not who.reaches(found[0].site_id, found[0].visibility):
            raise _unknown(duty_id)
        return _shown(who, found[0]), _lines(who, found[1])

    async def duty_list(
        self, who: Who, site_id: str | None, statuses: Sequence[str], limit: int, after: tuple[datetime, str] | None
    ) -> list[Duty]:
        """Return the duties in reach, the one with the least time left first.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        wanted = await self._desk.wanted(who, site_id, statuses, limit, after)
        return [_shown(who, duty) for duty in await self._register.duty_list(wanted)]

    async def escalation(self, who: Who, report_id: str) -> tuple[Escalated, Decision | None, list[HistoryLine]]:
        """Return a report's escalation and what was decided of it.

        Raises:
            NotFound: there is no such report in reach.
        """
        found = await self._register.escalation(who.provider_id, report_id)
        report = _escalated(who, found[0] if found else None, report_id)
        assert found is not None, "a report in reach was found"
        return report, _decided(who, found[1]) if found[1] else None, _lines(who, found[2])

    async def remove(
        self, who: Who, report_id: str, version: int, reason: str, read_revision: int | None = None
    ) -> tuple[Escalated, Decision]:
        """Remove a report's escalation or propose it; see `domain.escalations.remove`."""

        def decide(report: Escalated, known: Decision | None, by: Deciding) -> Decision:
            return escalations.remove(report, known, version, by)

        return await self._decide(who, report_id, reason, read_revision, decide)

    async def uphold(
        self, who: Who, report_id: str, version: int, reason: str, read_revision: int | None = None
    ) -> tuple[Escalated, Decision]:
        """Let a report's escalation stand; see `domain.escalations.uphold`."""

        def decide(report: Escalated, known: Decision | None, by: Deciding) -> Decision:
            return escalations.uphold(report, known, version, by)

        return await self._decide(who, report_id, reason, read_revision, decide)

    async def second_reading(
        self, who: Who, report_id: str, version: int, agrees: bool, reason: str, read_revision: int | None = None
    ) -> tuple[Escalated, Decision]:
        """Read as the second one; see `domain.escalations.second_reading`."""

        def decide(report: Escalated, known: Decision | None, by: Deciding) -> Decision:
            outside = _outside_role(who, report.site_id)
            reader = replace(by, role=outside or by.role, outside=outside is not None)
            return escalations.second_reading(report, known, version, agrees, reader)

        return await self._decide(who, report_id, reason, read_revision, decide)

    async def _decide(
        self, who: Who, report_id: str, reason: str, read_revision: int | None, decide: Decide
    ) -> tuple[Escalated, Decision]:
        words = needs_reason(redacted_words(reason, "reason"))

        async def work(work: OversightWork) -> tuple[Escalated, Decision]:
            report = _escalated(who, await work.facts.report(who.provider_id, report_id), report_id)
            known = await work.duties.decision(who.provider_id, report_id)
            by = Deciding(who.principal.subject, who.role, False, words, work.now, read_revision)
            decision = decide(report, known, by)
            role = decision.second_role or decision.by_role
            await work.duties.save_decision(decision, Act(DECIDED, role, who.principal.subject, work.now, words))
            # Whoever decides, or proposes, has read it: the next role need not be woken.
            known_alerts = (await work.notices.of_subjects(who.provider_id, [report_id])).get(report_id, ())
            await rest_alerts(work, known_alerts, notices.ESCALATION, None, role, who.principal.subject)
            return report, _decided(who, decision)

        return await self._oversight.run(work)

    async def _act(
        self, who: Who, duty_id: str, change: Change, words: str | None = None, reopens: bool = False
    ) -> Duty:
        async def work(work: OversightWork) -> Duty:
            duty = await work.duties.load(who.provider_id, duty_id)
            if duty is None or not who.reaches(duty.site_id, duty.visibility):
                raise _unknown(duty_id)
            if duty.status != DONE or reopens:
                duty = await current(duty, work, self._packs)
            changed = change(duty, work.now)
            await work.duties.save(changed, Act(ANSWERED, who.role, who.principal.subject, work.now, words))
            return _shown(who, changed)

        return await self._oversight.run(work)


def _escalated(who: Who, fact: Fact | None, report_id: str) -> Escalated:
    if fact is None or fact.report is None or not who.reaches(fact.site_id, fact.report.visibility):
        raise NotFound(f"report {report_id} is not known here")
    code = fact.escalate[0] if fact.escalate else None
    part = fact.report
    return Escalated(
        fact.provider_id, fact.site_id, fact.report_id, code, part.visibility, part.revision, codes_given(fact)
    )


def _outside_role(who: Who, site_id: str) -> str | None:
    """Return the role in which somebody reads safeguarding matters for more than a site that they do not manage."""
    reader = who.principal
    if reader.sites == frozenset({site_id}) or (Role.MANAGER in reader.roles and reader.may_see_site(site_id)):
        return None
    return next((role.value for role in SECOND_READERS if role in reader.roles), None)


def _decided(who: Who, decision: Decision) -> Decision:
    if not who.reads_words:
        return escalations.without_words(decision)
    return decision if who.principal.sees_held else escalations.without_held_words(decision)


def _shown(who: Who, duty: Duty) -> Duty:
    if not who.reads_words:
        return duty_words.without_words(duty)
    return duty if who.principal.sees_held else duty_words.without_held_words(duty)


def _lines(who: Who, lines: Sequence[HistoryLine]) -> list[HistoryLine]:
    seen = [line for line in lines if who.principal.sees_held or line.visibility != HELD]
    return [line if who.reads_words else replace(line, words=None) for line in seen]


def _unknown(duty_id: str) -> NotFound:
    return NotFound(f"duty {duty_id} is not known here")
