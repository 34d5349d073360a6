"""The decision table of the event classes."""

import pytest

from shared.taxonomy.event_class import event_class, with_escalation, without_escalation

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


@pytest.mark.parametrize(
    ("stated", "codes", "expected"),
    [
        ("NEAR_MISS", ["death"], "ESCALATED"),
        ("LOW_HARM", ["harm_occurred", "police"], "ESCALATED"),
        ("NEAR_MISS", ["harm_occurred"], "NO_HARM"),
        ("LOW_HARM", ["harm_occurred"], "LOW_HARM"),
        (None, ["harm_occurred"], "NO_HARM"),
    ],
)
def test_no_stated_class_takes_a_standing_escalation_out_of_the_count(stated, codes, expected):
    """While an escalation stands, the codes decide; the stated class only says whether somebody was hurt."""
    assert expected == with_escalation(stated, codes)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"event_class": "ESCALATED", "is_near_miss": True}, "NEAR_MISS"),
        ({"event_class": "ESCALATED", "is_near_miss": True, "disruption_kind": "utilities"}, "DISRUPTION"),
        ({"event_class": "ESCALATED", "is_near_miss": None}, "UNKNOWN"),
        ({"event_class": "ESCALATED", "is_near_miss": False}, "UNKNOWN"),
        ({"event_class": "NO_HARM", "is_near_miss": False}, "UNKNOWN"),
        ({"event_class": "HAZARD", "is_near_miss": False}, "HAZARD"),
    ],
)
def test_a_removed_escalation_never_makes_a_report_no_event(labels, expected):
    """What the escalation alone had made no near miss is unknown, unless somebody says what it was."""
    assert expected == without_escalation(labels)
