"""A person's labels for a report: which fields may be named, and what must be said with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from shared.kernel.errors import Fault
from shared.redaction.text import RedactedText
from shared.taxonomy.labels import joint_faults, shape_faults, words_of


@dataclass(frozen=True)
class Correction:
    """One decision of a person.

    Attributes:
        provider_id: The tenant.
        site_id: The report's site.
        report_id: The report.
        report_revision: The revision that the person read.
        fields: The labels decided, by name.
        by_role: The person's role; never a name.
        reason: Why, redacted.
    """

    provider_id: str
    site_id: str
    report_id: str
    report_revision: int
    fields: Mapping[str, Any]
    by_role: str
    reason: RedactedText


def faults_in(fields: Mapping[str, Any], vocabulary: Mapping[str, Collection[str]]) -> list[Fault]:
    """Check the labels of a correction.

    Args:
        fields: Labels by field name.
        vocabulary: Allowed words per field; a field that is not in it takes any text.

    Returns:
        What is wrong; empty when nothing is.
    """
    if not fields:
        return [Fault("name at least one field to correct", "fields")]
    wrong = shape_faults(fields)
    misshapen = {fault.field for fault in wrong}
    faults = [Fault(fault.detail, f"fields.{fault.field}") for fault in wrong]
    faults += [
        Fault(f"does not know the word {word[:64]!r}", f"fields.{name}")
        for name, value in fields.items()
        if name not in misshapen and (known := vocabulary.get(name)) is not None
        for word in words_of(value)
        if word not in known
    ]
    return faults + joint_faults(fields)
