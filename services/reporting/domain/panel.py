"""A provider's reports and delivered care in memory, as columns of numbers: sums over many come from here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from services.reporting.domain.columns import Columns, Places, Words
from services.reporting.domain.facts import ALL, NONE

BITS = 11
HELD, REVIEW, ANONYMOUS, PLACE, STOP, WORRY, CORRECTED, CLOSED, FED_BACK, OWED, OPEN = (1 << bit for bit in range(BITS))
"""What a report is or tells, one bit each. OWED: told live, and its reporter has not heard back. OPEN: a
disruption that began and is not known to be over."""
NOT_TOLD = -1
"""Stands for a number or a word that nobody gave."""
PER_HOUR = 1_000
"""Hours are held in thousandths: as exact as they are stored."""
REPORT: np.dtype[np.void] = np.dtype(
    [("key", "u8"), ("token", "u8")]
    + [(name, "i4") for name in ("week", "site", "domains", "hours", "triage", "feedback", "lost", "people")]
    + [(name, "i2") for name in ("event_class", "flags", "reason", "role", "disruption")]
    + [(name, "i1") for name in ("weekday", "shift", "escalation", "plan")]
    + [("counts", "?")]
)
"""One report: who told it is 48 bits of a hash, to count how many are heard from at a site; `lost` is the length of a
disruption."""
CARE: np.dtype[np.void] = np.dtype(
    [("key", "u8"), ("value", "f8"), ("week", "i4"), ("site", "i4"), ("unit", "i2"), ("counts", "?")]
)
"""Care delivered at one site in one week, where that is known."""
STANDING, REMOVED, PROPOSED = range(3)
PLAN_NOT_USED, PLAN_USED, PLAN_WORKED, PLAN_FAILED = range(4)
Flags = npt.NDArray[np.bool_]


@dataclass
class Panel:
    """The tables, and the words behind their numbers.

    Attributes:
        reports: Fields of `REPORT`.
        care: Fields of `CARE`.
        sites: Ids of sites.
        domains: Which domains a report has, as a sorted tuple; () for none.
        classes: Event classes.
        reasons: Coded reasons for staying anonymous.
        roles: Roles of reporters.
        shifts: Shift bands.
        kinds: Kinds of disruption.
        units: Units of exposure.
        followed: Ids of reports by their keys: disruptions that go on, or whose plan failed, are told one by one.
    """

    reports: Columns = field(default_factory=lambda: Columns(REPORT))
    care: Columns = field(default_factory=lambda: Columns(CARE))
    sites: Words = field(default_factory=Words)
    domains: Words = field(default_factory=Words)
    classes: Words = field(default_factory=Words)
    reasons: Words = field(default_factory=Words)
    roles: Words = field(default_factory=Words)
    shifts: Words = field(default_factory=Words)
    kinds: Words = field(default_factory=Words)
    units: Words = field(default_factory=Words)
    followed: dict[int, str] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Return how much memory the tables take."""
        return self.reports.bytes + self.care.bytes

    def told(
        self, sites: frozenset[str] | None, held: bool, first: date | None = None, last: date | None = None
    ) -> Places:
        """Return the places of the reports that a reader sees.

        Args:
            sites: The sites in reach; None for all.
            held: Whether what is held from its site is in reach.
            first: Weeks that begin on this day or later; None for no bound.
            last: Weeks that begin on this day or earlier.
        """
        found = self.within(self.reports, sites, first, last)
        return found if held else found[~self.has(found, HELD)]

    def delivered(self, sites: frozenset[str] | None, first: date | None = None, last: date | None = None) -> Places:
        """Return the places of the weeks of care; arguments as for `told`."""
        return self.within(self.care, sites, first, last)

    def within(self, table: Columns, sites: frozenset[str] | None, first: date | None, last: date | None) -> Places:
        """Return the places of one table's rows in some weeks and sites."""
        after = None if first is None else week_number(first + timedelta(days=6))
        found = table.between(after, None if last is None else week_number(last))
        if sites is None:
            return found
        inside = np.zeros(len(self.sites), np.bool_)
        inside[[number for site in sites if (number := self.sites.find(site)) >= 0]] = True
        return found[inside[table["site"][found].astype(np.intp)]]

    def has(self, places: Places, flag: int) -> Flags:
        """Tell of each report whether a bit is set."""
        found: Flags = (self.reports["flags"][places] & flag) != 0
        return found

    def of_domain(self, places: Places, domain: str) -> Places:
        """Return the reports of one domain; (all) leaves none out, (none) takes those without a domain."""
        if domain == ALL:
            return places
        named = [
            bool(names) is False if domain == NONE else domain in names
            for names in self.domains.all()
            if isinstance(names, tuple)
        ]
        return places[np.array(named, np.bool_)[self.numbers("domains", places)]]

    def of_classes(self, places: Places, classes: tuple[str, ...]) -> Places:
        """Return the reports of some event classes."""
        numbers = [self.classes.find(name) for name in classes]
        return places[np.isin(self.reports["event_class"][places], numbers)]

    def numbers(self, name: str, places: Places) -> npt.NDArray[np.intp]:
        """Return one column of reports at some places, to count or to look words up by."""
        return self.reports[name][places].astype(np.intp)


def week_number(day: date) -> int:
    """Return the number of a day's week, counted from the year 1."""
    return (day.toordinal() - 1) // 7


def monday_of(number: int) -> date:
    """Return the Monday of a week's number."""
    return date.fromordinal(number * 7 + 1)


def day_of(number: int, weekday: int) -> date:
    """Return a day by the number of its week and its place in it, from 0 on Monday."""
    return monday_of(number) + timedelta(days=weekday)
