"""Charts of subgroups with several observations each: xbar and s."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, fsum, lgamma, sqrt

from shared.statistics.averages import mean
from shared.statistics.lines import Basis, Fit, Lines, around, cut, everywhere
from shared.statistics.series import Series

__all__ = ["c4", "c5", "fit_s", "fit_xbar"]

# From here on the difference of two log gammas loses more digits than the series leaves out.
_SERIES_FROM = 1000


def c4(size: float) -> float:
    """Return the share of sigma that the sample standard deviation shows on average.

    Source: Montgomery, Introduction to Statistical Quality Control, appendix VI; the series for large
    samples follows from that of the gamma function.

    Args:
        size: Observations in the subgroup, 2 or more.

    Returns:
        A number between 0.79 and 1.
    """
    if size < _SERIES_FROM:
        return sqrt(2 / (size - 1)) * exp(lgamma(size / 2) - lgamma((size - 1) / 2))
    return 1 - _lost(size)


def c5(size: float) -> float:
    """Return the standard deviation of the sample standard deviation, as a share of sigma.

    Args:
        size: Observations in the subgroup, 2 or more.

    Returns:
        The root of 1 - c4 squared.
    """
    lost = 1 - c4(size) if size < _SERIES_FROM else _lost(size)
    return sqrt(lost * (2 - lost))


def fit_xbar(part: Series, basis: Basis) -> Fit:
    """Draw the means of subgroups.

    Source: Montgomery, section 6.3 (A3 = 3 / (c4 sqrt(n))).

    Args:
        part: One segment with sizes and standard deviations.
        basis: What the limits are computed from.

    Returns:
        The mean weighted by size, and limits at subgroups of 2 and more.
    """
    weighed = [(v, n) for i in basis.baseline if (v := part.values[i]) is not None and (n := part.sizes[i])]
    if not weighed:
        return everywhere(part.values, None, None)
    if len({value for value, _ in weighed}) == 1:
        centre = weighed[0][0]
    else:
        centre = fsum(value * size for value, size in weighed) / fsum(size for _, size in weighed)
    spread = _pooled(part, basis) if len(weighed) > 1 else None
    return _subgroup_fit(part, centre, spread, lambda sd, size: around(centre, sd / (c4(size) * sqrt(size))))


def fit_s(part: Series, basis: Basis) -> Fit:
    """Draw the standard deviations of subgroups; lines are cut at 0.

    Source: Montgomery, section 6.3 (B3 and B4 = 1 -+ 3 c5 / c4).

    Args:
        part: One segment with sizes and standard deviations.
        basis: What the limits are computed from.

    Returns:
        The mean or pooled standard deviation, and limits at subgroups of 2 and more.
    """
    centre = _pooled(part, basis)
    several = sum(part.values[index] is not None for index in basis.baseline) > 1
    spread = centre if several else None
    return _subgroup_fit(part, centre, spread, lambda sd, size: cut(around(sd, sd * c5(size) / c4(size))))


def _pooled(part: Series, basis: Basis) -> float | None:
    """Average standard deviations where all sizes are equal, else pool them by degrees of freedom."""
    sizes = {n for i in basis.baseline if part.values[i] is not None and (n := part.sizes[i])}
    known = [(sd, n) for i in basis.baseline if (sd := part.sds[i]) is not None and (n := part.sizes[i]) and n > 1]
    if len(sizes) == 1 or len({sd for sd, _ in known}) <= 1:
        return mean([sd for sd, _ in known])
    return sqrt(fsum((n - 1) * sd * sd for sd, n in known) / fsum(n - 1 for _, n in known))


def _subgroup_fit(
    part: Series, centre: float | None, spread: float | None, lines_of: Callable[[float, float], Lines]
) -> Fit:
    lines: list[Lines | None] = [
        lines_of(spread, size) if spread is not None and value is not None and size and size > 1 else None
        for value, size in zip(part.values, part.sizes, strict=True)
    ]
    return Fit(part.values, centre, lines)


def _lost(size: float) -> float:
    return 1 / (4 * size) + 7 / (32 * size**2) + 19 / (128 * size**3)
