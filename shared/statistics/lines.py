"""The lines of a chart at one point, and those of one segment; how they are computed is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

__all__ = ["Basis", "Fit", "Lines", "around", "cut", "everywhere", "known"]


@dataclass(frozen=True, slots=True)
class Basis:
    """What limits are computed from.

    Attributes:
        kept: Indices of the points of the segment that are not excluded, gaps among them, in order.
        baseline: Those of them that the limits are computed from.
        screen: Whether moving ranges that are signals themselves are left out.
    """

    kept: tuple[int, ...]
    baseline: tuple[int, ...]
    screen: bool


class Lines(NamedTuple):
    """Limits at one point: 3 sigma, 2 sigma (near) and 1 sigma (inner) to both sides."""

    lower: float
    near_lower: float
    inner_lower: float
    inner_upper: float
    near_upper: float
    upper: float


@dataclass(frozen=True, slots=True)
class Fit:
    """What a type of chart makes of one segment.

    Attributes:
        values: What is drawn; differs from the series only for moving ranges.
        centre: The centre line; None where no point has a value.
        lines: Limits at each point; None where there are none.
    """

    values: tuple[float | None, ...]
    centre: float | None
    lines: list[Lines | None]


def around(centre: float, sigma: float) -> Lines:
    """Return the lines at 1, 2 and 3 sigma to both sides of a centre.

    Args:
        centre: Where they are counted from.
        sigma: One step, 0 or more.

    Returns:
        The six lines, not cut.
    """
    return Lines(
        centre - 3 * sigma,
        centre - 2 * sigma,
        centre - sigma,
        centre + sigma,
        centre + 2 * sigma,
        centre + 3 * sigma,
    )


def cut(lines: Lines, least: float = 0.0, most: float = inf) -> Lines:
    """Keep lines within what a value can be.

    Args:
        lines: The lines as computed.
        least: The least a value can be.
        most: The most a value can be.

    Returns:
        Lines that are at least `least` and at most `most`.
    """
    return Lines(*(min(max(line, least), most) for line in lines))


def everywhere(values: Sequence[float | None], centre: float | None, lines: Lines | None) -> Fit:
    """Return a fit whose lines are the same at every point."""
    return Fit(tuple(values), centre, [lines] * len(values))


def known(values: Sequence[float | None], indices: Sequence[int]) -> list[float]:
    """Return the values at some indices without the gaps."""
    return [value for index in indices if (value := values[index]) is not None]
