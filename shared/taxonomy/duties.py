"""Duties that may follow from a report, as frozen values: dated packs of law, regulator and councils; reads no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal, get_args

from shared.taxonomy.model import WeightedPattern

Route = Literal[
    "cqc_r16",
    "cqc_r18",
    "riddor",
    "safeguarding",
    "candour",
    "police",
    "ico",
    "cd_accountable_officer",
    "ukhsa",
    "mhra_yellow_card",
]
Base = Literal["occurred", "first_known", "absence_passes_7_days", "confirmed"]
YesNo = Literal["yes", "no"]
ROUTES: Final[tuple[str, ...]] = get_args(Route)
BASES: Final[tuple[str, ...]] = get_args(Base)
UNANSWERED_TO: Final = ("safeguarding_lead", "group_lead")
UNCONFIRMED: Final = "to be confirmed by the provider's compliance lead"
"""Every pack carries this mark: what it says of the law is a reading, and the provider answers for it."""


@dataclass(frozen=True, slots=True)
class ClockRule:
    """When a time begins to run and, where it has an end, after how long.

    Attributes:
        base: What starts it: the event, its becoming known to any worker, an absence passing seven days, or a yes.
        within: The time in words, as law, council or we say it.
        limit_hours: Hours after which it has run out; None where there is no fixed limit ("without delay").
        limit_from: What the limit is counted from where that is not the base: a time may begin to run on one day and
            be counted from another.
    """

    base: Base
    within: str
    limit_hours: int | None = None
    limit_from: Base | None = None


@dataclass(frozen=True, slots=True)
class FollowUpRule:
    """A question that is asked again later.

    Attributes:
        id: Its name within the rule.
        question: What is asked.
        days_after: Days after the base's day on which it is asked, 0 or more.
        base: The day that is counted from.
        holds_if: The answer with which the duty itself holds; None where it settles nothing.
    """

    id: str
    question: str
    days_after: int
    base: Base
    holds_if: YesNo | None = None


@dataclass(frozen=True, slots=True)
class LabelCondition:
    """Labels that speak for a duty: of each list that is not empty the report must have one.

    Attributes:
        escalate: Escalation codes.
        domains: Domains.
        disruptions: Kinds of disruption.
        severities: Potential severities.
        classes: Event classes; left out where the class is not known.
    """

    escalate: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    disruptions: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a duty may hold; words or labels are enough.

    Attributes:
        patterns: Word cues; one is enough.
        rules: Ids of escalation rules of the taxonomy, whose patterns count as cues too.
        words_of: Ids of other duty rules whose word cues count here too.
        unless: Words of the cases that the law leaves out: they take back what labels say, and cues of their own
            weight or less.
        labels: Conditions over labels; one is enough.
        signs: Words without which labels are not enough, where the words are known: a label of what might have come of
            it does not say that it came. Those of `words_of` count too.
        settings: Only in these kinds of service; empty for all.
        over_hours: Only where it lasted, or may last, longer than so many hours.
    """

    patterns: tuple[WeightedPattern, ...] = ()
    rules: tuple[str, ...] = ()
    words_of: tuple[str, ...] = ()
    unless: tuple[WeightedPattern, ...] = ()
    labels: tuple[LabelCondition, ...] = ()
    signs: tuple[WeightedPattern, ...] = ()
    settings: tuple[str, ...] = ()
    over_hours: int | None = None


@dataclass(frozen=True, slots=True)
class DutyRule:
    """One duty that may follow from a report, put as a question; never a finding.

    Attributes:
        id: Its stable name; versions of one rule share it and never overlap in time.
        pack: The pack that it stands in.
        pack_version: That pack's version.
        unanswered_to: The role that is asked last where nobody answers; our own choice, nobody's law.
        route: By which way the recipient is told.
        recipient: Who is told.
        question: What a person answers by yes, no or don't know.
        holds_if: The answer under which the duty holds.
        why: What a person reads beside the prompt.
        advice: What to do at once, in order.
        wording: What the law or procedure says.
        source: Where it says so.
        legal: The law's or the procedure's time.
        own_target: Our own target, which is nobody's law; None where we have none.
        follow_ups: Questions for later days.
        asks_council: Whether it goes to the council where the adult is.
        trigger: When it may hold.
        effective_from: First day on which it was in force.
        effective_to: Last day; None while it is in force.
    """

    id: str
    pack: str
    pack_version: str
    unanswered_to: str
    route: Route
    recipient: str
    question: str
    holds_if: YesNo
    why: str
    advice: tuple[str, ...]
    wording: str
    source: str
    legal: ClockRule
    own_target: ClockRule | None
    follow_ups: tuple[FollowUpRule, ...]
    asks_council: bool
    trigger: Trigger
    effective_from: date
    effective_to: date | None = None

    def in_force(self, day: date) -> bool:
        """Tell whether the rule was in force on a day."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


@dataclass(frozen=True, slots=True)
class CouncilRule:
    """How one council's procedure differs from a rule of the default pack; what is None stays as it is there.

    Attributes:
        council: The council's name as the registry has it.
        pack: The pack that it stands in.
        pack_version: That pack's version.
        amends: The rule that it amends.
        recipient: Who is told.
        question: What is asked.
        advice: What is added to the advice.
        wording: What the council's procedure says.
        source: Where it says so.
        legal: The council's time.
        effective_from: First day on which it was in force.
        effective_to: Last day; None while it is in force.
    """

    council: str
    pack: str
    pack_version: str
    amends: str
    recipient: str
    question: str | None
    advice: tuple[str, ...]
    wording: str
    source: str
    legal: ClockRule | None
    effective_from: date
    effective_to: date | None = None

    def in_force(self, day: date) -> bool:
        """Tell whether the council's rule was in force on a day."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


@dataclass(frozen=True, slots=True)
class DutyPacks:
    """All packs.

    Attributes:
        rules: The rules, in the order in which their questions are asked: safety first.
        councils: What councils say otherwise.
        versions: Version of each pack by its name.
    """

    rules: tuple[DutyRule, ...]
    councils: tuple[CouncilRule, ...]
    versions: Mapping[str, str]

    @property
    def ids(self) -> frozenset[str]:
        """Return the ids of all rules."""
        return frozenset(rule.id for rule in self.rules)

    def on(self, rule_id: str, day: date, council: str | None = None) -> DutyRule | None:
        """Return a rule as it stood on a day at a council.

        Args:
            rule_id: The rule's id.
            day: The day on which the event first became known to us.
            council: The council where the adult is; None, or one without a pack, leaves the default.

        Returns:
            The rule, or None where it was not in force or is not known.
        """
        rule = next((rule for rule in self.rules if rule.id == rule_id and rule.in_force(day)), None)
        if rule is None or council is None or not rule.asks_council:
            return rule
        rule = replace(rule, recipient=council)
        theirs = (other for other in self.councils if other.amends == rule_id and other.in_force(day))
        said = next((other for other in theirs if other.council.casefold() == council.strip().casefold()), None)
        return rule if said is None else _amended(rule, said)


def _amended(rule: DutyRule, said: CouncilRule) -> DutyRule:
    return replace(
        rule,
        pack=said.pack,
        pack_version=said.pack_version,
        recipient=said.recipient,
        question=said.question or rule.question,
        advice=(*rule.advice, *said.advice),
        wording=said.wording,
        source=said.source,
        legal=said.legal or rule.legal,
    )
