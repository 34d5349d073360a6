"""The single tests for special causes, the order in which they name a point, and the runs of a segment."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from shared.statistics.requests import answer
from shared.statistics.rule_sets import point_type, special_cause
from shared.statistics.rule_tests import shift, trend, two_beyond_in_three, two_in_three
from shared.statistics.runs import runs_of


def sides(**request):
    return answer({"command": "rule", **request})["sides"]


def test_a_point_on_the_limit_is_not_beyond_it():
    """Comparisons are strict, and rounding alone does not count."""
    assert sides(rule="astronomical_point", values=[0, 10, 10.1, -1, None], lower=[0] * 5, upper=[10] * 5) == [
        0,
        0,
        1,
        -1,
        0,
    ]
    assert sides(rule="astronomical_point", values=[0.1 + 0.2], lower=0, upper=0.3) == [0]


def test_a_point_on_the_centre_ends_a_shift():
    """Six, one on the centre, six: no shift; seven: all seven, then each further one."""
    assert shift([1] * 6 + [0] + [1] * 6) == [0] * 13
    assert shift([-1, *[1] * 8, -1]) == [0, *[1] * 8, 0]
    assert shift([-1, *[1] * 8, -1], mark="last") == [0] * 7 + [1, 1, 0]


def test_an_equal_neighbour_or_a_gap_ends_a_trend():
    """Six strict moves in a row are needed."""
    assert trend([1, 2, 3, 4, 5, 6, 7]) == [1] * 7
    assert trend([1, 2, 3, 3, 4, 5, 6, 7, 8]) == [0] * 9
    assert trend([1, 2, 3, None, 4, 5, 6, 7, 8]) == [0] * 9


def test_where_trends_meet_the_later_one_has_the_point():
    """Up to a peak and down again: the peak is the first point of the fall."""
    assert trend([1, 2, 3, 4, 3, 2, 1], n=4) == [1, 1, 1, -1, -1, -1, -1]
    assert sides(rule="trend", values=[1, 2, 1, 3, 2], n=2) == [1, -1, 1, -1, -1]


def test_two_in_three_asks_where_the_third_lies_only_in_mdc():
    """A third point on the other side of the centre stops mdc, not powerbi_spc."""
    request = {
        "rule": "two_in_three",
        "values": [9, -1, 9],
        "centre": [0] * 3,
        "near_lower": [-8] * 3,
        "near_upper": [8] * 3,
        "lower": [-12] * 3,
        "upper": [12] * 3,
    }

    assert sides(**request) == [0, 0, 0]
    assert sides(**request, rules="powerbi_spc") == [1, 0, 1]
    assert sides(**request, rules="powerbi_spc", mark="run") == [1, 1, 1]
    assert sides(**request, rules="powerbi_spc", mark="last") == [0, 0, 1]


def test_points_beyond_three_sigma_count_in_powerbi_spc_only():
    """mdc looks for points close to the limit; those beyond it have a signal of their own."""
    assert two_in_three([1, 1, 1], [True, False, True]) == [1, 0, 1]
    assert two_in_three([1, 1, 1], [True, False, False]) == [0, 0, 0]
    assert two_beyond_in_three([1, 1]) == [1, 1]
    assert two_beyond_in_three([1, -1, 1]) == [0, 0, 0]


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ((1, -1, -1, -1), "above_upper_limit"),
        ((-1, 1, 1, 1), "below_lower_limit"),
        ((0, 1, -1, -1), "trend_increasing"),
        ((0, 0, -1, 1), "two_in_three_below"),
        ((0, 0, 0, 1), "shift_above"),
        ((0, 0, 0, 0), None),
    ],
)
def test_the_first_special_cause_names_the_point(found, name):
    """Limit, then trend, then two in three, then shift."""
    assert special_cause(*found) == name


def test_what_a_special_cause_means_depends_on_which_way_is_better():
    """Up is good, bad or neither."""
    assert [point_type(1, way) for way in ("increase", "decrease", "neutral")] == [
        "special_cause_improvement",
        "special_cause_concern",
        "special_cause_neutral_high",
    ]
    assert [point_type(-1, way) for way in ("increase", "decrease", "neutral")] == [
        "special_cause_concern",
        "special_cause_improvement",
        "special_cause_neutral_low",
    ]
    assert point_type(0, "increase") == "common_cause"


def test_runs_leave_out_the_points_on_the_centre():
    """Length and crossings are counted over the useful points."""
    runs = runs_of([1, 1, 0, 1, -1, -1, 0, 1])

    assert (runs.useful, runs.longest, runs.crossings) == (6, 3, 2)
    assert (runs.longest_max, runs.crossings_min, runs.signal) == (6, 1, False)
    assert runs_of([1] * 8 + [-1, 1] * 4).signal is True
    assert runs_of([0, 0]).longest is None


def test_the_fewest_crossings_are_the_binomial_quantile():
    """Up to 1,500 points, and a million."""
    for useful in [*range(1, 120), 501, 1500, 1_000_000]:
        found = runs_of([1, -1] * (useful // 2) + [1] * (useful % 2))
        assert found.crossings_min == binom.ppf(0.05, useful - 1, 0.5), useful


def test_anhoej_and_shewhart_mark_single_points_beyond_limits_only():
    """Their runs are a finding about the segment."""
    y = [*[1, 2] * 4, *[8, 9] * 4]
    marked = {
        rules: {
            name for p in answer({"command": "chart", "type": "i", "rules": rules, "y": y}).points for name in p.signals
        }
        for rules in ("anhoej", "shewhart", "mdc")
    }

    assert marked["mdc"] == {"shift", "astronomical_point"}
    assert marked["anhoej"] == marked["shewhart"] == {"astronomical_point"}
    assert answer({"command": "chart", "type": "i", "rules": "anhoej", "y": y}).segments[0].runs_signal is True
