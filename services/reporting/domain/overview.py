"""What the page of a provider says: weeks in a row, what is usual, and how much could have been seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.reporting.domain.buckets import Bucket, Counts
from services.reporting.domain.registry import Site
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
    """A site and its weeks; `name` is its id where the registry has not named it yet."""

    site_id: str
    name: str
    setting: str | None
    weeks: tuple[Week, ...]

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
        so_far: Counts of the week that has begun and is not complete; None where the page ends earlier.
        so_far_from: Its Monday.
    """

    weeks: tuple[Week, ...]
    sites: tuple[SiteSeries, ...]
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
    def highest_at_a_site(self) -> int:
        """Return the largest weekly number of any site: the common scale of their charts."""
        return max((week.counts.reports for site in self.sites for week in site.weeks), default=0)

    @property
    def too_quiet_to_tell(self) -> tuple[str, ...]:
        """Return the names of the sites with too few reports in these weeks for even a doubling to stand out."""
        return tuple(site.name for site in self.sites if site.total.reports < DOUBLING_EVENTS)


def last_complete_week(today: date) -> date:
    """Return the Monday of the last week that is over."""
    return week_start(today) - WEEK


def weeks_between(first: date, last: date) -> list[date]:
    """Return all Mondays from one to another, both included."""
    return [first + WEEK * number for number in range((last - first).days // 7 + 1)]


def overview(
    buckets: Iterable[Bucket], sites: Sequence[Site], first: date, last: date, today: date, held: bool
) -> Overview:
    """Arrange the (all) buckets of a provider for its page.

    Args:
        buckets: The (all) buckets of the sites in reach from `first` on.
        sites: The sites in reach that the registry knows.
        first: Monday of the first week shown; after `last` where nothing is known yet.
        last: Monday of the last week shown.
        today: The day in England.
        held: Whether the reader sees what is held from its site.
    """
    by_site: dict[str, dict[date, Week]] = defaultdict(dict)
    so_far, this_week = Counts(), week_start(today)
    for bucket in buckets:
        counts = bucket.seen(held)
        if bucket.cell.week == this_week:
            so_far += counts
        by_site[bucket.cell.site_id][bucket.cell.week] = Week(
            bucket.cell.week, counts, bucket.exposure, bucket.exposure_unit
        )
    mondays = weeks_between(first, last)
    known = {site.site_id: site for site in sites}
    running = {site.site_id for site in sites if _runs(site, first, last)}
    reported = {site_id for site_id, weeks in by_site.items() if _any_report(weeks, mondays)}
    series = [_series(site_id, known.get(site_id), by_site.get(site_id, {}), mondays) for site_id in running | reported]
    together = tuple(
        Week(monday, sum((week.counts for s in series for week in s.weeks if week.start == monday), Counts()))
        for monday in mondays
    )
    return Overview(
        weeks=together,
        sites=tuple(sorted(series, key=lambda s: (s.name.casefold(), s.site_id))),
        so_far=so_far if last + WEEK == this_week else None,
        so_far_from=this_week,
    )


def _runs(site: Site, first: date, last: date) -> bool:
    """Tell whether a site was open on any day of the weeks shown."""
    return site.opened_on < last + WEEK and (site.closed_on is None or site.closed_on >= first)


def _any_report(weeks: dict[date, Week], mondays: Sequence[date]) -> bool:
    return any(weeks[monday].counts.reports for monday in mondays if monday in weeks)


def _series(site_id: str, site: Site | None, weeks: dict[date, Week], mondays: Sequence[date]) -> SiteSeries:
    version = site.at(mondays[-1]) if site and mondays else site.history[-1] if site else None
    return SiteSeries(
        site_id=site_id,
        name=version.name if version else site_id,
        setting=version.setting if version else None,
        weeks=tuple(weeks.get(monday, Week(monday, Counts())) for monday in mondays),
    )
