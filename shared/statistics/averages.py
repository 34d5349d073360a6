"""Means, medians, signs and moving ranges that are exact to the last place a float can show."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import fsum

__all__ = ["MOVING_RANGE_SCREEN", "ROUNDING", "mean", "mean_moving_range", "median", "sign_between"]

MOVING_RANGE_SCREEN = 3.267
# Four units in the last place: what rounding alone can put between two numbers that are equal on paper.
ROUNDING = 4 * 2.0**-52


def mean(values: Sequence[float]) -> float | None:
    """Average numbers so that equal ones average to themselves.

    A second pass adds what the first one lost to rounding, as R's mean does.

    Args:
        values: The numbers, in any order.

    Returns:
        Their mean; None of nothing.
    """
    if not values:
        return None
    count = len(values)
    first = fsum(values) / count
    return first + fsum([value - first for value in values]) / count


def median(values: Sequence[float]) -> float | None:
    """Return the middle number, or the mean of the two in the middle.

    Args:
        values: The numbers, in any order.

    Returns:
        Their median; None of nothing.
    """
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def sign_between(value: float, line: float) -> int:
    """Say on which side of a line a value is; rounding alone puts it on neither.

    Args:
        value: The number.
        line: What it is held against.

    Returns:
        1 above, -1 below, 0 on the line.
    """
    apart = value - line
    if -ROUNDING * abs(line) <= apart <= ROUNDING * abs(line):
        return 0
    return 1 if apart > 0 else -1


def mean_moving_range(values: Sequence[float | None], screen: bool) -> float | None:
    """Average the distances between neighbours; a gap is not bridged.

    Source of the screen: Nelson, Journal of Quality Technology 14 (1982): a moving range of at least
    3.267 times the mean is itself a signal, so it is left out, once.

    Args:
        values: In time order; None is a gap.
        screen: Whether to leave out the moving ranges that are signals themselves.

    Returns:
        The mean moving range, 0 or more; None where no two neighbours have values.
    """
    ranges = [
        0.0 if sign_between(value, before) == 0 else abs(value - before)
        for before, value in pairwise(values)
        if value is not None and before is not None
    ]
    average = mean(ranges)
    if not screen or not average:
        return average
    return mean([r for r in ranges if sign_between(r, MOVING_RANGE_SCREEN * average) < 0])
