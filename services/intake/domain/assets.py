"""Assets of a site: what stands on their label, who answers for them, and which examinations are due."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from services.intake.domain.rows import WORD, Cells, Row
from shared.kernel.errors import Fault

ASSET_COLUMNS = (
    "provider_id",
    "site_id",
    "number",
    "kind",
    "name",
    "owner",
    "owner_name",
    "in_use_from",
    "retired_on",
    "inspections",
)
OWNERS = ("provider", "council", "nhs", "landlord", "supplier", "person")
NUMBER = r"[\w .:/#-]{1,64}"
"""The same form as a report's `asset_ref`, which names it."""
_INSPECTION_RULE = "must be kind:last:due, such as loler:2025-10-06:2026-04-06; an unknown date stays empty"


@dataclass(frozen=True, slots=True)
class Inspection:
    """An examination that an asset is due."""

    kind: str
    last_on: date | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Asset:
    """The whole state of an asset; revision 0 is a state that was read from a file and is not stored yet."""

    provider_id: str
    site_id: str
    asset_id: str
    number: str
    kind: str
    owner: str
    name: str | None = None
    owner_name: str | None = None
    in_use_from: date | None = None
    retired_on: date | None = None
    inspections: tuple[Inspection, ...] = ()
    revision: int = 0

    @property
    def key(self) -> str:
        """Return what tells it from every other."""
        return f"{self.provider_id}:{self.site_id}:{self.asset_id}"


@dataclass(frozen=True, slots=True)
class AssetLine:
    """What one line says."""

    line: int
    asset: Asset


def asset_id_of(number: str) -> str:
    """Return an asset's id from its number: `Hoist 3`, `hoist-3` and `HOIST  3` are one."""
    return re.sub(r"[^a-z0-9]+", "-", number.lower()).strip("-")


def read_assets(rows: Iterable[Row]) -> tuple[list[AssetLine], list[Fault]]:
    """Read assets.

    Args:
        rows: Rows with ASSET_COLUMNS.

    Returns:
        What the good rows say, and the faults of the others by line and field.
    """
    told: dict[str, AssetLine] = {}
    faults: list[Fault] = []
    for row in rows:
        cells = Cells(row)
        asset = _read_asset(cells)
        if asset.key in told:
            cells.wrong("number", f"stands in line {told[asset.key].line} too")
        if cells.faults:
            faults += cells.faults
        else:
            told[asset.key] = AssetLine(row.line, asset)
    return list(told.values()), faults


def merge_asset(stored: Asset | None, told: Asset) -> Asset | None:
    """Return the asset's next state; None where nothing differs."""
    revision = stored.revision if stored else 0
    return None if replace(told, revision=revision) == stored else replace(told, revision=revision + 1)


def _read_asset(cells: Cells) -> Asset:
    number = cells.label("number", longest=64)
    if number and not (re.fullmatch(NUMBER, number) and asset_id_of(number)):
        cells.wrong("number", "must be letters, digits, spaces and . : / # - as it stands on the label")
    in_use_from, retired_on = cells.day("in_use_from", optional=True), cells.day("retired_on", optional=True)
    if in_use_from and retired_on and retired_on < in_use_from:
        cells.wrong("retired_on", "is before in_use_from")
    return Asset(
        provider_id=cells.identifier("provider_id"),
        site_id=cells.identifier("site_id"),
        asset_id=asset_id_of(number),
        number=number,
        kind=cells.word("kind"),
        name=cells.label("name", optional=True) or None,
        owner=cells.one_of("owner", OWNERS),
        owner_name=cells.label("owner_name", optional=True) or None,
        in_use_from=in_use_from,
        retired_on=retired_on,
        inspections=_inspections(cells),
    )


def _inspections(cells: Cells) -> tuple[Inspection, ...]:
    found: dict[str, Inspection] = {}
    for item in cells.labels("inspections"):
        kind, last_on, due_on = [part.strip() for part in (*item.split(":"), "", "")][:3]
        try:
            if item.count(":") > 2 or not re.fullmatch(WORD, kind) or kind in found:
                raise ValueError
            days = [date.fromisoformat(day) if day else None for day in (last_on, due_on)]
        except ValueError:
            cells.wrong("inspections", _INSPECTION_RULE)
            return ()
        found[kind] = Inspection(kind, *days)
    return tuple(found.values())
