"""What needs somebody today: clocks of today are seen before those that ran out before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.reporting.domain.agenda import agenda
from services.reporting.domain.states import State

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def duty(number: int, due_in: timedelta) -> State:
    """A question about a duty whose time runs out so long from now."""
    due = (NOW + due_in).isoformat()
    body = {"legal": {"due_at": due}, "own_target": None, "done_at": None, "advised_at": NOW.isoformat()}
    return State("p", "s", f"d{number}", 1, "asked", "site", body)


def test_clocks_that_ran_out_before_today_are_one_number_behind_those_of_today():
    """Three lines for what runs or just ran out, the soonest first; the rest in two numbers that add up."""
    old = [duty(number, timedelta(days=-60 - number)) for number in range(40)]
    fresh = [duty(100 + number, timedelta(hours=6 * number - 6)) for number in range(5)]
    found = agenda([], [*old, *fresh], [], [], [], NOW)

    assert [line.state.state_id for line in found.lines] == ["d100", "d101", "d102"]
    assert [line.late for line in found.lines] == [True, False, False]
    assert (found.counts["clock"], found.late["clock"], found.past, found.left) == (45, 41, 40, 2)


def test_a_clock_is_past_from_midnight_of_england_on():
    """What ran out today is today's, however early."""
    edge = agenda([], [duty(1, timedelta(hours=-9))], [], [], [], NOW)
    over = agenda([], [duty(1, timedelta(hours=-9, minutes=-1))], [], [], [], NOW)

    assert (len(edge.lines), edge.past) == (1, 0)
    assert (len(over.lines), over.past, over.left) == (0, 1, 0)
