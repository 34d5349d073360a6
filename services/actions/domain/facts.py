"""What actions knows of a report: compact facts without text, joined from parts that come in any order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from shared.kernel.clock import london_date
from shared.taxonomy import precedence

BACKFILL = "backfill"
HELD = "held"
"""Visibility of what is hidden from its own site's roles until it is released."""
REVIEWED_WITHIN = timedelta(days=28)
"""What was told longer ago than this when it reached us is history, which nobody is asked to review."""


@dataclass(frozen=True, slots=True)
class ReportPart:
    """What intake says of a report, one revision of it.

    Attributes:
        revision: 1 or more; the highest one holds.
        withdrawn: Whether it is out of all counts.
        reported_at: When staff told it; detection goes by this.
        origin: live, backfill or telemetry.
        replay: Whether it was loaded as history.
        visibility: site, or held from the site's own roles.
        asset_ref: The asset in the register, where one is named.
        asset: The asset that it is about, by the register or its words, in the words that all reports of it share.
        marks: Hashes of its telling words, kept while another report of the same event may still come.
        person_token: Opaque token of the person concerned, where there is one.
        occurred_at: When it happened, as exact as `occurred_precision` and `occurred_band` say.
        setting: Kind of service.
        disruption_kind: Kind of disruption by the form.
        disruption_hours: How long it lasted by the form; None where the form does not say, or it goes on.
        worry: How worried the reporter is, 1 to 4; None where not asked or not said.
        received_at: When we accepted it.
    """

    revision: int
    withdrawn: bool
    reported_at: datetime
    origin: str
    replay: bool
    visibility: str
    asset_ref: str | None = None
    person_token: str | None = None
    occurred_at: datetime | None = None
    occurred_precision: str = ""
    occurred_band: str | None = None
    setting: str = ""
    disruption_kind: str | None = None
    disruption_hours: float | None = None
    asset: str | None = None
    marks: tuple[int, ...] = ()
    worry: int | None = None
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What ever spoke for a duty of a report; a union, so that order and repeats do not matter.

    A correction that takes a label away takes nothing away here: a duty that was asked is answered by a person.

    Attributes:
        prompts: By rule: revision, decision number and model of the earliest decision that brought it up, and why.
        escalate: Escalation codes that a person, or a model without prompts, ever gave.
        domains: Domains ever given.
        severities: Potential severities ever given.
        disruptions: Disruption kinds ever given.
    """

    prompts: Mapping[str, tuple[int, int, str, str]] = field(default_factory=dict)
    escalate: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    disruptions: frozenset[str] = frozenset()

    def __or__(self, other: Asked) -> Asked:
        prompts = dict(self.prompts)
        for rule, rank in other.prompts.items():
            prompts[rule] = min(rank, prompts.get(rule, rank))
        return Asked(
            prompts,
            self.escalate | other.escalate,
            self.domains | other.domains,
            self.severities | other.severities,
            self.disruptions | other.disruptions,
        )


NOTHING_ASKED = Asked()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A report that counts, as the rules see it; `day` is the day in England on which it was told."""

    provider_id: str
    site_id: str
    report_id: str
    reported_at: datetime
    day: date
    held: bool
    replay: bool
    domains: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """Everything known of one report; either part may still be missing.

    Attributes:
        judged_on: The day whose review looked at it as new; None while none has.
        repeats: The first report of the same event, as that review found.
        reviewed_at: When a person first dealt with it in triage; None while nobody has.
        reminded: The reminders that it was counted in: the rung of its age, with "held" where it was held then.
        awaited: Whether it was first heard of since this service listens to triage; what was reviewed before then is
            not known here, so that nobody is reminded of it.
    """

    provider_id: str
    site_id: str
    report_id: str
    report: ReportPart | None = None
    labels: Mapping[str, Any] | None = None
    asked: Asked = NOTHING_ASKED
    judged_on: date | None = None
    repeats: str | None = None
    reviewed_at: datetime | None = None
    reminded: frozenset[str] = frozenset()
    awaited: bool = True

    def with_review(self, at: datetime) -> Fact:
        """Take in that a person dealt with it; the earliest time stays, whatever comes first.

        Args:
            at: When.

        Returns:
            The new fact, or this very one where nothing changed.
        """
        return self if self.reviewed_at is not None and self.reviewed_at <= at else replace(self, reviewed_at=at)

    def with_asked(self, said: Asked) -> Fact:
        """Take in what a decision asks; returns this very fact where that is nothing new."""
        merged = said if self.asked is NOTHING_ASKED else self.asked | said
        return self if merged == self.asked else replace(self, asked=merged)

    def with_report(self, part: ReportPart) -> Fact:
        """Take in a revision; an older one, or the same again, changes nothing.

        Args:
            part: The revision; a withdrawal stands over other news of the same revision.

        Returns:
            The new fact, or this very one where nothing changed.
        """
        known = self.report
        if known is not None and (part.revision, part.withdrawn) <= (known.revision, known.withdrawn):
            return self
        return replace(self, report=part)

    def with_labels(self, said: precedence.Fact) -> Fact:
        """Take in one decision on the labels; the order of decisions does not matter.

        Args:
            said: The decision of a model or a person.

        Returns:
            The new fact, or this very one where nothing changed.
        """
        merged = precedence.merge(self.labels, said)
        return self if merged == self.labels else replace(self, labels=merged)

    @property
    def domains(self) -> tuple[str, ...]:
        """Return the domains that hold now; none while nobody has classified the report."""
        return self._label("domains")

    @property
    def factors(self) -> tuple[str, ...]:
        """Return the contributory factors that hold now."""
        return self._label("contributory_factors")

    def label(self, name: str) -> Any:
        """Return the value of a label that holds now; None where there is none."""
        entry = self.labels["fields"].get(name) if self.labels else None
        return entry["value"] if entry else None

    def _label(self, name: str) -> tuple[str, ...]:
        return tuple(self.label(name) or ())

    @property
    def escalate(self) -> tuple[str, ...]:
        """Return the escalation codes that hold now, at most one."""
        return self._label("escalate")

    @property
    def counts(self) -> bool:
        """Tell whether the report counts for detection: known, not withdrawn, not imported as backfill."""
        return self.report is not None and not self.report.withdrawn and self.report.origin != BACKFILL

    @property
    def waits_since(self) -> datetime | None:
        """Return when it was told, where it still waits for a person to review it; None where it does not.

        History waits for nobody, and nor does what was told long before it reached us: as in intake's own queue.
        """
        part = self.report
        if part is None or not self.counts or not self.awaited or self.reviewed_at is not None or part.replay:
            return None
        late = part.received_at is not None and part.received_at - part.reported_at > REVIEWED_WITHIN
        return None if late else part.reported_at

    @property
    def day(self) -> date | None:
        """Return the day in England on which it was told; None where it does not count."""
        return london_date(self.report.reported_at) if self.report is not None and self.counts else None

    def evidence(self) -> Evidence | None:
        """Return the report as the rules see it; None where it does not count."""
        if self.report is None or not self.counts:
            return None
        return Evidence(
            provider_id=self.provider_id,
            site_id=self.site_id,
            report_id=self.report_id,
            reported_at=self.report.reported_at,
            day=london_date(self.report.reported_at),
            held=self.report.visibility == HELD,
            replay=self.report.replay,
            domains=self.domains,
            factors=self.factors,
        )
