"""What holds of every chart: segments, scaling, constants, gaps, zeros, huge counts, strict JSON."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.statistics.requests import answer
from shared.statistics.rule_sets import RULE_SETS
from shared.statistics.series import CHART_TYPES

RATIO, SUBGROUPS = ("u", "up", "p", "pp"), ("xbar", "s")
TYPES = st.sampled_from(CHART_TYPES)
RULES = st.sampled_from(list(RULE_SETS))
HUGE = 10**12
# A busy machine is no defect of a formula.
unhurried = settings(deadline=None)
LINES = ("lower", "near_lower", "inner_lower", "inner_upper", "near_upper", "upper")


def drawn(columns: dict[str, Any], **request: Any) -> Any:
    return answer({"command": "chart", **columns, **request})


@st.composite
def series(draw: st.DrawFn, least: int = 0, most: int = 40, gaps: bool = True) -> dict[str, Any]:
    """Columns that any type can be drawn of, with gaps, zeros and huge counts among them."""
    type_ = draw(TYPES)
    n = draw(st.integers(least, most))
    top = draw(st.sampled_from([3, 20, HUGE]))
    counts = st.integers(1 if type_ == "t" else 0, top)
    cell = st.one_of(st.none(), counts) if gaps else counts
    column = st.lists(cell, min_size=n, max_size=n)
    y = draw(column)
    if type_ in RATIO:
        extra = draw(st.lists(st.integers(0 if gaps else 1, top), min_size=n, max_size=n))
        return {"type": type_, "numerator": y, "denominator": [e + (v or 0) for e, v in zip(extra, y, strict=True)]}
    if type_ in SUBGROUPS:
        sizes = draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
        return {"type": type_, "mean": y, "sd": draw(column), "size": sizes}
    return {"type": type_, "y": y}


def numbers(made: Any) -> list[Any]:
    return [getattr(p, name) for p in made.points for name in ("value", "centre", *LINES)]


@unhurried
@given(series(), RULES, st.sampled_from(["increase", "decrease", "neutral"]))
def test_every_chart_is_strict_json_with_its_lines_in_order(columns, rules, direction):
    """No NaN and no infinity; a point beyond a limit is a special cause, a gap is none."""
    made = drawn(columns, rules=rules, direction=direction, target=2)

    assert all(number is None or math.isfinite(number) for number in numbers(made))
    assert orjson.loads(orjson.dumps(made))["n"] == len(made.points)
    for point in made.points:
        lines = [getattr(point, name) for name in LINES]
        assert lines == [None] * 6 or lines == sorted(lines)
        assert point.outside_limits == ("astronomical_point" in point.signals)
        assert (point.special_cause is None) == (point.signals == ()) == (point.point_type == "common_cause")
        if point.value is None:
            assert (point.side, point.signals) == (0, ())


@unhurried
@given(series(least=2), st.data(), RULES)
def test_segments_equal_separate_charts(columns, data, rules):
    """A chart with a new segment is two charts side by side."""
    n = len(next(iter(v for k, v in columns.items() if k != "type")))
    cut = data.draw(st.integers(1, n - 1))
    both = drawn(columns, rules=rules, x=list(range(n)), rebase=[cut])

    def part(where: slice) -> Any:
        cut_columns = {name: c if name == "type" else c[where] for name, c in columns.items()}
        return drawn(cut_columns, rules=rules, x=list(range(n))[where])

    first, second = part(slice(0, cut)), part(slice(cut, n))
    assert both.points == [*first.points, *(replace(point, segment=2) for point in second.points)]
    assert both.segments == [*first.segments, replace(second.segments[0], segment=2)]


@unhurried
@given(series(), RULES, st.sampled_from([0.01, 7, 1000, 1e6]))
def test_the_unit_of_a_rate_changes_no_finding(columns, rules, multiply):
    """Values and lines are multiplied; sides, signals and runs are those of the plain chart."""
    plain, scaled = drawn(columns, rules=rules), drawn(columns, rules=rules, multiply=multiply)

    for a, b in zip(numbers(plain), numbers(scaled), strict=True):
        assert b is None if a is None else b == pytest.approx(a * multiply)
    assert [(p.side, p.signals, p.close_to_limits) for p in plain.points] == [
        (p.side, p.signals, p.close_to_limits) for p in scaled.points
    ]


@unhurried
@given(
    st.sampled_from(["xmr", "i", "mr", "run"]),
    st.lists(st.integers(-50, 50), max_size=40),
    st.sampled_from([0.1, 3, 1.7e8]),
    RULES,
)
def test_scaling_measurements_scales_their_chart(type_, y, factor, rules):
    """A change of unit before the chart is made is as good as one after."""
    plain = drawn({"type": type_, "y": y}, rules=rules)
    scaled = drawn({"type": type_, "y": [value * factor for value in y]}, rules=rules)

    for a, b in zip(numbers(plain), numbers(scaled), strict=True):
        assert b is None if a is None else b == pytest.approx(a * factor, rel=1e-9, abs=1e-9 * factor)


@unhurried
@given(
    st.sampled_from(["xmr", "i", "t", "up", "pp"]),
    st.floats(1e-6, 1e9),
    st.integers(2, 60),
    RULES,
    st.booleans(),
)
def test_a_constant_series_has_its_limits_on_the_centre(type_, value, n, rules, screen):
    """No spread, no signal: rounding makes none either."""
    if type_ in RATIO:
        columns: dict[str, Any] = {"numerator": [value] * n, "denominator": [value * 3] * n}
        value = value / (value * 3)
    else:
        columns = {"y": [value] * n}
    made = drawn({"type": type_, **columns}, rules=rules, screen=screen)

    for point in made.points:
        assert [point.centre, point.lower, point.upper] == pytest.approx([value] * 3, rel=1e-12)
        assert (point.side, point.signals) == (0, ())
    if type_ not in RATIO:
        assert {(p.centre, p.lower, p.upper) for p in made.points} == {(value, value, value)}


@unhurried
@given(TYPES.filter(lambda type_: type_ not in RATIO), RULES)
def test_one_point_has_no_limits(type_, rules):
    """Nothing can be said of spread from one point."""
    columns = {"mean": [4], "sd": [1], "size": [5]} if type_ in SUBGROUPS else {"y": [4]}
    point = drawn({"type": type_, **columns}, rules=rules).points[0]

    assert (point.lower, point.upper, point.signals) == (None, None, ())


@unhurried
@given(st.sampled_from(RATIO), st.integers(0, 5), st.integers(5, 9))
def test_one_rate_has_no_limits(type_, above, below):
    """Periods without exposure do not make one period two."""
    made = drawn({"type": type_, "numerator": [above, 0], "denominator": [below, 0]})

    assert (made.points[0].centre, made.points[0].upper, made.points[1].value) == (above / below, None, None)


@unhurried
@given(series(least=1), st.data(), RULES)
def test_gaps_at_the_end_change_nothing_before_them(columns, data, rules):
    """Periods not yet known leave every point that is known as it was."""
    more = data.draw(st.integers(1, 5))
    longer = {name: c if name == "type" else [*c, *[None] * more] for name, c in columns.items()}
    short, long = drawn(columns, rules=rules), drawn(longer, rules=rules)

    assert long.points[: short.n] == short.points
    assert long.segments[0].longest_run == short.segments[0].longest_run


@unhurried
@given(series(least=3, gaps=False), st.data())
def test_frozen_limits_are_those_of_a_chart_of_the_first_points(columns, data):
    """What comes later moves no line."""
    n = len(next(iter(v for k, v in columns.items() if k != "type")))
    freeze = data.draw(st.integers(1, n))
    first = {name: c if name == "type" else c[:freeze] for name, c in columns.items()}
    frozen, alone = drawn(columns, freeze=freeze), drawn(first)

    for a, b in zip(frozen.points, alone.points, strict=False):
        assert [getattr(a, name) for name in ("centre", *LINES)] == [getattr(b, name) for name in ("centre", *LINES)]


@unhurried
@given(series(least=3), st.data(), RULES)
def test_an_excluded_point_moves_neither_limits_nor_runs(columns, data, rules):
    """Whatever its value, the others stay as they are."""
    if columns["type"] in (*RATIO, *SUBGROUPS, "mr"):
        return
    place = data.draw(st.integers(1, len(columns["y"])))
    other = [*columns["y"]]
    other[place - 1] = data.draw(st.integers(1, HUGE))
    a = drawn(columns, rules=rules, exclude=[place])
    b = drawn({**columns, "y": other}, rules=rules, exclude=[place])

    assert [p for p in a.points if not p.excluded] == [p for p in b.points if not p.excluded]
    assert a.points[place - 1].signals in ((), ("astronomical_point",))


@unhurried
@given(series(least=8), RULES)
def test_turning_the_better_way_round_turns_every_verdict_round(columns, rules):
    """Improvement one way is concern the other way, and neither for nobody."""
    turned = {
        "special_cause_improvement": "special_cause_concern",
        "special_cause_concern": "special_cause_improvement",
        "common_cause": "common_cause",
    }
    up, down = (drawn(columns, rules=rules, direction=way) for way in ("increase", "decrease"))

    assert [turned[p.point_type] for p in up.points] == [p.point_type for p in down.points]
    assert [replace(p, point_type="") for p in up.points] == [replace(p, point_type="") for p in down.points]
