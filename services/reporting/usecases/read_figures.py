"""Gather the views that compare: control charts, heat map, culture, data quality, continuity, roll-ups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

from services.reporting.domain.buckets import Counts
from services.reporting.domain.continuity import Continuity, continuity
from services.reporting.domain.control import Control, by_days, control
from services.reporting.domain.culture import Culture, Delivered, Peers, culture_of
from services.reporting.domain.facts import ALL
from services.reporting.domain.heat import HeatRow, Windows, by_chance, heat_row
from services.reporting.domain.overview import DOUBLING_EVENTS, WEEK, Week, weeks_between
from services.reporting.domain.pulse import Pulse, pulse_of
from services.reporting.domain.quality import Quality, quality_of
from services.reporting.domain.reading import Span, StateFilter
from services.reporting.domain.registry import Site
from services.reporting.domain.rollups import RollUp, Totals, roll_up
from services.reporting.domain.states import REBASE, State
from services.reporting.domain.voices import Voices
from services.reporting.ports import Figures, Views
from services.reporting.usecases.access import Access, require_site
from services.reporting.usecases.periods import complete_weeks

T = TypeVar("T")
RECENT_WEEKS, BEFORE_WEEKS = 8, 52
"""The heat map sets eight weeks against the year before them: one season cannot pass for a change."""


@dataclass(frozen=True)
class Domains:
    """The taxonomy as the figures need it.

    Attributes:
        groups: Groups of domains in screen order.
        group_of: Group of each domain, in the taxonomy's order.
    """

    groups: tuple[str, ...]
    group_of: Mapping[str, str]


@dataclass(frozen=True)
class Named:
    """A site with the name and kind that it has now."""

    site_id: str
    name: str
    setting: str | None


@dataclass(frozen=True)
class Heat:
    """A page of the heat map, sites in alphabetical order.

    Attributes:
        rows: Sites with their cells.
        sites: How many sites there are in all.
        next: Where the next page begins; None at the end.
        recent: The weeks that are weighed.
        before: The weeks that they are weighed against.
        expected_by_chance: Cells of groups on this page that would show some evidence if nothing had changed, at most.
    """

    rows: tuple[tuple[Named, HeatRow], ...]
    sites: int
    next: int | None
    recent: Span
    before: Span
    expected_by_chance: float


@dataclass(frozen=True)
class PerSite(Generic[T]):
    """Figures of each site in alphabetical order, and of all together.

    Attributes:
        span: The complete weeks that they are about.
        sites: Each site's.
        together: All sites in reach together.
        too_few: Sites with too few reports in the period for even a doubling to stand out.
    """

    span: Span
    sites: tuple[tuple[Named, T], ...]
    together: T
    too_few: int


async def named_sites(views: Views, access: Access, today: date) -> list[Named]:
    """Return the sites in reach, alphabetically, as they are called today; closed ones too."""
    sites = [Named(site.site_id, site.at(today).name, site.at(today).setting) for site in await views.sites(access)]
    return sorted(sites, key=lambda site: (site.name.casefold(), site.site_id))


async def read_control(
    views: Views,
    figures: Figures,
    access: Access,
    site_id: str | None,
    domain: str,
    span: Span,
    *,
    near_misses_only: bool = False,
) -> Control:
    """Draw up the control chart of a site's, or the whole reach's, domain.

    Args:
        views: Where sites and decisions are read.
        figures: Where weeks are read.
        access: What the reader may see.
        site_id: One site; None for all in reach together.
        domain: A domain's word, (all) or (none).
        span: Complete weeks; it is cut to where anything is known.
        near_misses_only: Whether near misses alone are counted.

    Raises:
        NotFound: the site is not known to the reader.
    """
    await require_site(views, access, site_id)
    known = {week.start: week for week in await figures.weeks(access, site_id, domain, span)}
    mondays = weeks_between(min(known), span.last) if known else []
    weeks = [known.get(monday, Week(monday, Counts())) for monday in mondays]
    rare = by_days(weeks, near_misses_only)
    days = await figures.days(access, site_id, domain, span, near_misses_only) if rare else []
    rebases = await views.states(REBASE, access, StateFilter(site_id, limit=None)) if site_id else []
    begun = [date.fromisoformat(r.body["begins_on"]) for r in rebases if _is_about(r, domain)]
    return control(weeks, days, near_misses_only, sorted(begun))


def _is_about(rebase: State, domain: str) -> bool:
    series = rebase.body["series"]
    narrowed = series.get("factors") or series.get("asset") or series.get("person")
    return not narrowed and tuple(series["domains"]) == (() if domain == ALL else (domain,))


async def read_heat(
    views: Views, figures: Figures, access: Access, domains: Domains, today: date, after: int = 0, limit: int = 50
) -> Heat:
    """Weigh each site's last eight complete weeks against the year before them.

    Args:
        views: Where sites are read.
        figures: Where counts are read.
        access: What the reader may see.
        domains: Groups and domains in screen order.
        today: The day in England.
        after: How many sites come before this page.
        limit: Sites on a page.
    """
    recent = complete_weeks(None, None, today, RECENT_WEEKS)
    before = Span(recent.first - WEEK * BEFORE_WEEKS, recent.first - WEEK)
    sites = [site for site in await views.sites(access) if site.closed_on is None or site.closed_on >= recent.first]
    listed = sorted(sites, key=lambda site: (site.at(today).name.casefold(), site.site_id))
    page = listed[after : after + limit]
    found = await figures.windows(access, [site.site_id for site in page], before, recent, domains.group_of)
    rows = [(_named(site, today), _row(site, found, domains)) for site in page]
    return Heat(
        rows=tuple(rows),
        sites=len(listed),
        next=after + limit if after + limit < len(listed) else None,
        recent=recent,
        before=before,
        expected_by_chance=by_chance(len(page) * len(domains.groups)),
    )


def _row(site: Site, found: Mapping[str, Windows], domains: Domains) -> HeatRow:
    return heat_row(site.site_id, found[site.site_id], domains.groups, tuple(domains.group_of))


def _named(site: Site, today: date) -> Named:
    return Named(site.site_id, site.at(today).name, site.at(today).setting)


async def read_culture(
    views: Views, figures: Figures, access: Access, domains: Domains, site_id: str | None, span: Span, today: date
) -> PerSite[Culture]:
    """Gather the culture figures of a period.

    Args:
        views: Where sites are read.
        figures: Where reports are summed.
        access: What the reader may see.
        domains: The taxonomy.
        site_id: One site; None for all in reach.
        span: Complete weeks.
        today: The day whose names and kinds of sites hold.

    Raises:
        NotFound: the site is not known to the reader.
    """
    await require_site(views, access, site_id)
    told = await figures.voices(access, site_id, span)
    counts = await figures.domain_counts(access, site_id, span)
    totals = await figures.totals(access, None, span)
    staff = await figures.staff_on_roll(access, span.last)
    named = await named_sites(views, access, today)
    of_kind = _by_kind(totals, {site.site_id: site.setting for site in named})
    shown = [site for site in named if site_id in (None, site.site_id)]
    figures_of = tuple(
        (
            site,
            culture_of(
                told.sites.get(site.site_id, Voices(site.site_id)),
                counts.get(site.site_id, {}),
                _delivered(totals.get(site.site_id), span.weeks),
                staff.get(site.site_id),
                _peers(site, totals, of_kind, span.weeks),
                len(domains.group_of),
                site.site_id,
            ),
        )
        for site in shown
    )
    all_domains: dict[str, int] = defaultdict(int)
    for by_domain in counts.values():
        for name, number in by_domain.items():
            all_domains[name] += number
    everyone = culture_of(told.together, all_domains, Delivered(), None, None, len(domains.group_of))
    return PerSite(span, figures_of, everyone, _too_few(culture.reports for _, culture in figures_of))


async def read_pulse(views: Views, figures: Figures, access: Access, span: Span) -> Pulse:
    """Gather what people answered to the pulse in a period.

    Args:
        views: Where sites are read.
        figures: Where answers are counted.
        access: What the reader may see.
        span: Complete weeks.
    """
    sites = [site.site_id for site in await views.sites(access)]
    return pulse_of(await figures.pulses(access, None, span), sites)


def _too_few(numbers: Iterable[int]) -> int:
    return sum(number < DOUBLING_EVENTS for number in numbers)


def _delivered(totals: Totals | None, weeks: int) -> Delivered:
    """Return a site's care where one unit covers every week of the period: a rate over half of it would mislead."""
    if totals is None or len(totals.exposure) != 1 or totals.weeks_covered != weeks:
        return Delivered()
    ((unit, value),) = totals.exposure.items()
    return Delivered(value, unit)


