"""Evaluates a model on gold labels, as the texts were written and under small changes, and prints what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.classifier.domain.classification import Classification
from services.classifier.domain.classify import Asked, Classifier
from services.classifier.training.gold import Gold
from services.classifier.training.measure import ANY, Vocabulary, measure
from services.classifier.training.perturb import PERTURBATIONS
from shared.taxonomy.model import Taxonomy

_BATCH: Final = 256
_JUDGED: Final = 11
"""How many of the shown figures are repeated for changed texts."""
SHOWN: Final = (
    ("primary domain, accuracy", "primary_domain.accuracy"),
    ("primary domain, calibration error", "primary_domain.calibration_error"),
    ("domains, micro F1", "domains.micro_f1"),
    ("domains, macro F1", "domains.macro_f1"),
    ("contributory factors, micro F1", "contributory_factors.micro_f1"),
    ("contributory factors, macro F1", "contributory_factors.macro_f1"),
    ("is_near_miss, accuracy", "is_near_miss"),
    ("any escalation, recall", "escalate.any.recall"),
    ("any escalation, precision", "escalate.any.precision"),
    ("potential severity, exact", "potential_severity.exact"),
    ("potential severity, within one step", "potential_severity.within_one"),
    ("how caught, micro F1", "how_caught.micro_f1"),
    ("event class, accuracy", "event_class"),
    ("disruption kind, accuracy", "disruption_kind"),
    ("abstained", "abstained"),
    ("asked for review", "asked_for_review"),
)


def evaluate_gold(golds: Sequence[Gold], taxonomy: Taxonomy, classifier: Classifier | None = None) -> dict[str, Any]:
    """Measure a model.

    Args:
        golds: Texts with labels.
        taxonomy: The words.
        classifier: The model; None takes the shipped one.

    Returns:
        The figures of `measure`, the model's version, and under `perturbed` the figures that people look at first,
        for each way of changing the texts.

    Raises:
        ValueError: there is no text.
    """
    if not golds:
        raise ValueError("the file has no text; send one labelled text a line")
    classifier = classifier or Classifier(taxonomy)
    words = Vocabulary(tuple(taxonomy.severities), tuple(taxonomy.escalations))
    figures = measure(answered(golds, classifier), words)
    perturbed = {}
    for name, change in PERTURBATIONS.items():
        changed = [Gold(gold.id, change(gold.text), gold.setting, gold.labels) for gold in golds]
        found = measure(answered(changed, classifier), words)
        perturbed[name] = {path: figure(found, path) for _, path in SHOWN}
    return {"model_version": classifier.version, **figures, "perturbed": perturbed}


def answered(golds: Sequence[Gold], classifier: Classifier) -> list[tuple[Gold, Classification]]:
    """Classify texts and put each answer beside its text."""
    pairs: list[tuple[Gold, Classification]] = []
    for start in range(0, len(golds), _BATCH):
        batch = golds[start : start + _BATCH]
        found = classifier.classify_many([Asked(gold.text, gold.setting) for gold in batch])
        pairs += zip(batch, found, strict=True)
    return pairs


def figure(figures: Mapping[str, Any], path: str) -> float | None:
    """Look a figure up by its dotted path; None where there is none."""
    value: Any = figures
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, float | int) else None


def rendered(figures: Mapping[str, Any]) -> str:
    """Write figures as text for people."""
    lines = [f"{figures['texts']} texts, model {figures['model_version']}", ""]
    lines += [f"{title:<40}{_number(figure(figures, path))}" for title, path in SHOWN]
    escalations = figures["escalate"] or {}
    lines += ["", f"{'escalation':<20}{'texts':>6}{'recall':>8}{'precision':>11}"]
    lines += [
        f"{code:<20}{row['texts']:>6}{_number(row['recall']):>8}{_number(row['precision']):>11}"
        for code, row in escalations.items()
        if row["texts"] or code == ANY
    ]
    for field in ("domains", "contributory_factors"):
        lines += ["", f"{field:<28}{'texts':>6}{'F1':>8}"]
        lines += [
            f"{name:<28}{row['texts']:>6}{_number(row['f1']):>8}"
            for name, row in (figures[field] or {"by_label": {}})["by_label"].items()
        ]
    lines += ["", "most often confused: gold, found, texts"]
    confused = (figures["primary_domain"] or {"confused": []})["confused"]
    lines += [f"  {row['gold'] or '-'}, {row['found'] or '-'}, {row['texts']}" for row in confused]
    lines += ["", "worst misses: text, field, gold, found"]
    lines += [
        f"  {row['id']}, {row['field']}, {row['gold'] or '-'}, {row['found'] or '-'}" for row in figures["worst_misses"]
    ]
    lines += ["", "under small changes of the texts (as written, then each)"]
    lines.append(f"{'':<40}{'written':>9}" + "".join(f"{name.split('_')[0]:>14}" for name in figures["perturbed"]))
    for title, path in SHOWN[:_JUDGED]:
        row = [figure(figures, path), *(found[path] for found in figures["perturbed"].values())]
        lines.append(f"{title:<40}{_number(row[0]):>9}" + "".join(f"{_number(value):>14}" for value in row[1:]))
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
