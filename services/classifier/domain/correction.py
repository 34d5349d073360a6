"""A person's labels for a report: which fields may be named, and what must be said with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from shared.kernel.errors import Fault
from shared.redaction.text import RedactedText

LISTS = ("domains", "contributory_factors", "how_caught", "escalate", "assets")
WORDS = ("primary_domain", "potential_severity", "event_class", "disruption_kind")
NULLABLE = ("primary_domain", "disruption_kind")


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
    faults = [fault for name, value in fields.items() for fault in _faults_of(name, value, vocabulary)]
    if ("is_near_miss" in fields or "escalate" in fields) and "event_class" not in fields:
        faults.append(Fault("say the event class too: it follows from is_near_miss and escalate", "event_class"))
    if fields.get("escalate") == []:
        faults.append(Fault("an escalation is removed by a recorded decision, not by a correction", "escalate"))
    if isinstance(domains := fields.get("domains"), list) and fields.get("primary_domain") not in (None, *domains):
        faults.append(Fault("must be one of the domains", "primary_domain"))
    return faults


def _faults_of(name: str, value: Any, vocabulary: Mapping[str, Collection[str]]) -> list[Fault]:
    where = f"fields.{name}"
    if name == "is_near_miss":
        return [] if isinstance(value, bool) else [Fault("must be true or false", where)]
    if name in LISTS:
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            return [Fault("must be a list of words", where)]
        words = value
    elif name in WORDS:
        if value is None and name in NULLABLE:
            return []
        if not isinstance(value, str):
            return [Fault("must be a word", where)]
        words = [value]
    else:
        return [Fault("is not a label that can be corrected", where)]
    known = vocabulary.get(name)
    return [
        Fault(f"does not know the word {word[:64]!r}", where)
        for word in words
        if known is not None and word not in known
    ]
