"""Verdicts on remedies: the golden numbers, the closed list, the guards, and several sites together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.actions.domain.effectiveness import Count, Trial, assess, harm_state
from services.actions.domain.programme import pooled_ratio
from services.actions.domain.verdict_wording import sentence
from shared.statistics.rates import rate_ratio
from shared.taxonomy.detection_data import load_detection_data
from shared.taxonomy.loader import load_taxonomy

RULES = load_detection_data(load_taxonomy()).versions[-1].verdict


def trial(before, after, **more):
    """A trial whose other reports stay as they were, ninety days after the start."""
    made = Trial(
        before=Count(*before), after=Count(*after), risen=True, days_after=90, weeks_after=12.0,
        others_before=Count(60, before[1]), others_after=Count(round(60 * after[1] / before[1]), after[1]),
        was_shown=True,
    )  # fmt: skip
    return replace(made, **more)


GOLDEN = [
    ((24, 3000), (9, 3000), 0.375, 0.153, 0.836, "EFFECTIVE"),
    ((24, 3000), (12, 3000), 0.5, 0.228, 1.040, "PROMISING"),
    ((12, 1500), (3, 1000), 0.375, 0.068, 1.390, "PROMISING"),
    ((6, 900), (0, 900), 0.0, 0.0, 0.849, "EFFECTIVE"),
]


@pytest.mark.parametrize(("before", "after", "ratio", "low", "high", "verdict"), GOLDEN)
def test_golden_numbers(before, after, ratio, low, high, verdict):
    """The worked examples of the domain report come out to the third place."""
    found = assess(trial(before, after), RULES)

    assert found.ratio == pytest.approx(ratio, abs=5e-4)
    assert found.low == pytest.approx(low, abs=5e-4)
    assert found.high == pytest.approx(high, abs=5e-4)
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("fall", "needed"), [(0.3, 79), (0.4, 44), (0.5, 28), (0.6, 20), (0.7, 13), (0.8, 10), (0.9, 8), (1.0, 6)]
)
def test_the_evidence_gate_is_told(fall, needed):
    """The verdict says how many baseline events a fall of its size takes."""
    found = assess(trial((1000, 1000.0), (round(1000 * (1 - fall)), 1000.0)), RULES)

    assert found.events_needed == needed


VERDICTS = [
    ({}, (20, 100), (19, 100), "NO_CHANGE_SEEN", None),
    ({}, (20, 100), (45, 100), "WORSE", None),
    ({}, (3, 100), (1, 100), "INSUFFICIENT_EVIDENCE", "below_evidence_gate"),
    ({"others_after": Count(18, 100)}, (30, 100), (9, 100), "CONFOUNDED_REPORTING_FELL", "reporting_fell"),
    ({"lapsed": True}, (30, 100), (9, 100), "NOT_IMPLEMENTED", "not_carried_out"),
    (
        {"was_effective": True, "early": Count(3, 50), "late": Count(15, 50)},
        (30, 100), (18, 100), "RELAPSED", "relapse",
    ),
    ({"harm_before": Count(4, 100), "harm_after": Count(20, 100)}, (30, 100), (9, 100), "WORSE", "harm_guard"),
    ({"severe_harm_after": 1}, (30, 100), (9, 100), "PROMISING", "harm_guard"),
    ({"days_after": 20}, (30, 100), (9, 100), "PROMISING", "early"),
    (
        {"elsewhere_before": Count(80, 100), "elsewhere_after": Count(22, 100)},
        (30, 100), (9, 100), "NO_CHANGE_SEEN", "season",
    ),
    ({"others_after": Count(140, 100)}, (20, 100), (45, 100), "NO_CHANGE_SEEN", "reporting_rose"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "before", "after", "verdict", "reason"), VERDICTS)
def test_each_verdict_has_its_case(more, before, after, verdict, reason):
    """All of the closed list can be reached, each with the code of its reason."""
    found = assess(trial(before, after, **more), RULES)

    assert found.verdict == verdict
    assert reason is None or reason in found.reasons


def test_more_weeks_are_promised_only_where_they_may_settle_it():
    """Where reporting fell, or it is not carried out, no number of weeks stands beside the verdict."""
    unsure = trial((14, 100), (3, 50), others_before=Count(60, 100), others_after=Count(30, 50))
    waiting = assess(unsure, RULES)
    fell = assess(replace(unsure, others_after=Count(8, 50)), RULES)
    dropped = assess(replace(unsure, lapsed=True), RULES)

    assert (waiting.verdict, waiting.weeks_more is not None) == ("PROMISING", True)
    assert (fell.verdict, fell.weeks_more) == ("CONFOUNDED_REPORTING_FELL", None)
    assert (dropped.verdict, dropped.weeks_more) == ("NOT_IMPLEMENTED", None)


def test_a_chance_peak_is_no_baseline():
    """Back at the long-run rate after some busy weeks is neither effective nor promising."""
    peak = trial((40, 26.0), (8, 8.0), risen=False, long_run=Count(20, 20.0), peak=Count(20, 6.0))
    risen = trial((20, 6.0), (8, 8.0))

    assert (assess(peak, RULES).verdict, assess(peak, RULES).reasons[0]) == ("NO_CHANGE_SEEN", "regression_to_the_mean")
    assert assess(risen, RULES).verdict == "EFFECTIVE"


def test_what_the_harm_guard_can_tell_is_said():
    """The guard has three states, and an effective remedy with too few events of harm says so in its sentence."""
    few = trial((24, 3000), (9, 3000))
    steady = replace(few, harm_before=Count(6, 3000), harm_after=Count(5, 3000))
    found = assess(few, RULES)

    assert harm_state(few) == "too_few_to_tell"
    assert harm_state(steady) == "no_rise_seen"
    assert harm_state(replace(few, severe_harm_after=1)) == "rose"
    assert "too few events with harm" in sentence("Medicines", "Site A", few, found)


def test_a_fall_that_only_the_harm_guard_holds_back_is_not_called_a_matter_of_chance():
    """The sentence of a fall beyond chance with a severe event says both, and asks for a person's look."""
    guarded = trial((30, 100), (9, 100), severe_harm_after=1)
    unsure = trial((24, 3000), (12, 3000), severe_harm_after=1)
    said = [sentence("Medicines", "Site A", one, assess(one, RULES)) for one in (guarded, unsure)]

    assert ["not yet beyond what chance explains" in one for one in said] == [False, True]
    assert all(one.endswith("and events with harm need a person's look.") for one in said)


