"""Training: the same bytes each time, what the service sums is what was fitted, the shipped files fit together."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from services.classifier.domain.classification import MODEL_VERSION
from services.classifier.domain.heads import coded_columns, heads_of, probabilities
from services.classifier.domain.match import Matcher
from services.classifier.domain.model_file import (
    CONCEPTS_FILE,
    MODEL_FILE,
    ModelFileError,
    load_model,
    pack,
    parse_concepts,
    unpack,
    version_of,
)
from services.classifier.domain.reading import read
from services.classifier.domain.version import generation_of
from services.classifier.domain.words import Words
from services.classifier.training import card
from services.classifier.training.calibrate import left_out, thresholds
from services.classifier.training.gold import read_passes
from services.classifier.training.space import text_rows, unit_rows
from services.classifier.training.targets import targets
from services.classifier.training.train import TEXTS, fit_texts, prepare_data, train, train_weights, weights_of
from shared.taxonomy.loader import load_taxonomy

TAXONOMY = load_taxonomy()
FEW = 60


@pytest.fixture(scope="module")
def golds():
    """A few texts of each of three passes."""
    by_pass: dict[str, list] = {}
    for gold in read_passes(TEXTS):
        by_pass.setdefault(gold.author_pass, []).append(gold)
    return [gold for name in sorted(by_pass)[:3] for gold in by_pass[name][:FEW]]


@pytest.fixture(scope="module")
def trained(golds):
    return train_weights(prepare_data(golds, TAXONOMY), lambda line: None)


def test_training_twice_gives_the_same_bytes(golds, trained, tmp_path):
    """From the same texts come the same bytes and the same name, and another text changes the name."""
    first, second, third = (tmp_path / name for name in ("first.npz", "second.npz", "third.npz"))
    versions = [train(lambda line: None, file, golds) for file in (first, second)]
    assert first.read_bytes() == second.read_bytes() == pack(trained.weights, TAXONOMY)
    assert (
        versions[0]
        == versions[1]
        == version_of(first.read_bytes(), CONCEPTS_FILE.read_bytes(), generation_of(MODEL_VERSION) + 1)
    )
    assert train(lambda line: None, third, golds[1:]) != versions[0]


def test_what_is_packed_is_what_is_read(trained):
    """Weights survive the file, but for the last bits of their rows."""
    weights, _ = unpack(pack(trained.weights, TAXONOMY), "linear-1+00000000")
    assert weights.units == trained.weights.units
    assert weights.thresholds == trained.weights.thresholds
    np.testing.assert_allclose(weights.rows, trained.weights.rows, rtol=2e-3, atol=1e-3)


def test_the_service_sums_what_was_fitted(golds, tmp_path):
    """For texts that the fit had not read, new words among them, the service's scores are those of the matrices."""
    data = prepare_data(golds, TAXONOMY)
    known = np.arange(len(golds)) < 2 * FEW
    space, by_feature, start = fit_texts(data, known)
    unread = [data.texts[place] for place in np.flatnonzero(~known)]
    names, units = unit_rows(space, {word for text in unread for word in text.features.words})
    expected = probabilities((text_rows(space, unread, names) @ (units @ by_feature) + start), data.heads)

    file = tmp_path / "model.npz"
    file.write_bytes(pack(weights_of(space, by_feature, start), TAXONOMY))
    matcher = Matcher(TAXONOMY)
    asked = [golds[place] for place in np.flatnonzero(~known)]
    model = load_model(TAXONOMY, file)
    words = Words(matcher, TAXONOMY.spellings, model.weigh)
    found = model.ask([read(gold.text, words, matcher) for gold in asked], [gold.setting for gold in asked])
    np.testing.assert_allclose(found.probabilities, expected, atol=0.02)


def test_no_text_is_scored_by_a_fit_that_read_its_author():
    """Groups are whole passes, each text is in one, and few passes are groups of their own."""
    passes = ["a", "b", "a", "c", "d", "d"]
    groups = left_out(passes, 2)
    assert list(groups) == ["a, c", "b, d"]
    assert sum(of_it.astype(int) for of_it in groups.values()).tolist() == [1] * len(passes)
    assert list(left_out(passes, 9)) == ["a", "b", "c", "d"]


def test_thresholds_keep_seven_in_ten_codes_right(golds, trained):
    """Of the texts that get a code at the threshold for any code, seven in ten are due one."""
    heads = heads_of(TAXONOMY)
    wanted = targets(golds, heads)
    least = thresholds(trained.stated, wanted, heads)["escalate"]["any"]
    columns = coded_columns(heads)
    given = trained.stated[:, columns].sum(axis=1) / 2 >= least
    due = wanted[:, columns].sum(axis=1) > 0
    assert due[given].mean() >= 0.69


def test_a_label_of_no_head_is_refused(golds):
    """A text whose label the taxonomy does not know stops the training, by its id."""
    wrong = [type(golds[0])("x-1", "t", "nursing", {**golds[0].labels, "potential_severity": "dreadful"})]
    with pytest.raises(ValueError, match="x-1: 'dreadful' is no answer to potential_severity"):
        targets(wrong, heads_of(TAXONOMY))


def test_the_shipped_files_are_the_ones_this_code_goes_with():
    """The version in the code is the name of the shipped files, which are small and need no pickle."""
    content = MODEL_FILE.read_bytes()
    assert version_of(content, CONCEPTS_FILE.read_bytes(), generation_of(MODEL_VERSION)) == MODEL_VERSION
    assert sum(file.stat().st_size for file in (MODEL_FILE, CONCEPTS_FILE)) < 20_000_000
    assert "rows" in np.load(io.BytesIO(content), allow_pickle=False)


def test_a_missing_or_foreign_model_file_is_refused(tmp_path, trained):
    """Who starts without the model's file, or with one of another taxonomy, is told what to do."""
    with pytest.raises(ModelFileError, match="missing: run"):
        load_model(TAXONOMY, tmp_path / "none.npz")
    with pytest.raises(ModelFileError, match="line 2 has no colon"):
        parse_concepts("# words\nbroken line\n")


def test_the_card_says_what_was_measured():
    """The generated part of MODEL_CARD.md follows from the figures that are kept, which are of the shipped model."""
    measured = card.read_measured()
    text = card.CARD.read_text(encoding="utf-8")
    assert card.with_generated(text, card.generated(measured)) == text
    assert measured["model_version"] == MODEL_VERSION


def test_a_card_without_marks_is_refused():
    """Figures go between the marks and nowhere else."""
    with pytest.raises(ValueError, match="has no"):
        card.with_generated("# Card", "figures")


def test_held_out_texts_are_never_trained_on():
    """The passes that are kept for measuring are no training texts."""
    assert not [gold for gold in read_passes(TEXTS) if gold.author_pass.startswith("held")]
    assert Path(TEXTS).is_dir()
