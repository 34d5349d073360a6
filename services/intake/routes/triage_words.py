"""Words of the triage pages: one sentence of what a report is, how long it waits, and the titles of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from services.intake.domain.report import HELD
from services.intake.usecases.triage import Card
from shared.taxonomy.model import Taxonomy

Titles = Mapping[str, Mapping[str, str]]


def titles_of(taxonomy: Taxonomy) -> Titles:
    """Return what a screen shows for each label, by field."""
    return {
        "domains": {name: one.title for name, one in taxonomy.domains.items()},
        "severity": {name: one.title for name, one in taxonomy.severities.items()},
        "event_class": {name: one.title for name, one in taxonomy.event_classes.items()},
        "factors": {name: one.title for name, one in taxonomy.factors.items()},
    }


def choices(taxonomy: Taxonomy) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Return what a correction may name, by field."""
    titles = titles_of(taxonomy)
    return {field: list(titles[field].items()) for field in ("domains", "severity", "event_class")}


def age_words(age: timedelta) -> str:
    """Return how long something waits, in the largest unit that fits."""
    hours = int(age.total_seconds() // 3600)
    if hours < 1:
        return "less than an hour"
    count, unit = (hours, "hour") if hours < 48 else (hours // 24, "day")
    return f"{count} {unit}{'' if count == 1 else 's'}"


def answer_of(card: Card, titles: Titles) -> str:
    """Return one sentence: what it seems to be, how bad it could have been, how long it waits and for whom."""
    values: Mapping[str, Any] = card.labels.values
    if not card.labels.known:
        what = "Not tagged yet"
    else:
        primary = values.get("primary_domain")
        area = titles["domains"].get(primary or "", "No domain")
        kind = titles["event_class"].get(values.get("event_class") or "", "event").lower()
        severity = titles["severity"].get(card.labels.severity or "", "unknown").lower()
        what = f"{area}: {kind}, could have been {severity}"
    waits = f"waiting {age_words(card.age)}" if card.stored.waiting else "reviewed"
    held = "; held from this site" if card.report.visibility == HELD else ""
    level = "" if card.level == "manager" or not card.stored.waiting else f", now for the {card.level}"
    return f"{what}; {waits}{level}{held}."
