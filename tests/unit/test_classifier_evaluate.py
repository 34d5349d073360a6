"""`evaluate`: gold in its forms, the figures by hand, and changes of a text that leave what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from services.classifier.domain.classify import Asked, Classifier
from services.classifier.training.evaluate import evaluate_gold
from services.classifier.training.gold import COLUMNS, Gold, read_gold
from services.classifier.training.measure import Vocabulary, calibration_error, measure
from services.classifier.training.perturb import PERTURBATIONS
from shared.taxonomy.loader import load_taxonomy

ROOT = Path(__file__).resolve().parents[2]
TAXONOMY = load_taxonomy()
WORDS = Vocabulary(tuple(TAXONOMY.severities), tuple(TAXONOMY.escalations))
CLASSIFIER = Classifier(TAXONOMY)
TEXTS = [
    "Nearly gave her husband's warfarin, second checker stopped me",
    "He fell in the lounge and bruised his hip",
    "Thank you to everyone for a lovely day",
]


def answered(**labels):
    """Gold labels beside what the model says of the same text, with some labels put in place of its own."""
    pairs = []
    for number, text in enumerate(TEXTS):
        found = CLASSIFIER.classify(text, "nursing")
        said = {
            "is_near_miss": found.is_near_miss,
            "escalate": next(iter(found.escalate), None),
            "domains": found.domains,
            "primary_domain": found.primary_domain,
            "contributory_factors": found.contributory_factors,
            "potential_severity": found.potential_severity,
            "how_caught": found.how_caught,
        }
        changed = {name: values[number] for name, values in labels.items()}
        pairs.append((Gold(str(number), text, "nursing", said | changed), found))
    return pairs


def test_who_agrees_with_the_model_finds_it_without_fault():
    """Gold labels that are the model's own give full marks everywhere, and no miss."""
    figures = measure(answered(), WORDS)
    assert [figures["domains"]["micro_f1"], figures["contributory_factors"]["micro_f1"]] == [1.0, 1.0]
    assert [figures["primary_domain"]["accuracy"], figures["is_near_miss"]] == [1.0, 1.0]
    assert [figures["escalate"]["any"]["recall"], figures["escalate"]["any"]["precision"]] == [1.0, 1.0]
    assert figures["potential_severity"] == {"exact": 1.0, "within_one": 1.0}
    assert figures["worst_misses"] == []


def test_a_missed_escalation_leads_the_misses():
    """A code that the model did not give is the worst miss, and lowers recall by its share."""
    figures = measure(answered(escalate=["death", "harm_occurred", None]), WORDS)
    assert figures["worst_misses"][0] == {"id": "0", "field": "escalate", "gold": "death", "found": None}
    assert figures["escalate"]["any"] == {"recall": 0.5, "precision": 1.0, "texts": 2}
    assert figures["escalate"]["death"]["recall"] == 0.0


def test_micro_f1_counts_labels_and_macro_f1_counts_kinds():
    """By hand: two of three domains right, one of them asked for twice as often."""
    figures = measure(answered(domains=[("medication",), ("falls_mobility", "staffing"), ()]), WORDS)["domains"]
    assert figures["micro_f1"] == pytest.approx(2 * 2 / (len(flat_domains()) + 3))
    assert figures["by_label"]["staffing"] == {"f1": 0.0, "precision": None, "recall": 0.0, "texts": 1}


def flat_domains():
    return [name for text in TEXTS for name in CLASSIFIER.classify(text, "nursing").domains]


def test_calibration_error_is_the_gap_between_said_and_true():
    """Nine right of ten that were said with 0.8 leave a gap of 0.1; nothing said leaves no figure."""
    assert calibration_error([(0.8, number > 0) for number in range(10)]) == pytest.approx(0.1)
    assert calibration_error([]) is None


def test_missing_labels_leave_their_figures_out():
    """A gold file that has only near misses gives that figure and no other."""
    pairs = [(Gold("1", TEXTS[0], "nursing", {"is_near_miss": True}), CLASSIFIER.classify(TEXTS[0], "nursing"))]
    figures = measure(pairs, WORDS)
    assert figures["is_near_miss"] == 1.0
    assert [figures[name] for name in ("domains", "primary_domain", "escalate", "potential_severity")] == [None] * 4