def _by_kind(totals: Mapping[str, Totals], kinds: Mapping[str, str | None]) -> dict[tuple[str | None, str], Peers]:
    """Add up reports and care of all sites of a kind, by unit."""
    sums: dict[tuple[str | None, str], Peers] = defaultdict(lambda: Peers(0, 0.0))
    for site_id, found in totals.items():
        for unit, exposure in found.exposure.items():
            known = sums[kinds.get(site_id), unit]
            reports = known.reports + found.covered[unit].reports
            sums[kinds.get(site_id), unit] = Peers(reports, known.exposure + exposure)
    return sums


def _peers(
    site: Named, totals: Mapping[str, Totals], of_kind: Mapping[tuple[str | None, str], Peers], weeks: int
) -> Peers | None:
    """Return what the other sites of a site's kind told, in its unit."""
    own = _delivered(totals.get(site.site_id), weeks)
    if own.unit is None or own.value is None:
        return None
    all_of_them, told = of_kind[site.setting, own.unit], totals[site.site_id].covered[own.unit].reports
    exposure = all_of_them.exposure - own.value
    return Peers(all_of_them.reports - told, exposure) if exposure > 0 else None


async def read_quality(
    views: Views, figures: Figures, access: Access, site_id: str | None, span: Span, today: date
) -> PerSite[Quality]:
    """Gather how complete and how certain the data of a period are; arguments as for `read_culture`.

    Raises:
        NotFound: the site is not known to the reader.
    """
    await require_site(views, access, site_id)
    told = await figures.voices(access, site_id, span)
    totals = await figures.totals(access, site_id, span)
    shown = [site for site in await named_sites(views, access, today) if site_id in (None, site.site_id)]
    covered = {site.site_id: totals.get(site.site_id, Totals()).weeks_covered for site in shown}
    sites = tuple(
        (
            site,
            quality_of(
                told.sites.get(site.site_id, Voices(site.site_id)), span.weeks, covered[site.site_id], site.site_id
            ),
        )
        for site in shown
    )
    whole = quality_of(told.together, span.weeks * len(shown), sum(covered.values()))
    return PerSite(span, sites, whole, _too_few(quality.reports for _, quality in sites))


async def read_continuity(
    views: Views, figures: Figures, access: Access, site_id: str | None, span: Span, now: datetime
) -> Continuity:
    """Gather what was disrupted in a period, and what still is.

    Raises:
        NotFound: the site is not known to the reader.
    """
    await require_site(views, access, site_id)
    cells, plans = await figures.losses(access, site_id, span)
    failed = await figures.failed_plans(access, site_id, span)
    return continuity(cells, plans, failed, await figures.open_disruptions(access, site_id), now)


async def read_roll_up(
    views: Views, figures: Figures, access: Access, by: str, span: Span, today: date
) -> list[RollUp]:
    """Add up sites by region, contract, council or kind of service.

    Args:
        views: Where sites are read.
        figures: Where counts are read.
        access: What the reader may see.
        by: region, contract, council or setting.
        span: Complete weeks.
        today: The day whose version of the registry counts.
    """
    return roll_up(by, await views.sites(access), await figures.totals(access, None, span), today)
