"""What is known of one report, from two sources in any order, and what it counts as."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any

from shared.kernel.clock import london_date, week_start
from shared.taxonomy import precedence
from shared.taxonomy.event_class import UNKNOWN, with_escalation, without_escalation

ALL = "(all)"
NONE = "(none)"
HELD = "held"
LIVE = "live"
REMOVED = "removed"
REMOVAL_PROPOSED = "removal_proposed"
UPHELD = "upheld"
STANDING = "standing"
GRAVEST_FIRST = ("death", "missing_person", "police", "safeguarding", "riddor", "harm_occurred")
"""The codes in the taxonomy's order of seriousness; a code of another taxonomy counts as the gravest."""
SECOND_READER_CODES = frozenset({"death", "police", "safeguarding", "missing_person"})
"""Codes that nobody removes alone."""


@dataclass(frozen=True)
class ReportPart:
    """What intake last said of a report; `text` and the other words are redacted.

    Attributes:
        revision: Revision of the report, 1 or more.
        withdrawn: Whether it has left all counts.
        visibility: site, or held from its site.
        origin: live, backfill or telemetry.
        reported_at: When staff told it; its week is counted by this.
        received_at: When it reached us.
        occurred_at: When it happened, as exact as `occurred_precision` says.
        setting: Kind of service.
        text: What was told.
        worry: 1 (not) to 4 (very); None where it was not asked.
        anonymity_reason: Coded reason for staying anonymous.
        reporter_token: Keyed pseudonym, to count how many are heard from; it is never shown.
        disruption_started_at: When care or its running was first disturbed.
        disruption_ended_at: When that was over; None while it goes on, or where nobody said.
        people_affected: By the disruption.
        plan_used: Whether a continuity plan was used.
        plan_worked: Whether it worked.
    """

    revision: int
    withdrawn: bool
    visibility: str
    origin: str
    reported_at: datetime
    received_at: datetime
    occurred_at: datetime
    occurred_precision: str
    occurred_band: str | None
    setting: str
    text: str
    place: str | None = None
    what_stopped_it: str | None = None
    worry: int | None = None
    reporter_role: str | None = None
    identity_mode: str | None = None
    disruption_kind: str | None = None
    external_system: str | None = None
    external_id: str | None = None
    anonymity_reason: str | None = None
    reporter_token: str | None = None
    disruption_started_at: datetime | None = None
    disruption_ended_at: datetime | None = None
    people_affected: int | None = None
    plan_used: bool | None = None
    plan_worked: bool | None = None

    def rank(self) -> tuple[int, bool]:
        """Return what decides between two parts: the newest state holds, as in the compacted topic."""
        return self.revision, self.withdrawn


@dataclass(frozen=True)
class ModelPart:
    """What the newest decision of a model said beside its labels."""

    report_revision: int
    decision_no: int
    model_version: str
    taxonomy_version: str
    needs_review: bool
    review_reason: str | None = None

    def rank(self) -> tuple[int, int, str, str, bool, str]:
        """Return what decides between two decisions; the last words only make equal ones agree everywhere."""
        return (
            self.report_revision,
            self.decision_no,
            self.model_version,
            self.taxonomy_version,
            self.needs_review,
            self.review_reason or "",
        )


@dataclass(frozen=True)
class DecisionPart:
    """What people decided of a report's escalation: upheld, removal_proposed or removed; of this code alone.

    `report_revision` is the revision of the report that was read; None where the decision does not tell it.
    `second_read` tells whether a second reader took part.
    """

    version: int
    status: str
    code: str
    report_revision: int | None = None
    second_read: bool = False

    @property
    def keeps_code(self) -> bool:
        """Tell whether the code stands by this decision, whatever the labels have come to say since."""
        return self.status in (UPHELD, REMOVAL_PROPOSED)

    def covers(self, revision: int) -> bool:
        """Tell whether a revision of the report had been read when this was decided."""
        return self.report_revision is None or revision <= self.report_revision

    def removes(self, code: str, revision: int, grave: bool) -> bool:
        """Tell whether a code of a revision counts as removed: only of what had been read can it be.

        Args:
            code: The code.
            revision: The report's revision now.
            grave: Whether the report was ever given a code that nobody removes alone.
        """
        by_enough = self.second_read or not grave
        return self.status == REMOVED and self.code == code and self.covers(revision) and by_enough

    def to_renew(self, standing: Sequence[str], labelled: Sequence[str], revision: int) -> bool:
        """Tell whether somebody should decide anew: the words or the labels changed under a code that stands."""
        changed = self.code not in labelled or self.status == REMOVED
        return self.code in standing and (changed or (self.status != UPHELD and not self.covers(revision)))


