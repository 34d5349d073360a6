"""Reads the rows of a register (providers, sites): what is wrong, by line and field, and what the good rows say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from services.intake.domain.rows import Cells, Row
from services.intake.domain.sites import SETTINGS, VERSIONS_MAX, Provider, Site, SiteVersion, in_order
from shared.kernel.errors import Fault

PROVIDER_COLUMNS = ("provider_id", "name", "synthetic")
SITE_COLUMNS = (
    "provider_id",
    "site_id",
    "name",
    "cqc_location_id",
    "setting",
    "postcode",
    "capacity",
    "capacity_unit",
    "region",
    "councils",
    "contracts",
    "opened_on",
    "closed_on",
    "effective_from",
)

TOO_MANY_VERSIONS = f"makes a site of over {VERSIONS_MAX} dated versions: leave old ones out"


@dataclass(frozen=True, slots=True)
class Told:
    """What a register says of one thing, and the lines that say it."""

    value: Provider | Site
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _SiteRow:
    line: int
    site: Site


def read_providers(rows: Iterable[Row]) -> tuple[list[Told], list[Fault]]:
    """Read providers.

    Args:
        rows: Rows with PROVIDER_COLUMNS.

    Returns:
        The providers of the good rows, and the faults of the others by line and field.
    """
    told: dict[str, Told] = {}
    faults: list[Fault] = []
    for row in rows:
        cells = Cells(row)
        provider = Provider(cells.identifier("provider_id"), cells.label("name"), cells.flag("synthetic") or False)
        if provider.provider_id in told:
            cells.wrong("provider_id", f"stands in line {told[provider.provider_id].lines[0]} too")
        if cells.faults:
            faults += cells.faults
        else:
            told[provider.provider_id] = Told(provider, (row.line,))
    return list(told.values()), faults


def read_sites(rows: Iterable[Row]) -> tuple[list[Told], list[Fault]]:
    """Read sites; several rows of one site are its dated history.

    A site with a faulty row is not told at all: half a history would be worse than the old one. What does not change
    over time (opening, closing, postcode, CQC location) is taken from the row that holds last.

    Args:
        rows: Rows with SITE_COLUMNS.

    Returns:
        The sites of the good rows, and the faults of the others by line and field.
    """
    good: dict[tuple[str, str], list[_SiteRow]] = defaultdict(list)
    spoilt: dict[tuple[str, str], int] = {}
    faults: list[Fault] = []
    for row in rows:
        site, wrong = _read_site(row)
        key = (site.provider_id, site.site_id)
        if any(one.site.history[0].effective_from == site.history[0].effective_from for one in good[key]):
            wrong.append(Fault("the same site and date stand in an earlier line", "effective_from", row.line))
        if len(good[key]) == VERSIONS_MAX:
            wrong.append(Fault(TOO_MANY_VERSIONS, "effective_from", row.line))
        if wrong:
            faults += wrong
            spoilt.setdefault(key, row.line)
        else:
            good[key].append(_SiteRow(row.line, site))
    told = []
    for key, site_rows in good.items():
        if key in spoilt:
            faults += [_left_out(one.line, spoilt[key]) for one in site_rows]
        elif site_rows:
            told.append(_joined(site_rows))
    return told, sorted(faults, key=lambda fault: fault.line or 0)


def _read_site(row: Row) -> tuple[Site, list[Fault]]:
    cells = Cells(row)
    opened_on = cells.day("opened_on") or date.max
    closed_on = cells.day("closed_on", optional=True)
    effective_from = cells.day("effective_from", optional=True) or opened_on
    if closed_on is not None and opened_on != date.max and closed_on < opened_on:
        cells.wrong("closed_on", "is before opened_on")
    if effective_from < opened_on and opened_on != date.max:
        cells.wrong("effective_from", "is before opened_on")
    version = SiteVersion(
        effective_from=effective_from,
        name=cells.label("name"),
        setting=cells.one_of("setting", SETTINGS),
        region=cells.label("region", optional=True) or None,
        capacity=cells.count("capacity"),
        capacity_unit=cells.word("capacity_unit", optional=True) or None,
        councils=cells.labels("councils"),
        contracts=cells.labels("contracts"),
    )
    site = Site(
        provider_id=cells.identifier("provider_id"),
        site_id=cells.identifier("site_id"),
        opened_on=opened_on,
        closed_on=closed_on,
        cqc_location_id=cells.label("cqc_location_id", optional=True, longest=64) or None,
        postcode=cells.label("postcode", optional=True, longest=10) or None,
        history=(version,),
    )
    return site, cells.faults


def _left_out(line: int, because_of: int) -> Fault:
    return Fault(f"not applied: line {because_of} of the same site is faulty", "site_id", line)


def _joined(rows: Sequence[_SiteRow]) -> Told:
    ordered = sorted(rows, key=lambda row: row.site.history[0].effective_from)
    last = ordered[-1].site
    history = in_order(row.site.history[0] for row in ordered if row.site.history[0].effective_from >= last.opened_on)
    site = Site(
        provider_id=last.provider_id,
        site_id=last.site_id,
        opened_on=last.opened_on,
        closed_on=last.closed_on,
        cqc_location_id=last.cqc_location_id,
        postcode=last.postcode,
        history=history,
    )
    return Told(site, tuple(row.line for row in rows))
