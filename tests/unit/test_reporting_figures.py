"""Culture, continuity, heat, control charts, lessons and roll-ups: what their figures mean."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from services.reporting.domain.buckets import Counts
from services.reporting.domain.continuity import Disruption, Lost, PlanTallies, continuity
from services.reporting.domain.control import control, false_alarm_chance, weeks_to_show_fall
from services.reporting.domain.culture import Delivered, Peers, culture_of, diversity, is_silent
from services.reporting.domain.facts import DialoguePart, Fact, ReportPart
from services.reporting.domain.heat import Windows, heat_cell, heat_row
from services.reporting.domain.lessons import lessons
from services.reporting.domain.overview import WEEK, Week
from services.reporting.domain.quality import quality_of
from services.reporting.domain.registry import Site, SiteVersion
from services.reporting.domain.rollups import NOT_TOLD, Totals, roll_up
from services.reporting.domain.states import State
from services.reporting.domain.voices import Voices, marks_of, shift_of
from services.reporting.domain.waits import Waits, waits_of, waits_together

TOLD = datetime(2026, 11, 17, 10, tzinfo=UTC)
MONDAY = date(2026, 1, 5)


def part(**changes: object) -> ReportPart:
    fields = {
        "revision": 1,
        "withdrawn": False,
        "visibility": "site",
        "origin": "live",
        "reported_at": TOLD,
        "received_at": TOLD,
        "occurred_at": TOLD - timedelta(hours=3),
        "occurred_precision": "minute",
        "occurred_band": None,
        "setting": "residential",
        "text": "words",
    }
    return ReportPart(**(fields | changes))


def weeks(*numbers: int, exposure: float | None = None) -> list[Week]:
    unit = "visits" if exposure else None
    return [Week(MONDAY + WEEK * n, Counts(reports=k), exposure, unit) for n, k in enumerate(numbers)]


@pytest.mark.parametrize(
    ("hour", "shift"), [(5, "night"), (7, "day"), (14, "day"), (15, "evening"), (22, "night"), (23, "night")]
)
def test_a_shift_band_goes_by_the_clock_of_england(hour: int, shift: str) -> None:
    """Bands change at 7, 15 and 22 o'clock, in winter as UTC."""
    assert shift == shift_of(datetime(2026, 1, 7, hour, 30, tzinfo=UTC))


def test_time_to_tell_needs_a_live_report_known_to_the_minute() -> None:
    """Backfill has no time to tell, nor has an event of which only the day is known; triage counts from telling."""
    said = DialoguePart(triaged_at=TOLD + timedelta(hours=2), feedback_at=TOLD + timedelta(hours=30))
    assert marks_of(part(), said)["hours"] == 3.0
    assert (marks_of(part(), said)["triage"], marks_of(part(), said)["feedback"]) == (2.0, 30.0)
    assert marks_of(part(origin="backfill"), said)["hours"] is None
    assert marks_of(part(occurred_precision="day"), None)["hours"] is None


def test_dialogue_joins_alike_in_any_order() -> None:
    """The first moments hold, whichever arrived first and however often."""
    early, late = DialoguePart(triaged_at=TOLD, asked=(2,)), DialoguePart(triaged_at=TOLD + timedelta(1), asked=(4,))
    fact = Fact("p", "s", "r")
    one = fact.with_dialogue(early).with_dialogue(late).with_dialogue(early)
    other = fact.with_dialogue(late).with_dialogue(early)
    assert one == other
    assert one.dialogue == DialoguePart(triaged_at=TOLD, asked=(2, 4))


def test_an_erased_report_is_forgotten_in_any_order() -> None:
    """What it said up to the erasure is gone, whichever is read first; a later state would count again."""
    fact = Fact("p", "s", "r")
    assert fact.with_report(part()).with_erasure(2) == fact.with_erasure(2).with_report(part())
    assert fact.with_erasure(2).with_report(part()).shown() is None
    assert fact.with_erasure(2).with_report(part(revision=3)).shown() is not None


def test_diversity_is_one_when_all_labels_differ_and_nought_when_none_does() -> None:
    """It is normalised by what so few labels could show; a single label says nothing."""
    assert diversity({"a": 1, "b": 1, "c": 1}, 22) == pytest.approx(1.0)
    assert diversity({"a": 7}, 22) == 0.0
    assert diversity({"a": 1}, 22) is None
    assert diversity({"a": 30, "b": 30}, 22) == pytest.approx(math.log(2) / math.log(22))


def test_silence_is_asked_about_only_where_it_is_improbable() -> None:
    """Three expected reports make silence a chance of e^-3 < 5 %; two do not; without peers nothing is said."""
    assert is_silent(0, 3.0)
    assert not is_silent(0, 2.0)
    assert not is_silent(1, 9.0)
    assert not is_silent(0, None)


