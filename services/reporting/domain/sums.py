"""Sums over a panel: counts by site, week and domain, care delivered, escalations, disruptions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import numpy.typing as npt

from services.reporting.domain import panel as of
from services.reporting.domain.buckets import COLUMN_OF_CLASS, COLUMNS, Counts
from services.reporting.domain.columns import Places
from services.reporting.domain.continuity import Lost, PlanTallies
from services.reporting.domain.escalations import Escalations
from services.reporting.domain.overview import Week
from services.reporting.domain.packs import Tally
from services.reporting.domain.panel import Panel, day_of, monday_of, week_number
from services.reporting.domain.reading import Span
from services.reporting.domain.rollups import Totals
from services.reporting.domain.site_weeks import SiteWeeks
from shared.taxonomy.event_class import NEAR_MISS

Whole = npt.NDArray[np.intp]


def counts_by(panel: Panel, told: Places, group: Whole, groups: int) -> list[Counts]:
    """Count reports as the rows of the view do; arguments as for `numbers_by`."""
    return [Counts(*line) for line in numbers_by(panel, told, group, groups).tolist()]


def numbers_by(panel: Panel, told: Places, group: Whole, groups: int) -> Whole:
    """Count reports by group and column of the view's rows.

    Args:
        panel: Where they are.
        told: Which reports.
        group: The group of each, 0 or more.
        groups: How many groups there are.
    """
    column_of = [COLUMNS.index(COLUMN_OF_CLASS[name]) if name in COLUMN_OF_CLASS else -1 for name in _classes(panel)]
    column = np.array([*column_of, -1], np.intp)[panel.numbers("event_class", told)]
    made = np.zeros((groups, len(COLUMNS)), np.intp)
    made[:, COLUMNS.index("reports")] = np.bincount(group, minlength=groups)
    named = column >= 0
    cells = np.bincount(group[named] * len(COLUMNS) + column[named], minlength=groups * len(COLUMNS))
    made += cells.reshape(groups, len(COLUMNS))
    made[:, COLUMNS.index("needs_review")] = np.bincount(group[panel.has(told, of.REVIEW)], minlength=groups)
    return made


def _classes(panel: Panel) -> list[str]:
    return [str(name) for name in panel.classes.all()]


def counts_by_site(panel: Panel, told: Places) -> dict[str, Counts]:
    """Count reports by site; sites without any are left out."""
    found = counts_by(panel, told, panel.numbers("site", told), len(panel.sites))
    return {str(site): counts for site, counts in zip(panel.sites.all(), found, strict=True) if counts.reports}


def _sites(panel: Panel, numbers: Whole) -> list[str]:
    words = panel.sites.all()
    return [str(words[number]) for number in numbers.tolist()]


def domains_by_site(panel: Panel, told: Places) -> dict[str, dict[str, int]]:
    """Return how many reports each domain has, by site; a report of two domains is in both."""
    named, holds = membership(panel)
    cells = panel.numbers("site", told) * len(holds) + panel.numbers("domains", told)
    sets = np.bincount(cells, minlength=len(panel.sites) * len(holds)).reshape(len(panel.sites), len(holds))
    numbers = (sets.astype(np.float64) @ holds).astype(np.intp).tolist()
    return {
        str(site): {name: number for name, number in zip(named, line, strict=True) if number}
        for site, line in zip(panel.sites.all(), numbers, strict=True)
        if any(line)
    }


def membership(panel: Panel) -> tuple[list[str], npt.NDArray[np.intp]]:
    """Return all domains in order, and a line for each known set of domains that says which ones are in it."""
    sets = [names for names in panel.domains.all() if isinstance(names, tuple)]
    named = sorted({name for names in sets for name in names})
    place = {name: number for number, name in enumerate(named)}
    holds = np.zeros((len(sets), len(named)), np.intp)
    for number, names in enumerate(sets):
        holds[number, [place[name] for name in names]] = 1
    return named, holds


def totals_by_site(panel: Panel, told: Places, care: Places) -> dict[str, Totals]:
    """Add up each site's reports and care, with the counts of the weeks whose care is known by unit.

    Args:
        panel: Where they are.
        told: Which reports.
        care: Which weeks of care; of the same sites and weeks.
    """
    units, sites = len(panel.units) + 1, len(panel.sites)
    group = panel.numbers("site", told) * units + _unit_of_reports(panel, told, care) + 1
    numbers = numbers_by(panel, told, group, sites * units).reshape(sites, units, len(COLUMNS))
    place = panel.care["site"][care] * units + panel.care["unit"][care] + 1
    weeks = np.bincount(place, minlength=sites * units).reshape(sites, units).tolist()
    values = np.bincount(place, panel.care["value"][care], sites * units).reshape(sites, units).tolist()
    known, sums = numbers.tolist(), numbers.sum(axis=1).tolist()
    names, made = [str(name) for name in panel.units.all()], dict[str, Totals]()
    for at, name in enumerate(panel.sites.all()):
        covered = [unit for unit in range(1, units) if weeks[at][unit]]
        if sums[at][0] or covered:
            made[str(name)] = Totals(
                counts=Counts(*sums[at]),
                exposure={names[unit - 1]: values[at][unit] for unit in covered},
                covered={names[unit - 1]: Counts(*known[at][unit]) for unit in covered},
                weeks_covered=sum(weeks[at][unit] for unit in covered),
            )
    return made


def _unit_of_reports(panel: Panel, told: Places, care: Places) -> Whole:
    """Return the unit in which the care of each report's site and week is known; -1 where it is not."""
    weeks = panel.care["week"][care].astype(np.intp)
    start, width = int(weeks.min(initial=2**31)), int(weeks.max(initial=0)) + 1
    if not len(care):
        return np.full(len(told), of.NOT_TOLD, np.intp)
    units = np.full((len(panel.sites), width - start + 1), of.NOT_TOLD, np.intp)  # the last column is any other week
    units[panel.care["site"][care], weeks - start] = panel.care["unit"][care]
    at = panel.numbers("week", told) - start
    found: Whole = units[panel.numbers("site", told), np.where((at < 0) | (at >= width - start), -1, at)]
    return found


