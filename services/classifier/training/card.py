"""Writes the model card: what was measured, on which texts; the figures are kept beside it as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from services.classifier.domain.classify import Classifier
from services.classifier.domain.model_file import FOLDER
from services.classifier.training.evaluate import SHOWN, evaluate_gold, figure
from services.classifier.training.gold import read_passes
from services.classifier.training.measure import ANY
from services.classifier.training.perturb import PERTURBATIONS
from services.classifier.training.transfer import transfer
from shared.taxonomy.model import Taxonomy

CARD: Final = FOLDER.parent / "MODEL_CARD.md"
MEASURED: Final = FOLDER / "measured.json"
BEGIN: Final = "<!-- generated: begin -->"
END: Final = "<!-- generated: end -->"
_DECIMALS: Final = 4
_TARGETS: Final = {
    "primary_domain.accuracy": ">= 0.80",
    "primary_domain.calibration_error": "<= 0.06",
    "domains.micro_f1": ">= 0.80",
    "contributory_factors.micro_f1": ">= 0.65",
    "is_near_miss": ">= 0.93",
    "escalate.any.recall": ">= 0.95",
    "escalate.any.precision": ">= 0.70",
    "potential_severity.exact": ">= 0.62",
    "potential_severity.within_one": ">= 0.95",
}


def read_measured() -> dict[str, Any]:
    """Read what was measured."""
    measured: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return measured


def write_measured(measured: Mapping[str, Any]) -> None:
    """Keep what was measured as data; figures are rounded."""
    MEASURED.write_text(json.dumps(_rounded(measured), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def measure_card(taxonomy: Taxonomy, real_data: Path | None) -> None:
    """Measure the shipped model on the held-out texts and on real ones, keep the figures and write the card.

    Args:
        taxonomy: The words.
        real_data: The real data folder; None keeps what was measured there for the same model.

    Raises:
        ValueError: the figures of training are of another model.
    """
    classifier = Classifier(taxonomy)
    measured = read_measured()
    if measured["model_version"] != classifier.version:
        raise ValueError("the figures are of another model; run `python -m services.classifier train` first")
    golds = read_passes(FOLDER / "texts", held_out=True)
    if golds:
        found = evaluate_gold(golds, taxonomy, classifier)
        measured["held_out"] = {name: value for name, value in found.items() if name != "worst_misses"}
    if real_data is not None:
        measured["transfer"] = transfer(real_data, classifier)
    write_measured(measured)
    write_card(read_measured())


def generated(measured: Mapping[str, Any]) -> str:
    """Write the card's part that follows from what was measured.

    Args:
        measured: `model_version`, `passes` (texts by pass), `left_out` (figures on authors that were left out), and,
            where they were measured, `held_out` (figures) and `transfer`.
    """
    left_out, held_out = measured["left_out"], measured.get("held_out")
    lines = [f"Model `{measured['model_version']}`.", ""]
    lines += ["| figure | target | authors left out | held-out authors |", "|---|---|---|---|"]
    lines += [
        f"| {title} | {_TARGETS.get(path, '')} | {_number(figure(left_out, path))} | "
        f"{_number(figure(held_out, path) if held_out else None)} |"
        for title, path in SHOWN
    ]
    counted = ", ".join(f"{name} {texts}" for name, texts in measured["passes"].items())
    lines += ["", f"Authors left out: {left_out['texts']} texts of {len(measured['passes'])} passes ({counted})."]
    if held_out:
        lines += [f"Held-out authors: {held_out['texts']} texts.", "", *_escalations(held_out), "", *_changes(held_out)]
    lines += ["", *_labels(left_out)]
    if "transfer" in measured:
        lines += ["", *_transfer(measured["transfer"])]
    return "\n".join(lines)


def with_generated(card: str, part: str) -> str:
    """Put the generated part into a card, between its marks.

    Raises:
        ValueError: the card has no marks.
    """
    before, begin, rest = card.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the card has no {BEGIN} and {END}; put them where the figures belong")
    return f"{before}{BEGIN}\n{part}\n{END}{after}"


def write_card(measured: Mapping[str, Any], card: Path = CARD) -> None:
    """Write the generated part of the card anew."""
    card.write_text(with_generated(card.read_text(encoding="utf-8"), generated(measured)), encoding="utf-8")


def _escalations(figures: Mapping[str, Any]) -> list[str]:
    lines = ["| escalation, held-out authors | texts | recall | precision |", "|---|---|---|---|"]
    return lines + [
        f"| {code} | {row['texts']} | {_number(row['recall'])} | {_number(row['precision'])} |"
        for code, row in figures["escalate"].items()
        if row["texts"] or code == ANY
    ]


def _changes(figures: Mapping[str, Any]) -> list[str]:
    names = list(PERTURBATIONS)
    lines = [f"| held-out authors, changed | as written | {' | '.join(name.replace('_', ' ') for name in names)} |"]
    lines.append("|---" * (len(names) + 2) + "|")
    return lines + [
        f"| {title} | {_number(figure(figures, path))} | "
        + " | ".join(_number(figures["perturbed"][name][path]) for name in names)
        + " |"
        for title, path in SHOWN
        if path in _TARGETS
    ]


def _labels(figures: Mapping[str, Any]) -> list[str]:
    lines = ["| label, authors left out | texts | F1 | precision | recall |", "|---|---|---|---|---|"]
    return lines + [
        f"| {name} | {row['texts']} | {_number(row['f1'])} | {_number(row['precision'])} | {_number(row['recall'])} |"
        for field in ("domains", "contributory_factors")
        for name, row in figures[field]["by_label"].items()
    ]


def _transfer(measured: Mapping[str, Any]) -> list[str]:
    narratives, comments = measured["narratives"], measured["comments"]
    lines = ["| real US narratives, the state's area | texts | has one of our domains of it |", "|---|---|---|"]
    lines += [f"| {area} | {row['texts']} | {_number(row['recall'])} |" for area, row in narratives["recall"].items()]
    return [
        *lines,
        "",
        f"Of {comments['texts']} real comments of NHS patients that their readers coded as not critical, "
        f"{comments['told_as_events']:.1%} are told as events, {comments['escalated']:.1%} escalated, "
        f"{comments['escalated_to_a_senior_role']:.1%} to a statutory or senior role.",
    ]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if isinstance(value, Mapping):
        return {name: _rounded(part) for name, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
