"""Keep the duties of reports as the log tells of them: what may hold is asked, and nothing is taken back by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.actions.domain import duties
from services.actions.domain.duties import Prompt, ReportFacts
from services.actions.domain.facts import BACKFILL, NOTHING_ASKED, Asked, Fact, ReportPart
from services.actions.ports import Act, CouncilsByDay, FactKey, SiteKey, Work
from shared.kernel.clock import london_date
from shared.taxonomy import precedence
from shared.taxonomy.duties import DutyPacks
from shared.taxonomy.duty_prompts import DutyPrompts

ADVISED = "EscalationAdvised"
SYSTEM = "system"
FIRST_REVISION = 1
GIVEN = "given:"
"""Marks an escalation code among all that ever came up for a report; no rule's id begins so."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One decision on a report's labels, with the prompts that a model gave beside it."""

    said: precedence.Fact
    prompts: tuple[tuple[str, str], ...] = ()


class Rulebook:
    """The packs of duties and what sets them off.

    Args:
        packs: The rules.
        prompts: Their compiled triggers.
    """

    def __init__(self, packs: DutyPacks, prompts: DutyPrompts) -> None:
        self.packs = packs
        self._prompts = prompts
        self._ids = packs.ids

    def asked(self, spoken: Spoken) -> Asked:
        """Return what one decision asks.

        A model that gives prompts has read the words, and its labels are in them; where it gives none of ours, or a
        person decided, the labels speak for themselves.

        Args:
            spoken: The decision.
        """
        said, fields = spoken.said, spoken.said.fields
        rank = (said.report_revision, said.decision_no, said.model_version or "")
        ours = {rule: (*rank, why) for rule, why in spoken.prompts if rule in self._ids}
        given = {GIVEN + code: (*rank, "") for code in _words(fields, "escalate")}
        if said.source == "model" and ours:
            return Asked(prompts=ours | given, domains=_words(fields, "domains"))
        return Asked(
            prompts=ours | given,
            escalate=_words(fields, "escalate"),
            domains=_words(fields, "domains"),
            severities=_words(fields, "potential_severity"),
            disruptions=_words(fields, "disruption_kind"),
        )

    def prompts_of(self, asked: Asked, part: ReportPart) -> list[Prompt]:
        """Return every rule that came up for a report, by words, labels or the form.

        Args:
            asked: What ever spoke for a duty.
            part: What intake says of the report.
        """
        if asked == NOTHING_ASKED and part.disruption_kind is None:
            return []
        found = {
            rule: Prompt(rule, why, revision)
            for rule, (revision, _, _, why) in asked.prompts.items()
            if not rule.startswith(GIVEN)
        }
        form = {part.disruption_kind} if part.disruption_kind else set[str]()
        labels = {
            "escalate": sorted(asked.escalate),
            "domains": sorted(asked.domains),
            "potential_severity": sorted(asked.severities),
            "disruption_kind": sorted(asked.disruptions | form),
        }
        for rule, why in self._prompts.prompts_for((), labels, part.setting, part.disruption_hours):
            found.setdefault(rule, Prompt(rule, why, FIRST_REVISION))
        return list(found.values())


async def advise(
    changed: Sequence[Fact], new: Collection[FactKey], sites: Collection[SiteKey], work: Work, rulebook: Rulebook
) -> None:
    """Ask what the changed reports call for, and bring known duties up to date.

    Order and repeats do not matter, backfill asks nothing, and replayed history is dated as it was told.

    Args:
        changed: Facts of reports that changed.
        new: Those of which nothing was known before, so that there is nothing to look up.
        sites: Sites whose registration was told anew.
        work: The transaction.
        rulebook: The rules.
    """
    keys = {_key(fact): fact for fact in changed if fact.report is not None and fact.report.origin != BACKFILL}
    here = {key[:2] for key in keys} | set(sites)
    if not here:
        return
    prompts = {key: rulebook.prompts_of(fact.asked, fact.report) for key, fact in keys.items() if fact.report}
    heard_of = [key for key in keys if key not in new]
    known = await work.duties.of_reports(heard_of) if heard_of else {}
    if not known and not any(prompts.values()) and not sites:
        return
    await work.duties.guard(here)
    councils = await work.facts.councils(here)
    standing: dict[FactKey, list[duties.Duty]] = {}
    for duty in known.values():
        standing.setdefault((duty.provider_id, duty.site_id, duty.report_id), []).append(duty)
    for key in sorted(key for key in keys if prompts[key] or key in standing):
        known_here, dated = standing.get(key, ()), councils.get(key[:2], ())
        await _advise(keys[key], prompts[key], known_here, dated, work, rulebook.packs)
    for duty in await work.duties.going_to_councils(councils):
        if duty.duty_id not in known and (duty.provider_id, duty.site_id, duty.report_id) not in keys:
            there = councils_on(councils.get((duty.provider_id, duty.site_id), ()), duty.first_known_on)
            fresh = duties.with_councils(duty, there, rulebook.packs)
            if fresh is not duty:
                await work.duties.save(fresh, Act(ADVISED, SYSTEM, "", work.now))


async def current(duty: duties.Duty, work: Work, packs: DutyPacks) -> duties.Duty:
    """Bring a duty up to what is known of its report and its site's councils, before a person acts; the version stays.

    Args:
        duty: As it is stored; one that was done, or waits for its site's new councils, may be behind.
        work: The transaction.
        packs: The rules.
    """
    fact = await work.facts.report(duty.provider_id, duty.report_id)
    if fact is None or fact.report is None or fact.site_id != duty.site_id:
        return duty
    site = (duty.provider_id, duty.site_id)
    councils = await work.facts.councils([site])
    return duties.with_facts(duty, _facts(fact, fact.report, councils.get(site, ())), packs)


def codes_given(fact: Fact) -> frozenset[str]:
    """Return the escalation codes that anybody, or any model, ever gave a report."""
    given = {name.removeprefix(GIVEN) for name in fact.asked.prompts if name.startswith(GIVEN)}
    return fact.asked.escalate | given | frozenset(fact.escalate)


async def _advise(
    fact: Fact,
    prompts: Sequence[Prompt],
    known: Sequence[duties.Duty],
    councils: CouncilsByDay,
    work: Work,
    packs: DutyPacks,
) -> None:
    assert fact.report is not None, "only reports that intake told of are advised on"
    part = fact.report
    at = part.reported_at if part.replay else work.now
    facts = _facts(fact, part, councils)
    derived = {duty.duty_id: duty for duty in duties.duties_of(prompts, facts, packs, at)}
    asked = {duty.duty_id for duty in known}
    for duty_id, duty in derived.items():
        if duty_id not in asked:
            await work.duties.save(duty, Act(ADVISED, SYSTEM, "", at, replay=part.replay))
    for duty in known:
        fresh = duties.refreshed(duty, derived.get(duty.duty_id, duty), facts, packs)
        if fresh is not duty:
            await work.duties.save(fresh, Act(ADVISED, SYSTEM, "", at, replay=part.replay))


def _facts(fact: Fact, part: ReportPart, councils: CouncilsByDay) -> ReportFacts:
    return ReportFacts(
        provider_id=fact.provider_id,
        site_id=fact.site_id,
        report_id=fact.report_id,
        occurred_at=duties.earliest_occurred(part),
        first_known_at=part.reported_at,
        setting=part.setting,
        visibility=part.visibility,
        withdrawn=part.withdrawn,
        councils=councils_on(councils, london_date(part.reported_at)),
    )


def councils_on(councils: CouncilsByDay, day: date) -> tuple[str, ...]:
    """Return a site's councils on a day; the earliest known ones for days before all."""
    in_force = [names for since, names in councils if since <= day]
    return in_force[-1] if in_force else councils[0][1] if councils else ()


def _key(fact: Fact) -> FactKey:
    return (fact.provider_id, fact.site_id, fact.report_id)


def _words(fields: Mapping[str, Any], name: str) -> frozenset[str]:
    value = fields.get(name)
    return frozenset([value] if isinstance(value, str) else value or ())
