"""The decision table of the event classes."""

import pytest

from shared.taxonomy.event_class import event_class

TABLE = [
    ({"is_near_miss": False, "escalate": ["death"]}, "ESCALATED"),
    ({"is_near_miss": True, "escalate": ["riddor"]}, "ESCALATED"),
    ({"is_near_miss": None, "escalate": ["safeguarding"]}, "ESCALATED"),
    ({"is_near_miss": False, "escalate": ["police"], "injured": True}, "ESCALATED"),
    ({"is_near_miss": False, "escalate": ["harm_occurred"]}, "NO_HARM"),
    ({"is_near_miss": False, "escalate": ["harm_occurred"], "injured": True}, "LOW_HARM"),
    ({"is_near_miss": None, "escalate": []}, "UNKNOWN"),
    ({"is_near_miss": None, "escalate": [], "disruption_kind": "utilities"}, "UNKNOWN"),
    ({"is_near_miss": False, "escalate": []}, "NOT_AN_EVENT"),
    ({"is_near_miss": True, "escalate": [], "nothing_went_wrong": True}, "GOOD_CATCH"),
    ({"is_near_miss": True, "escalate": [], "disruption_kind": "supplier"}, "DISRUPTION"),
    ({"is_near_miss": True, "escalate": [], "disruption_kind": "supplier", "act_under_way": False}, "DISRUPTION"),
    ({"is_near_miss": True, "escalate": [], "disruption_kind": "supplier", "act_under_way": True}, "NEAR_MISS"),
    ({"is_near_miss": True, "escalate": [], "act_under_way": False}, "HAZARD"),
    ({"is_near_miss": True, "escalate": [], "act_under_way": True}, "NEAR_MISS"),
    ({"is_near_miss": True, "escalate": []}, "NEAR_MISS"),
]


@pytest.mark.parametrize(("labels", "expected"), TABLE)
def test_each_row_of_the_table(labels, expected):
    """Each combination of labels leads to the class of its row."""
    assert expected == event_class(**labels)
