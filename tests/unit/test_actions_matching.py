"""When a playbook is called for, and what of: pure rules over facts."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.actions.domain import tasks
from services.actions.domain.facts import Evidence
from services.actions.domain.matching import Lanes, matched, plan
from shared.kernel.clock import london_date
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.model import PlaybookPattern

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PATTERN = PlaybookPattern(("medication",), (), ("shift_handover",), min_reports=3, window_days=10)
PLAYBOOK = next(iter(load_taxonomy().playbooks.values()))


def told(day: float, number: int = 0, held: bool = False, domains=("medication",), factors=("shift_handover",)):
    """A report told so many days after the start."""
    at = START + timedelta(days=day)
    report_id = f"r{day:g}-{number}"
    return Evidence("p", "s", report_id, at, london_date(at), held, False, domains, factors)


def task(visibility: str = "site", status: str = tasks.PROPOSED) -> tasks.Task:
    made = tasks.propose(PLAYBOOK, "p", "s", 1, ["r0-0"], visibility, START)
    return replace(made, status=status)


def test_enough_fitting_reports_within_the_window_match():
    """The report that makes it enough is the trigger; all of the window are linked."""
    match = matched(PATTERN, [told(0), told(4), told(9)])

    assert match is not None
    assert match.trigger.report_id == "r9-0"
    assert match.report_ids == ("r0-0", "r4-0", "r9-0")


def test_a_window_holds_so_many_days_and_not_one_more():
    """Ten days are the day itself and nine before it."""
    assert matched(PATTERN, [told(0), told(4), told(10)]) is None


def test_reports_that_do_not_fit_do_not_count():
    """Another domain, or no such factor, is another story."""
    other = [told(1, domains=("environment",)), told(2, factors=()), told(3, domains=("medication", "handover"))]

    assert matched(PATTERN, [told(0), *other]) is None


def test_a_lone_fitting_report_far_from_the_others_is_not_linked():
    """Only reports that lie in a window that was enough are evidence."""
    match = matched(PATTERN, [told(0), told(40), told(41), told(42), told(90)])

    assert match is not None
    assert match.report_ids == ("r40-0", "r41-0", "r42-0")
    assert match.newest.report_id == "r42-0"


def test_later_windows_link_their_reports_once_each():
    """Overlapping windows are one run of evidence."""
    match = matched(PATTERN, [told(day) for day in (0, 4, 8, 12, 16)])

    assert match is not None
    assert match.trigger.report_id == "r8-0"
    assert match.report_ids == ("r0-0", "r4-0", "r8-0", "r12-0", "r16-0")


@given(st.permutations([told(day) for day in (0, 3, 5, 30, 31, 38, 60)]))
def test_the_order_of_arrival_does_not_matter(arrived):
    """A match is a matter of what was told when, not of what was read first."""
    assert matched(PATTERN, arrived) == matched(PATTERN, sorted(arrived, key=lambda report: report.reported_at))


def test_a_match_without_a_task_proposes_one():
    """Nothing there yet: a task that the site sees."""
    called = plan(PATTERN, [told(0), told(1), told(2)], Lanes())

    assert called is not None
    assert (called.what, called.visibility, called.task) == ("propose", "site", None)


def test_a_match_with_an_open_task_links_to_it():
    """One open task per site and playbook."""
    there = task(status=tasks.ACCEPTED)

    called = plan(PATTERN, [told(0), told(1), told(2)], Lanes(site=there, ordinal=1))

    assert called is not None
    assert (called.what, called.task) == ("link", there)


def test_only_reports_after_a_completion_count_again():
    """What a closed task has dealt with does not call for the next one."""
    lanes = Lanes(site_closed_at=START + timedelta(days=2), closed_at=START + timedelta(days=2), ordinal=1)

    assert plan(PATTERN, [told(0), told(1), told(2), told(3), told(4)], lanes) is None
    called = plan(PATTERN, [told(1), told(3), told(4), told(5)], lanes)
    assert called is not None
    assert called.what == "propose"
    assert called.match.report_ids == ("r3-0", "r4-0", "r5-0")


def test_a_match_that_takes_held_reports_is_held():
    """What would show a held report is hidden from its site."""
    called = plan(PATTERN, [told(0), told(1, held=True), told(2)], Lanes())

    assert called is not None
    assert (called.what, called.visibility) == ("propose", "held")
    assert called.match.report_ids == ("r0-0", "r1-0", "r2-0")


def test_held_reports_are_not_linked_where_the_others_are_enough():
    """A site's own task never names a report that is held from it."""
    called = plan(PATTERN, [told(0), told(1, held=True), told(2), told(3)], Lanes())

    assert called is not None
    assert (called.visibility, called.match.report_ids) == ("site", ("r0-0", "r2-0", "r3-0"))


def test_a_held_proposal_is_shown_once_the_others_are_enough():
    """Nobody has acted on it, so there is nothing in it that the site may not see."""
    held = task("held")

    called = plan(PATTERN, [told(0), told(1, held=True), told(2), told(3)], Lanes(held=held, ordinal=1))

    assert called is not None
    assert (called.what, called.task, called.match.report_ids) == ("reveal", held, ("r0-0", "r2-0", "r3-0"))


def test_a_held_task_that_was_acted_on_stays_held():
    """What was written there was not written for the site: the site gets a task of its own."""
    held = task("held", tasks.ACCEPTED)

    called = plan(PATTERN, [told(0), told(1, held=True), told(2), told(3)], Lanes(held=held, ordinal=1))

    assert called is not None
    assert (called.what, called.visibility, called.task) == ("propose", "site", None)


def test_held_reports_join_an_open_held_task():
    """The held lane goes on by itself while the site's own reports are not enough."""
    held = task("held", tasks.ACCEPTED)

    called = plan(PATTERN, [told(0), told(1, held=True), told(2)], Lanes(held=held, ordinal=1))

    assert called is not None
    assert (called.what, called.visibility, called.task) == ("link", "held", held)


def test_the_shipped_playbooks_match_their_own_three_cases():
    """Handover of medicines, faults of access equipment, stale addresses: three reports each within 90 days."""
    cases = {
        "medication-handover-checklist": (("medication", "handover"), ("verbal_information",)),
        "preventative-inspection-schedule": (("equipment",), ("maintenance_lapse",)),
        "address-contact-verification": (("visits_scheduling", "records_data"), ()),
    }
    playbooks = load_taxonomy().playbooks
    for (case, (domains, factors)), days in itertools.product(cases.items(), [(0, 40, 89)]):
        evidence = [told(day, domains=domains, factors=factors) for day in days]
        assert {name for name, book in playbooks.items() if matched(book.pattern, evidence)} == {case}
