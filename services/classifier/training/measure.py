"""Compares answers with gold labels: the figures that the model is judged by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.classifier.domain.classification import Classification
from services.classifier.training.gold import Gold

ANY: Final = "any"
_BINS: Final = 10
_PAIRS_SHOWN: Final = 15
_MISSES_SHOWN: Final = 20

Pairs = Sequence[tuple[Gold, Classification]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words in the order that grading needs: severities mildest first, codes most serious first."""

    severities: tuple[str, ...]
    codes: tuple[str, ...]


def measure(pairs: Pairs, words: Vocabulary) -> dict[str, Any]:
    """Compute all figures.

    Args:
        pairs: Gold texts and the answers to them.
        words: The order of severities and codes.

    Returns:
        Figures by name, shares from 0 to 1; None where no text has the label that a figure needs.
    """
    return {
        "texts": len(pairs),
        "domains": _several(pairs, "domains"),
        "contributory_factors": _several(pairs, "contributory_factors"),
        "how_caught": _several(pairs, "how_caught"),
        "primary_domain": _primary(pairs),
        "is_near_miss": _share(
            bool(found.is_near_miss) == gold.labels["is_near_miss"] for gold, found in _with(pairs, "is_near_miss")
        ),
        "escalate": _escalations(pairs, words.codes),
        "potential_severity": _severity(pairs, words.severities),
        "event_class": _same(pairs, "event_class"),
        "disruption_kind": _same(pairs, "disruption_kind"),
        "abstained": _share(found.is_near_miss is None for _, found in pairs),
        "asked_for_review": _share(found.needs_review for _, found in pairs),
        "worst_misses": worst_misses(pairs, words),
    }


def calibration_error(stated: Sequence[tuple[float, bool]]) -> float | None:
    """Expected calibration error over ten bins of equal width (Naeini et al. 2015).

    Args:
        stated: Stated probability, 0 to 1, and whether it was so.

    Returns:
        The mean gap between what was stated and what was so, weighted by the bins' sizes; None without any.
    """
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for probability, right in stated:
        bins[min(int(probability * _BINS), _BINS - 1)].append((probability, right))
    gaps = (abs(sum(p for p, _ in part) - sum(right for _, right in part)) for part in bins)
    return sum(gaps) / len(stated) if stated else None


def worst_misses(pairs: Pairs, words: Vocabulary) -> list[dict[str, Any]]:
    """List what went most wrong: escalations missed, the gravest first, then wrong domains that were stated surely.

    Args:
        pairs: Gold texts and the answers to them.
        words: The order of the codes.

    Returns:
        Up to twenty, by the text's id; never the text.
    """
    missed = [
        (words.codes.index(gold.labels["escalate"]), gold.id, gold.labels["escalate"])
        for gold, found in _with(pairs, "escalate")
        if gold.labels["escalate"] in words.codes and not found.escalate
    ]
    wrong = [
        (-_stated(found), gold.id, gold.labels["primary_domain"], found.primary_domain)
        for gold, found in _with(pairs, "primary_domain")
        if gold.labels["primary_domain"] != found.primary_domain
    ]
    rows = [{"id": name, "field": "escalate", "gold": code, "found": None} for _, name, code in sorted(missed)]
    rows += [
        {"id": name, "field": "primary_domain", "gold": gold, "found": found, "stated": round(-less, 3)}
        for less, name, gold, found in sorted(wrong, key=lambda row: row[:2])
    ]
    half = _MISSES_SHOWN // 2
    return rows[: max(half, _MISSES_SHOWN - len(wrong))][: len(missed)] + rows[len(missed) :][:half]


def _with(pairs: Pairs, field: str) -> Pairs:
    return [(gold, found) for gold, found in pairs if field in gold.labels]


def _share(right: Iterable[bool]) -> float | None:
    counted = list(right)
    return sum(counted) / len(counted) if counted else None


def _same(pairs: Pairs, field: str) -> float | None:
    return _share(bool(getattr(found, field) == gold.labels[field]) for gold, found in _with(pairs, field))


def _f1(hits: int, stated: int, true: int) -> float:
    return 2 * hits / (stated + true) if stated + true else 1.0


def _counted(rows: Sequence[tuple[Collection[str], Collection[str]]]) -> dict[str, tuple[int, int, int]]:
    """Hits, stated and true by label."""
    hits, stated, true = Counter[str](), Counter[str](), Counter[str]()
    for gold, found in rows:
        hits.update(set(gold) & set(found))
        stated.update(set(found))
        true.update(set(gold))
    return {name: (hits[name], stated[name], true[name]) for name in sorted({*stated, *true})}


def _several(pairs: Pairs, field: str) -> dict[str, Any] | None:
    rows = [(gold.labels[field], getattr(found, field)) for gold, found in _with(pairs, field)]
    if not rows:
        return None
    counted = _counted(rows)
    by_label: dict[str, dict[str, Any]] = {
        name: {
            "f1": _f1(hits, stated, true),
            "precision": hits / stated if stated else None,
            "recall": hits / true if true else None,
            "texts": true,
        }
        for name, (hits, stated, true) in counted.items()
    }
    held = [name for name, (_, _, true) in counted.items() if true]
    totals = [sum(row[place] for row in counted.values()) for place in range(3)]
    return {
        "micro_f1": _f1(*totals),
        "macro_f1": sum(by_label[name]["f1"] for name in held) / len(held) if held else None,
        "exact": _share(set(gold) == set(found) for gold, found in rows),
        "by_label": by_label,
    }


def _stated(found: Classification) -> float:
    value = found.confidence.get("primary_domain", 0.0)
    return value if isinstance(value, float) else 0.0


def _primary(pairs: Pairs) -> dict[str, Any] | None:
    rows = _with(pairs, "primary_domain")
    if not rows:
        return None
    confused = Counter(
        (gold.labels["primary_domain"], found.primary_domain)
        for gold, found in rows
        if gold.labels["primary_domain"] != found.primary_domain
    )
    order = sorted(confused.items(), key=lambda item: (-item[1], str(item[0])))
    return {
        "accuracy": _same(pairs, "primary_domain"),
        "calibration_error": calibration_error(
            [
                (_stated(found), found.primary_domain == gold.labels["primary_domain"])
                for gold, found in rows
                if "primary_domain" in found.confidence
            ]
        ),
        "confused": [{"gold": gold, "found": found, "texts": n} for (gold, found), n in order[:_PAIRS_SHOWN]],
    }


def _escalations(pairs: Pairs, codes: Sequence[str]) -> dict[str, Any] | None:
    rows = [(gold.labels["escalate"], found.escalate[:1]) for gold, found in _with(pairs, "escalate")]
    if not rows:
        return None
    counted = _counted([((gold,) if gold else (), found) for gold, found in rows])
    counted[ANY] = (
        sum(bool(gold) and bool(found) for gold, found in rows),
        sum(bool(found) for _, found in rows),
        sum(bool(gold) for gold, _ in rows),
    )
    return {
        code: {"recall": hits / true if true else None, "precision": hits / stated if stated else None, "texts": true}
        for code in (ANY, *codes)
        for hits, stated, true in [counted.get(code, (0, 0, 0))]
    }


def _severity(pairs: Pairs, severities: Sequence[str]) -> dict[str, Any] | None:
    steps = [
        abs(severities.index(gold.labels["potential_severity"]) - severities.index(found.potential_severity))
        for gold, found in _with(pairs, "potential_severity")
    ]
    return {"exact": _share(s == 0 for s in steps), "within_one": _share(s <= 1 for s in steps)} if steps else None
