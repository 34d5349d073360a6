"""Sums over sites by region, contract, council or kind of service, on read; a site may be in several contracts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from services.reporting.domain.buckets import Counts
from services.reporting.domain.registry import Site, SiteVersion

NOT_TOLD = "(not told)"
BY: Mapping[str, Callable[[SiteVersion], tuple[str, ...]]] = {
    "region": lambda version: (version.region or NOT_TOLD,),
    "contract": lambda version: version.contracts or (NOT_TOLD,),
    "council": lambda version: version.councils or (NOT_TOLD,),
    "setting": lambda version: (version.setting,),
}


@dataclass(frozen=True)
class Totals:
    """Sums over some sites.

    Attributes:
        counts: Reports of all their weeks.
        exposure: Care delivered by unit, over weeks that are covered.
        covered: Counts of those weeks alone, by unit: what a rate is made of.
        weeks_covered: How many site-weeks those are.
    """

    counts: Counts = field(default_factory=Counts)
    exposure: Mapping[str, float] = field(default_factory=dict)
    covered: Mapping[str, Counts] = field(default_factory=dict)
    weeks_covered: int = 0

    def __add__(self, other: Totals) -> Totals:
        exposure, covered = dict(self.exposure), dict(self.covered)
        for unit, value in other.exposure.items():
            exposure[unit] = exposure.get(unit, 0.0) + value
        for unit, counts in other.covered.items():
            covered[unit] = covered.get(unit, Counts()) + counts
        return Totals(self.counts + other.counts, exposure, covered, self.weeks_covered + other.weeks_covered)


@dataclass(frozen=True)
class RollUp:
    """One region, contract, council or kind of service.

    Attributes:
        name: Its name; (not told) where the registry does not say.
        sites: Ids of its sites, by name.
        totals: Sums over them.
    """

    name: str
    sites: tuple[str, ...]
    totals: Totals


def roll_up(by: str, sites: Iterable[Site], totals: Mapping[str, Totals], today: date) -> list[RollUp]:
    """Add up sites by what the registry says of them today, in alphabetical order and never by their figures.

    Args:
        by: region, contract, council or setting.
        sites: The sites in reach.
        totals: Their sums.
        today: The day whose version of the registry counts.
    """
    members: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        for name in BY[by](site.at(today)):
            members[name].append(site)
    return [
        RollUp(
            name,
            tuple(site.site_id for site in sorted(found, key=lambda s: (s.at(today).name.casefold(), s.site_id))),
            sum((totals.get(site.site_id, Totals()) for site in found), Totals()),
        )
        for name, found in sorted(members.items(), key=lambda item: (item[0] == NOT_TOLD, item[0].casefold()))
    ]
