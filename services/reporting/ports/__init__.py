"""What the use cases need from the world: a store to fold into, someone to tell, and views to read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from services.reporting.domain.buckets import Bucket, Cell, Counts
from services.reporting.domain.continuity import Disruption, Lost, PlanTallies
from services.reporting.domain.escalations import Escalations
from services.reporting.domain.exposure import Period
from services.reporting.domain.facts import Fact
from services.reporting.domain.heard import Heard
from services.reporting.domain.heat import Windows
from services.reporting.domain.overview import Week
from services.reporting.domain.packs import IssuedPack, Tally
from services.reporting.domain.pulse import Answers
from services.reporting.domain.reading import BucketFilter, Entry, ReportFilter, Span, StateFilter
from services.reporting.domain.registry import Provider, Site
from services.reporting.domain.rollups import Totals
from services.reporting.domain.site_weeks import SiteWeeks
from services.reporting.domain.states import State
from services.reporting.domain.stored import ExposureRecord, StoredBucket

FactKey = tuple[str, str, str]
"""Provider, site and report: labels that name another site's report must touch nothing."""
SiteKey = tuple[str, str]
"""Provider and site."""
ExposureKey = tuple[str, str, str, date]
"""Provider, site, unit and first day."""
StateKey = tuple[str, str]
"""Provider and the id of a signal, action or other thing."""


class FoldStore(Protocol):
    """The facts and buckets inside one transaction; every read is one query, every write one command."""

    async def facts(self, keys: Collection[FactKey]) -> dict[FactKey, Fact]:
        """Return what is known of the reports named."""
        ...

    async def put_facts(self, facts: Sequence[Fact]) -> None:
        """Keep facts, with what they count as."""
        ...

    async def forget_panels(self, provider_ids: Collection[str]) -> None:
        """Throw away what is kept of providers for quick sums, where a report of theirs is erased."""
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

    async def states(self, kind: str, keys: Collection[StateKey]) -> dict[StateKey, State]:
        """Return the states named that are known, of one kind."""
        ...

    async def put_states(self, kind: str, states: Sequence[State]) -> None:
        """Keep states of one kind."""
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
        """Return the version and place in time that a new row goes on from: above those of earlier generations."""
        ...


class Announcer(Protocol):
    """Tells the world of a changed row, in the same transaction."""

    def announce(self, row: StoredBucket, before: Bucket | None) -> Mapping[str, int]:
        """Publish the row, return its place in time; `before` keeps changes from those who must not see them."""
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

    async def first_week(self, reach: Reach) -> date | None:
        """Return the first week of which anything is known."""
        ...

    async def last_week(self, reach: Reach, before: date) -> date | None:
        """Return the last week, up to a day, with a report in reach."""
        ...

    async def reports(self, reach: Reach, wanted: ReportFilter) -> list[Entry]:
        """Return a page of the reports in reach, newest first."""
        ...

    async def signal(self, reach: Reach, signal_id: str) -> State | None:
        """Return one signal in reach."""
        ...

    async def action(self, reach: Reach, action_id: str) -> State | None:
        """Return one action in reach."""
        ...

    async def states(self, kind: str, reach: Reach, wanted: StateFilter) -> list[State]:
        """Return a page of the states of one kind in reach, by id; it is full unless the list ends there."""
        ...

    async def versions(self, reach: Reach) -> list[tuple[str, str]]:
        """Return the taxonomy and model versions that labels were made with."""
        ...


