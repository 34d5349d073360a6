"""What a picture of a series shows: each report on its day, the care delivered by week, what management did."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.actions.domain.detection.facts import day_of, monday_of
from services.actions.domain.detection.one_series import Series
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.evaluations import Evaluation
from services.actions.domain.exposure import Exposure
from services.actions.domain.facts import Fact
from services.actions.domain.management_log import LogEntry
from services.actions.domain.signals import Signal
from services.actions.domain.watch.known import report_fact
from services.actions.domain.watch.weeks import exposure_weeks
from shared.kernel.clock import london_date, week_start

__all__ = [
    "Dot",
    "ExposureOf",
    "Past",
    "Picture",
    "Since",
    "evaluation_span",
    "of_series",
    "signal_span",
    "since_verdict",
]

WEEK = timedelta(days=7)
WEEKS_SHOWN = 26
WEEKS_MAX = 72
WEEKS_MIN = 6


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a site in some days.

    Attributes:
        facts: Its reports that count.
        exposure: Periods of care delivered.
        log: What management did, the oldest first.
    """

    facts: Sequence[Fact]
    exposure: Sequence[Exposure]
    log: Sequence[LogEntry]


@dataclass(frozen=True, slots=True)
class Dot:
    """One report of the series.

    Attributes:
        marked: Whether it is one of those that the picture is about.
        domains: What it is about.
    """

    day: date
    report_id: str
    marked: bool
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExposureOf:
    """Care delivered in a week; None where it is not known."""

    week: date
    value: float | None


@dataclass(frozen=True, slots=True)
class Picture:
    """A series at a site in whole weeks.

    Attributes:
        first: The Monday that it begins with.
        last: The Sunday that it ends with.
        dots: Each report, one for each event, in order of days.
        exposure: Each week of the span.
        unit: Of exposure; None where none is known.
        log: Lines of the management log in the span, the oldest first.
    """

    first: date
    last: date
    dots: Sequence[Dot]
    exposure: Sequence[ExposureOf]
    unit: str | None
    log: Sequence[LogEntry]

    @property
    def weeks(self) -> list[date]:
        """Return the Mondays of the span."""
        return [item.week for item in self.exposure]

    def of_week(self, week: date) -> list[Dot]:
        """Return the dots of a week."""
        return [dot for dot in self.dots if week <= dot.day < week + WEEK]


@dataclass(frozen=True, slots=True)
class Since:
    """What was told after the days that a verdict counted.

    Attributes:
        last: The last day that the verdict counted.
        reports: Reports of the series since, one for each event.
        days: Days since, to today.
    """

    last: date
    reports: int
    days: int


def since_verdict(evaluation: Evaluation, shown: Picture, today: date) -> Since | None:
    """Count what is known since a verdict was said; None while there is no verdict.

    Args:
        evaluation: The evaluation.
        shown: Its picture, to today.
        today: The present day in England.
    """
    if evaluation.verdict is None:
        return None
    last = evaluation.verdict.after.last
    return Since(last, sum(last < dot.day <= today for dot in shown.dots), max(0, (today - last).days))


def signal_span(signal: Signal, today: date) -> tuple[date, date]:
    """Return the days that a signal's picture shows: half a year to today, more where its window is longer.

    Args:
        signal: The signal.
        today: The present day in England.
    """
    last = week_start(today) + timedelta(days=6)
    first = min(week_start(signal.window_from) - 4 * WEEK, week_start(last) - (WEEKS_SHOWN - 1) * WEEK)
    return max(first, week_start(last) - (WEEKS_MAX - 1) * WEEK), last


def evaluation_span(evaluation: Evaluation, today: date) -> tuple[date, date]:
    """Return the days that a remedy's picture shows: from its baseline to today, for it is watched after its reviews.

    Args:
        evaluation: The evaluation.
        today: The present day in England.
    """
    last = week_start(max(today, evaluation.started_on)) + timedelta(days=6)
    return max(week_start(evaluation.baseline_from), week_start(last) - (WEEKS_MAX - 1) * WEEK), last


def of_series(
    past: Past, series: Series, book: SeriesBook, span: tuple[date, date], marked: Collection[str]
) -> Picture:
    """Make the picture of a series; it counts as detection does, one report for each event and none that is held.

    Args:
        past: What is known of the site.
        series: Which reports.
        book: The series of the detection.
        span: A Monday and a Sunday.
        marked: Ids of the reports that the picture is about.
    """
    dots = []
    for fact in past.facts:
        told = report_fact(fact, book, {})
        if told is not None and told.counts and series.has(told) and span[0] <= day_of(told.day) <= span[1]:
            dots.append(Dot(day_of(told.day), told.report_id, told.report_id in marked, told.domains))
    dots.sort(key=lambda dot: (dot.day, dot.report_id))
    span = (_begin(past, span), span[1])
    weeks = [span[0] + WEEK * number for number in range(((span[1] - span[0]).days + 1) // 7)]
    units = sorted({period.unit for period in past.exposure})
    known: dict[date, float | None] = {}
    unit = None
    for name in units:
        rows = exposure_weeks([period for period in past.exposure if period.unit == name], span[0], span[1])
        found = {day_of(monday_of(row.week)): row.value for row in rows}
        if len(found) > len(known):
            known, unit = found, name
    log = [entry for entry in past.log if span[0] <= entry.on <= span[1]]
    return Picture(*span, dots, [ExposureOf(week, known.get(week)) for week in weeks], unit, log)


def _begin(past: Past, span: tuple[date, date]) -> date:
    """Return the Monday from which anything is known: weeks before a site's first report are not empty but unknown."""
    told = [london_date(fact.report.reported_at) for fact in past.facts if fact.report is not None]
    known = min([*told, *(period.period_start for period in past.exposure)], default=span[0])
    latest = week_start(span[1]) - (WEEKS_MIN - 1) * WEEK
    return min(max(span[0], week_start(known)), latest)
