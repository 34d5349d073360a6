"""Who is asked next about missed routines and unanswered duties: the table of the shipped rules, to the minute."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.actions.domain import duties, occurrences
from services.actions.domain.duties import Duty, Prompt, ReportFacts
from services.actions.domain.occurrences import Findings, Occurrence
from services.actions.domain.oversight.holders import Holder, RoleHolders, absent_roles
from services.actions.domain.oversight.ladder import (
    Miss,
    duty_passed_on,
    duty_step_at,
    neglected,
    occurrence_at_rest,
    occurrence_passed_on,
)
from shared.kernel.clock import london_date
from shared.taxonomy import oversight
from shared.taxonomy.duty_loader import load_duties
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.oversight import load_oversight
from shared.taxonomy.rows import TaxonomyError

TAXONOMY = load_taxonomy()
PACKS = load_duties(TAXONOMY)
RULES = load_oversight(TAXONOMY).on(date(2026, 11, 23)).overdue
DUE = date(2026, 3, 25)
ASKED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def missed(**changes) -> Occurrence:
    """A weekly check with one day of grace, so that it counts as missed from Friday 27 March on."""
    made = Occurrence(
        "o", "p", "s", "r", 2, "checklist", "Check doors", "missed", DUE, 1, "maintenance_lead", **changes
    )  # fmt: skip
    assert made.missed_on == date(2026, 3, 27)
    return made


@pytest.mark.parametrize(
    ("moment", "changes", "asked"),
    [
        (datetime(2026, 3, 27, 23, 59, tzinfo=UTC), {}, None),
        (datetime(2026, 3, 28, 0, 0, tzinfo=UTC), {}, "deputy"),
        (datetime(2026, 3, 28, 0, 0, tzinfo=UTC), {"visibility": "held"}, None),
        (datetime(2026, 3, 29, 22, 59, tzinfo=UTC), {"escalated_to": "deputy"}, "deputy"),
        (datetime(2026, 3, 29, 23, 0, tzinfo=UTC), {"escalated_to": "deputy"}, "manager"),
        # The clocks went forward on 29 March: the seventh day begins at 23:00 of the sixth by UTC.
        (datetime(2026, 4, 2, 22, 59, tzinfo=UTC), {"escalated_to": "manager"}, "manager"),
        (datetime(2026, 4, 2, 23, 0, tzinfo=UTC), {"escalated_to": "manager"}, "group_lead"),
        (datetime(2026, 4, 2, 23, 0, tzinfo=UTC), {"visibility": "held"}, "group_lead"),
        (datetime(2026, 4, 20, 12, 0, tzinfo=UTC), {}, "group_lead"),
        (datetime(2026, 4, 20, 12, 0, tzinfo=UTC), {"escalated_to": "group_lead"}, "group_lead"),
    ],
)
def test_a_missed_routine_goes_to_the_next_role_at_midnight_of_england(moment, changes, asked):
    """Each role once, the last one alone after a standstill, and what is held past the roles of its site."""
    before = missed(**changes)
    after = occurrence_passed_on(before, RULES.occurrence_steps, london_date(moment), moment)

    assert after.escalated_to == asked
    assert (after is before) is (asked == changes.get("escalated_to"))
    assert after is before or (after.version, after.escalated_at) == (3, moment)


@pytest.mark.parametrize(
    ("owner", "absent", "after_days"),
    [
        ("maintenance_lead", (), {1: "deputy", 3: "manager", 7: "group_lead"}),
        ("deputy_manager", (), {1: "manager", 7: "group_lead"}),
        ("registered_manager", (), {1: "deputy", 7: "group_lead"}),
        ("maintenance_lead", ("deputy",), {1: "manager", 7: "group_lead"}),
        ("maintenance_lead", ("manager",), {1: "deputy", 7: "group_lead"}),
        ("manager", ("deputy",), {7: "group_lead"}),
        ("maintenance_lead", ("deputy", "manager"), {7: "group_lead"}),
    ],
)
def test_who_owns_it_or_is_not_there_is_stood_in_for_by_the_next_of_the_site(owner, absent, after_days):
    """Nobody is asked about their own, by any of their names; nobody outside the site is asked before the set day."""
    state, asked = replace(missed(), owner_role=owner), {}
    for days in range(10):
        after = occurrence_passed_on(
            state, RULES.occurrence_steps, state.missed_on + timedelta(days=days), ASKED, absent
        )
        if after is not state:
            asked[days] = after.escalated_to
        state = after

    assert asked == after_days


def test_who_goes_on_leave_after_being_asked_is_followed_by_the_next_and_not_asked_again_on_return():
    """The manager takes the deputy's place at once; the deputy who is back is not asked about the same again."""
    day = missed().missed_on
    deputy = occurrence_passed_on(missed(), RULES.occurrence_steps, day + timedelta(days=1), ASKED)
    manager = occurrence_passed_on(deputy, RULES.occurrence_steps, day + timedelta(days=2), ASKED, {"deputy"})

    assert (deputy.escalated_to, manager.escalated_to) == ("deputy", "manager")
    assert occurrence_passed_on(manager, RULES.occurrence_steps, day + timedelta(days=3), ASKED) is manager


