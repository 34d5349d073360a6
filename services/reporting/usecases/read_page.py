"""Gather what the page of a provider shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.reporting.domain.facts import ALL
from services.reporting.domain.overview import WEEK, Overview, last_complete_week, overview
from services.reporting.domain.reading import BucketFilter
from services.reporting.domain.registry import Provider, Site
from services.reporting.domain.states import State
from services.reporting.ports import Freshness, Views
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
        signals: Open questions, newest first.
        actions: Open actions, the earliest due first.
        age: How fresh it is.
        versions: Taxonomy and model versions behind the labels.
    """

    provider: Provider | None
    sites: Sequence[Site]
    overview: Overview
    first_week: date | None
    newest_week: date | None
    signals: Sequence[State]
    actions: Sequence[State]
    age: Age
    versions: Sequence[tuple[str, str]]


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
    views: Views, access: Access, age: Age, until: date | None, weeks_shown: int
) -> ProviderPage:
    """Gather the page.

    Args:
        views: Where the counts are.
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
    wanted = BucketFilter(domain=ALL, first=first, last=week_start(today) if last == newest_possible else last)
    buckets = [bucket async for bucket in views.buckets(access, wanted)]
    sites = await views.sites(access)
    signals = await views.signals(access, None, "open")
    actions = await views.actions(access, None, "open")
    return ProviderPage(
        provider=await views.provider(access),
        sites=sites,
        overview=overview(buckets, sites, first, last, today, access.held),
        first_week=first_known,
        newest_week=await views.last_week(access, today),
        signals=sorted(signals, key=_newest_first),
        actions=sorted(actions, key=_first_due),
        age=age,
        versions=await views.versions(access),
    )


def _newest_first(signal: State) -> tuple[int, str, str]:
    return -date.fromisoformat(signal.body["raised_on"]).toordinal(), signal.site_id, signal.state_id


def _first_due(action: State) -> tuple[bool, str, str, str]:
    due_on = action.body["due_on"]
    return due_on is None, due_on or "", action.site_id, action.state_id