def test_culture_of_a_site_is_computed_from_its_voices() -> None:
    """Rates per 1,000 of the site's own unit, shares of all reports, and the ratio with its exact interval."""
    voices = Voices(
        "s",
        reports=10,
        by_class={"NEAR_MISS": 6, "HAZARD": 2, "LOW_HARM": 2},
        to_tell=Waits(5, 3.0, 19.6, 0.8),
        anonymous=5,
        reasons={"save_time": 2, "fear_own_organisation": 2},
        reporters=4,
        with_token=8,
    )
    found = culture_of(voices, {"a": 10}, Delivered(2_000, "visits"), 20, Peers(30, 6_000), 22, "s")
    assert found.near_miss_rate == pytest.approx(3.0)
    assert found.near_miss_to_harm is not None
    assert found.near_miss_to_harm.ratio == pytest.approx(4.0)
    assert found.near_miss_to_harm.low < 4 < found.near_miss_to_harm.high
    assert (found.anonymous_share, found.fear_share, found.breadth, found.expected) == (0.5, 0.2, 0.2, 10)
    assert (found.to_tell.median_hours, found.to_tell.within_a_day) == (3.0, 0.8)


def test_four_times_make_no_median() -> None:
    """Below five nothing is named; from five on a percentile lies between its neighbours; groups are kept apart."""
    group, hours = np.array([0, 0, 0, 0, 2, 2, 2, 2, 2]), np.array([1, 4, 2, 3, 30, 1, 3, 24, 2])
    few, none, five = waits_of(group, hours, 3, 1)
    whole = waits_together(hours, 1)
    assert (few, none) == (Waits(4), Waits(0))
    assert (five.times, five.median_hours, five.within_a_day) == (5, 3.0, 0.8)
    assert five.p90_hours == pytest.approx(24 + 6 * 0.6)
    assert (whole.times, whole.median_hours, whole.p90_hours) == (9, 3.0, pytest.approx(24 + 6 * 0.2))
    assert waits_together(hours[:0], 1) == Waits()


def test_quality_is_told_as_shares() -> None:
    """Of all reports, not of those that say something; None where there are none."""
    found = quality_of(Voices("a", reports=4, with_place=1, by_class={"UNKNOWN": 3}), 26, 20)
    assert (found.with_place, found.class_unknown, found.weeks_covered) == (0.25, 0.75, 20)
    assert quality_of(Voices("a"), 26, 20).with_place is None


def test_hours_are_lost_only_where_both_ends_are_known() -> None:
    """An open disruption is listed and not counted; a forgotten one is asked about; failed plans are named."""
    start = TOLD - timedelta(days=20)
    done = Disruption("d1", "elm", "utilities", TOLD, start, start + timedelta(hours=6), 12, True, False)
    going = Disruption("d2", "elm", "staff_shortage", TOLD, start, None, 3, True, True)
    cells = [Lost("elm", "utilities", 1, 6.0, 1, 12), Lost("elm", "staff_shortage", 1, 0.0, 0, 3)]
    plans = PlanTallies(used=2, worked=1, not_told=1)
    view = continuity([*cells, Lost("oak", "utilities", 1)], plans, [done], [going], TOLD)
    assert (view.total.disruptions, view.total.hours, view.total.timed, view.total.people_affected) == (3, 6.0, 1, 15)
    assert [(lost.kind, lost.hours) for lost in view.by_kind] == [("staff_shortage", 0), ("utilities", 6.0)]
    assert (view.open, view.forgotten) == ((going,), {"d2"})
    assert (view.plans.used, view.plans.worked, view.plans.failed, view.plans.not_told) == (2, 1, (done,), 1)
    assert replace(done, ended_at=start - timedelta(hours=1)).hours is None


def test_heat_weighs_a_site_against_its_own_past() -> None:
    """Eight in 8 weeks after eight in 52 is a strong rise; none after fifty-two a strong fall; few say too little."""
    assert heat_cell("g", 8, 8, 8, 52).evidence == "strong_rise"
    assert heat_cell("g", 0, 52, 8, 52).evidence == "strong_fall"
    assert heat_cell("g", 8, 52, 8, 52).evidence == "as_before"
    assert heat_cell("g", 1, 3, 8, 52).evidence == "too_little"
    assert heat_cell("g", 9, 0, 8, 0).evidence == "too_little"
    assert heat_cell("g", 0, 0, 8, 52).evidence == "too_little"


def test_heat_goes_by_exposure_where_it_is_known_and_says_so_where_not() -> None:
    """The same counts are no rise when twice the care was delivered."""
    some = Windows({}, {}, {"g": 12}, {"g": 39}, 8, 52)
    assert heat_row("s", some, ["g"], []).by_weeks
    cared = replace(some, recent_exposure=800.0, before_exposure=2_600.0, unit="visits")
    row = heat_row("s", cared, ["g"], [])
    assert (row.by_weeks, row.unit, row.groups[0].expected, row.groups[0].evidence) == (
        False,
        "visits",
        12,
        "as_before",
    )


