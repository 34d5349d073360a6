"""What a review needs of a provider, and the report of the engine made from a fact of the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.actions.domain.backtest.history import SERIOUS
from services.actions.domain.detection.facts import ExposureWeek, ReportFact, SiteCard, hurt_someone, reached_someone
from services.actions.domain.detection.panel import WEEKS_KEPT
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.detection.signals import Signal
from services.actions.domain.evaluations import Evaluation
from services.actions.domain.facts import HELD, Fact
from services.actions.domain.management_log import LogEntry
from shared.kernel.clock import london_date

__all__ = ["DAYS_BACK", "LATE_DAYS", "MARKS_DAYS", "Kept", "Known", "report_fact"]

DAYS_BACK: Final = 7 * WEEKS_KEPT
"""So many days of facts, exposure, log and closed signals are read for a review."""
LATE_DAYS: Final = 14
"""A report that becomes known so many days after it was told is still looked at as new; an older one only counts."""
MARKS_DAYS: Final = 28
"""Hashes of words are forgotten after so many days: no report is compared with one that old."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A signal as the engine left it, with its place among all that were raised."""

    order: int
    signal: Signal


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that a review of a day goes by.

    Attributes:
        day: The reviewed day.
        cards: The sites.
        starts: By site, the day from which on its silence means something; sites without are left out.
        facts: The sites' reports that count, told by the day.
        lifted: By report, the escalation code that was removed: it counts as if it had none.
        exposure: Weeks that had ended by the day.
        log: Lines dated by the day.
        kept: The signals that are open, or were closed not long ago.
        evaluations: The sites' evaluations.
    """

    provider_id: str
    day: date
    cards: Sequence[SiteCard]
    starts: Mapping[str, date]
    facts: Sequence[Fact]
    lifted: Mapping[str, str]
    exposure: Sequence[ExposureWeek]
    log: Sequence[LogEntry]
    kept: Sequence[Kept]
    evaluations: Sequence[Evaluation]


def report_fact(fact: Fact, book: SeriesBook, lifted: Mapping[str, str]) -> ReportFact | None:
    """Make what the engine takes of a report.

    Args:
        fact: What the service knows.
        book: The series.
        lifted: By report, the escalation code that was removed.

    Returns:
        The report; None where it does not count, or is held: no signal rests on what its site may not see.
    """
    part = fact.report
    if part is None or not fact.counts or part.visibility == HELD:
        return None
    day = london_date(part.reported_at)
    occurred, domains, factors = day, fact.domains, fact.factors
    if part.occurred_at is not None and part.occurred_at != part.reported_at:
        occurred = min(london_date(part.occurred_at), day)
    minute = None
    if part.occurred_at is not None and part.occurred_precision == "minute":
        minute = part.occurred_at.hour * 60 + part.occurred_at.minute
    severity, near = fact.label("potential_severity"), fact.label("is_near_miss")
    escalated = any(code != lifted.get(fact.report_id) for code in fact.escalate)
    return ReportFact(
        report_id=fact.report_id,
        site=fact.site_id,
        day=day.toordinal(),
        occurred=occurred.toordinal(),
        occurred_minute=minute,
        domains=domains,
        primary=fact.label("primary_domain"),
        factors=factors,
        rows=book.rows_of(domains, factors),
        serious=severity in SERIOUS or reached_someone(near, escalated),
        harm=hurt_someone(near, escalated, fact.label("event_class")),
        severity=severity,
        asset=part.asset,
        person=part.person_token,
        marks=frozenset(part.marks),
        repeats=fact.repeats,
    )
