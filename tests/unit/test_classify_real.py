"""The real narratives of the real data folder: nothing raises, and recall is what it is."""

import json
import os
from pathlib import Path

import pytest

from services.classifier.domain.classify import Classifier
from shared.redaction.redact import redact
from shared.taxonomy.accuses_manager import accuses_manager
from shared.taxonomy.loader import load_taxonomy

ROOT = Path(__file__).parents[2]
NARRATIVES = Path(os.environ.get("NEARMISS_REAL_DATA", ROOT / "../shared/data")) / "oregon_ltc" / "sample_dev.jsonl"


@pytest.fixture(scope="module")
def rows():
    if not NARRATIVES.exists():
        pytest.skip("the real data folder is absent; name it in NEARMISS_REAL_DATA")
    return [json.loads(line) for line in NARRATIVES.read_text(encoding="utf-8").splitlines()]


def test_every_real_narrative_gets_an_answer(rows):
    """Redaction, the manager rule and the classifier take each narrative without raising, and most are understood."""
    classifier = Classifier(load_taxonomy())
    decided = 0
    for row in rows:
        text = redact(row["text"]).text
        accuses_manager(text)
        decided += classifier.classify(text, "residential").is_near_miss is not None
    assert decided >= 0.9 * len(rows)


def test_real_medicine_narratives_are_found(rows):
    """Of the narratives that the state coded as medicine errors at least seven in ten get that domain."""
    classifier = Classifier(load_taxonomy())
    coded = [row["text"] for row in rows if "medication" in row["labels"]]
    found = sum("medication" in classifier.classify(redact(text).text, "residential").domains for text in coded)
    assert found >= 0.7 * len(coded)
