"""Recurrence rules: what falls due when, and which rules are refused by name."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.actions.domain.recurrence import checked_rule, days_due
from shared.kernel.errors import Invalid
from shared.taxonomy.loader import load_taxonomy

START = date(2026, 11, 23)
"""A Monday."""


def due(rule: str, first: date, last: date, starts_on: date = START) -> list[str]:
    return [day.isoformat() for day in days_due(checked_rule(rule, starts_on), starts_on, first, last)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=MO", ["2026-11-23", "2026-11-30", "2026-12-07", "2026-12-14", "2026-12-21"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", ["2026-11-27", "2026-12-11"]),
        ("FREQ=MONTHLY;BYDAY=1MO", ["2026-12-07"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-11-30"]),
        ("FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU,WE,TH,FR", ["2026-11-30"]),
        ("FREQ=DAILY;COUNT=2", ["2026-11-23", "2026-11-24"]),
        ("FREQ=DAILY;UNTIL=20261124", ["2026-11-23", "2026-11-24"]),
        ("rrule:freq=weekly;byday=sa;", ["2026-11-28", "2026-12-05", "2026-12-12", "2026-12-19"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", []),
        ("FREQ=WEEKLY;UNTIL=20991231", ["2026-11-23", "2026-11-30", "2026-12-07", "2026-12-14", "2026-12-21"]),
    ],
)
def test_a_rule_falls_due_on_the_days_that_rfc_5545_says(rule, expected):
    """Weekly, every second week, by weekday of the month, last working day, counted and ended."""
    assert due(rule, START, date(2026, 12, 22)) == expected


def test_until_in_utc_is_the_day_in_england():
    """Half past eleven at night in UTC on the last summer evening is already the next day in England."""
    rule, start = "FREQ=DAILY;UNTIL=20270630T233000Z", date(2027, 6, 29)

    assert due(rule, start, date(2027, 7, 9), start) == ["2027-06-29", "2027-06-30", "2027-07-01"]


@pytest.mark.parametrize("start", [date(2027, 3, 22), date(2027, 10, 25)])
def test_a_change_of_the_clocks_neither_skips_nor_doubles_a_day(start):
    """Both weeks in which the clocks change have seven days, each once."""
    days = due("FREQ=DAILY", start, start + timedelta(days=13), start)

    assert days == [(start + timedelta(days=number)).isoformat() for number in range(14)]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("FREQ=SECONDLY", "FREQ=SECONDLY falls due too often"),
        ("FREQ=HOURLY;INTERVAL=24", "FREQ=HOURLY falls due too often"),
        ("FREQ=DAILY;BYHOUR=9,17", "BYHOUR is not possible"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL cannot be 0"),
        ("FREQ=DAILY;COUNT=0", "COUNT cannot be 0"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "COUNT and UNTIL cannot stand in one rule"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ stands in the rule twice"),
        ("FREQ=WEEKLY;BYDAY=1MO", "which FREQ=WEEKLY has not"),
        ("FREQ=FORTNIGHTLY", "FREQ must be one of"),
        ("BYDAY=MO", "FREQ must be one of"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS needs another BY part"),
        ("every Monday", "is no part of a rule that is known here"),
        ("FREQ=DAILY;BYEASTER=0", "BYEASTER is no part of a rule"),
        ("FREQ=DAILY;UNTIL=20261399", "is no rule of RFC 5545"),
        ("FREQ=WEEKLY;" + "X" * 200, "at most 200 characters"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never falls due"),
        ("FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31", "never falls due"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "never falls due"),
        ("FREQ=DAILY;UNTIL=20200101", "never falls due"),
        ("FREQ=MONTHLY;BYDAY=6MO", "never falls due"),
        ("FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6", "never falls due"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_name(rule, reason):
    """Too often, never, or no rule at all: the fault stands at the field and says which part."""
    with pytest.raises(Invalid) as caught:
        checked_rule(rule, START)

    assert [fault.field for fault in caught.value.faults] == ["rule"]
    assert reason in caught.value.faults[0].detail


def test_every_shipped_cadence_can_be_a_routine():
    """What a playbook proposes is never refused when a routine is made of it."""
    cadences = [book.cadence for book in load_taxonomy().playbooks.values() if book.cadence]

    assert [checked_rule(cadence, START) for cadence in cadences] == cadences
