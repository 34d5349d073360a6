"""Business continuity: what was disrupted, for how long, and whether the plans worked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.reporting.domain.facts import Fact
from shared.taxonomy import precedence
from shared.taxonomy.event_class import DISRUPTION

FORGOTTEN_AFTER = timedelta(days=14)
"""A disruption that nobody has ended for so long is asked about: low-level ones seldom last."""
KIND_UNKNOWN = "unknown"


def disrupted(fact: Fact) -> str | None:
    """Return what kind of disruption a report tells; None where it tells of none.

    What the reporter ticked goes before the label: the reporter was there.

    Args:
        fact: Everything known of the report.
    """
    if fact.report is None:
        return None
    labels = precedence.effective(fact.labels) if fact.labels else {}
    labelled = labels.get("disruption_kind") or (KIND_UNKNOWN if labels.get("event_class") == DISRUPTION else None)
    return fact.report.disruption_kind or labelled


@dataclass(frozen=True)
class Disruption:
    """One report of a disruption.

    Attributes:
        report_id: The report.
        site_id: Its site.
        kind: What was disrupted.
        reported_at: When staff told it.
        started_at: When it began; None where nobody said.
        ended_at: When it was over; None while it goes on, or where nobody said.
        people_affected: None where nobody said.
        plan_used: Whether a continuity plan was used; None where nobody said.
        plan_worked: Whether it worked; None where none was used, or nobody said.
    """

    report_id: str
    site_id: str
    kind: str
    reported_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    people_affected: int | None = None
    plan_used: bool | None = None
    plan_worked: bool | None = None

    @property
    def hours(self) -> float | None:
        """Return how long it lasted; None where its start or end is not known, or they contradict each other."""
        if self.started_at is None or self.ended_at is None or self.ended_at < self.started_at:
            return None
        return (self.ended_at - self.started_at).total_seconds() / 3600

    @property
    def open(self) -> bool:
        """Tell whether it is known to have begun and not known to be over."""
        return self.started_at is not None and self.ended_at is None


@dataclass(frozen=True)
class Lost:
    """What one kind of disruption cost at one site.

    Attributes:
        site_id: The site; None for all together.
        kind: The kind; None for all together.
        disruptions: How many were told.
        hours: Hours lost in those whose start and end are known.
        timed: How many those are.
        people_affected: Added up over reports that say it; the same person may be in several.
    """

    site_id: str | None
    kind: str | None
    disruptions: int = 0
    hours: float = 0.0
    timed: int = 0
    people_affected: int = 0

    def __add__(self, other: Lost) -> Lost:
        return Lost(
            self.site_id,
            self.kind,
            self.disruptions + other.disruptions,
            self.hours + other.hours,
            self.timed + other.timed,
            self.people_affected + other.people_affected,
        )


@dataclass(frozen=True)
class PlanTallies:
    """How many disruptions a plan was used in, in how many it worked, in how many none was used or nobody said."""

    used: int = 0
    worked: int = 0
    not_used: int = 0
    not_told: int = 0


@dataclass(frozen=True)
class Plans:
    """How continuity plans did.

    Attributes:
        used: Disruptions in which a plan was used.
        worked: Those in which it worked.
        failed: Those in which it did not, with their reports: what a review of the plan starts from.
        not_used: Disruptions in which none was used.
        not_told: Disruptions of which nobody said.
    """

    used: int
    worked: int
    failed: tuple[Disruption, ...]
    not_used: int
    not_told: int


@dataclass(frozen=True)
class Continuity:
    """The view of a period.

    Attributes:
        cells: Per site and kind, by site and kind.
        by_kind: All sites together, by kind.
        by_site: All kinds together, by site.
        total: All together.
        open: Disruptions that go on, the longest first.
        forgotten: Reports among them that nobody has ended for two weeks.
        plans: How plans did.
        as_of: The moment that open ones are measured at.
    """

    cells: tuple[Lost, ...]
    by_kind: tuple[Lost, ...]
    by_site: tuple[Lost, ...]
    total: Lost
    open: tuple[Disruption, ...]
    forgotten: frozenset[str]
    plans: Plans
    as_of: datetime


def continuity(
    cells: Iterable[Lost],
    plans: PlanTallies,
    failed: Iterable[Disruption],
    going: Iterable[Disruption],
    as_of: datetime,
) -> Continuity:
    """Arrange the disruptions of a period.

    Hours are counted only where both ends are known: a guess would hide what nobody wrote down, so `timed` stands
    beside `disruptions` everywhere.

    Args:
        cells: What those told in the period cost, by site and kind.
        plans: How many plans did how.
        failed: Those told in the period in which a plan did not work.
        going: Those that go on, whenever they were told.
        as_of: The present moment.
    """
    by_cell = sorted(cells, key=lambda lost: (str(lost.site_id), str(lost.kind)))
    by_kind: dict[str | None, Lost] = {}
    by_site: dict[str | None, Lost] = {}
    for lost in by_cell:
        by_kind[lost.kind] = by_kind.get(lost.kind, Lost(None, lost.kind)) + lost
        by_site[lost.site_id] = by_site.get(lost.site_id, Lost(lost.site_id, None)) + lost
    open_now = sorted(going, key=lambda d: (d.started_at or d.reported_at, d.report_id))
    return Continuity(
        cells=tuple(by_cell),
        by_kind=tuple(by_kind[kind] for kind in sorted(by_kind, key=str)),
        by_site=tuple(by_site[site] for site in sorted(by_site, key=str)),
        total=sum(by_cell, Lost(None, None)),
        open=tuple(open_now),
        forgotten=frozenset(d.report_id for d in open_now if as_of - (d.started_at or d.reported_at) > FORGOTTEN_AFTER),
        plans=Plans(
            used=plans.used,
            worked=plans.worked,
            failed=tuple(sorted(failed, key=lambda d: d.reported_at, reverse=True)),
            not_used=plans.not_used,
            not_told=plans.not_told,
        ),
        as_of=as_of,
    )