@dataclass(frozen=True)
class DialoguePart:
    """What passed between reviewers and the reporter: first moments, and the numbers of the acts.

    Attributes:
        triaged_at: When a person first read it and decided.
        feedback_at: When the reporter was first thanked or told what came of it.
        seen_at: When the reporter first opened that.
        closed_at: When the dialogue was first closed.
        asked: Steps at which a question was asked.
        answered: Steps at which the reporter wrote again.
        read_revision: The newest revision of the report that a person read and decided on; 0 before.
    """

    triaged_at: datetime | None = None
    feedback_at: datetime | None = None
    seen_at: datetime | None = None
    closed_at: datetime | None = None
    asked: tuple[int, ...] = ()
    answered: tuple[int, ...] = ()
    read_revision: int = 0

    def joined(self, other: DialoguePart) -> DialoguePart:
        """Return both together: the earlier moments, all steps; in any order and any number of times the same."""
        return DialoguePart(
            triaged_at=_earlier(self.triaged_at, other.triaged_at),
            feedback_at=_earlier(self.feedback_at, other.feedback_at),
            seen_at=_earlier(self.seen_at, other.seen_at),
            closed_at=_earlier(self.closed_at, other.closed_at),
            asked=tuple(sorted({*self.asked, *other.asked})),
            answered=tuple(sorted({*self.answered, *other.answered})),
            read_revision=max(self.read_revision, other.read_revision),
        )


@dataclass(frozen=True)
class Escalation:
    """A report's escalation as the site's rate of removals counts it.

    Attributes:
        code: The gravest code that stands, or the one that was removed; the label stays.
        status: What was decided of it: removed, removal_proposed, or standing.
    """

    code: str
    status: str


@dataclass(frozen=True)
class Shown:
    """What a report counts as, once it counts.

    Attributes:
        week: The Monday, in England, of the week in which staff told it.
        domains: Its domains without repeats, sorted; empty while unclassified.
        event_class: Its class; UNKNOWN while unclassified.
        held: Whether its site must not see it.
        needs_review: Whether a person should look at its labels.
        escalation: Its escalation and what was decided of it; None where it has none.
    """

    week: date
    domains: tuple[str, ...]
    event_class: str
    held: bool
    needs_review: bool
    escalation: Escalation | None = None

    def tally(self) -> str:
        """Return the canonical text of all that decides where it is counted: equal texts count alike."""
        return _tally(self.domains, self.event_class, self.held, self.needs_review)


