"""The real texts of the real data folder: nothing raises, and transfer is measured; never trained on."""

from __future__ import annotations

import pytest

from services.classifier.domain.classify import Classifier
from services.classifier.training.transfer import AREAS, COMMENTS, NARRATIVES, comments, narratives, read_rows
from shared.redaction.redact import redact
from shared.taxonomy.accuses_manager import accuses_manager
from shared.taxonomy.loader import load_taxonomy


@pytest.fixture(scope="module")
def classifier():
    return Classifier(load_taxonomy())


@pytest.fixture(scope="module")
def told(real_data, classifier):
    """What is found in the US narratives that a state coded."""
    if not (real_data / NARRATIVES).exists():
        pytest.skip("the narratives are not in the real data folder")
    return narratives(read_rows(real_data / NARRATIVES), classifier)


@pytest.fixture(scope="module")
def alarms(real_data, classifier):
    """What is found in the comments of NHS patients that their readers coded as not critical."""
    if not (real_data / COMMENTS).exists():
        pytest.skip("the comments are not in the real data folder")
    return comments(read_rows(real_data / COMMENTS), classifier)


def test_every_real_narrative_gets_an_answer(told):
    """The classifier takes each narrative without raising, and abstains from few."""
    assert told["abstained"] <= 0.02


def test_the_manager_rule_takes_every_real_narrative(real_data):
    """The rule that holds reports from their site reads each narrative without raising."""
    if not (real_data / NARRATIVES).exists():
        pytest.skip("the narratives are not in the real data folder")
    for row in read_rows(real_data / NARRATIVES)[:300]:
        assert accuses_manager(redact(row["text"]).text) in (True, False)


def test_real_narratives_of_care_areas_are_found(told):
    """Seven in ten medicine narratives get that domain, and half of those of other plain areas of care."""
    recall = {area: row["recall"] for area, row in told["recall"].items()}
    assert set(recall) == set(AREAS)
    assert recall["medication"] >= 0.7
    assert min(recall[area] for area in ("safeguarding", "falls_moving_handling", "skin_integrity")) >= 0.5


def test_real_praise_and_chat_is_seldom_escalated(alarms):
    """Of real comments that their readers coded as not critical one in fourteen at most goes to a senior role."""
    assert alarms["escalated_to_a_senior_role"] <= 0.07
    assert alarms["told_as_events"] <= 0.5