def test_a_role_that_the_register_does_not_know_is_asked_unless_the_step_is_for_held_ones_alone():
    """A deputy must be named and not away; a manager is asked where nobody is named, and not where all are away."""
    day = DUE + timedelta(days=1)

    def held(role: str, *away: tuple[date | None, date | None]) -> RoleHolders:
        people = tuple(Holder(f"u{n}", first, last) for n, (first, last) in enumerate(away))
        return RoleHolders("p", "s", role, 1, "them@care.example", people)

    def absent(*known: RoleHolders) -> frozenset[str]:
        return absent_roles({one.role: one for one in known}, RULES.occurrence_steps[:-1], day)

    there, away, until = (None, None), (day, day), (None, DUE)
    assert absent() == {"deputy"}
    assert absent(held("deputy"), held("manager")) == {"deputy"}
    assert absent(held("deputy", away), held("manager", away)) == {"deputy", "manager"}
    assert absent(held("deputy", away, there)) == set()
    assert absent(held("deputy", until)) == set()


@pytest.mark.parametrize("status", ["planned", "due", "done"])
def test_only_what_counts_as_missed_is_passed_on(status):
    """What is due still has its grace, and what is done asks nobody."""
    other = replace(missed(), status=status)

    assert occurrence_passed_on(other, RULES.occurrence_steps, date(2026, 12, 1), ASKED) is other


def test_one_question_stands_for_a_run_of_misses_since_the_routine_was_last_carried_out():
    """The first miss after the last time; one done today answers all before it, the other routine keeps its own."""
    days = [DUE + timedelta(days=n) for n in range(5)]
    found = [Miss(f"a{n}", "a", day) for n, day in enumerate(days)] + [Miss("b0", "b", days[2])]

    assert {routine: miss.occurrence_id for routine, miss in neglected(reversed(found), {}).items()} == {
        "a": "a0",
        "b": "b0",
    }
    assert neglected(found, {"a": days[2]})["a"].occurrence_id == "a3"
    assert list(neglected(found, {"a": days[4]})) == ["b"]


def test_carrying_it_out_late_or_later_asks_nobody_any_more():
    """The completed one names no role; one that was overtaken is put at rest with a version of its own."""
    asked = missed(escalated_to="manager", escalated_at=ASKED)

    done = occurrences.complete(asked, 2, Findings(done=3, of=3), "carer", ASKED)
    rests = occurrence_at_rest(asked)

    assert (done.status, done.escalated_to, done.escalated_at) == ("done", None, None)
    assert (rests.status, rests.version, rests.escalated_to, rests.escalated_at) == ("missed", 3, None, None)


