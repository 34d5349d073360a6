"""Duties that may follow from a report, their clocks and what people say of them; a question each, never a finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from services.actions.domain.facts import ReportPart
from shared.kernel.clock import london_date, start_of_day
from shared.kernel.ids import derived_id
from shared.taxonomy.duties import ClockRule, DutyPacks, DutyRule

ASKED, HOLDS, DOES_NOT_HOLD, NOT_KNOWN = "asked", "holds", "does_not_hold", "not_known"
DONE, CLOSED = "done", "closed"
STATUSES = (ASKED, HOLDS, DOES_NOT_HOLD, NOT_KNOWN, DONE, CLOSED)
OPEN = (ASKED, HOLDS, NOT_KNOWN)
FOLLOW_UP = "follow_up"
"""Stands in lists for what is settled but for a question of a later day."""
YES, NO, DONT_KNOW = "yes", "no", "dont_know"
SITE = "site"
A_SHIFT = timedelta(hours=12)
"""What happened "this shift" or "at handover" may have begun so long before it was told."""
DAYS_OF_ABSENCE = 7
DAY = timedelta(days=1)
FOUND_LATER_AFTER = timedelta(days=14)
BEHIND_ALL_OTHERS = timedelta(days=36_525)
"""A century: so far behind its own time does a list place what was found later."""
ABSENCE = "absence_passes_7_days"
RULE_WORDS = ("pack", "pack_version", "route", "recipient", "question", "holds_if", "advice", "wording", "source")


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What is known of a report, as clocks need it.

    Attributes:
        provider_id: The tenant.
        site_id: The site.
        report_id: The report.
        occurred_at: The earliest moment at which it can have happened; None where nobody said when.
        first_known_at: When any worker first told it, as far as we know.
        setting: Kind of service.
        visibility: site, or held from the site's own roles.
        withdrawn: Whether it has left all counts.
        councils: The councils of the site on that day; empty where none is registered.
    """

    provider_id: str
    site_id: str
    report_id: str
    occurred_at: datetime | None
    first_known_at: datetime
    setting: str
    visibility: str
    withdrawn: bool
    councils: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rule that a classification or a person's labels brought up, with the revision that they read."""

    rule: str
    why: str
    report_revision: int


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock as the rule gave it, with its moments; a moment that is not known is None, never a guess."""

    base: str
    within: str
    limit_hours: int | None = None
    limit_from: str | None = None
    base_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question for a later day, and its answer once there is one."""

    follow_up_id: str
    question: str
    days_after: int
    base: str
    holds_if: str | None = None
    ask_on: date | None = None
    answer: str | None = None
    answered_at: datetime | None = None
    answered_by_role: str | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """The whole state of a duty; `version` goes up by one with every change.

    Attributes:
        occurred_at: The earliest moment at which it can have happened; None where it is not known.
        first_known_at: When any worker first told it.
        since: The day that a person named as the start, where the report does not tell it: of what the law's clock
            counts from or, for a duty about absence, the first day away.
        council_chosen: Whether a person named the council.
        confirmed_at: When the duty was first said to hold; it stays, and no clock counts from it while the duty is said
            not to hold.
        sort_at: What a list by time left goes by.
        open: Whether somebody has yet to do something: the duty itself is open, or a follow-up waits for its answer.
        reason_visibility: The report's visibility when the reason was typed.
        reference_visibility: The same for the reference.
        escalated_to: The role that was asked, at `escalated_at`, because nobody had answered.
    """

    duty_id: str
    provider_id: str
    site_id: str
    report_id: str
    report_revision: int
    version: int
    status: str
    rule: str
    pack: str
    pack_version: str
    route: str
    recipient: str
    question: str
    holds_if: str
    why: str
    advice: tuple[str, ...]
    wording: str
    source: str
    legal: Clock
    own_target: Clock | None
    follow_ups: tuple[FollowUp, ...]
    asks_council: bool
    councils: tuple[str, ...]
    council: str | None
    council_chosen: bool
    occurred_at: datetime | None
    first_known_at: datetime
    advised_at: datetime
    visibility: str
    sort_at: datetime
    since: date | None = None
    confirmed_at: datetime | None = None
    reason: str | None = None
    reference: str | None = None
    answered_at: datetime | None = None
    answered_by_role: str | None = None
    done_at: datetime | None = None
    open: bool = True
    reason_visibility: str = SITE
    reference_visibility: str = SITE
    escalated_to: str | None = None
    escalated_at: datetime | None = None

    @property
    def found_later(self) -> bool:
        """Tell whether it was first asked long after the event was known, as when old reports are read anew."""
        return self.advised_at - self.first_known_at > FOUND_LATER_AFTER

    @property
    def due_at(self) -> datetime | None:
        """Return when the first of its times runs out; None where none is known."""
        clocks = (self.legal, self.own_target)
        return min((clock.due_at for clock in clocks if clock and clock.due_at), default=None)

    @property
    def first_known_on(self) -> date:
        """Return the day whose law and procedures hold."""
        return london_date(self.first_known_at)

    @property
    def running(self) -> bool:
        """Tell whether a clock runs: what nobody may close or erase without an answer."""
        return self.status in OPEN and self.legal.base_at is not None


