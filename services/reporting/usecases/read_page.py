"""Gather what the page of a provider shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.reporting.domain.escalations import Escalations
from services.reporting.domain.overview import WEEK, Overview, last_complete_week, overview
from services.reporting.domain.reading import Span
from services.reporting.domain.registry import Provider, Site
from services.reporting.ports import Figures, Freshness, Views
from services.reporting.usecases.access import Access
from shared.kernel.clock import london_date, week_start


@dataclass(frozen=True)
class Age:
    """How fresh a page is.

    Attributes:
        as_of: When it was made.
        complete_until: Everything in the log by then is counted; None while not known.
        stale: Whether that lies further back than it should.
    """

    as_of: datetime
    complete_until: datetime | None
    stale: bool

    @property
    def behind_minutes(self) -> int:
        """Return by how many whole minutes the page is behind the log."""
        return 0 if self.complete_until is None else int((self.as_of - self.complete_until).total_seconds() // 60)


@dataclass(frozen=True)
class ProviderPage:
    """What the page shows.

    Attributes:
        provider: The provider; None where the registry has not told of it yet.
        sites: All sites in reach that the registry knows.
        overview: Weeks and sites.
        first_week: The first week of which anything is known; None where nothing is.
        newest_week: The last week with a report, up to today; None where there is none.
        escalations: How many escalations of the weeks shown were removed, by site.
        age: How fresh it is.
        versions: Taxonomy and model versions behind the labels.
        asked_until: The day that was asked for.
    """

    provider: Provider | None
    sites: Sequence[Site]
    overview: Overview
    first_week: date | None
    newest_week: date | None
    escalations: Mapping[str, Escalations]
    age: Age
    versions: Sequence[tuple[str, str]]
    asked_until: date | None = None


def age_of(freshness: Freshness, now: datetime, stale_after_minutes: int) -> Age:
    """Say how fresh the views are.

    Args:
        freshness: How far they have followed the log.
        now: The present moment.
        stale_after_minutes: Further back than this is stale.
    """
    until = freshness.complete_until
    stale = until is not None and now - until > timedelta(minutes=stale_after_minutes)
    return Age(now, until, stale)


async def read_provider_page(
    views: Views, figures: Figures, access: Access, age: Age, until: date | None, weeks_shown: int
) -> ProviderPage:
    """Gather the page.

    Args:
        views: Where sites and the ends of what is known are read.
        figures: Where reports are counted.
        access: What the reader may see.
        age: How fresh the views are.
        until: A day in the last week to show; None, or a day to come, takes the last complete week.
        weeks_shown: At most so many weeks.
    """
    today = london_date(age.as_of)
    newest_possible = last_complete_week(today)
    last = min(week_start(until), newest_possible) if until else newest_possible
    first_known = await views.first_week(access)
    first = max(last - WEEK * (weeks_shown - 1), first_known) if first_known else last + WEEK
    told = await figures.site_weeks(access, Span(first, week_start(today) if last == newest_possible else last))
    sites = await views.sites(access)
    return ProviderPage(
        provider=await views.provider(access),
        sites=sites,
        overview=overview(told, sites, first, last, today),
        first_week=first_known,
        newest_week=await views.last_week(access, today),
        escalations=await figures.escalations(access, first, last),
        age=age,
        versions=await views.versions(access),
        asked_until=until,
    )
