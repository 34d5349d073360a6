"""Charts whose sigma comes from moving ranges: XmR, individuals, moving range and time between events."""

from __future__ import annotations

from collections.abc import Sequence

from shared.statistics.averages import MOVING_RANGE_SCREEN, mean, mean_moving_range
from shared.statistics.lines import Basis, Fit, Lines, around, cut, everywhere, known
from shared.statistics.series import Series

__all__ = ["fit_i", "fit_mr", "fit_t", "fit_xmr"]

# d2 of two observations; XmR as NHS teams draw it rounds 3 / 1.128 to 2.66.
_D2 = 1.128
_XMR_LIMIT = 2.66
# The power that makes exponential times nearly normal (Nelson, Journal of Quality Technology 26, 1994).
_TO_NORMAL = 1 / 3.6


def fit_xmr(part: Series, basis: Basis) -> Fit:
    """Draw limits at 2.66 mean moving ranges from the mean, never cut at 0.

    Source: the "Making Data Count" rules as NHSRplotthedots applies them.

    Args:
        part: One segment.
        basis: What the limits are computed from.

    Returns:
        Mean and limits; no limits where fewer than two neighbours have values.
    """
    centre, average = _centre_and_range(part.values, basis)
    lines = None if centre is None or average is None else around(centre, _XMR_LIMIT * average / 3)
    return everywhere(part.values, centre, lines)


def fit_i(part: Series, basis: Basis) -> Fit:
    """Draw limits at 3 sigma, sigma being the mean moving range / 1.128.

    Source: Montgomery, Introduction to Statistical Quality Control, section 6.4.

    Args:
        part: One segment.
        basis: What the limits are computed from.

    Returns:
        Mean and limits; no limits where fewer than two neighbours have values.
    """
    centre, average = _centre_and_range(part.values, basis)
    lines = None if centre is None or average is None else around(centre, average / _D2)
    return everywhere(part.values, centre, lines)


def fit_mr(part: Series, basis: Basis) -> Fit:
    """Draw the moving ranges themselves, their mean, and 3.267 times it as the upper limit.

    Each point's neighbour is the last one before it that counts; a gap has no range to either side.

    Source: Montgomery, Introduction to Statistical Quality Control, section 6.4 (D4 = 3.267).

    Args:
        part: One segment.
        basis: What the limits are computed from.

    Returns:
        Moving ranges as values; the first has none.
    """
    kept = set(basis.kept)
    ranges: list[float | None] = []
    before: float | None = None
    for index, value in enumerate(part.values):
        ranges.append(abs(value - before) if value is not None and before is not None else None)
        if index in kept:
            before = value
    centre = mean(known(ranges, basis.baseline))
    lines = None if centre is None else cut(around(0.0, MOVING_RANGE_SCREEN * centre / 3))
    return everywhere(ranges, centre, lines)


def fit_t(part: Series, basis: Basis) -> Fit:
    """Draw times between events by an individuals chart of their power 1/3.6, turned back.

    Sources: Nelson, Journal of Quality Technology 26 (1994), for the power; Montgomery, section 7.3.5.

    Args:
        part: One segment; values above 0.
        basis: What the limits are computed from.

    Returns:
        Centre and limits in the unit of the values; a limit below 0 before it is turned back is 0.
    """
    if len(set(known(part.values, basis.baseline))) == 1:
        # Powers there and back would move equal times off their own centre.
        return fit_i(part, basis)
    normal = [None if value is None else value**_TO_NORMAL for value in part.values]
    centre, average = _centre_and_range(normal, basis)
    if centre is None:
        return everywhere(part.values, None, None)
    lines = None if average is None else cut(around(centre, average / _D2))
    turned = None if lines is None else Lines(*(line ** (1 / _TO_NORMAL) for line in lines))
    return everywhere(part.values, centre ** (1 / _TO_NORMAL), turned)


def _centre_and_range(values: Sequence[float | None], basis: Basis) -> tuple[float | None, float | None]:
    moving = mean_moving_range([values[index] for index in basis.baseline], basis.screen)
    return mean(known(values, basis.baseline)), moving