def earliest_occurred(part: ReportPart) -> datetime | None:
    """Return the earliest moment at which a report's event can have happened.

    A clock that starts too early warns; one that starts too late lets a time run out unseen. A moment that nobody gave
    is unknown.

    Args:
        part: What intake says of the report.
    """
    if part.occurred_at is None:
        return None
    if part.occurred_precision == "minute":
        return part.occurred_at
    if part.occurred_precision == "day":
        return start_of_day(london_date(part.occurred_at))
    if part.occurred_precision != "band":
        return None
    reach = {"now": timedelta(0), "this_shift": A_SHIFT, "at_handover": A_SHIFT}.get(part.occurred_band or "")
    return None if reach is None else part.occurred_at - reach


def duty_id(provider_id: str, report_id: str, rule: str) -> str:
    """Derive a duty's id: a rule asks once per report, however often it comes up."""
    return derived_id(f"duty|{provider_id}|{report_id}|{rule}")


def duties_of(prompts: Iterable[Prompt], facts: ReportFacts, packs: DutyPacks, advised_at: datetime) -> list[Duty]:
    """Say which duties a report may bring, before anybody answered; one never suppresses another.

    Args:
        prompts: The rules that came up; unknown ones, and those not in force on the day, bring nothing.
        facts: What is known of the report.
        packs: The rules.
        advised_at: When they count as advised.

    Returns:
        One duty for each rule, by rule id; the law and the council's procedure are those of the day on which it was
        first known.
    """
    day = london_date(facts.first_known_at)
    found = []
    for prompt in sorted(prompts, key=lambda prompt: prompt.rule):
        rule = packs.on(prompt.rule, day)
        if rule is not None:
            found.append(_advised(prompt, rule, facts, packs, advised_at))
    return found


def refreshed(known: Duty, derived: Duty, facts: ReportFacts, packs: DutyPacks) -> Duty:
    """Bring a known duty up to date with what is now known of its report; what people said stays.

    Args:
        known: As it is stored.
        derived: As it would be advised now.
        facts: What is known of the report.
        packs: The rules.

    Returns:
        The duty with a new version, or the very same one where nothing changed.
    """
    fresh = replace(known, visibility=facts.visibility)
    if known.status != DONE:
        fresh = with_facts(fresh, facts, packs)
    if known.status in (ASKED, CLOSED):
        fresh = replace(fresh, why=derived.why, report_revision=derived.report_revision)
        fresh = placed(replace(fresh, status=CLOSED if facts.withdrawn and fresh.legal.base_at is None else ASKED))
    return known if fresh == known else replace(fresh, version=known.version + 1)


def with_facts(duty: Duty, facts: ReportFacts, packs: DutyPacks) -> Duty:
    """Set clocks and councils by what is now known of the report; the version stays."""
    duty = replace(duty, occurred_at=facts.occurred_at, first_known_at=facts.first_known_at)
    return timed(_with_councils(duty, facts.councils, packs))


def with_councils(duty: Duty, councils: Sequence[str], packs: DutyPacks) -> Duty:
    """Take in the councils of the site, told after the report; unchanged where that says nothing new, or it is done.

    Args:
        duty: As it is stored.
        councils: The councils on the day on which it was first known.
        packs: The rules.
    """
    if duty.status == DONE:
        return duty
    fresh = timed(_with_councils(duty, councils, packs))
    return duty if fresh == duty else replace(fresh, version=duty.version + 1)


def at_council(duty: Duty, packs: DutyPacks) -> Duty:
    """Put words and time of the council's procedure, as in force on that day, in place of the default ones."""
    rule = packs.on(duty.rule, duty.first_known_on, duty.council)
    if rule is None:
        return duty
    return replace(duty, legal=_clock(rule.legal), **{name: getattr(rule, name) for name in RULE_WORDS})


def timed(duty: Duty) -> Duty:
    """Set all moments of a duty's clocks and follow-ups by what is known."""
    moments = _moments(duty)
    legal = _running(duty.legal, moments)
    own = _running(duty.own_target, moments) if duty.own_target else None
    follow_ups = tuple(replace(asked, ask_on=_ask_on(asked, duty)) for asked in duty.follow_ups)
    return placed(replace(duty, legal=legal, own_target=own, follow_ups=follow_ups))


