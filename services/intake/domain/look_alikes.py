"""Reports of one site that may tell of one event: offered to a person; only a machine's event is joined by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.intake.domain.progress import Labels
from services.intake.domain.report import Report
from services.intake.domain.times import MINUTE
from shared.kernel.clock import LONDON, london_date
from shared.matching.same_event import CERTAIN, Sameness, marks_of, same_event, same_moment

MATCHING_VERSION: Final = "2"
TELEMETRY: Final = "telemetry"
NOW: Final = "now"


@dataclass(slots=True)
class Facts:
    """What is compared of a report; day and occurred are day numbers.

    Attributes:
        machine: Whether a machine told it.
    """

    day: int
    occurred: int
    occurred_minute: int | None
    domains: tuple[str, ...]
    primary: str | None
    asset: str | None
    person: str | None
    marks: frozenset[int]
    machine: bool = False


def facts_of(report: Report, labels: Labels) -> Facts:
    """Return what is compared of a report."""
    happened = report.occurred_at.astimezone(LONDON)
    exact = report.occurred_precision == MINUTE or report.occurred_band == NOW
    return Facts(
        day=london_date(report.reported_at).toordinal(),
        occurred=happened.date().toordinal(),
        occurred_minute=happened.hour * 60 + happened.minute if exact else None,
        domains=tuple(labels.values.get("domains") or ()),
        primary=labels.values.get("primary_domain"),
        asset=report.asset_ref,
        person=report.person_token,
        marks=marks_of(report.text),
        machine=report.origin == TELEMETRY,
    )


def look_alikes(report_id: str, facts: Mapping[str, Facts]) -> list[tuple[str, Sameness]]:
    """Return the reports that may tell of the same event as one, the likeliest first.

    Args:
        report_id: The one.
        facts: Reports of one site, by id; the one among them.
    """
    own = facts[report_id]
    found = [
        (other, sameness)
        for other, theirs in facts.items()
        if other != report_id and (sameness := _sameness(own, theirs)) is not None
    ]
    return sorted(found, key=lambda pair: (-pair[1].score, pair[0]))


def is_certain(one: Facts, other: Facts, sameness: Sameness) -> bool:
    """Tell whether nobody need be asked: one of the two is a machine's, and enough speaks for it."""
    return one.machine != other.machine and sameness.score >= CERTAIN


def _sameness(one: Facts, other: Facts) -> Sameness | None:
    """Compare two reports; a machine that notes two things noted two things."""
    if one.machine and other.machine:
        return None
    if one.machine or other.machine:
        return same_moment(one, other) if one.machine else same_moment(other, one)
    return same_event(one, other)
