"""Limits that begin anew: what a decision must say, and that the same one is made once."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.actions.domain.detection.one_series import Series
from services.actions.domain.rebases import decided
from shared.kernel.errors import Invalid

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
DOMAINS = ("medication", "handover")


def rebase(**changes):
    said = {"series": Series(("medication",)), "begins_on": date(2026, 11, 2), "reason": "A second floor opened."}
    said |= changes
    return decided(
        ("p", "s"), said["series"], said["begins_on"], said["reason"], None, "governance", NOW, known_domains=DOMAINS
    )


def test_the_same_chart_and_day_is_the_same_decision():
    """By its id; another domain or day is another one, and all reports together are a chart too."""
    ids = [
        rebase().rebase_id,
        rebase(reason="Another word.").rebase_id,
        rebase(series=Series()).rebase_id,
        rebase(begins_on=date(2026, 11, 9)).rebase_id,
    ]

    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"begins_on": date(2026, 11, 4)}, "begins_on", "such as 2026-11-02"),
        ({"begins_on": date(2026, 11, 30)}, "begins_on", "must lie between"),
        ({"begins_on": date(2020, 11, 2)}, "begins_on", "must lie between"),
        ({"series": Series(("medication", "handover"))}, "domain", "one domain, or none"),
        ({"series": Series(asset="hoist 3")}, "domain", "one domain, or none"),
        ({"series": Series(("weather",))}, "domain", "weather is no domain"),
        ({"reason": ""}, "reason", "say what changed"),
    ],
)
def test_what_no_chart_could_follow_is_refused_by_its_field(changes, field, said):
    """A day in the middle of a week, one that lies ahead, a series without a chart, no reason."""
    with pytest.raises(Invalid) as refused:
        rebase(**changes)

    (fault,) = refused.value.faults
    assert (fault.field, said in fault.detail) == (field, True)