def test_nothing_can_be_said_without_exposure_on_both_sides():
    """No care delivered on one side is no comparison."""
    assert assess(trial((5, 100.0), (0, 0.0)), RULES) is None


def test_a_pool_of_one_site_is_that_site():
    """The stratified interval of a single site is the exact one."""
    one = pooled_ratio([(Count(24, 3000.0), Count(9, 3000.0))])
    plain = rate_ratio(9, 3000, 24, 3000)

    assert (one.ratio, one.low, one.high) == pytest.approx((plain.ratio, plain.low, plain.high), rel=1e-6)
    assert one.p_value == pytest.approx(plain.p_value, rel=1e-9)


def test_a_programme_shows_what_no_site_shows_alone():
    """Four sites that each halve are promising at best; together they are beyond chance, whatever their own rates."""
    sites = [(Count(12, 100.0), Count(6, 100.0)), (Count(14, 300.0), Count(7, 300.0))] * 2
    pooled = pooled_ratio(sites)

    assert all(rate_ratio(a.events, a.weight, b.events, b.weight).high >= 1 for b, a in sites)
    assert pooled.ratio == pytest.approx(0.5, rel=1e-6)
    assert pooled.high < 1


def test_a_pool_is_not_fooled_by_sites_of_different_rates():
    """Where no site changed, staggered starts make no effect (crude sums would)."""
    sites = [(Count(100, 100.0), Count(10, 10.0)), (Count(1, 10.0), Count(10, 100.0))]

    assert pooled_ratio(sites).ratio == pytest.approx(1.0, rel=1e-6)


def test_a_pool_without_events_says_that_nothing_is_known():
    """No event on either side leaves every ratio possible."""
    found = pooled_ratio([(Count(0, 10.0), Count(0, 10.0))])

    assert (found.low, found.high, found.p_value) == (0.0, float("inf"), 1.0)
    with pytest.raises(ValueError, match="exposure above 0"):
        pooled_ratio([(Count(1, 0.0), Count(1, 1.0))])
