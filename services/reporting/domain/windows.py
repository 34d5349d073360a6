"""Each site's recent weeks beside the time before them, counted from a panel for the map of risks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.reporting.domain.columns import Places
from services.reporting.domain.heat import NOT_A_RISK, Windows
from services.reporting.domain.panel import Panel, week_number
from services.reporting.domain.reading import Span
from services.reporting.domain.sums import membership

Whole = npt.NDArray[np.intp]


@dataclass(frozen=True)
class _Care:
    """One site's weeks: the first one that is known, and the care of both windows where it covers them wholly."""

    weeks_before: int
    recent: float | None = None
    before: float | None = None
    unit: str | None = None


def windows_of(
    panel: Panel,
    told: Places,
    care: Places,
    site_ids: Sequence[str],
    before: Span,
    recent: Span,
    group_of: Mapping[str, str],
) -> dict[str, Windows]:
    """Return each site's counts and exposure in a recent window and before it.

    A report counts once in a group, however many of the group's domains it has.

    Args:
        panel: Where they are.
        told: All reports that the reader sees in both windows.
        care: The weeks of care in both windows.
        site_ids: The sites that are wanted.
        before: The time before.
        recent: The recent weeks.
        group_of: Group of each domain.
    """
    wanted = [site for site in site_ids if panel.sites.find(site) >= 0]
    line = np.full(len(panel.sites) + 1, -1, np.intp)
    line[[panel.sites.find(site) for site in wanted]] = np.arange(len(wanted))
    told = told[line[panel.numbers("site", told)] >= 0]
    care = care[line[panel.care["site"][care].astype(np.intp)] >= 0]
    from_week = week_number(recent.first)
    domains, groups = _risks(panel, told, line, from_week, len(wanted), group_of)
    cares = _cares(panel, told, care, line, (before, recent), len(wanted))
    nothing = Windows({}, {}, {}, {}, recent.weeks, 0)
    made = dict.fromkeys(site_ids, nothing)
    for number, site in enumerate(wanted):
        found = cares[number]
        made[site] = Windows(
            recent=domains[number][1],
            before=domains[number][0],
            recent_groups=groups[number][1],
            before_groups=groups[number][0],
            recent_weeks=recent.weeks,
            before_weeks=found.weeks_before,
            recent_exposure=found.recent,
            before_exposure=found.before,
            unit=found.unit,
        )
    return made


def _risks(
    panel: Panel, told: Places, line: Whole, from_week: int, sites: int, group_of: Mapping[str, str]
) -> tuple[list[list[dict[str, int]]], list[list[dict[str, int]]]]:
    """Count reports that tell of a risk, by site, window (0 before, 1 recent) and domain; and by group."""
    quiet = [panel.classes.find(name) for name in NOT_A_RISK]
    risky = told[~np.isin(panel.numbers("event_class", told), quiet)]
    named, holds = membership(panel)
    groups = sorted(set(group_of.values()))
    inside = np.array([[group_of.get(name) == group for group in groups] for name in named], np.intp)
    of_group = np.minimum(holds @ inside.reshape(len(named), len(groups)), 1)
    window = line[panel.numbers("site", risky)] * 2 + (panel.numbers("week", risky) >= from_week)
    cells = np.bincount(window * len(holds) + panel.numbers("domains", risky), minlength=sites * 2 * len(holds))
    sets = cells.reshape(sites * 2, len(holds))
    return _named(sets @ holds, named), _named(sets @ of_group, groups)


def _named(numbers: Whole, names: Sequence[str]) -> list[list[dict[str, int]]]:
    lines = [{name: n for name, n in zip(names, line, strict=True) if n} for line in numbers.tolist()]
    return [lines[at : at + 2] for at in range(0, len(lines), 2)]


def _cares(
    panel: Panel, told: Places, care: Places, line: Whole, windows: tuple[Span, Span], sites: int
) -> list[_Care]:
    before, recent = windows
    start, end = week_number(before.first), week_number(recent.last) + 1
    turn, width = week_number(recent.first) - start, end - start
    known = np.zeros((sites, width), np.bool_)
    known[line[panel.numbers("site", told)], panel.numbers("week", told) - start] = True
    values, units = np.zeros((sites, width)), np.full((sites, width), -1, np.intp)
    place = line[panel.care["site"][care].astype(np.intp)], panel.care["week"][care].astype(np.intp) - start
    values[place], units[place] = panel.care["value"][care], panel.care["unit"][care]
    known |= units >= 0
    names = panel.units.all()
    made = []
    for number in range(sites):
        first = int(np.argmax(known[number])) if known[number].any() else width - 1
        weeks_before = max(0, turn - first)
        of_site, kinds = units[number], set(units[number][known[number]].tolist())
        counted = (of_site[turn:] >= 0).sum(), (of_site[:turn] >= 0).sum()
        if len(kinds) != 1 or -1 in kinds or counted != (recent.weeks, weeks_before):
            made.append(_Care(weeks_before))
            continue
        unit = str(names[kinds.pop()])
        made.append(_Care(weeks_before, float(values[number][turn:].sum()), float(values[number][:turn].sum()), unit))
    return made
