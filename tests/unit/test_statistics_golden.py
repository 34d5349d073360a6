"""Numbers that other programs and textbooks give for the same data, to 1e-6."""

from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from shared.statistics.funnel import funnel_limits
from shared.statistics.requests import answer
from shared.statistics.rule_tests import shift, trend, two_in_three

VIGNETTE = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
BETWEEN = [4, 7, 2, 9, 12, 3, 6, 8, 5, 10]
NAMES = {
    None: "Common Cause",
    "above_upper_limit": "Above UCL",
    "below_lower_limit": "Below LCL",
    "trend_increasing": "7 Point Trend (Increasing)",
    "trend_decreasing": "7 Point Trend (Decreasing)",
    "two_in_three_above": "2 in 3 Above CL",
    "two_in_three_below": "2 in 3 Below CL",
    "shift_above": "7 Points Above CL",
    "shift_below": "7 Points Below CL",
}


def drawn(**request: Any) -> Any:
    return answer({"command": "chart", **request})


@pytest.fixture
def reference(real_data: Path) -> Path:
    folder = real_data / "spc_reference" / "nhsr_plotthedots"
    if not folder.is_dir():
        pytest.skip("the reference charts are not in the real data folder")
    return folder


@pytest.mark.parametrize(
    ("screen", "lower", "upper"),
    [(True, -0.7155555555555555, 4.604444444444444), (False, -3.062614379084967, 6.951503267973856)],
)
def test_xmr_has_its_golden_limits_screened_and_not(screen, lower, upper):
    """One wild point moves the limits only where its moving ranges are kept."""
    point = drawn(type="xmr", y=VIGNETTE, screen=screen).points[0]

    assert (point.centre, point.lower, point.upper) == pytest.approx((35 / 18, lower, upper), abs=1e-9)


@pytest.mark.parametrize(
    ("type_", "centre", "lower", "upper"),
    [("g", 6.5, 0.0, 27.847117), ("t", 6.036579, 0.303487, 30.218077)],
)
def test_rare_event_charts_have_their_golden_limits(type_, centre, lower, upper):
    """g stands around the mean with the median as centre; t is turned back from the power 1/3.6."""
    point = drawn(type=type_, y=BETWEEN, rules="anhoej").points[0]

    assert (point.centre, point.lower, point.upper) == pytest.approx((centre, lower, upper), abs=1e-6)


@pytest.mark.parametrize(
    ("coverage", "lower", "upper"), [(0.95, 0.47953887, 1.83903560), (0.998, 0.29605204, 2.41339711)]
)
def test_funnel_limits_have_their_golden_numbers(coverage, lower, upper):
    """Ten expected: both tails of 99.8 % take a thousandth each."""
    found = funnel_limits(10, coverage)

    assert (found.lower, found.upper) == pytest.approx((lower, upper), abs=1e-8)


@pytest.mark.parametrize(
    ("file", "screen"), [("ae_rqm_breaches", True), ("ae_rqm_breaches_noscreen", False), ("cdi_counts", True)]
)
def test_whole_charts_equal_those_of_nhsr_plotthedots(reference, file, screen):
    """Limits, sides, special causes and their meaning agree at every point."""
    rows = list(csv.DictReader((reference / f"{file}.csv").open(encoding="utf-8")))
    made = drawn(
        type="xmr",
        x=[row["x"] for row in rows],
        y=[float(row["y"]) for row in rows],
        rebase=[row["x"] for before, row in pairwise(rows) if row["rebase_group"] != before["rebase_group"]],
        direction="decrease",
        screen=screen,
    )

    assert len(made.points) == len(rows)
    for row, point in zip(rows, made.points, strict=True):
        lines = [float(row[name]) for name in ("mean_col", "lpl", "upl")]
        assert [point.centre, point.lower, point.upper] == pytest.approx(lines, abs=1e-6)
        assert point.side == int(row["relative_to_mean"])
        assert (point.outside_limits, point.close_to_limits) == (
            row["outside_limits"] == "TRUE",
            row["close_to_limits"] == "TRUE",
        )
        assert (NAMES[point.special_cause], point.point_type) == (row["special_cause_type"], row["point_type"])


def test_limits_equal_the_snapshot_of_nhsr_plotthedots(reference):
    """As they are, and with one wild point, screened and not."""
    rows = list(csv.DictReader((reference / "testsuite_seed123.csv").open(encoding="utf-8")))
    snapshot = json.loads((reference / "rule_vectors.json").read_text(encoding="utf-8"))["xmr_limits_snapshot"]
    plain = [float(row["y"]) for row in rows]
    wild = [*plain[:14], 10.0, *plain[15:]]

    for values, screen, name in (
        (plain, True, "screened"),
        (wild, True, "y[15]=10 screened"),
        (wild, False, "y[15]=10 unscreened"),
    ):
        point, wanted = drawn(type="xmr", y=values, screen=screen).points[0], snapshot[name]
        assert [point.centre, point.lower, point.upper] == pytest.approx(
            [wanted["mean"], wanted["lpl"], wanted["upl"]], abs=1e-6
        )


def test_single_rules_equal_the_vectors_of_nhsr_plotthedots(reference):
    """Where a shift or a trend fires, and which points two in three marks."""
    vectors = json.loads((reference / "rule_vectors.json").read_text(encoding="utf-8"))

    for case in vectors["shift_last_point_of_7_one_side_of_mean"]["cases"]:
        assert [abs(side) for side in shift(case["in"], 7, "last")] == case["out"]
    for case in vectors["trend_seven_points"]["cases"]:
        assert trend(case["in"], 7, "last") == case["out"]
    for name, mark in (("two_in_three", "run"), ("part_of_two_in_three", "beyond")):
        for case in vectors[name]["cases"]:
            close = [bool(flag) for flag in case["close"]]
            assert [abs(side) for side in two_in_three(case["rtm"], close, mark)] == case["out"]


def test_close_points_on_opposite_sides_are_common_cause(reference):
    """Two successive points close to opposite limits do not make two in three."""
    vectors = json.loads((reference / "rule_vectors.json").read_text(encoding="utf-8"))
    case = vectors["two_successive_close_points_on_opposite_sides_are_common_cause"]
    points = drawn(type="xmr", y=case["y"], direction=case["improvement_direction"]).points

    assert [point.point_type for point in points[-2:]] == case["last_two_point_types"]


def test_assurance_equals_the_vectors_of_nhsr_plotthedots(reference):
    """Target above, below and between the limits, whichever way is better."""
    vectors = json.loads((reference / "rule_vectors.json").read_text(encoding="utf-8"))["assurance"]

    for direction in ("increase", "decrease", "neutral"):
        found = [
            answer(
                {
                    "command": "rule",
                    "rule": "assurance",
                    "lower": lower,
                    "upper": upper,
                    "target": vectors["target"],
                    "direction": direction,
                }
            )["assurance"]
            for lower, upper in zip(vectors["lpl"], vectors["upl"], strict=True)
        ]
        assert found == vectors[direction]