def placed(duty: Duty) -> Duty:
    """Say whether a duty is open and where a list by time left has it; call it after every change of status.

    What is settled stays open for a follow-up without a yes or no, at that question's day; what was found later stands
    behind all others until somebody takes it up.
    """
    waits = [asked.ask_on for asked in duty.follow_ups if asked.answer in (None, DONT_KNOW) and asked.ask_on]
    if duty.status in (DOES_NOT_HOLD, DONE) and waits:
        return replace(duty, open=True, sort_at=start_of_day(min(waits)))
    sort_at = duty.due_at or duty.legal.base_at or duty.advised_at
    if duty.found_later and duty.status == ASKED:
        sort_at += BEHIND_ALL_OTHERS
    return replace(duty, open=duty.status in OPEN, sort_at=sort_at)


def _advised(prompt: Prompt, rule: DutyRule, facts: ReportFacts, packs: DutyPacks, at: datetime) -> Duty:
    duty = Duty(
        duty_id=duty_id(facts.provider_id, facts.report_id, rule.id),
        provider_id=facts.provider_id,
        site_id=facts.site_id,
        report_id=facts.report_id,
        report_revision=prompt.report_revision,
        version=1,
        status=ASKED,
        rule=rule.id,
        why=prompt.why,
        legal=_clock(rule.legal),
        own_target=_clock(rule.own_target) if rule.own_target else None,
        follow_ups=tuple(
            FollowUp(asked.id, asked.question, asked.days_after, asked.base, asked.holds_if)
            for asked in rule.follow_ups
        ),
        asks_council=rule.asks_council,
        councils=(),
        council=None,
        council_chosen=False,
        occurred_at=facts.occurred_at,
        first_known_at=facts.first_known_at,
        advised_at=at,
        visibility=facts.visibility,
        sort_at=at,
        **{name: getattr(rule, name) for name in RULE_WORDS},
    )
    duty = timed(_with_councils(duty, facts.councils, packs))
    return placed(replace(duty, status=CLOSED)) if facts.withdrawn and duty.legal.base_at is None else duty


def _clock(rule: ClockRule) -> Clock:
    return Clock(rule.base, rule.within, rule.limit_hours, rule.limit_from)


def _with_councils(duty: Duty, councils: Sequence[str], packs: DutyPacks) -> Duty:
    if not duty.asks_council:
        return duty
    duty = replace(duty, councils=tuple(councils))
    if duty.council_chosen:
        return duty
    return at_council(replace(duty, council=councils[0] if len(councils) == 1 else None), packs)


def _moments(duty: Duty) -> Mapping[str, datetime | None]:
    """Return the moment of each base; None where it is not known."""
    absent = duty.legal.base == ABSENCE
    occurred = duty.occurred_at
    if occurred is None and duty.since is not None and not absent:
        occurred = start_of_day(duty.since)
    confirmed = None if duty.status == DOES_NOT_HOLD else duty.confirmed_at
    return {
        "occurred": occurred,
        "first_known": _first_known(duty),
        "confirmed": confirmed,
        ABSENCE: _absence_passed(duty) if absent and confirmed else None,
    }


def _first_known(duty: Duty) -> datetime:
    """Return when it became known: a worker may have known before the report, never after it."""
    if duty.since is None or duty.legal.base != "first_known":
        return duty.first_known_at
    return min(duty.first_known_at, start_of_day(duty.since))


def _absence_passed(duty: Duty) -> datetime | None:
    """Return when an absence passed seven days; the day of the accident does not count."""
    first_day_away = duty.since
    if first_day_away is None and duty.occurred_at is not None:
        first_day_away = london_date(duty.occurred_at) + DAY
    return None if first_day_away is None else start_of_day(first_day_away + DAYS_OF_ABSENCE * DAY)


def _running(clock: Clock, moments: Mapping[str, datetime | None]) -> Clock:
    base_at = moments.get(clock.base)
    counted_from = moments.get(clock.limit_from) if clock.limit_from else base_at
    due_at = None
    if base_at is not None and counted_from is not None and clock.limit_hours is not None:
        due_at = counted_from + timedelta(hours=clock.limit_hours)
    return replace(clock, base_at=base_at, due_at=due_at)


def _ask_on(asked: FollowUp, duty: Duty) -> date:
    """Return the day of a follow-up; without a known start the time may be over already, so it is asked at once."""
    if asked.base == "first_known":
        return london_date(_first_known(duty)) + asked.days_after * DAY
    if duty.occurred_at is not None:
        return london_date(duty.occurred_at) + asked.days_after * DAY
    if duty.since is not None:
        return duty.since + (asked.days_after - (1 if duty.legal.base == ABSENCE else 0)) * DAY
    return duty.first_known_on
