"""What the page of a provider says in figures."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from services.reporting.domain.buckets import COLUMNS, Counts
from services.reporting.domain.overview import DOUBLING_EVENTS, Overview, last_complete_week, overview
from services.reporting.domain.registry import Site, SiteVersion
from services.reporting.domain.site_weeks import SiteWeeks
from services.reporting.usecases.read_page import age_of

LAST = date(2026, 11, 16)
TODAY = date(2026, 11, 25)
WEEK = timedelta(days=7)


Told = dict[str, dict[date, Counts]]


def site(site_id: str, name: str, closed_on: date | None = None) -> Site:
    opened = date(2015, 1, 1)
    return Site("p", site_id, 1, opened, closed_on, (SiteVersion(opened, name, "residential", None),))


def series(numbers: list[int], site_id: str = "s") -> Told:
    """Reports of consecutive weeks that end with the last complete one."""
    first = LAST - WEEK * (len(numbers) - 1)
    return {site_id: {first + WEEK * n: Counts(reports=number) for n, number in enumerate(numbers) if number}}


def block(told: Told) -> SiteWeeks:
    """The same as the panel gives it, over two years up to this week."""
    first = LAST - WEEK * 104
    numbers = np.zeros((len(told), 106, len(COLUMNS)), np.intp)
    for line, weeks in enumerate(told.values()):
        for monday, counts in weeks.items():
            numbers[line, (monday - first).days // 7] = counts.values()
    return SiteWeeks(first, {site_id: line for line, site_id in enumerate(told)}, numbers)


def shown(told: Told, *sites: Site, weeks: int = 8) -> Overview:
    return overview(block(told), sites or (site("s", "Elm"),), LAST - WEEK * (weeks - 1), LAST, TODAY)


@pytest.mark.parametrize(
    ("today", "monday"),
    [(date(2026, 11, 22), date(2026, 11, 9)), (date(2026, 11, 23), LAST), (date(2026, 11, 29), LAST)],
)
def test_a_week_is_complete_when_its_sunday_is_over(today: date, monday: date) -> None:
    """On Sunday the week still runs; on Monday it is the last complete one."""
    assert monday == last_complete_week(today)


@pytest.mark.parametrize(("last", "standing"), [(9, "above"), (8, "within"), (3, "within"), (2, "below")])
def test_the_last_week_stands_against_the_range_before_it(last: int, standing: str) -> None:
    """Only a number outside of all weeks before it is called more or fewer."""
    usual = shown(series([3, 8, 5, 4, last]), weeks=5).usual
    assert usual is not None
    assert (3, 8, 4, standing) == (usual.low, usual.high, usual.weeks, usual.standing)


def test_three_weeks_before_are_too_few_to_say_what_is_usual() -> None:
    """No range is named from fewer than four weeks."""
    assert shown(series([3, 8, 5, 4]), weeks=4).usual is None


def test_sites_stand_in_alphabetical_order_and_all_weeks_are_there() -> None:
    """No ranking: names decide the order, and a week without reports is a zero, not a gap."""
    page = shown(series([1, 1], "b"), site("b", "beech"), site("a", "Willow"), site("c", "Ash"))
    assert [s.name for s in page.sites] == ["Ash", "beech", "Willow"]
    assert [week.counts.reports for week in page.sites[1].weeks] == [0, 0, 0, 0, 0, 0, 1, 1]


def test_a_site_that_closed_before_is_left_out_unless_it_reported() -> None:
    """Closed sites do not stand there empty, and reports never go missing with them."""
    closed = (site("old", "Old", date(2026, 1, 1)), site("odd", "Odd", date(2026, 1, 1)))
    page = shown(series([2], "odd"), *closed)
    assert [s.name for s in page.sites] == ["Odd"]
    assert page.last is not None
    assert page.last.counts.reports == 2


def test_a_site_that_is_not_registered_yet_is_named_by_its_id() -> None:
    """A report that overtakes the registry is counted under the site's id."""
    assert [s.name for s in shown(series([2], "b"), site("z", "Old", date(2026, 1, 1))).sites] == ["b"]


def test_the_running_week_is_told_apart() -> None:
    """The week that has begun is no column of the chart."""
    page = shown({"s": {LAST: Counts(reports=1), LAST + WEEK: Counts(reports=4)}})
    assert (page.so_far.reports if page.so_far else None, page.total.reports) == (4, 1)


def test_five_expected_events_let_a_doubling_stand_out() -> None:
    """The threshold is the least count at which twice as many has a one-sided Poisson probability below 5 %."""

    def upper_tail(seen: int, mean: float) -> float:
        return 1 - sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(seen))

    least = next(mean for mean in range(1, 100) if upper_tail(2 * mean, mean) < 0.05)
    assert least == DOUBLING_EVENTS


def test_sites_with_too_few_reports_are_named() -> None:
    """A quiet site is said to be too quiet to tell, not safe."""
    buckets = series([4], "a") | series([5], "b")
    assert shown(buckets, site("a", "Elm"), site("b", "Ash")).too_quiet_to_tell == ("Elm",)


class Followed:
    """A log that was followed up to a moment."""

    def __init__(self, until: datetime | None) -> None:
        self.complete_until = until


def test_a_page_is_stale_when_the_log_runs_ahead() -> None:
    """Ten minutes behind is still fresh, eleven are not; not knowing yet is not called stale."""
    now = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
    ages = [age_of(Followed(now - timedelta(minutes=m)), now, 10) for m in (10, 11)]
    assert [(age.stale, age.behind_minutes) for age in ages] == [(False, 10), (True, 11)]
    assert not age_of(Followed(None), now, 10).stale
