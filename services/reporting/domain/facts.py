"""What is known of one report, from two sources in any order, and what it counts as."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from shared.kernel.clock import london_date, week_start
from shared.taxonomy import precedence
from shared.taxonomy.event_class import UNKNOWN

ALL = "(all)"
NONE = "(none)"
HELD = "held"
LIVE = "live"


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
class Shown:
    """What a report counts as, once it counts.

    Attributes:
        week: The Monday, in England, of the week in which staff told it.
        domains: Its domains without repeats, sorted; empty while unclassified.
        event_class: Its class; UNKNOWN while unclassified.
        held: Whether its site must not see it.
        needs_review: Whether a person should look at its labels.
    """

    week: date
    domains: tuple[str, ...]
    event_class: str
    held: bool
    needs_review: bool

    def tally(self) -> str:
        """Return the canonical text of all that decides where it is counted: equal texts count alike."""
        return json.dumps(
            [list(self.domains), self.event_class, self.held, self.needs_review],
            separators=(",", ":"),
            ensure_ascii=False,
        )


@dataclass(frozen=True)
class Fact:
    """Everything known of one report of one site; parts come in any order and more than once."""

    provider_id: str
    site_id: str
    report_id: str
    report: ReportPart | None = None
    labels: Mapping[str, Any] | None = None
    model: ModelPart | None = None

    def with_report(self, part: ReportPart) -> Fact:
        """Take in what intake said, unless something newer is known."""
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
        return replace(self, labels=precedence.merge(self.labels, said), model=newest)

    def shown(self) -> Shown | None:
        """Return what the report counts as; None while it is not known, or once it is withdrawn."""
        if self.report is None or self.report.withdrawn:
            return None
        labels = precedence.effective(self.labels) if self.labels else {}
        domains = labels.get("domains") or ()
        return Shown(
            week=week_of(self.report.reported_at),
            domains=tuple(sorted({name for name in domains if name not in (ALL, NONE)})),
            event_class=labels.get("event_class") or UNKNOWN,
            held=self.report.visibility == HELD,
            needs_review=self._needs_review(),
        )

    def _needs_review(self) -> bool:
        """Tell whether the words changed under a person's labels, or no person has yet looked where the model asked."""
        if self.labels is None:
            return False
        asked = self.model is not None and self.model.needs_review
        return precedence.needs_review(self.labels) or (asked and not self.labels["corrected"])


def week_of(moment: datetime) -> date:
    """Return the Monday, by the calendar of England, of the week that an aware moment lies in."""
    return week_start(london_date(moment))
