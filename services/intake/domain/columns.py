"""The flat columns that a report has in a CSV file, and the fields that they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.kernel.errors import Fault, Invalid

NESTED = {
    "reporter_id": "reporter.id",
    "reporter_name": "reporter.name",
    "reporter_contact": "reporter.contact",
    "person_id": "person.id",
    "person_name": "person.name",
    "disruption_kind": "disruption.kind",
    "disruption_started_at": "disruption.started_at",
    "disruption_ended_at": "disruption.ended_at",
    "disruption_people_affected": "disruption.people_affected",
    "disruption_plan_used": "disruption.plan_used",
    "disruption_plan_worked": "disruption.plan_worked",
    "external_system": "external_reference.system",
    "external_id": "external_reference.id",
    "external_link": "external_reference.link",
}
REPORT_COLUMNS = (
    "provider_id",
    "site_id",
    "text",
    "occurred_at",
    "occurred_band",
    "reported_at",
    "place",
    "what_stopped_it",
    "worry",
    "reporter_role",
    "identity_mode",
    "anonymity_reason",
    "asset_ref",
    "outside_first",
    "origin",
    *NESTED,
)
REPORT_REQUIRED = ("site_id", "text")
_COLUMN_OF = {field: column for column, field in NESTED.items()}


def check_heading(heading: Sequence[str], required: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Check the first row of a table.

    Args:
        heading: Its cells.
        required: Columns that must be there.
        known: All columns that may be there.

    Returns:
        The column names, stripped.

    Raises:
        Invalid: a column is missing, unknown or there twice; names it and lists what is expected.
    """
    names = tuple(name.strip() for name in heading)
    faults = [Fault("the column is missing", name, 1) for name in required if name not in names]
    faults += [Fault("the column is not known", name or "(empty)", 1) for name in names if name not in known]
    faults += [Fault("the column is there twice", name, 1) for name in dict.fromkeys(names) if names.count(name) > 1]
    if faults:
        first = f"{faults[0].field}: {faults[0].detail}"
        raise Invalid(
            f"the heading is wrong ({first}); nothing was taken. Expected are {', '.join(known)}", tuple(faults)
        )
    return names


def unflatten(cells: Mapping[str, str]) -> dict[str, Any]:
    """Turn the cells of a row into a report's nested fields; empty cells are left out."""
    fields: dict[str, Any] = {}
    for column, value in cells.items():
        if value.strip():
            place(fields, NESTED.get(column, column), value if column == "text" else value.strip())
    return fields


def place(fields: dict[str, Any], dotted: str, value: Any) -> None:
    """Put a value at a dotted place of nested fields."""
    *outer, last = dotted.split(".")
    for name in outer:
        fields = fields.setdefault(name, {})
    fields[last] = value


def column_of(field: str | None) -> str | None:
    """Return the CSV column of a field, for naming it in a fault."""
    return _COLUMN_OF.get(field, field) if field else field