def weeks_of(panel: Panel, told: Places, wanted: Places, care: Places) -> list[Week]:
    """Return the weeks with anything to tell, sites added up; exposure where one unit covers all that told.

    Args:
        panel: Where they are.
        told: All reports of the sites and weeks.
        wanted: Those among them that are counted.
        care: The weeks of care of the same sites.
    """
    told_week, care_week = panel.numbers("week", told), panel.care["week"][care].astype(np.intp)
    if not len(told) and not len(care):
        return []
    start = min(int(weeks.min()) for weeks in (told_week, care_week) if len(weeks))
    width = max(int(weeks.max(initial=start)) for weeks in (told_week, care_week)) - start + 1
    speaks, units = np.zeros((len(panel.sites), width), np.bool_), np.full((len(panel.sites), width), of.NOT_TOLD)
    speaks[panel.numbers("site", told), told_week - start] = True
    units[panel.care["site"][care], care_week - start] = panel.care["unit"][care]
    speaks |= units != of.NOT_TOLD
    counts = counts_by(panel, wanted, panel.numbers("week", wanted) - start, width)
    values = np.bincount(care_week - start, panel.care["value"][care].astype(np.float64), width).tolist()
    names, made = panel.units.all(), []
    for week in np.flatnonzero(speaks.any(axis=0)).tolist():
        here = np.unique(units[speaks[:, week], week]).tolist()
        unit = str(names[here[0]]) if len(here) == 1 and here[0] != of.NOT_TOLD else None
        made.append(Week(monday_of(start + week), counts[week], values[week] if unit else None, unit))
    return made


def site_weeks(panel: Panel, told: Places, span: Span) -> SiteWeeks:
    """Count the reports of each site and week.

    Args:
        panel: Where they are.
        told: The reports of the weeks.
        span: The weeks; empty where it ends before it begins.
    """
    width, start = max(0, span.weeks), week_number(span.first)
    group = panel.numbers("site", told) * width + panel.numbers("week", told) - start
    numbers = numbers_by(panel, told, group, len(panel.sites) * width)
    lines = {str(site): place for place, site in enumerate(panel.sites.all())}
    return SiteWeeks(span.first, lines, numbers.reshape(len(panel.sites), width, len(COLUMNS)))