@lru_cache(maxsize=10_000)
def _tally(domains: tuple[str, ...], event_class: str, held: bool, needs_review: bool) -> str:
    return json.dumps([list(domains), event_class, held, needs_review], separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class Fact:
    """Everything known of one report of one site; parts come in any order and more than once.

    `decision` is what people decided of its escalation; the label itself stays among the labels. `grave` tells whether
    anybody, or any model, ever gave it a code that takes a second reader: a correction does not take that back.
    `erased` is the revision at which the report was erased: nothing that it said up to then is kept; `erased_held` is
    whether it was held from its site then. `dialogue` is what passed between reviewers and the reporter.
    """

    provider_id: str
    site_id: str
    report_id: str
    report: ReportPart | None = None
    labels: Mapping[str, Any] | None = None
    model: ModelPart | None = None
    decision: DecisionPart | None = None
    grave: bool = False
    erased: int | None = None
    erased_held: bool = False
    dialogue: DialoguePart | None = None

    def with_dialogue(self, part: DialoguePart) -> Fact:
        """Take in what passed between reviewers and the reporter."""
        return replace(self, dialogue=part.joined(self.dialogue or DialoguePart()))

    def with_erasure(self, revision: int, held: bool = False) -> Fact:
        """Forget what the report said up to a revision.

        Args:
            revision: At which it was erased.
            held: Whether it was held from its site.
        """
        erased = max(revision, self.erased or 0)
        kept = self.report if self.report and self.report.revision > erased else None
        return replace(self, report=kept, erased=erased, erased_held=held or self.erased_held)

    def known_to(self, *, held: bool) -> bool:
        """Tell whether a reader may know that the report exists: one that is held shows not even by its being gone.

        Args:
            held: Whether the reader sees what is held from its site.
        """
        if self.report is None:
            return self.erased is not None and (held or not self.erased_held)
        return held or self.report.visibility != HELD

    def with_decision(self, part: DecisionPart) -> Fact:
        """Take in what people decided of the escalation, unless something newer is known."""
        if self.decision is not None and self.decision.version >= part.version:
            return self
        return replace(self, decision=part)

    def with_report(self, part: ReportPart) -> Fact:
        """Take in what intake said, unless something newer is known."""
        if self.erased is not None and part.revision <= self.erased:
            return self
        if self.report is not None and self.report.rank() >= part.rank():
            return self
        return replace(self, report=part)

    def with_labels(self, said: precedence.Fact, model: ModelPart | None) -> Fact:
        """Take in labels by the one precedence that all readers share.

        Args:
            said: The labels, by a person or a model.
            model: What the model said beside them; None for a person.
        """
        newest = self.model
        if model is not None and (newest is None or model.rank() > newest.rank()):
            newest = model
        grave = self.grave or not SECOND_READER_CODES.isdisjoint(said.fields.get("escalate") or ())
        return replace(self, labels=precedence.merge(self.labels, said), model=newest, grave=grave)

    def shown(self) -> Shown | None:
        """Return what the report counts as; None while it is not known, or once it is withdrawn."""
        return self._shown

    @cached_property
    def _shown(self) -> Shown | None:
        if self.report is None or self.report.withdrawn:
            return None
        labels = precedence.effective(self.labels) if self.labels else {}
        domains = labels.get("domains") or ()
        labelled = tuple(labels.get("escalate") or ())
        standing = self._standing(labelled, self.report.revision)
        removed = bool(labelled) and not standing
        event_class = _class_of(labels, standing, removed)
        return Shown(
            week=week_of(self.report.reported_at),
            domains=tuple(sorted({name for name in domains if name not in (ALL, NONE)})),
            event_class=event_class,
            held=self.report.visibility == HELD,
            needs_review=self._needs_review(self.report.revision)
            or (self.decision is not None and self.decision.to_renew(standing, labelled, self.report.revision))
            or (removed and event_class == UNKNOWN),
            escalation=Escalation(labelled[0], REMOVED)
            if removed
            else self._escalation(standing, self.report.revision),
        )

    def _standing(self, labelled: Sequence[str], revision: int) -> tuple[str, ...]:
        """Return the codes that stand: what is labelled and not removed, and what people have upheld."""
        decided = self.decision
        if decided is None:
            return tuple(labelled)
        kept = (decided.code,) if decided.keeps_code else ()
        left = (code for code in labelled if not decided.removes(code, revision, self.grave))
        return kept + tuple(code for code in left if code not in kept)

    def _escalation(self, standing: Sequence[str], revision: int) -> Escalation | None:
        """Return the escalation that stands; a proposal says nothing of another code, nor of words amended since."""
        if not standing:
            return None
        gravest = min(standing, key=_place)
        decided = self.decision
        proposed = decided is not None and decided.status == REMOVAL_PROPOSED and decided.covers(revision)
        waits = decided is not None and proposed and decided.code == gravest
        return Escalation(gravest, REMOVAL_PROPOSED if waits else STANDING)

    def _needs_review(self, revision: int) -> bool:
        """Tell whether the words changed under a person's labels, or no person has yet looked where the model asked."""
        if self.labels is None:
            return False
        asked = self.model is not None and self.model.needs_review
        looked = bool(self.labels["corrected"]) or (
            self.dialogue is not None and self.dialogue.read_revision >= revision
        )
        return precedence.needs_review(self.labels) or (asked and not looked)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _place(code: str) -> int:
    return GRAVEST_FIRST.index(code) if code in GRAVEST_FIRST else -1


def _class_of(labels: Mapping[str, Any], standing: Sequence[str], removed: bool) -> str:
    """Return the class by which a report counts; while an escalation stands, the stated one does not decide."""
    stated = labels.get("event_class")
    if standing:
        return with_escalation(stated, standing)
    return without_escalation(labels) if removed else stated or UNKNOWN


def week_of(moment: datetime) -> date:
    """Return the Monday, by the calendar of England, of the week that an aware moment lies in."""
    return _week_of(moment)


@lru_cache(maxsize=10_000)
def _week_of(moment: datetime) -> date:
    return week_start(london_date(moment))
