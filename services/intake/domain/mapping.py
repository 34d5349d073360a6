"""Maps the rows of somebody else's file to report submissions and to the rows of a site register; a map is data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.intake.domain.columns import NESTED, REPORT_COLUMNS, place
from shared.taxonomy.labels import FLAGS, LISTS, WORDS

_GIVEN = frozenset(
    {"given_labels.coder_role", "given_labels.source_system"}
    | {f"given_labels.labels.{name}" for name in (*FLAGS, *LISTS, *WORDS)}
)
TARGETS = frozenset((set(REPORT_COLUMNS) - set(NESTED)) | set(NESTED.values())) | _GIVEN
_PARTS = frozenset({"fields", "constants", "values", "when_empty", "sites", "headings"})
_ALONE_IS_NOTHING = {"given_labels": "labels", "external_reference": "id"}
"""Groups that a constant may begin, such as the name of the source system, and what they are nothing without."""
_SITE_PARTS = frozenset(
    {"provider_id", "provider_name", "synthetic", "site_id", "name", "setting", "opened_on", "region", "postcode"}
)
_SITE_REQUIRED = ("provider_id", "provider_name", "site_id", "name", "setting", "opened_on")


class WrongMap(ValueError):
    """The map is not as it must be; the message names the part."""


@dataclass(frozen=True, slots=True)
class SiteMap:
    """How the distinct sites of a file are registered; `name` is a template over the row's columns."""

    provider_id: str
    provider_name: str
    site_id: str
    name: str
    setting: str
    opened_on: str
    synthetic: bool = False
    region: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True)
class ImportMap:
    """How a row becomes a submission.

    Attributes:
        fields: Source column by target field (dotted for nested ones); several columns, such as a date and a time,
            are joined by a space.
        constants: Value by target field, for every row.
        values: By source column, what its values mean.
        when_empty: By target field, what is set instead where its column is empty.
        sites: How the file's sites are registered; None where the file does not describe any.
    """

    fields: Mapping[str, str | tuple[str, ...]]
    constants: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    when_empty: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sites: SiteMap | None = None

    def submission(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row as the body of a report; empty columns are left out."""
        body: dict[str, Any] = {}
        for target, value in self.constants.items():
            place(body, target, value)
        for target, column in self.fields.items():
            value = self._value(row, column) if isinstance(column, str) else self._joined(row, column)
            if not _is_empty(value):
                place(body, target, value)
                continue
            for other, instead in self.when_empty.get(target, {}).items():
                place(body, other, instead)
        for group, needed in _ALONE_IS_NOTHING.items():
            if group in body and needed not in body[group]:
                del body[group]
        return body

    def site_row(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return the row's site as cells of a site register.

        Raises:
            WrongMap: the map does not say how.
        """
        if self.sites is None:
            raise WrongMap("the map has no part 'sites'")
        said = self.sites
        return {
            "provider_id": said.provider_id,
            "site_id": str(self._value(row, said.site_id) or ""),
            "name": said.name.format_map({name: "" if value is None else value for name, value in row.items()}),
            "setting": str(self._value(row, said.setting) or ""),
            "region": str(self._value(row, said.region) or "") if said.region else "",
            "postcode": str(self._value(row, said.postcode) or "") if said.postcode else "",
            "opened_on": said.opened_on,
        }

    def _joined(self, row: Mapping[str, Any], columns: tuple[str, ...]) -> str:
        parts = (self._value(row, column) for column in columns)
        return " ".join(str(part).strip() for part in parts if not _is_empty(part))

    def _value(self, row: Mapping[str, Any], column: str) -> Any:
        value = row.get(column)
        return self.values.get(column, {}).get(value, value) if isinstance(value, str) else value


def read_map(data: Any) -> ImportMap:
    """Read a map.

    Args:
        data: The parsed file.

    Raises:
        WrongMap: a part is missing, unknown or not as it must be; names it.
    """
    if not isinstance(data, dict) or not isinstance(data.get("fields"), dict):
        raise WrongMap("the map needs a part 'fields': target field to source column")
    if unknown := set(data) - _PARTS:
        raise WrongMap(f"the map has unknown parts {sorted(unknown)}; known are {sorted(_PARTS)}")
    instead = {name for set_ in (data.get("when_empty") or {}).values() for name in set_}
    targets = {*data["fields"], *(data.get("constants") or {}), *(data.get("when_empty") or {}), *instead}
    if wrong := targets - TARGETS:
        raise WrongMap(f"no report has the fields {sorted(wrong)}; known are {sorted(TARGETS)}")
    return ImportMap(
        fields={
            target: tuple(map(str, column)) if isinstance(column, list) else str(column)
            for target, column in data["fields"].items()
        },
        constants=data.get("constants") or {},
        values=data.get("values") or {},
        when_empty=data.get("when_empty") or {},
        sites=_read_sites(data["sites"]) if data.get("sites") else None,
    )


def _read_sites(data: Any) -> SiteMap:
    if not isinstance(data, dict) or set(data) - _SITE_PARTS or not set(_SITE_REQUIRED) <= set(data):
        raise WrongMap(f"part 'sites' needs {', '.join(_SITE_REQUIRED)}, and may have {', '.join(sorted(_SITE_PARTS))}")
    texts = {name: str(value) for name, value in data.items() if name != "synthetic"}
    return SiteMap(synthetic=bool(data.get("synthetic", False)), **texts)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
