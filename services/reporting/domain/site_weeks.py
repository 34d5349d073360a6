"""Reports of many sites by week as one block of numbers: a few are taken out of it to be shown, the rest is summed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from services.reporting.domain.buckets import COLUMNS, Counts

Numbers = npt.NDArray[np.intp]
_REPORTS = COLUMNS.index("reports")
_WEEK = timedelta(days=7)


@dataclass(frozen=True, eq=False)
class SiteWeeks:
    """Counts by site and week.

    Attributes:
        first: Monday of the first week.
        lines: The place of each site.
        numbers: By site, week and column of `COLUMNS`.
    """

    first: date
    lines: Mapping[str, int]
    numbers: Numbers

    def between(self, first: date, last: date) -> SiteWeeks:
        """Return the weeks from one Monday to another; those outside of what is here are left out."""
        start, end = ((day - self.first).days // 7 for day in (first, last))
        return SiteWeeks(first, self.lines, self.numbers[:, max(0, start) : max(0, end + 1)])

    def together(self) -> list[Counts]:
        """Return all sites' sums, week by week."""
        return [Counts(*line) for line in self.numbers.sum(axis=0).tolist()]

    def of(self, site_id: str) -> list[Counts]:
        """Return the weeks of one site."""
        place = self.lines.get(site_id)
        if place is None:
            return [Counts()] * self.numbers.shape[1]
        return [Counts(*line) for line in self.numbers[place].tolist()]

    def reports(self) -> dict[str, int]:
        """Return how many reports each site has that has any."""
        sums = self.numbers[:, :, _REPORTS].sum(axis=1).tolist()
        return {site: sums[place] for site, place in self.lines.items() if sums[place]}

    def highest(self) -> int:
        """Return the largest number of reports of any site and week."""
        return int(self.numbers[:, :, _REPORTS].max(initial=0))