class Figures(Protocol):
    """Sums over reports and weeks for the views that compare; nothing out of the reader's reach is counted."""

    async def voices(self, reach: Reach, site_id: str | None, span: Span) -> Heard:
        """Return what the reports of each site say about reporting itself, and of all together."""
        ...

    async def counts(self, reach: Reach, first: date | None, last: date | None) -> dict[str, Counts]:
        """Return the sums of reports over weeks that begin between two days, by site."""
        ...

    async def count_reports(self, reach: Reach, wanted: ReportFilter) -> int:
        """Count all reports in reach that fit, whatever the page."""
        ...

    async def site_weeks(self, reach: Reach, span: Span) -> SiteWeeks:
        """Return the counts of each site and week."""
        ...

    async def escalations(self, reach: Reach, first: date | None, last: date | None) -> dict[str, Escalations]:
        """Return how many escalations of reports told in weeks between two days were removed, by site."""
        ...

    async def domain_counts(self, reach: Reach, site_id: str | None, span: Span) -> dict[str, dict[str, int]]:
        """Return how many reports each domain has, by site."""
        ...

    async def totals(self, reach: Reach, site_id: str | None, span: Span) -> dict[str, Totals]:
        """Return each site's sums with the care delivered in covered weeks."""
        ...

    async def weeks(self, reach: Reach, site_id: str | None, domain: str, span: Span) -> list[Week]:
        """Return the weeks with anything to tell, sites added up; exposure where one unit covers all of them."""
        ...

    async def days(
        self, reach: Reach, site_id: str | None, domain: str, span: Span, near_misses_only: bool
    ) -> list[date]:
        """Return the days in England on which reports were told, one for each report, in order."""
        ...

    async def windows(
        self, reach: Reach, site_ids: Sequence[str], before: Span, recent: Span, group_of: Mapping[str, str]
    ) -> dict[str, Windows]:
        """Return each site's counts and exposure in a recent window and before it."""
        ...

    async def tallies(self, reach: Reach, site_ids: Sequence[str], span: Span) -> list[Tally]:
        """Return how many reports of each site and week have which domains and class."""
        ...

    async def late(self, reach: Reach, site_ids: Sequence[str], span: Span, after: datetime) -> int:
        """Count the reports of a period that reached us after a moment."""
        ...

    async def losses(self, reach: Reach, site_id: str | None, span: Span) -> tuple[list[Lost], PlanTallies]:
        """Return what the disruptions told in a period cost, by site and kind, and how plans did."""
        ...

    async def failed_plans(self, reach: Reach, site_id: str | None, span: Span) -> list[Disruption]:
        """Return the disruptions told in a period whose plan did not work."""
        ...

    async def open_disruptions(self, reach: Reach, site_id: str | None) -> list[Disruption]:
        """Return the disruptions that began and are not known to be over."""
        ...

    async def pulses(self, reach: Reach, site_id: str | None, span: Span) -> dict[str, Answers]:
        """Return how often each question of the pulse was answered how, by site."""
        ...

    async def staff_on_roll(self, reach: Reach, last: date) -> dict[str, float]:
        """Return the newest number of staff employed that was told up to a week, by site."""
        ...


class ExportSource(Protocol):
    """What exports stream; nothing out of the reader's reach ever comes back."""

    def facts(self, reach: Reach, wanted: ReportFilter, changed_since_ms: int | None) -> AsyncIterator[Fact]:
        """Iterate over reports that count; or over all that changed since a moment, those that are gone too."""
        ...

    def states(
        self, kind: str, reach: Reach, site_id: str | None, changed_since_ms: int | None
    ) -> AsyncIterator[State]:
        """Iterate over states of one kind, or over those that changed since a moment, alike."""
        ...

    def rows_as_of(
        self, reach: Reach, site_id: str | None, first: date | None, last: date | None, as_of: datetime
    ) -> AsyncIterator[Bucket]:
        """Iterate over the rows of the view as they stood at a moment."""
        ...

    async def token(self) -> int:
        """Return what stands for everything changed up to now, to be handed back at the next export.

        Milliseconds since 1970 by the database's time, a little before it: what changed about then comes twice, and a
        row replaces itself by its key.
        """
        ...

    async def report_days(self, reach: Reach) -> tuple[date, date] | None:
        """Return the first and the last day on which anything was reported; None where nothing was."""
        ...


class Issued(Protocol):
    """The database of issued things: written once, hashed, never touched by a rebuild."""

    async def keep(self, pack: IssuedPack, number: int) -> None:
        """Keep a pack.

        Args:
            pack: The pack.
            number: Its place among all packs of its provider, by those that it was held against.

        Raises:
            Conflict: another one was issued meanwhile, in its series or in any other.
        """
        ...

    async def pack(self, provider_id: str, pack_id: str) -> IssuedPack | None:
        """Return one pack of a provider."""
        ...

    async def packs(self, provider_id: str) -> list[IssuedPack]:
        """Return all packs of a provider, the newest first."""
        ...

    async def note(self, provider_id: str, pack_id: str, subject: str, act: str, at: datetime) -> None:
        """Write down who did what with a pack."""
        ...


class Freshness(Protocol):
    """How far the views have followed the log."""

    @property
    def complete_until(self) -> datetime | None:
        """Return the moment up to which everything in the log is in the views; None while not known."""
        ...


class Admin(Protocol):
    """What the command line looks at; the service may be running."""

    def lines(self) -> AsyncIterator[Mapping[str, object]]:
        """Iterate over everything that a rebuild must give again, in a fixed order."""
        ...

    async def count_cells(self) -> int:
        """Return how many sites and weeks have rows or facts."""
        ...

    def wrong(self) -> AsyncIterator[tuple[int, list[Bucket], list[str]]]:
        """Recompute all views from the facts, some sites and weeks at a time.

        Yields:
            How many sites and weeks were looked at so far; the buckets that differ, as they should be; and the ids of
            facts whose stored fields are not what their parts make of them.
        """
        ...
