"""What the use cases need from the world: a store to fold into, someone to tell, and views to read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from services.reporting.domain.buckets import Bucket, Cell, Counts
from services.reporting.domain.exposure import Period
from services.reporting.domain.facts import Fact
from services.reporting.domain.reading import BucketFilter, Entry, ReportFilter
from services.reporting.domain.registry import Provider, Site
from services.reporting.domain.states import State
from services.reporting.domain.stored import ExposureRecord, StoredBucket

FactKey = tuple[str, str, str]
"""Provider, site and report: labels that name another site's report must touch nothing."""
"""Provider and report."""
SiteKey = tuple[str, str]
"""Provider and site."""
ExposureKey = tuple[str, str, str, date]
"""Provider, site, unit and first day."""
StateKey = tuple[str, str]
"""Provider and the id of a signal or action."""


class FoldStore(Protocol):
    """The facts and buckets inside one transaction; every read is one query, every write one command."""

    async def facts(self, keys: Collection[FactKey]) -> dict[FactKey, Fact]:
        """Return what is known of the reports named."""
        ...

    async def put_facts(self, facts: Sequence[Fact]) -> None:
        """Keep facts, with what they count as."""
        ...

    async def providers(self, ids: Collection[str]) -> dict[str, Provider]:
        """Return the providers named that are known."""
        ...

    async def put_providers(self, providers: Sequence[Provider]) -> None:
        """Keep providers."""
        ...

    async def sites(self, keys: Collection[SiteKey]) -> dict[SiteKey, Site]:
        """Return the sites named that are known."""
        ...

    async def put_sites(self, sites: Sequence[Site]) -> None:
        """Keep sites."""
        ...

    async def guard_sites(self, keys: Collection[SiteKey]) -> None:
        """Make two transactions meet that change a site's exposure and its kind at the same moment."""
        ...

    async def exposure(self, keys: Collection[ExposureKey]) -> dict[ExposureKey, ExposureRecord]:
        """Return the exposure recorded under the keys."""
        ...

    async def put_exposure(self, records: Sequence[ExposureRecord]) -> None:
        """Keep exposure."""
        ...

    async def cells_with_exposure(self, keys: Collection[SiteKey]) -> list[Cell]:
        """Return the cells of the sites that have exposure within their week."""
        ...

    async def signals(self, keys: Collection[StateKey]) -> dict[StateKey, State]:
        """Return the signals named that are known."""
        ...

    async def put_signals(self, states: Sequence[State]) -> None:
        """Keep signals."""
        ...

    async def actions(self, keys: Collection[StateKey]) -> dict[StateKey, State]:
        """Return the actions named that are known."""
        ...

    async def put_actions(self, states: Sequence[State]) -> None:
        """Keep actions."""
        ...

    async def note_versions(self, versions: Collection[tuple[str, str, str]]) -> None:
        """Remember which taxonomy and model a provider's labels were made with: (provider, taxonomy, model)."""
        ...

    async def tallies(self, cells: Collection[Cell]) -> dict[Cell, list[tuple[str, int]]]:
        """Count the facts of cells by what they count as."""
        ...

    async def periods(self, cells: Collection[Cell]) -> dict[Cell, list[Period]]:
        """Return the exposure that lies within the cells' weeks."""
        ...

    async def buckets(self, cells: Collection[Cell]) -> dict[Cell, dict[str, StoredBucket]]:
        """Return the stored buckets of cells by domain."""
        ...

    async def put_buckets(self, buckets: Sequence[StoredBucket]) -> None:
        """Keep buckets."""
        ...

    async def touch(self, cells: Collection[Cell]) -> None:
        """Write to cells that did not change, so that two transactions that recompute one at the same moment meet."""
        ...

    async def origin(self) -> tuple[int, Mapping[str, int] | None]:
        """Return the version and place in time that a new row goes on from: those before the last rebuild."""
        ...


class Announcer(Protocol):
    """Tells the world of a changed row, in the same transaction."""

    def announce(self, row: StoredBucket) -> Mapping[str, int]:
        """Publish the row.

        Returns:
            The row's new place in time, to be stored with it.
        """
        ...


class Reach(Protocol):
    """What a reader may see; the tenant comes first."""

    @property
    def provider_id(self) -> str:
        """Return the tenant."""
        ...

    @property
    def sites(self) -> frozenset[str] | None:
        """Return the sites in reach; None for all."""
        ...

    @property
    def held(self) -> bool:
        """Tell whether what is held from its site is in reach."""
        ...


class Views(Protocol):
    """The views as readers see them: nothing out of their reach ever comes back."""

    async def provider_ids(self) -> list[str]:
        """Return all providers; for the operator of the whole installation."""
        ...

    async def provider(self, reach: Reach) -> Provider | None:
        """Return the provider, where it is known."""
        ...

    async def sites(self, reach: Reach) -> list[Site]:
        """Return the sites in reach, by id."""
        ...

    async def knows_site(self, reach: Reach, site_id: str) -> bool:
        """Tell whether a site is in reach, and is registered or has been reported from."""
        ...

    def buckets(self, reach: Reach, wanted: BucketFilter) -> AsyncIterator[Bucket]:
        """Iterate over the buckets in reach, by week, site and domain; those without any content are left out."""
        ...

    async def totals(self, reach: Reach, first: date | None, last: date | None) -> dict[str, Counts]:
        """Return the sums of the (all) buckets from one Monday to another, by site."""
        ...

    async def first_week(self, reach: Reach) -> date | None:
        """Return the first week of which anything is known."""
        ...

    async def last_week(self, reach: Reach, before: date) -> date | None:
        """Return the last week, up to a day, with a report in reach."""
        ...

    async def reports(self, reach: Reach, wanted: ReportFilter) -> list[Entry]:
        """Return a page of the reports in reach, newest first."""
        ...

    async def count_reports(self, reach: Reach, wanted: ReportFilter) -> int:
        """Count all reports in reach that fit, whatever the page."""
        ...

    async def signals(self, reach: Reach, site_id: str | None, status: str | None) -> list[State]:
        """Return signals; status None takes all, "open" those that still ask something."""
        ...

    async def signal(self, reach: Reach, signal_id: str) -> State | None:
        """Return one signal in reach."""
        ...

    async def actions(self, reach: Reach, site_id: str | None, status: str | None) -> list[State]:
        """Return actions; status None takes all, "open" those that still ask something."""
        ...

    async def action(self, reach: Reach, action_id: str) -> State | None:
        """Return one action in reach."""
        ...

    async def versions(self, reach: Reach) -> list[tuple[str, str]]:
        """Return the taxonomy and model versions that labels were made with."""
        ...


class Freshness(Protocol):
    """How far the views have followed the log."""

    @property
    def complete_until(self) -> datetime | None:
        """Return the moment up to which everything in the log is in the views; None while not known."""
        ...


class Admin(Protocol):
    """What the command line needs; used while the service is stopped."""

    async def is_running(self) -> bool:
        """Tell whether a process of this service is alive."""
        ...

    async def drop_views(self) -> None:
        """Drop facts, views and fences, and remember the highest row version."""
        ...

    def lines(self) -> AsyncIterator[Mapping[str, object]]:
        """Iterate over everything that a rebuild must give again, in a fixed order."""
        ...
