"""One week's exposure of all sites as a grid: what was told, what is missing, and what a person writes into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.intake.domain.exposures import Exposure
from services.intake.domain.rows import Row
from services.intake.domain.sites import Site
from services.intake.ports import ExposureStore, Registry
from services.intake.usecases.registers import Applied, Registers
from shared.kernel.principal import Principal

WEEK = timedelta(days=7)
UNITS = {
    "residential": "occupied_bed_days",
    "nursing": "occupied_bed_days",
    "domiciliary": "visits",
    "supported_living": "supported_person_days",
    "extra_care": "care_hours",
    "day_service": "attendances",
}
"""What is counted in each setting; other units can be sent over HTTP."""


@dataclass(frozen=True, slots=True)
class Line:
    """A site's line of the grid.

    Attributes:
        told: What is stored of exactly this week; None where nothing is: it is missing, never guessed.
        before: What was told of the week before, to compare with.
        inside: Another period that covers days of this week, such as a month's figure.
    """

    site_id: str
    name: str
    unit: str
    told: Exposure | None
    before: Exposure | None
    inside: Exposure | None


@dataclass(frozen=True, slots=True)
class Grid:
    """A week of all sites in reach that were open in it."""

    monday: date
    lines: tuple[Line, ...]

    @property
    def missing(self) -> int:
        """Return how many sites have told nothing of this week."""
        return sum(1 for line in self.lines if line.told is None and line.inside is None)


class ExposureGrid:
    """Reads and writes the grid.

    Args:
        registry: Knows the sites.
        exposures: Keeps exposure.
        registers: Records it, by the same rules as a table.
    """

    def __init__(self, registry: Registry, exposures: ExposureStore, registers: Registers) -> None:
        self._registry = registry
        self._exposures = exposures
        self._registers = registers

    async def week(self, principal: Principal, provider_id: str | None, day: date) -> Grid:
        """Return the grid of the week that a day lies in.

        Raises:
            NotFound: another tenant's provider was named.
            Forbidden: an operator of all providers named none.
            Unavailable: the database is away.
        """
        own, monday = principal.provider(provider_id), monday_of(day)
        sunday = monday + WEEK - timedelta(days=1)
        sites = [
            site
            for site in await self._registry.sites_of(own)
            if principal.may_see_site(site.site_id)
            and site.opened_on <= sunday
            and (site.closed_on is None or site.closed_on >= monday)
        ]
        found = await self._exposures.between(own, [site.site_id for site in sites], monday - WEEK, sunday)
        return Grid(monday, tuple(_line(site, monday, sunday, found) for site in sites))

    async def record(
        self, principal: Principal, provider_id: str | None, day: date, said: Mapping[str, tuple[str, str]]
    ) -> tuple[Applied, Mapping[int, str]]:
        """Record what was written into a week's grid; an empty cell says nothing and changes nothing.

        Args:
            principal: Who wrote it.
            provider_id: Where the principal is not bound to a provider.
            day: A day of the week.
            said: Value and basis as written, by site.

        Returns:
            What became of it, and the site of each line of its faults.

        Raises:
            As `week`.
        """
        grid = await self.week(principal, provider_id, day)
        rows, site_of = [], {}
        for number, line in enumerate(grid.lines, start=1):
            value, basis = said.get(line.site_id, ("", ""))
            if value.strip():
                cells = {
                    "site_id": line.site_id,
                    "period_start": grid.monday.isoformat(),
                    "period_end": (grid.monday + WEEK - timedelta(days=1)).isoformat(),
                    "unit": line.unit,
                    "value": value.strip().replace(",", ""),
                    "basis": basis,
                }
                rows.append(Row(number, cells))
                site_of[number] = line.site_id
        return await self._registers.record_exposure(principal, rows, principal.provider(provider_id)), site_of


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def _line(site: Site, monday: date, sunday: date, found: Sequence[Exposure]) -> Line:
    version = site.at(sunday)
    unit = UNITS.get(version.setting, "care_hours")
    own = [one for one in found if one.site_id == site.site_id and one.unit == unit]

    def of_week(start: date) -> Exposure | None:
        end = start + WEEK - timedelta(days=1)
        return next((one for one in own if (one.period_start, one.period_end) == (start, end)), None)

    others = (one for one in own if one.period_start <= monday and one.period_end >= sunday)
    told = of_week(monday)
    inside = None if told else next(others, None)
    return Line(site.site_id, version.name, unit, told, of_week(monday - WEEK), inside)