def test_a_rare_series_is_drawn_as_days_between() -> None:
    """Below one a week even one report would be a signal on a chart of counts; provisional limits are called so."""
    drawn = control(weeks(0, 1, 0, 0, 1, 0, 0, 1), [date(2026, 1, 12), date(2026, 2, 2), date(2026, 2, 23)], False)
    assert (drawn.choice.type, drawn.measure, drawn.provisional) == ("g", "days_between", True)
    assert drawn.chart is not None
    assert [point.value for point in drawn.chart.points] == [21.0, 21.0]
    assert drawn.enough.points == 10
    assert drawn.enough.on is not None


def test_a_frequent_series_is_drawn_by_its_exposure() -> None:
    """Rates per 1,000 where every week is covered in one unit and care varies; counts where it is not known."""
    numbers = [6, 7, 5, 8, 6, 7, 5, 6, 8, 7, 6, 5, 7]
    varying = [replace(w, exposure=100.0 + 90 * (n % 2)) for n, w in enumerate(weeks(*numbers, exposure=100))]
    assert (control(varying, [], False).measure, control(varying, [], False).unit) == ("rate", "visits")
    plain = control(weeks(*numbers), [], False)
    assert (plain.measure, plain.choice.type, plain.provisional) == ("reports", "xmr", False)


def test_limits_are_frozen_and_begin_anew_by_decision_alone() -> None:
    """A rise after the baseline is judged by the baseline; a recorded decision starts a second segment."""
    numbers = [6, 7, 5, 8, 6, 7] * 4 + [15, 16, 15, 17, 16, 15]
    judged = control(weeks(*numbers), [], False).chart
    assert judged is not None
    assert judged.points[-1].outside_limits
    begun = control(weeks(*numbers), [], False, [MONDAY + WEEK * 24]).chart
    assert begun is not None
    assert [segment.segment for segment in begun.segments] == [1, 2]


def test_an_empty_series_has_no_chart_and_promises_nothing() -> None:
    """Nothing told means nothing drawn, and no date on which there would be enough."""
    assert control([], [], False).chart is None
    assert control(weeks(0, 0), [], False).enough.on is None


def test_the_chance_of_a_false_alarm_is_read_between_the_simulated_ones() -> None:
    """Halfway between one and two a week lies halfway between their chances; below a half nothing is claimed."""
    assert false_alarm_chance(1.5) == pytest.approx(0.43)
    assert false_alarm_chance(40) == 0.32
    assert false_alarm_chance(0.1) is None
    assert weeks_to_show_fall(2.0, 0.5) == 14


def state(state_id: str, status: str, **body: object) -> State:
    return State("p", "elm", state_id, 1, status, "site", body)


def test_a_lesson_joins_what_was_done_with_the_verdict_given_last() -> None:
    """Days to act run in English days; an action nobody has judged has no judgement."""
    done = {"title": "Checklist", "strength": "intermediate", "report_ids": ["r1", "r2"]}
    times = {"proposed_at": "2026-05-01T23:30:00Z", "completed_at": "2026-05-09T08:00:00Z"}
    verdict = {"verdict": "PROMISING", "on": "2026-08-01", "sentence": "s", "rule_version": "1"}
    later = {**verdict, "verdict": "EFFECTIVE", "on": "2026-11-01"}
    acts = [state("a1", "completed", **done, **times), state("a2", "verified", **done, **times)]
    judged = [state(f"e{n}", "x", action_id="a1", verdict=v) for n, v in enumerate([later, verdict, None])]
    found = {lesson.action_id: lesson for lesson in lessons(acts, judged)}
    assert found["a1"].judgement is not None
    assert (found["a1"].judgement.verdict, found["a1"].days_to_act, found["a1"].reports) == ("EFFECTIVE", 7, 2)
    assert found["a2"].judgement is None


def test_roll_ups_stand_by_name_and_count_a_site_in_each_of_its_contracts() -> None:
    """Never by their figures; sites that the registry says nothing of come last; rates are made of covered weeks."""

    def site(site_id: str, contracts: tuple[str, ...]) -> Site:
        version = SiteVersion(date(2015, 1, 1), site_id, "residential", None, None, (), contracts)
        return Site("p", site_id, 1, date(2015, 1, 1), None, (version,))

    sites = [site("a", ("Zed", "Lot 1")), site("b", ("Lot 1",)), site("c", ())]
    some = Totals(Counts(reports=3), {"visits": 100.0}, {"visits": Counts(reports=2)}, 1)
    rows = roll_up("contract", sites, {"a": some, "b": some}, date(2026, 1, 1))
    assert [(row.name, row.sites, row.totals.counts.reports) for row in rows] == [
        ("Lot 1", ("a", "b"), 6),
        ("Zed", ("a",), 3),
        (NOT_TOLD, ("c",), 0),
    ]
    assert rows[0].totals.exposure == {"visits": 200.0}
    assert rows[0].totals.covered["visits"].reports == 4
