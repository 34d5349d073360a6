"""What actions knows of a report: compact facts without text, joined from parts that come in any order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from shared.kernel.clock import london_date
from shared.taxonomy import precedence

BACKFILL = "backfill"
HELD = "held"
"""Visibility of what is hidden from its own site's roles until it is released."""


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
        person_token: Opaque token of the person concerned, where there is one.
    """

    revision: int
    withdrawn: bool
    reported_at: datetime
    origin: str
    replay: bool
    visibility: str
    asset_ref: str | None = None
    person_token: str | None = None


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
    """Everything known of one report; either part may still be missing."""

    provider_id: str
    site_id: str
    report_id: str
    report: ReportPart | None = None
    labels: Mapping[str, Any] | None = None

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

    def _label(self, name: str) -> tuple[str, ...]:
        entry = self.labels["fields"].get(name) if self.labels else None
        return tuple(entry["value"] or ()) if entry else ()

    @property
    def counts(self) -> bool:
        """Tell whether the report counts for detection: known, not withdrawn, not imported as backfill."""
        return self.report is not None and not self.report.withdrawn and self.report.origin != BACKFILL

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