def duty(rule: str, **changes) -> Duty:
    """A duty asked at nine of the day on which it was known, an hour and a half before."""
    facts = ReportFacts("p", "s", "r", None, ASKED - timedelta(minutes=90), "residential", "site", withdrawn=False)
    [made] = duties.duties_of([Prompt(rule, "why", 1)], facts, PACKS, ASKED)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("rule", "changes", "hours"),
    [
        ("cqc16-death", {"own_target": None}, (24, 48, 72)),  # the law names no hour
        ("safeguarding-abuse", {}, (4, 12, 24)),  # our own target of four hours runs out first; people have their hours
        # 72 hours from becoming aware, an hour and a half before it was asked
        ("ico-breach", {"own_target": None}, (24, 48, 70.5)),
    ],
)
def test_a_duty_is_passed_on_after_its_hours_or_when_its_time_runs_out(rule, changes, hours):
    """Not a minute before; and nobody is asked before people had time to answer."""
    asked = duty(rule, **changes)
    first, second, last = (ASKED + timedelta(hours=after) for after in hours)

    assert tuple(duty_step_at(asked, step) for step in RULES.duty_steps) == (first, second, last)
    assert duty_passed_on(asked, RULES.duty_steps, "group_lead", first - timedelta(minutes=1)) is asked
    manager = duty_passed_on(asked, RULES.duty_steps, "group_lead", first)
    assert (manager.escalated_to, manager.escalated_at, manager.version) == ("manager", first, 2)
    assert duty_passed_on(manager, RULES.duty_steps, "group_lead", second - timedelta(minutes=1)) is manager
    assert duty_passed_on(manager, RULES.duty_steps, "group_lead", second, {"deputy"}) is manager
    deputy = duty_passed_on(manager, RULES.duty_steps, "group_lead", second)
    assert (deputy.escalated_to, deputy.version) == ("deputy", 3)
    assert duty_passed_on(asked, RULES.duty_steps, "group_lead", first, {"manager"}).escalated_to == "deputy"
    assert duty_passed_on(deputy, RULES.duty_steps, "group_lead", last - timedelta(minutes=1)) is deputy
    lead = duty_passed_on(deputy, RULES.duty_steps, "group_lead", last)
    assert (lead.escalated_to, lead.version) == ("group_lead", 4)
    assert duty_passed_on(lead, RULES.duty_steps, "group_lead", last + timedelta(days=30)) is lead


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, "safeguarding_lead"),
        ({"visibility": "held"}, "safeguarding_lead"),
        ({"status": "not_known"}, None),
        ({"status": "holds"}, None),
        ({"status": "closed"}, None),
        ({"first_known_at": ASKED - timedelta(days=15)}, None),
    ],
)
def test_after_a_standstill_only_the_last_role_is_asked_and_only_of_what_nobody_answered(changes, asked):
    """An answer, a withdrawal or a question found later than its event wakes nobody."""
    known = duty("safeguarding-abuse", **changes)

    assert duty_passed_on(known, RULES.duty_steps, "safeguarding_lead", ASKED + timedelta(days=9)).escalated_to == asked


def test_what_is_held_never_goes_to_the_manager():
    """It may be about the manager."""
    held = duty("safeguarding-abuse", visibility="held")

    assert duty_passed_on(held, RULES.duty_steps, "safeguarding_lead", ASKED + timedelta(hours=23)) is held


@pytest.mark.parametrize(
    ("instead", "reason"),
    [
        ("{days: 3, role: deputy, owners: []}", "each role must stand in occurrence_steps once"),
        ("{days: 1, role: manager, owners: []}", "each step of occurrence_steps must come later"),
        ("{days: 3, role: manager, owners: [], if_held: perhaps}", "if_held"),
    ],
)
def test_steps_that_cannot_be_followed_in_order_are_refused_with_their_place(tmp_path, instead, reason):
    """A role named twice would be asked once only, and a word for a yes or no is no answer."""
    shipped = (Path(oversight.__file__).parent / "data" / "oversight.yaml").read_text()
    before, after = shipped.split("occurrence_steps:", 1)
    step = "{days: 3, role: manager, owners: [manager, registered_manager]}"
    assert after.count(step) == 1
    (tmp_path / "oversight.yaml").write_text(before + "occurrence_steps:" + after.replace(step, instead))

    with pytest.raises(TaxonomyError, match=reason):
        load_oversight(TAXONOMY, tmp_path)


def test_every_pack_of_the_law_names_whom_it_asks_last():
    """Safeguarding and the police's matters go to the safeguarding lead, all else to the group lead."""
    named = {rule.pack: rule.unanswered_to for rule in PACKS.rules}

    assert {pack for pack, role in named.items() if role == "safeguarding_lead"} == {"safeguarding", "police"}
    assert set(named.values()) == {"safeguarding_lead", "group_lead"}