def days_of(panel: Panel, told: Places) -> list[date]:
    """Return the days in England on which reports were told, one for each report, in order."""
    days = np.sort(panel.numbers("week", told) * 7 + panel.numbers("weekday", told))
    return [day_of(*divmod(day, 7)) for day in days.tolist()]


def near_misses(panel: Panel, told: Places) -> Places:
    """Return the near misses among reports."""
    return panel.of_classes(told, (NEAR_MISS,))


def tallies_of(panel: Panel, told: Places) -> list[Tally]:
    """Return how many reports of each site and week have which domains and class."""
    names = ("site", "week", "domains", "event_class")
    lines, numbers = np.unique(np.stack([panel.numbers(name, told) for name in names]), axis=1, return_counts=True)
    sites, sets, classes = panel.sites.all(), panel.domains.all(), panel.classes.all()
    made = []
    for (site, week, domains, event_class), number in zip(lines.T.tolist(), numbers.tolist(), strict=True):
        named = sets[domains]
        assert isinstance(named, tuple)
        made.append(Tally(str(sites[site]), monday_of(week), named, str(classes[event_class]), number))
    return made


def escalations_by_site(panel: Panel, told: Places) -> dict[str, Escalations]:
    """Return how many escalations were removed, by site; sites without any are left out."""
    status = panel.numbers("escalation", told)
    told, status = told[status != of.NOT_TOLD], status[status != of.NOT_TOLD]
    sites, group = np.unique(panel.numbers("site", told), return_inverse=True)
    all_of_them = np.bincount(group, minlength=len(sites)).tolist()
    removed = np.bincount(group[status == of.REMOVED], minlength=len(sites)).tolist()
    proposed = np.bincount(group[status == of.PROPOSED], minlength=len(sites)).tolist()
    lines = zip(all_of_them, removed, proposed, strict=True)
    return {site: Escalations(*line) for site, line in zip(_sites(panel, sites), lines, strict=True)}


def disrupted(panel: Panel, told: Places, kind: str | None = None) -> Places:
    """Return the reports that tell of a disruption, of one kind or of any."""
    kinds = panel.numbers("disruption", told)
    found: Places = told[(kinds != of.NOT_TOLD) if kind is None else (kinds == panel.kinds.find(kind))]
    return found


def losses(panel: Panel, told: Places) -> list[Lost]:
    """Add up what disruptions cost, by site and kind.

    Args:
        panel: Where they are.
        told: Reports that tell of a disruption.
    """
    kinds, count = len(panel.kinds), len(panel.sites) * len(panel.kinds)
    cell = panel.numbers("site", told) * kinds + panel.numbers("disruption", told)
    lost, people = panel.numbers("lost", told), panel.numbers("people", told)
    numbers = np.bincount(cell, minlength=count)
    cells = np.flatnonzero(numbers)
    sums = (
        numbers[cells].tolist(),
        (np.bincount(cell, np.maximum(lost, 0), count)[cells] / of.PER_HOUR).tolist(),
        np.bincount(cell[lost != of.NOT_TOLD], minlength=count)[cells].tolist(),
        np.bincount(cell, np.maximum(people, 0), count)[cells].astype(np.intp).tolist(),
    )
    names, words = panel.sites.all(), panel.kinds.all()
    named = [(str(names[number // kinds]), str(words[number % kinds])) for number in cells.tolist()]
    return [Lost(*name, *line) for name, line in zip(named, zip(*sums, strict=True), strict=True)]


def plan_tallies(panel: Panel, told: Places) -> PlanTallies:
    """Count how continuity plans did; arguments as for `losses`."""
    plan = panel.numbers("plan", told)
    number: Mapping[int, int] = {way: int(np.count_nonzero(plan == way)) for way in range(of.NOT_TOLD, 4)}
    used = number[of.PLAN_USED] + number[of.PLAN_WORKED] + number[of.PLAN_FAILED]
    return PlanTallies(used, number[of.PLAN_WORKED], number[of.PLAN_NOT_USED], number[of.NOT_TOLD])
