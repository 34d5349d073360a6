"""The single tests for special causes; which of them belong together is said by the rule sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from shared.statistics.averages import ROUNDING, sign_between

__all__ = ["MARKS", "Mark", "astronomical_point", "shift", "sides_of", "trend", "two_beyond_in_three", "two_in_three"]

Mark = Literal["last", "run", "beyond"]
MARKS: tuple[str, ...] = get_args(Mark)
Numbers = Sequence[float | None]


def sides_of(values: Numbers, lines: Numbers) -> list[int]:
    """Say for each value on which side of its line it is.

    Args:
        values: None is a gap.
        lines: One for each value; None where there is no line.

    Returns:
        -1 below, 1 above; 0 on the line, or where either is missing.
    """
    return [
        0 if value is None or line is None else sign_between(value, line)
        for value, line in zip(values, lines, strict=True)
    ]


def astronomical_point(values: Numbers, lower: Numbers, upper: Numbers) -> list[int]:
    """Find points strictly beyond a limit.

    Args:
        values: None is a gap.
        lower: Lower limit at each point, or None.
        upper: Upper limit at each point, or None.

    Returns:
        -1 below the lower limit, 1 above the upper one, 0 elsewhere.
    """
    found = []
    for value, low, high in zip(values, lower, upper, strict=True):
        if value is None:
            found.append(0)
            continue
        # A limit near 0 is the difference of two larger numbers and carries their rounding.
        rounding = ROUNDING * max(abs(low or 0.0), abs(high or 0.0))
        over = high is not None and value - high > rounding
        under = low is not None and low - value > rounding
        found.append(1 if over else -1 if under else 0)
    return found


def shift(sides: Sequence[int], n: int = 7, mark: Mark = "run") -> list[int]:
    """Find runs of at least n points on one side of the centre.

    Args:
        sides: -1, 0 or 1 for each point; 0 ends a run.
        n: Points it takes, 1 or more.
        mark: `last`: points at which the run is n long or longer; otherwise all its members.

    Returns:
        The side of each marked point, 0 elsewhere.
    """
    found = [0] * len(sides)
    length = 0
    for index, side in enumerate(sides):
        length = length + 1 if side and index and side == sides[index - 1] else 1 if side else 0
        if length >= n:
            _put(found, index, side, 1 if mark == "last" else n)
    return found


def trend(values: Numbers, n: int = 7, mark: Mark = "run") -> list[int]:
    """Find runs of at least n points that rise, or fall, at each step.

    Where one trend turns into another, the point they share belongs to the later one.

    Args:
        values: None is a gap and ends a trend, as an equal neighbour does.
        n: Points it takes, 2 or more: n - 1 steps.
        mark: `last`: points at which the trend is n long or longer; otherwise all its members.

    Returns:
        1 for rising, -1 for falling, 0 elsewhere.
    """
    found = [0] * len(values)
    steps = sides_of(values[1:], values[:-1])
    length = 0
    for index, step in enumerate(steps):
        length = length + 1 if step and index and step == steps[index - 1] else 1 if step else 0
        if length >= n - 1:
            _put(found, index + 1, step, 1 if mark == "last" else n)
    return found


def two_in_three(sides: Sequence[int], close: Sequence[bool], mark: Mark = "beyond") -> list[int]:
    """Find three points in a row on one side of the centre, two of them at least close to the limit.

    Source: the "Making Data Count" rules as NHSRplotthedots applies them.

    Args:
        sides: -1, 0 or 1 for each point.
        close: Whether each point is beyond 2 sigma but not beyond 3.
        mark: `last`: the third point; `run`: all three; `beyond`: those close to the limit.

    Returns:
        The side of each marked point, 0 elsewhere.
    """
    found = [0] * len(sides)
    for third in range(2, len(sides)):
        window = range(third - 2, third + 1)
        if abs(sum(sides[i] for i in window)) == 3 and sum(close[i] for i in window) >= 2:
            _put_marked(found, window, sides[third], close, mark)
    return found


def two_beyond_in_three(beyond: Sequence[int], mark: Mark = "beyond") -> list[int]:
    """Find two points beyond 2 sigma on one side among three in a row, wherever the third lies.

    A third point beyond the other limit takes one of the two away; the first two points alone are enough.

    Source: the rule of PowerBI-SPC.

    Args:
        beyond: 1 above the upper 2 sigma line, -1 below the lower one, 0 between, for each point.
        mark: `last`: the third point; `run`: all three; `beyond`: those beyond the line.

    Returns:
        The side of each marked point, 0 elsewhere.
    """
    found = [0] * len(beyond)
    for third in range(len(beyond)):
        window = range(max(0, third - 2), third + 1)
        net = sum(beyond[i] for i in window)
        if abs(net) >= 2:
            _put_marked(found, window, 1 if net > 0 else -1, beyond, mark)
    return found


def _put(found: list[int], last: int, side: int, length: int) -> None:
    for index in range(last - length + 1, last + 1):
        found[index] = side


def _put_marked(found: list[int], window: range, side: int, members: Sequence[int], mark: Mark) -> None:
    for index in window:
        if mark == "run" or (mark == "last" and index == window[-1]) or (mark == "beyond" and members[index]):
            found[index] = side
