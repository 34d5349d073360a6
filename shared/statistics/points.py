"""The points of one segment: where each lies to the lines, and what the tests say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.statistics.lines import Fit
from shared.statistics.rule_sets import Direction, Findings, Rules, find, point_type, special_cause
from shared.statistics.rule_tests import astronomical_point, sides_of
from shared.statistics.series import Label, Series

__all__ = ["Point", "points_of"]


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a chart; numbers are None where there are none.

    Attributes:
        x: Its label.
        value: What is drawn.
        numerator: As given, of a ratio.
        denominator: As given, of a ratio.
        centre: The centre line.
        lower: Lower limit, 3 sigma.
        upper: Upper limit, 3 sigma.
        near_lower: 2 sigma below.
        near_upper: 2 sigma above.
        inner_lower: 1 sigma below.
        inner_upper: 1 sigma above.
        segment: From 1.
        in_baseline: Whether it lies among the points that limits are computed from.
        excluded: Whether it is left out of limits and of the tests for runs.
        side: -1, 0 or 1 to the centre; 0 where there is no value.
        outside_limits: Whether it is strictly beyond a limit.
        close_to_limits: Whether it is beyond 2 sigma, but not beyond 3.
        signals: All tests that hold.
        special_cause: The first special cause that holds, or None.
        point_type: What it means, given which way is better.
    """

    x: Label
    value: float | None
    numerator: float | None
    denominator: float | None
    centre: float | None
    lower: float | None
    upper: float | None
    near_lower: float | None
    near_upper: float | None
    inner_lower: float | None
    inner_upper: float | None
    segment: int
    in_baseline: bool
    excluded: bool
    side: int
    outside_limits: bool
    close_to_limits: bool
    signals: tuple[str, ...]
    special_cause: str | None
    point_type: str


@dataclass(frozen=True, slots=True)
class _Tested:
    sides: list[int]
    outside: list[int]
    beyond: list[int]
    found: Findings


_NO_LINES = (None,) * 6


def points_of(
    part: Series,
    fit: Fit,
    kept: Sequence[int],
    baseline: int,
    segment: int,
    rules: Rules,
    direction: Direction,
    multiply: float,
) -> list[Point]:
    """Test the points of one segment and put them together.

    Args:
        part: The segment as given.
        fit: Its values and lines.
        kept: Indices of the points that are not excluded.
        baseline: How many points from the start the limits are computed from.
        segment: Its number, from 1.
        rules: The rule set.
        direction: Which way is better.
        multiply: Unit of values and lines, above 0; applied after the tests.

    Returns:
        One point for each of the segment.
    """
    lines = [line or _NO_LINES for line in fit.lines]
    tested = _tested(fit, lines, kept, rules)
    in_tests = set(kept)
    points = []
    for i, numbers in enumerate(lines):
        lower, near_lower, inner_lower, inner_upper, near_upper, upper = _times(numbers, multiply)
        value, centre = _times((fit.values[i], fit.centre), multiply)
        points.append(
            Point(
                part.labels[i],
                value,
                part.numerators[i],
                part.denominators[i],
                centre,
                lower,
                upper,
                near_lower,
                near_upper,
                inner_lower,
                inner_upper,
                segment,
                i < baseline,
                i not in in_tests,
                *_verdict(tested, i, direction),
            )
        )
    return points


def _tested(fit: Fit, lines: Sequence[Sequence[float | None]], kept: Sequence[int], rules: Rules) -> _Tested:
    values, size = fit.values, len(fit.values)
    sides = sides_of(values, [fit.centre] * size)
    outside = astronomical_point(values, [line[0] for line in lines], [line[5] for line in lines])
    beyond = astronomical_point(values, [line[1] for line in lines], [line[4] for line in lines])
    of_kept = ([of[i] for i in kept] for of in (sides, outside, beyond))
    found = find(rules, [values[i] for i in kept], *of_kept)
    return _Tested(sides, outside, beyond, _spread(found, kept, size))


def _verdict(tested: _Tested, i: int, direction: Direction) -> tuple[int, bool, bool, tuple[str, ...], str | None, str]:
    """Return the last six fields of a point."""
    outside, found = tested.outside[i], tested.found
    shifted, trending, pair = found.shift[i], found.trend[i], found.two_in_three[i]
    return (
        tested.sides[i],
        outside != 0,
        tested.beyond[i] != 0 and outside == 0,
        _signals(outside, shifted, trending, pair),
        special_cause(outside, trending, pair, shifted),
        point_type(outside or trending or pair or shifted, direction),
    )


def _spread(found: Findings, kept: Sequence[int], size: int) -> Findings:
    """Put what was found among the kept points back into their places."""
    if len(kept) == size:
        return found
    spread = []
    for sides in (found.shift, found.trend, found.two_in_three):
        full = [0] * size
        for index, side in zip(kept, sides, strict=True):
            full[index] = side
        spread.append(full)
    return Findings(*spread)


def _signals(outside: int, shifted: int, trending: int, pair: int) -> tuple[str, ...]:
    if not (outside or shifted or trending or pair):
        return ()
    held = {"astronomical_point": outside, "shift": shifted, "trend": trending, "two_in_three": pair}
    return tuple(name for name, way in held.items() if way)


def _times(numbers: Sequence[float | None], multiply: float) -> Sequence[float | None]:
    if multiply == 1:
        return numbers
    return [None if number is None else number * multiply for number in numbers]
