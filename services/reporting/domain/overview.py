"""What the page of a provider says: weeks in a row, what is usual, and how much could have been seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Literal

from services.reporting.domain.buckets import Counts
from services.reporting.domain.registry import Site
from services.reporting.domain.site_weeks import SiteWeeks
from shared.kernel.clock import week_start

WEEK = timedelta(days=7)
USUAL_FROM_WEEKS = 4
"""Fewer weeks before do not make a range worth naming."""
DOUBLING_EVENTS = 5
"""With so many events expected in a window, a doubling (10 seen) has a one-sided exact Poisson
probability of 0.032; with 4 expected (8 seen) it is 0.051. So 5 is the least that lets a doubling
stand out at 5 %."""

Standing = Literal["within", "above", "below"]


@dataclass(frozen=True)
class Week:
    """One week of a series; exposure is None where the week is not covered."""

    start: date
    counts: Counts
    exposure: float | None = None
    exposure_unit: str | None = None


@dataclass(frozen=True)
class SiteSeries:
    """A site and its weeks.

    Attributes:
        site_id: Its id.
        name: Its name; its id where the registry has not named it yet.
        setting: Its kind; None alike.
        reports: How many reports there are over the weeks.
        told: The weeks of all sites: those of one are made when they are shown.
    """

    site_id: str
    name: str
    setting: str | None
    reports: int
    told: SiteWeeks

    @cached_property
    def weeks(self) -> tuple[Week, ...]:
        """Return its weeks in order."""
        return _weeks(self.told.first, self.told.of(self.site_id))

    @property
    def total(self) -> Counts:
        """Return the sum over the weeks."""
        return sum((week.counts for week in self.weeks), Counts())


@dataclass(frozen=True)
class Usual:
    """The range of the weeks before the last one, and where the last one stands against it."""

    low: int
    high: int
    weeks: int
    standing: Standing


@dataclass(frozen=True)
class Overview:
    """All that is counted on the page.

    Attributes:
        weeks: Complete weeks in order, all sites together; empty while nothing is known.
        sites: The sites in alphabetical order, over the same weeks.
        highest_at_a_site: The largest weekly number of any site: the common scale of their charts.
        so_far: Counts of the week that has begun and is not complete; None where the page ends earlier.
        so_far_from: Its Monday.
    """

    weeks: tuple[Week, ...]
    sites: tuple[SiteSeries, ...]
    highest_at_a_site: int
    so_far: Counts | None
    so_far_from: date

    @property
    def last(self) -> Week | None:
        """Return the last complete week."""
        return self.weeks[-1] if self.weeks else None

    @property
    def total(self) -> Counts:
        """Return the sum over the complete weeks."""
        return sum((week.counts for week in self.weeks), Counts())

    @property
    def usual(self) -> Usual | None:
        """Return what the weeks before the last one were like; None where they are too few."""
        before = [week.counts.reports for week in self.weeks[:-1]]
        if len(before) < USUAL_FROM_WEEKS:
            return None
        now, low, high = self.weeks[-1].counts.reports, min(before), max(before)
        standing: Standing = "above" if now > high else "below" if now < low else "within"
        return Usual(low, high, len(before), standing)

    @property
    def too_quiet_to_tell(self) -> tuple[str, ...]:
        """Return the names of the sites with too few reports in these weeks for even a doubling to stand out."""
        return tuple(site.name for site in self.sites if site.reports < DOUBLING_EVENTS)


def last_complete_week(today: date) -> date:
    """Return the Monday of the last week that is over."""
    return week_start(today) - WEEK


def weeks_between(first: date, last: date) -> list[date]:
    """Return all Mondays from one to another, both included."""
    return [first + WEEK * number for number in range((last - first).days // 7 + 1)]


def overview(told: SiteWeeks, sites: Sequence[Site], first: date, last: date, today: date) -> Overview:
    """Arrange the reports of a provider for its page.

    Args:
        told: What the reader sees of each site and week from `first` on.
        sites: The sites in reach that the registry knows.
        first: Monday of the first week shown; after `last` where nothing is known yet.
        last: Monday of the last week shown.
        today: The day in England.
    """
    this_week, shown = week_start(today), told.between(first, last)
    so_far = told.between(this_week, this_week).together()
    known, reports = {site.site_id: site for site in sites}, shown.reports()
    running = {site.site_id for site in sites if _runs(site, first, last)}
    day = last if first <= last else None
    series = [
        _series(site_id, known.get(site_id), day, reports.get(site_id, 0), shown) for site_id in running | set(reports)
    ]
    return Overview(
        weeks=_weeks(first, shown.together()),
        sites=tuple(sorted(series, key=lambda s: (s.name.casefold(), s.site_id))),
        highest_at_a_site=shown.highest(),
        so_far=sum(so_far, Counts()) if last + WEEK == this_week else None,
        so_far_from=this_week,
    )


def _weeks(first: date, counts: Sequence[Counts]) -> tuple[Week, ...]:
    return tuple(Week(first + WEEK * number, one) for number, one in enumerate(counts))


def _runs(site: Site, first: date, last: date) -> bool:
    """Tell whether a site was open on any day of the weeks shown."""
    return site.opened_on < last + WEEK and (site.closed_on is None or site.closed_on >= first)


def _series(site_id: str, site: Site | None, day: date | None, reports: int, told: SiteWeeks) -> SiteSeries:
    version = (site.at(day) if day else site.history[-1]) if site else None
    return SiteSeries(
        site_id=site_id,
        name=version.name if version else site_id,
        setting=version.setting if version else None,
        reports=reports,
        told=told,
    )
