"""Who is reminded of reports that nobody has reviewed, by their age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.actions.domain.facts import REVIEWED_WITHIN
from services.actions.domain.oversight.unreviewed import Late, Reminder, reminders
from services.intake.domain.cases import level_at
from services.intake.usecases import settling
from tests.support.oversight import OVERSIGHT

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
RULES = OVERSIGHT.on(NOW.date()).unreviewed


def late(number: str, hours: float, site: str = "s", held: bool = False, reminded: tuple[str, ...] = ()) -> Late:
    return Late(site, number, NOW - timedelta(hours=hours), held, frozenset(reminded))


def made(*reports: Late) -> list[Reminder]:
    return reminders("p", reports, RULES, NOW.date(), NOW)


def told(*reports: Late) -> list[tuple]:
    return [(one.notice.site_id, one.notice.role, one.notice.items) for one in made(*reports)]


def test_the_hours_are_those_of_the_queue_that_people_see():
    """On each rung the queue of triage names the same level, and just before it the one below."""
    levels = [(level_at(timedelta(hours=step.hours)), step.role) for step in RULES.steps]
    before = [level_at(timedelta(hours=step.hours, seconds=-1)) for step in RULES.steps]

    assert levels == [("deputy", "deputy"), ("group", "group_lead")]
    assert before == ["manager", "deputy"]
    assert settling.REVIEWED_WITHIN == REVIEWED_WITHIN


@pytest.mark.parametrize(
    ("hours", "roles"), [(47.99, []), (48, ["deputy"]), (95.9, ["deputy"]), (96, ["group_lead", "deputy"])]
)
def test_the_deputy_is_reminded_after_two_days_and_the_group_after_four(hours, roles):
    """What passes both at once, after a standstill, is told to both."""
    assert [role for _, role, _ in told(late("r", hours))] == roles


def test_a_site_gets_one_message_with_a_number_and_the_group_one_over_all_sites():
    """Two sites, three reports of which two have waited over four days."""
    reports = [late("r1", 50), late("r2", 100, reminded=("1",)), late("r3", 100, site="t", reminded=("1",))]

    assert told(*reports) == [(None, "group_lead", 2), ("s", "deputy", 1)]


def test_a_rung_is_told_once():
    """What is marked is not counted again, and what a message counts is what it marks."""
    (one,) = made(late("r1", 50), late("r2", 50, reminded=("1",)))

    assert [(report.report_id, marks) for report, marks in one.marks] == [("r1", ("1",))]


def test_held_reports_go_to_the_safeguarding_lead_alone_once_a_day():
    """In no number of a site or of the group lead; both rungs at once are one message."""
    (one,) = made(late("r1", 100, held=True), late("r2", 50, held=True))

    assert (one.notice.site_id, one.notice.role, one.notice.items) == (None, "safeguarding_lead", 2)
    assert one.notice.visibility == "held"
    assert [marks for _, marks in one.marks] == [("1|held", "2|held"), ("1|held",)]


def test_what_was_told_of_a_held_report_is_enough_when_it_is_released_and_not_the_other_way_round():
    """A report that is held later reaches the safeguarding lead, whom nobody has told of it."""
    assert told(late("r", 50, reminded=("1|held",))) == []
    assert told(late("r", 50, held=True, reminded=("1",))) == [(None, "safeguarding_lead", 1)]
