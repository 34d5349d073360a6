"""Coding that comes with an import: only labels of the taxonomy, in the shape that their readers expect."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.routes.wire import ReportSubmission, submission_faults


def coded(labels: dict[str, Any]) -> ReportSubmission:
    return ReportSubmission.model_validate({"site_id": "elm", "text": "x", "given_labels": {"labels": labels}})


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        ({"domains": 7}, "domains"),
        ({"domains": "medication"}, "domains"),
        ({"how_caught": [1]}, "how_caught"),
        ({"assets": None}, "assets"),
        ({"contributory_factors": ["Mrs Smith fell over"]}, "contributory_factors"),
        ({"potential_severity": None}, "potential_severity"),
        ({"disruption_kind": ["supplier"]}, "disruption_kind"),
        ({"is_near_miss": 1, "event_class": "NEAR_MISS"}, "is_near_miss"),
        ({"is_near_miss": True}, "event_class"),
        ({"escalate": ["safeguarding"]}, "event_class"),
        ({"escalate": [], "event_class": "NEAR_MISS"}, "escalate"),
        ({"domains": ["handover"], "primary_domain": "medication"}, "primary_domain"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_coding_of_another_shape_is_refused_by_name(labels: dict[str, Any], named: str) -> None:
    """A label that readers could not take, or that says too little, is refused and its name is told."""
    with pytest.raises(ValidationError) as raised:
        coded(labels)

    (fault,) = submission_faults(raised.value)
    assert (fault.field, fault.detail.split()[0]) == ("given_labels.labels", named)


def test_coding_of_the_right_shape_is_taken_as_it_is() -> None:
    """Every kind of label passes unchanged, with null where there is no domain or no disruption."""
    labels = {
        "is_near_miss": False,
        "escalate": ["safeguarding"],
        "event_class": "ADVERSE_EVENT",
        "domains": [],
        "primary_domain": None,
        "disruption_kind": None,
        "potential_severity": "low",
        "assets": ["hoist-3"],
    }

    given = coded(labels).to_domain().given_labels

    assert given is not None
    assert labels == given.labels
