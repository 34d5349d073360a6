"""What is remembered of words gives what the words themselves give."""

from __future__ import annotations

import numpy as np
import pytest

from services.classifier.domain import words as remembered
from services.classifier.domain.classify import Asked, Classifier
from services.classifier.domain.features import NEGATED, features_of
from services.classifier.domain.match import Matcher
from services.classifier.domain.model_file import load_model
from services.classifier.domain.reading import read
from services.classifier.domain.words import Words
from services.classifier.training.gold import read_passes
from services.classifier.training.train import TEXTS
from shared.taxonomy.loader import load_taxonomy

TAXONOMY = load_taxonomy()
GOLDS = list(read_passes(TEXTS))[::29]


def test_the_rows_that_are_summed_are_those_of_the_named_features():
    """Every feature that training names and keeps has its row, in the same order, at the words of its first mention."""
    model, matcher = load_model(TAXONOMY), Matcher(TAXONOMY)
    words = Words(matcher, TAXONOMY.spellings, model.weigh)
    readings = [read(gold.text, words, matcher) for gold in GOLDS]
    found = model.ask(readings, [gold.setting for gold in GOLDS])

    units, rows = model.weights.units, model.weights.rows
    of_texts = np.split(np.arange(len(found.rows)), found.starts[1:])
    for reading, of_text in zip(readings, of_texts, strict=True):
        features = features_of(reading.tokens.words)
        named = [
            *features.words.items(),
            *((name, at) for name, at in features.others.items() if name in units),
        ]
        assert len(named) == len(of_text)
        for (name, first), row in zip(named, of_text, strict=True):
            last = first + (" " in name and name[0] != NEGATED)
            assert (first, last) == (found.firsts[row], found.lasts[row])
            if name in units:
                np.testing.assert_array_equal(rows[units[name]], found.rows[row])


def test_words_that_were_forgotten_are_looked_up_again(monkeypatch):
    """A stream of ever new words fills no memory, and nothing is answered differently for it."""
    asked = [Asked(gold.text, gold.setting) for gold in GOLDS]
    expected = Classifier(TAXONOMY).classify_many(asked)

    monkeypatch.setattr(remembered, "_REMEMBERED_MAX", 20)
    forgetful = Classifier(TAXONOMY)

    assert forgetful.classify_many(asked) == expected
    assert len(forgetful._words) <= 20


@pytest.mark.parametrize("size", [1, 7, 250])
def test_an_answer_does_not_hang_on_the_reports_beside_it(size):
    """In batches of any size, in any order, each report gets the same answer to the last digit."""
    asked = [Asked(gold.text, gold.setting) for gold in GOLDS]
    classifier = Classifier(TAXONOMY)
    expected = classifier.classify_many(asked)

    backwards = asked[::-1]
    found = [
        labels for at in range(0, len(asked), size) for labels in classifier.classify_many(backwards[at : at + size])
    ]

    assert found[::-1] == expected
