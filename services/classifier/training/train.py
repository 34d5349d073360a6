"""Trains the shipped model from the texts that are kept as data: offline, in minutes, the same bytes each time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.classifier.domain import classification
from services.classifier.domain.classification import Answers, Classification
from services.classifier.domain.decide import Decider, Decision
from services.classifier.domain.explain import confidence_of
from services.classifier.domain.features import Concepts
from services.classifier.domain.heads import Head, heads_of
from services.classifier.domain.match import Matcher
from services.classifier.domain.model import Weights
from services.classifier.domain.model_file import CONCEPTS_FILE, FOLDER, MODEL_FILE, pack, parse_concepts, version_of
from services.classifier.domain.reading import read
from services.classifier.domain.version import generation_of
from services.classifier.domain.words import Words
from services.classifier.training.augment import WEIGHT_AS_WRITTEN, WEIGHT_CHANGED, changed
from services.classifier.training.calibrate import calibration, left_out, stated_of, thresholds
from services.classifier.training.card import write_measured
from services.classifier.training.fit import fit
from services.classifier.training.gold import Gold, read_passes
from services.classifier.training.measure import Vocabulary, measure
from services.classifier.training.space import Prepared, Space, prepare, space_of, text_rows, unit_rows
from services.classifier.training.targets import targets
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.model import Taxonomy

TEXTS: Final = FOLDER / "texts"
SOFTNESS: Final = 10.0
STEPS: Final = 80
_DECIMALS: Final = 3
_GROUPS: Final = 4
"""How many fits with some authors left out; more take longer and tell little more."""
_NOT_OF_LEFT_OUT: Final = ("abstained", "asked_for_review", "worst_misses")
_VERSION_LINE: Final = re.compile(r'^MODEL_VERSION: Final = "[^"]*"$', re.MULTILINE)

Matrix = NDArray[np.float32]
Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Data:
    """The training texts, as written and as changed, cut into what features are made of."""

    texts: list[Prepared]
    changed: list[Prepared]
    wanted: Matrix
    passes: list[str]
    heads: dict[str, Head]
    taxonomy: Taxonomy
    listed: Concepts


@dataclass(frozen=True, slots=True)
class Trained:
    """What training found, and the probabilities that each text got from a fit that had not read its author."""

    weights: Weights
    stated: Matrix


def prepare_data(golds: Sequence[Gold], taxonomy: Taxonomy) -> Data:
    """Read the texts as the service would read them.

    Args:
        golds: Texts that have all labels.
        taxonomy: The words and rules.

    Raises:
        ValueError: a label is not known.
    """
    matcher, heads = Matcher(taxonomy), heads_of(taxonomy)
    words = Words(matcher, taxonomy.spellings)

    def cut(text: str, setting: str) -> Prepared:
        return prepare(read(text, words, matcher), setting)

    return Data(
        texts=[cut(gold.text, gold.setting) for gold in golds],
        changed=[cut(changed(gold.text), gold.setting) for gold in golds],
        wanted=targets(golds, heads),
        passes=[gold.author_pass for gold in golds],
        heads=heads,
        taxonomy=taxonomy,
        listed=parse_concepts(CONCEPTS_FILE.read_text(encoding="utf-8")),
    )


def train_weights(data: Data, say: Say) -> Trained:
    """Fit on all texts; calibrate on what models that had not read an author say of that author's texts.

    Args:
        data: The training texts.
        say: Takes a line of progress.
    """
    scores = np.zeros_like(data.wanted)
    for name, of_it in left_out(data.passes, _GROUPS).items():
        scores[of_it] = scores_without(data, ~of_it, of_it)
        say(f"without {name}: {int((~of_it).sum())} texts fitted, {int(of_it.sum())} scored")
    slope, offset = calibration(scores, data.wanted, data.heads)
    stated = stated_of(scores, slope, offset, data.heads)
    space, by_feature, start = fit_texts(data, np.ones(len(data.texts), bool))
    say(f"all: {len(data.texts)} texts fitted, {len(space.scale)} features")
    chosen = thresholds(stated, data.wanted, data.heads)
    weights = replace(weights_of(space, by_feature, start), slope=slope, offset=offset, thresholds=chosen)
    return Trained(weights, stated)


def scores_without(data: Data, fitted: NDArray[np.bool_], scored: NDArray[np.bool_]) -> Matrix:
    """Fit on some texts and score others.

    Args:
        data: All texts.
        fitted: Which are fitted to.
        scored: Which are scored.

    Returns:
        A row of scores for each scored text.
    """
    space, by_feature, start = fit_texts(data, fitted)
    texts = [data.texts[place] for place in np.flatnonzero(scored)]
    names, units = unit_rows(space, {word for text in texts for word in text.features.words})
    result: Matrix = text_rows(space, texts, names) @ (units @ by_feature) + start
    return result


def write_model(weights: Weights, taxonomy: Taxonomy, model_file: Path = MODEL_FILE, *, successor: bool = False) -> str:
    """Write the model and name it in the code that goes with it.

    Args:
        weights: What training found.
        taxonomy: Its words name the outputs.
        model_file: Where to; the code is changed for the shipped file alone.
        successor: Whether it replaces a model that has spoken: its generation is one more. A file beside the shipped
            one is always named so.

    Returns:
        The model's version.
    """
    content = pack(weights, taxonomy)
    model_file.write_bytes(content)
    later = successor or model_file != MODEL_FILE
    version = version_of(content, CONCEPTS_FILE.read_bytes(), generation_of(classification.MODEL_VERSION) + later)
    if model_file == MODEL_FILE:
        code = Path(classification.__file__)
        said = _VERSION_LINE.sub(f'MODEL_VERSION: Final = "{version}"', code.read_text(encoding="utf-8"))
        code.write_text(said, encoding="utf-8")
    return version


def train(
    say: Say, model_file: Path = MODEL_FILE, golds: Iterable[Gold] | None = None, *, successor: bool = False
) -> str:
    """Train and write the model, and beside the shipped one what was measured on authors that were left out.

    Args:
        say: Takes a line of progress.
        model_file: Where to.
        golds: Other texts than the shipped ones.
        successor: See `write_model`.

    Returns:
        The model's version.
    """
    taxonomy = load_taxonomy()
    texts = list(read_passes(TEXTS) if golds is None else golds)
    data = prepare_data(texts, taxonomy)
    trained = train_weights(data, say)
    version = write_model(trained.weights, taxonomy, model_file, successor=successor)
    if model_file == MODEL_FILE:
        write_measured(measured_left_out(texts, trained, data, version))
    return version


def measured_left_out(texts: Sequence[Gold], trained: Trained, data: Data, version: str) -> dict[str, Any]:
    """Measure what fits that had not read a text's author decide about it; thresholds were chosen on the same texts.

    Args:
        texts: The training texts.
        trained: What training found.
        data: The same texts, cut.
        version: The model's version.
    """
    decide = Decider(data.taxonomy, data.heads, trained.weights.thresholds)
    labels = [label for head in data.heads.values() for label in head.labels]
    pairs = [
        (gold, decided(decision, labels, data.taxonomy.version, version))
        for gold, decision in zip(texts, decide(trained.stated, [Answers()] * len(texts)), strict=True)
    ]
    figures = measure(pairs, Vocabulary(tuple(data.taxonomy.severities), tuple(data.taxonomy.escalations)))
    return {
        "model_version": version,
        "passes": dict(sorted(Counter(data.passes).items())),
        "left_out": {name: value for name, value in figures.items() if name not in _NOT_OF_LEFT_OUT},
    }


def decided(decision: Decision, labels: Sequence[str], taxonomy_version: str, model_version: str) -> Classification:
    """Write a decision as an answer, without what needs the words."""
    return Classification(
        is_near_miss=decision.is_near_miss,
        domains=decision.domains,
        primary_domain=decision.domains[0] if decision.domains else None,
        contributory_factors=decision.factors,
        potential_severity=decision.severity,
        how_caught=decision.caught,
        escalate=decision.escalate,
        confidence=confidence_of(decision, labels),
        evidence={},
        event_class=decision.event_class,
        disruption_kind=decision.disruption,
        assets=(),
        prompts=(),
        needs_review=False,
        review_reason=None,
        taxonomy_version=taxonomy_version,
        model_version=model_version,
    )


def fit_texts(data: Data, which: NDArray[np.bool_]) -> tuple[Space, Matrix, Matrix]:
    """Fit on some of the texts, each as it is and once more as changed.

    Args:
        data: All texts.
        which: Those that are fitted to.

    Returns:
        The features, their weights by output, and the outputs' starting points.
    """
    places = np.flatnonzero(which)
    written = [data.texts[place] for place in places]
    space = space_of(written, data.listed, data.taxonomy)
    texts = written + [data.changed[place] for place in places]
    names, units = unit_rows(space, {word for text in texts for word in text.features.words})
    weights = np.repeat(np.array([[WEIGHT_AS_WRITTEN], [WEIGHT_CHANGED]], np.float32), len(places), axis=0)
    wanted = np.concatenate([data.wanted[which]] * 2)
    rows = text_rows(space, texts, names)
    by_feature, start = fit(rows, units, wanted, data.heads, softness=SOFTNESS, steps=STEPS, weights=weights)
    return space, by_feature, start


def weights_of(space: Space, by_feature: Matrix, start: Matrix) -> Weights:
    """Put together what the service needs, not yet calibrated; numbers are rounded, so that last bits do not matter.

    Args:
        space: The features.
        by_feature: Weights of features by outputs.
        start: The outputs' starting points.
    """
    names, units = unit_rows(space, ())
    scaled = by_feature * space.scale[:, None]
    first_piece = len(space.units)
    first_concept = first_piece + len(space.pieces)
    words = [name for name in names if name in space.rarity]
    assert names[: len(words)] == words
    outputs = by_feature.shape[1]
    return Weights(
        version="",
        units=space.units,
        rows=_rounded(units @ by_feature),
        rarity=_rounded(np.array([space.rarity[word] for word in words])),
        rarity_of_unknown=space.rarity_of_unknown,
        pieces={name: place - first_piece for name, place in space.pieces.items()},
        piece_rows=_rounded(scaled[first_piece:first_concept]),
        concepts={name: place - first_concept for name, place in space.concepts.items()},
        concept_rows=_rounded(scaled[first_concept:]),
        start=_rounded(start),
        slope=np.ones(outputs, np.float32),
        offset=np.zeros(outputs, np.float32),
        thresholds={},
    )


def _rounded(values: NDArray[np.floating]) -> Matrix:
    return np.asarray(values, np.float32).round(_DECIMALS) + np.float32(0.0)
