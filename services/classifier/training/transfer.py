"""Measures the model on real texts of other kinds: US narratives that a state coded, and comments of NHS patients."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from services.classifier.domain.classify import Asked, Classifier
from shared.redaction import redact

NARRATIVES: Final = Path("oregon_ltc") / "sample_dev.jsonl"
COMMENTS: Final = Path("nhs_patient_experience") / "phase1_critical_sample.jsonl"
_SETTING_OF_NARRATIVES: Final = "residential"
_SETTING_OF_COMMENTS: Final = "nursing"
# The state's own areas, and our domains that a text of the area should have one of.
AREAS: Final[Mapping[str, tuple[str, ...]]] = {
    "medication": ("medication",),
    "safeguarding": ("safeguarding", "finance_property"),
    "falls_moving_handling": ("falls_mobility", "moving_handling"),
    "skin_integrity": ("skin_integrity",),
    "staffing": ("staffing",),
    "missing_person": ("security_missing_person",),
    "nutrition_hydration_choking": ("nutrition_hydration", "choking_swallowing"),
    "records_care_plan": ("records_data",),
    "communication_information": ("communication", "handover"),
    "infection_control": ("infection_control",),
}


def transfer(folder: Path, classifier: Classifier) -> dict[str, Any]:
    """Measure on the real data folder; texts are redacted first, as in the service.

    Args:
        folder: The real data folder.
        classifier: The model.

    Returns:
        `narratives`: by area the number of texts and the share that has one of its domains, and the share abstained
        from; `comments`: how many speak of nothing bad, and the shares of them that are told as events and escalated.
    """
    return {
        "narratives": narratives(read_rows(folder / NARRATIVES), classifier),
        "comments": comments(read_rows(folder / COMMENTS), classifier),
    }


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a file of one JSON object a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def narratives(rows: Iterable[Mapping[str, Any]], classifier: Classifier) -> dict[str, Any]:
    """Count how many narratives of each area get one of its domains."""
    coded = list(rows)
    asked = [Asked(redact(row["text"]).text, _SETTING_OF_NARRATIVES) for row in coded]
    found = classifier.classify_many(asked)
    recall = {}
    for area, domains in AREAS.items():
        of_it = [labels for row, labels in zip(coded, found, strict=True) if area in row["labels"]]
        hits = sum(not set(domains).isdisjoint(labels.domains) for labels in of_it)
        recall[area] = {"texts": len(of_it), "recall": hits / len(of_it) if of_it else None}
    abstained = sum(labels.is_near_miss is None for labels in found) / len(found)
    return {"texts": len(coded), "abstained": abstained, "recall": recall}


def comments(rows: Iterable[Mapping[str, Any]], classifier: Classifier) -> dict[str, Any]:
    """Count false alarms among comments that their readers coded as not critical."""
    calm = [row for row in rows if row["criticality"] >= 0]
    found = classifier.classify_many([Asked(redact(row["text"]).text, _SETTING_OF_COMMENTS) for row in calm])
    events = sum(labels.is_near_miss is True or bool(labels.escalate) for labels in found)
    senior = sum(bool(labels.escalate) and labels.escalate != ("harm_occurred",) for labels in found)
    return {
        "texts": len(calm),
        "told_as_events": events / len(calm),
        "escalated": sum(bool(labels.escalate) for labels in found) / len(calm),
        "escalated_to_a_senior_role": senior / len(calm),
    }
