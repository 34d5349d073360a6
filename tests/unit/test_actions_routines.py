"""Routines and occurrences: what may become of them, pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.actions.domain import occurrences, routines
from services.actions.domain.occurrences import Findings
from services.actions.domain.routines import Changes, Routine
from shared.kernel.errors import Conflict, Invalid

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def routine(**changes) -> Routine:
    asked = Routine(
        routine_id="r",
        provider_id="p",
        site_id="s",
        ordinal=1,
        version=1,
        status="active",
        kind="inspection",
        title="Look at hoists",
        rule="FREQ=WEEKLY;BYDAY=MO",
        starts_on=TODAY,
        owner_role="maintenance_lead",
        grace_days=2,
    )
    return routines.set_up(replace(asked, **changes), TODAY)


def occurrence(kind: str = "inspection") -> occurrences.Occurrence:
    _, new = routines.planned(routine(kind=kind), TODAY, TODAY, ())
    return new[0]


def test_occurrences_are_made_once_whatever_was_made_before():
    """Planning again, or from the start, leads to the same ids; known days are left out."""
    ahead, new = routines.planned(routine(), TODAY, TODAY + timedelta(weeks=2), ())
    again, none = routines.planned(ahead, TODAY, TODAY + timedelta(weeks=2), ())
    further, more = routines.planned(ahead, TODAY + timedelta(days=30), TODAY + timedelta(weeks=3), ())
    _, rest = routines.planned(routine(), TODAY, TODAY + timedelta(weeks=2), {TODAY})

    assert [made.due_on.day for made in new] == [23, 30, 7]
    assert (again, none) == (ahead, ())
    assert [made.due_on.isoformat() for made in more] == ["2026-12-14"]
    assert further.planned_to == TODAY + timedelta(weeks=3)
    assert [made.occurrence_id for made in rest] == [made.occurrence_id for made in new[1:]]


def test_a_routine_ends_on_its_last_day():
    """Nothing is made after it, and a routine that could never fall due is refused."""
    _, new = routines.planned(routine(ends_on=date(2026, 11, 30)), TODAY, TODAY + timedelta(weeks=9), ())
    with pytest.raises(Invalid) as caught:
        routine(rule="FREQ=MONTHLY;BYMONTHDAY=1", ends_on=date(2026, 11, 30))

    assert [made.due_on.isoformat() for made in new] == ["2026-11-23", "2026-11-30"]
    assert [fault.field for fault in caught.value.faults] == ["ends_on"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"starts_on": TODAY - timedelta(days=1)}, "starts_on"),
        ({"ends_on": TODAY - timedelta(days=1)}, "ends_on"),
        ({"grace_days": 61}, "grace_days"),
        ({"rule": "FREQ=HOURLY"}, "rule"),
    ],
)
def test_a_routine_that_cannot_be_is_refused_by_its_field(changes, field):
    """Past start, end before start, endless grace, a rule that fires too often."""
    with pytest.raises(Invalid) as caught:
        routine(**changes)

    assert [fault.field for fault in caught.value.faults] == [field]


def test_a_routine_is_changed_paused_resumed_and_ended():
    """Each act is a new version, and planning begins anew."""
    changed = routines.change(replace(routine(), planned_to=TODAY), 1, Changes(grace_days=5), TODAY)
    paused = routines.pause(changed, 2)
    resumed = routines.resume(paused, 3)
    ended = routines.end(resumed, 4, TODAY + timedelta(days=3))

    assert [(state.version, state.status) for state in (changed, paused, resumed, ended)] == [
        (2, "active"),
        (3, "paused"),
        (4, "active"),
        (5, "ended"),
    ]
    assert (changed.grace_days, changed.planned_to, ended.ends_on) == (5, None, TODAY + timedelta(days=3))
    assert routines.planned(paused, TODAY, TODAY + timedelta(weeks=1), ()) == (paused, ())


def test_an_act_on_a_routine_that_does_not_follow_is_named():
    """Resuming what runs, changing what has ended, a stale version, a change of nothing."""
    ended = routines.end(routine(), 1, TODAY)
    with pytest.raises(Conflict, match="is active and cannot be resumed: only paused ones can"):
        routines.resume(routine(), 1)
    with pytest.raises(Conflict, match="is ended and cannot be changed"):
        routines.change(ended, 2, Changes(title="x"), TODAY)
    with pytest.raises(Conflict, match="is at version 1, not 7"):
        routines.pause(routine(), 7)
    with pytest.raises(Invalid, match="nothing would change"):
        routines.change(routine(), 1, Changes(), TODAY)


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-1, ("planned", 0)), (0, ("due", 1)), (2, ("due", 1)), (3, ("missed", 2)), (400, ("missed", 2))],
)
def test_the_calendar_lets_an_occurrence_fall_due_and_be_missed(days, expected):
    """Due on its day, missed once the two days of grace are over, one step after the other."""
    state = occurrence()
    while (after := occurrences.moved_on(state, TODAY + timedelta(days=days))) is not state:
        state = after

    assert (state.status, state.version) == expected


@pytest.mark.parametrize(
    ("kind", "found", "counts"),
    [
        ("checklist", Findings(done=7, of=9), (9, 2, None)),
        ("inspection", Findings(assets_checked=["hoist 1", "lift"], assets_faulty=["lift"]), (2, 1, None)),
        ("verification", Findings(checked=58, wrong=5, corrected=4), (58, 5, 4)),
    ],
)
def test_findings_are_counted_by_kind(kind, found, counts):
    """Looked at, wrong or faulty or not done, and put right."""
    done = occurrences.complete(occurrence(kind), 0, found, "manager", NOW)

    assert (done.checked, done.wrong, done.corrected) == counts
    assert (done.status, done.version, done.done_at, done.done_by_role) == ("done", 1, NOW, "manager")


@pytest.mark.parametrize(
    ("kind", "found", "field"),
    [
        ("checklist", Findings(done=9, of=7), "done"),
        ("checklist", Findings(of=7), "done"),
        ("checklist", Findings(done=1, of=1, checked=1), "checked"),
        ("inspection", Findings(assets_checked=[], assets_faulty=[]), "assets_checked"),
        ("inspection", Findings(assets_checked=["a", "a"], assets_faulty=[]), "assets_checked"),
        ("inspection", Findings(assets_checked=["a"], assets_faulty=["b"]), "assets_faulty"),
        ("verification", Findings(checked=5, wrong=6, corrected=0), "wrong"),
        ("verification", Findings(checked=5, wrong=2, corrected=3), "corrected"),
    ],
)
def test_findings_that_contradict_are_refused_by_their_field(kind, found, field):
    """More done than there is, a field of another kind, a faulty asset nobody checked, more corrected than wrong."""
    with pytest.raises(Invalid) as caught:
        occurrences.complete(occurrence(kind), 0, found, "manager", NOW)

    assert [fault.field for fault in caught.value.faults] == [field]


def test_all_findings_of_another_kind_are_named_in_order():
    """Who filled in the wrong form is told of every field at once: those too many, then those missing."""
    with pytest.raises(Invalid) as caught:
        occurrences.complete(occurrence("verification"), 0, Findings(done=3, of=3), "manager", NOW)

    assert [fault.field for fault in caught.value.faults] == ["done", "of", "checked", "wrong", "corrected"]


def test_what_is_done_cannot_be_done_again():
    """A second completion is a conflict that names status and act; a missed one can be done late."""
    missed = replace(occurrence("checklist"), status="missed", version=2)
    done = occurrences.complete(missed, 2, Findings(done=1, of=1), "manager", NOW)

    with pytest.raises(Conflict, match="is done and cannot be completed"):
        occurrences.complete(done, 3, Findings(done=1, of=1), "manager", NOW)
    with pytest.raises(Conflict, match="is at version 3, not 2"):
        occurrences.complete(done, 2, Findings(done=1, of=1), "manager", NOW)
