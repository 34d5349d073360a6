"""Charts whose sigma is what chance alone gives to counts and shares: c, u, p, Laney's u' and p', and g."""

from __future__ import annotations

from math import fsum, inf, sqrt

from shared.statistics.averages import mean, mean_moving_range, median, sign_between
from shared.statistics.lines import Basis, Fit, Lines, around, cut, everywhere, known
from shared.statistics.series import Series

__all__ = ["fit_c", "fit_g", "fit_p", "fit_pp", "fit_run", "fit_u", "fit_up"]

_D2 = 1.128


def fit_run(part: Series, basis: Basis) -> Fit:
    """Draw the median and no limits.

    Args:
        part: One segment.
        basis: What the median is computed from.

    Returns:
        The median.
    """
    return everywhere(part.values, median(known(part.values, basis.baseline)), None)


def fit_c(part: Series, basis: Basis) -> Fit:
    """Draw counts; sigma is the root of their mean, lines are cut at 0.

    Source: Montgomery, Introduction to Statistical Quality Control, section 7.3.1.

    Args:
        part: One segment of counts.
        basis: What the limits are computed from.

    Returns:
        Mean and limits; no limits from one point alone.
    """
    counts = known(part.values, basis.baseline)
    centre = mean(counts)
    lines = None if centre is None or len(counts) < 2 else cut(around(centre, sqrt(centre)))
    return everywhere(part.values, centre, lines)


def fit_g(part: Series, basis: Basis) -> Fit:
    """Draw opportunities between events; the centre is the median, the limits stand around the mean.

    Sources: Montgomery, section 7.3.5, for sigma; Provost and Murray, The Health Care Data Guide (2011), for
    the median, without which the tests for runs misfire on so skewed a distribution.

    Args:
        part: One segment of counts between events.
        basis: What the limits are computed from.

    Returns:
        Median and limits; no limits from one point alone.
    """
    counts = known(part.values, basis.baseline)
    average = mean(counts)
    lines = None
    if average is not None and len(counts) >= 2:
        lines = cut(around(average, sqrt(average) * sqrt(average + 1)))
    return everywhere(part.values, median(counts), lines)


def fit_u(part: Series, basis: Basis) -> Fit:
    """Draw rates against exposure; limits are wider where there is less of it.

    Source: Montgomery, section 7.3.2.

    Args:
        part: One segment with counts and exposures.
        basis: What the limits are computed from.

    Returns:
        The pooled rate, and limits at the points that have count and exposure.
    """
    return _ratio_fit(part, basis, most=inf, laney=False)


def fit_up(part: Series, basis: Basis) -> Fit:
    """Draw rates as in u, sigma stretched by the spread that is between the periods.

    Source: Laney, Quality Engineering 14 (2002).

    Args:
        part: One segment with counts and exposures.
        basis: What the limits are computed from.

    Returns:
        The pooled rate, and limits at the points that have count and exposure.
    """
    return _ratio_fit(part, basis, most=inf, laney=True)


def fit_p(part: Series, basis: Basis) -> Fit:
    """Draw shares; lines are cut at 0 and 1.

    Source: Montgomery, section 7.2.

    Args:
        part: One segment with numerators and denominators.
        basis: What the limits are computed from.

    Returns:
        The pooled share, and limits at the points that have both.
    """
    return _ratio_fit(part, basis, most=1.0, laney=False)


def fit_pp(part: Series, basis: Basis) -> Fit:
    """Draw shares as in p, sigma stretched by the spread that is between the periods.

    Source: Laney, Quality Engineering 14 (2002).

    Args:
        part: One segment with numerators and denominators.
        basis: What the limits are computed from.

    Returns:
        The pooled share, and limits at the points that have both.
    """
    return _ratio_fit(part, basis, most=1.0, laney=True)


def _ratio_fit(part: Series, basis: Basis, most: float, laney: bool) -> Fit:
    pairs = [index for index in basis.baseline if part.values[index] is not None]
    if not pairs:
        return everywhere(part.values, None, None)
    centre = fsum(known(part.numerators, pairs)) / fsum(known(part.denominators, pairs))
    chance = sqrt(centre * (1 - centre) if most == 1 else centre)
    stretch = _stretch(part, basis, centre, chance) if laney else 1.0
    if len(pairs) < 2 or stretch is None:
        return everywhere(part.values, centre, None)
    lines: list[Lines | None] = [
        cut(around(centre, stretch * chance / sqrt(below)), most=most) if value is not None and below else None
        for value, below in zip(part.values, part.denominators, strict=True)
    ]
    return Fit(part.values, centre, lines)


def _stretch(part: Series, basis: Basis, centre: float, chance: float) -> float | None:
    """Return Laney's sigma z: the mean moving range of the z values / 1.128."""
    if not chance:
        return 0.0
    z: list[float | None] = []
    for index in basis.baseline:
        value, below = part.values[index], part.denominators[index]
        if value is None or not below:
            z.append(None)
        else:
            apart = value - centre if sign_between(value, centre) else 0.0
            z.append(apart / (chance / sqrt(below)))
    average = mean_moving_range(z, screen=False)
    return None if average is None else average / _D2