@pytest.mark.parametrize("code", ["death", ["death"], None, [], "", "none"])
def test_gold_escalation_may_be_a_word_a_list_or_nothing(tmp_path, code):
    """All shapes in which people write a code are read as a code or none."""
    file = tmp_path / "gold.jsonl"
    file.write_text(json.dumps({"id": "1", "text": "x", "setting": "nursing", "escalate": code}) + "\n\n")
    (gold,) = read_gold(file)
    assert gold.labels == {"escalate": "death" if code and code != "none" else None}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1: not JSON"),
        ("[]", "line 1: not an object"),
        ('{"id":"1","text":"x"}', "line 1: field setting"),
        ('{"id":"1","text":"x","setting":"nursing","domains":[1]}', "line 1: field domains"),
        ('{"id":"1","text":"x","setting":"nursing","is_near_miss":"y"}', "line 1: field is_near_miss"),
    ],
)
def test_gold_that_is_none_is_refused_with_line_and_field(tmp_path, line, said):
    """The first line that cannot be read is named, with what to send."""
    file = tmp_path / "gold.jsonl"
    file.write_text(line + "\n")
    with pytest.raises(ValueError, match=said):
        read_gold(file)


def test_a_pass_of_the_training_data_is_gold_too(tmp_path):
    """A TSV row becomes the labels of the guide; a last line without an end is not read."""
    row = ["a-1", "nursing", "y", "-", "medication,handover", "shift_handover", "death", "double_check", "-"]
    file = tmp_path / "a.tsv"
    file.write_text("\t".join(COLUMNS) + "\n" + "\t".join([*row, "NEAR_MISS", "Days told me 18 units"]) + "\nhalf a li")
    (gold,) = read_gold(file)
    assert (gold.author_pass, gold.labels["primary_domain"], gold.labels["escalate"]) == ("a", "medication", None)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_change_is_the_same_each_time_and_leaves_placeholders(name):
    """Changes depend on the text alone; a placeholder stays one, whatever its letters."""
    text = "[PERSON_1] nearly had her neighbour's tablets, which the other carer noticed in the kitchen."
    change = PERTURBATIONS[name]
    assert change(text) == change(text)
    assert "[person_1]" in change(text).lower()


def test_evaluate_prints_every_figure_also_for_changed_texts(tmp_path):
    """The command reads gold, and prints as JSON every figure, also for changed texts."""
    file = tmp_path / "gold.jsonl"
    labels = {"is_near_miss": False, "escalate": "harm_occurred", "domains": ["falls_mobility"]}
    row = {"id": "1", "text": TEXTS[1], "setting": "nursing", **labels, "primary_domain": "falls_mobility"}
    file.write_text(json.dumps(row) + "\n")
    command = [sys.executable, "-m", "services.classifier", "evaluate", "--gold", str(file), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    figures = json.loads(done.stdout)
    assert figures["primary_domain"]["accuracy"] == 1.0
    assert set(figures["perturbed"]) == set(PERTURBATIONS)
    assert figures["perturbed"]["capitals"]["primary_domain.accuracy"] == 1.0
    plain = subprocess.run(command[:-1], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert "any escalation, recall" in plain


def test_no_text_is_refused():
    """An empty file is no evaluation."""
    with pytest.raises(ValueError, match="no text"):
        evaluate_gold([], TAXONOMY, CLASSIFIER)


def test_letters_and_stops_hardly_matter():
    """All in capitals, or small without stops, a text gets the domain that it gets as written."""
    for name in ("capitals", "no_punctuation"):
        changed = [Asked(PERTURBATIONS[name](text), "nursing") for text in TEXTS]
        as_written = [Asked(text, "nursing") for text in TEXTS]
        primary = [[f.primary_domain for f in CLASSIFIER.classify_many(batch)] for batch in (changed, as_written)]
        assert primary[0] == primary[1]
