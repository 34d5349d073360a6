"""The taxonomy as frozen values: how every label is called, what it means and how it is known; no file is read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from shared.taxonomy.pattern import Pattern

CUES: Final = (
    "voids",
    "idioms",
    "masks",
    "stopped",
    "act_under_way",
    "condition",
    "problem",
    "praise",
    "routine",
    "question",
    "request",
    "grievance",
    "test_entry",
    "cosmetic",
    "good_catch",
    "dose_missed_or_late",
    "dose_wrong_or_extra",
    "safeguarding_stopped",
    "fire_and_environment",
    "stored_data_wrong",
    "card_or_pin",
    "expected_death",
)

PlaybookKind = Literal["checklist", "inspection", "verification"]
Strength = Literal["stronger", "intermediate", "weaker"]


@dataclass(frozen=True, slots=True)
class WeightedPattern:
    """A pattern and how much it speaks for its label; 1 is a hint, 2 is usually enough, 3 and more is plain."""

    pattern: Pattern
    weight: float


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a vocabulary: a factor, a severity, a way of catching, a disruption kind, a setting.

    Attributes:
        name: The word on the wire.
        title: What a screen shows.
        definition: What it means, in one sentence.
        patterns: What speaks for it in a text.
    """

    name: str
    title: str
    definition: str
    patterns: tuple[WeightedPattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """One of the eight groups in which screens show the domains."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Domain:
    """One of the risk domains.

    Attributes:
        name: The word on the wire.
        title: What a screen shows.
        group: The name of its group.
        definition: What belongs to it, in our words.
        usual_severity: The potential severity where nothing in the text says more.
        process: Whether it is a way in which information or people fail, which yields to a domain of care as primary.
        abbreviations: Abbreviations of the sector and what they stand for.
        patterns: What speaks for it in a text.
    """

    name: str
    title: str
    group: str
    definition: str
    usual_severity: str
    process: bool
    abbreviations: Mapping[str, str]
    patterns: tuple[WeightedPattern, ...]


@dataclass(frozen=True, slots=True)
class EventClass:
    """One of the mutually exclusive classes of event, and whether it counts in the near-miss rate."""

    name: str
    title: str
    definition: str
    in_near_miss_rate: bool


@dataclass(frozen=True, slots=True)
class EscalationRule:
    """One reason to show a report to somebody with a statutory or senior role.

    Attributes:
        id: Its stable name, shown as the prompt.
        code: The escalation code that it leads to.
        why: What a person reads beside the prompt.
        patterns: What fires it; one is enough.
    """

    id: str
    code: str
    why: str
    patterns: tuple[WeightedPattern, ...]


@dataclass(frozen=True, slots=True)
class PlaybookPattern:
    """When a playbook is worth proposing at a site.

    Attributes:
        domains_all: Domains that a report must all have.
        domains_any: Domains of which it must have one; empty asks nothing.
        factors_any: Contributory factors of which it must have one; empty asks nothing.
        min_reports: How many such reports make the pattern, 1 or more.
        window_days: Within how many days, 1 or more.
        domains_none: Domains that it must not have, because another playbook is made for those reports.
    """

    domains_all: tuple[str, ...]
    domains_any: tuple[str, ...]
    factors_any: tuple[str, ...]
    min_reports: int
    window_days: int
    domains_none: tuple[str, ...] = ()

    def fits(self, domains: Collection[str], factors: Collection[str]) -> bool:
        """Tell whether one report belongs to the pattern.

        Args:
            domains: The report's domains.
            factors: The report's contributory factors.

        Returns:
            True when all conditions hold; counting reports in the window is the caller's.
        """
        return (
            all(name in domains for name in self.domains_all)
            and (not self.domains_any or any(name in domains for name in self.domains_any))
            and (not self.factors_any or any(name in factors for name in self.factors_any))
            and not any(name in domains for name in self.domains_none)
        )


@dataclass(frozen=True, slots=True)
class PlaybookStep:
    """One step of a playbook and the evidence that is asked for when it is ticked."""

    id: str
    title: str
    evidence_asked: str


@dataclass(frozen=True, slots=True)
class Playbook:
    """A remedy as data, proposed where its pattern is met.

    Attributes:
        id: Its stable name.
        version: Its own version; an action keeps the one that it was made from.
        title: What a screen shows.
        kind: What the remedy is made of.
        pattern: When it is proposed.
        steps: What is to be done, in order.
        cadence: How often the routine falls due, as an RFC 5545 RRULE; None for a thing done once.
        owner_role: The role that it is proposed to.
        strength: Its place in the hierarchy of actions (stronger, intermediate, weaker).
        process_measure: What shows that it is really done.
        source: Where it comes from.
    """

    id: str
    version: str
    title: str
    kind: PlaybookKind
    pattern: PlaybookPattern
    steps: tuple[PlaybookStep, ...]
    cadence: str | None
    owner_role: str
    strength: Strength
    process_measure: str
    source: str


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Everything that the data files say, under one version.

    Attributes:
        version: Year and month of the release, as it travels on the wire.
        groups: The groups in screen order.
        domains: By name, in the order of the files.
        factors: Contributory factors by name.
        event_classes: By name.
        severities: Potential severities by name, mildest first.
        how_caught: Ways of catching by name.
        disruption_kinds: By name.
        settings: Kinds of service by name.
        escalations: Escalation codes by name, the most serious first.
        escalation_rules: What fires an escalation code.
        playbooks: By id.
        cues: Patterns that decide between event, near miss and nothing, by the cue's name.
        spellings: Misspellings of the sector and what they stand for, in lower case.
    """

    version: str
    groups: tuple[Group, ...]
    domains: Mapping[str, Domain]
    factors: Mapping[str, Term]
    event_classes: Mapping[str, EventClass]
    severities: Mapping[str, Term]
    how_caught: Mapping[str, Term]
    disruption_kinds: Mapping[str, Term]
    settings: Mapping[str, Term]
    escalations: Mapping[str, Term]
    escalation_rules: tuple[EscalationRule, ...]
    playbooks: Mapping[str, Playbook]
    cues: Mapping[str, tuple[WeightedPattern, ...]]
    spellings: Mapping[str, str]
