"""The Anhoej tests: is the longest run too long, are there too few crossings of the centre."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from scipy.special import bdtr, bdtrik

__all__ = ["Runs", "runs_of"]


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of one segment; None where no point is off the centre.

    Attributes:
        useful: Points that are not on the centre.
        longest: Points in the longest run on one side.
        longest_max: The longest run that chance alone explains.
        crossings: How often neighbours lie on different sides.
        crossings_min: The fewest crossings that chance alone explains.
        signal: Whether either is passed.
    """

    useful: int
    longest: int | None
    longest_max: int | None
    crossings: int | None
    crossings_min: int | None
    signal: bool


def runs_of(sides: Sequence[int]) -> Runs:
    """Count runs and crossings; points on the centre and gaps are left out.

    Sources: Anhoej and Olesen, PLoS ONE 9 (2014); the limit of the longest run is Schilling's (2012), that
    of the crossings the 5 % quantile of a fair coin (Chen, 2010).

    Args:
        sides: -1, 0 or 1 for each point.

    Returns:
        The counts, their limits, and whether they are passed.
    """
    lengths = [sum(1 for _ in run) for _, run in groupby(side for side in sides if side)]
    useful = sum(lengths)
    if not useful:
        return Runs(0, None, None, None, None, False)
    longest, crossings = max(lengths), len(lengths) - 1
    longest_max, crossings_min = round(math.log2(useful)) + 3, _fewest_crossings(useful)
    signal = longest > longest_max or crossings < crossings_min
    return Runs(useful, longest, longest_max, crossings, crossings_min, signal)


@lru_cache(maxsize=4096)
def _fewest_crossings(useful: int) -> int:
    """Return the 5 % quantile of the binomial with `useful` - 1 tosses of a fair coin."""
    tosses = useful - 1
    if tosses == 0:
        return 0
    fewest = max(math.ceil(float(bdtrik(0.05, tosses, 0.5))), 0) if tosses > 4 else 0
    while fewest > 0 and bdtr(fewest - 1, tosses, 0.5) >= 0.05:
        fewest -= 1
    while bdtr(fewest, tosses, 0.5) < 0.05:
        fewest += 1
    return fewest
