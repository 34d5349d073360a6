"""Comparing two Poisson rates exactly, by conditioning on their sum; charts and funnels are elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincinv, ndtri

__all__ = ["RateRatio", "events_needed", "rate_ratio", "rise_p_value"]


@dataclass(frozen=True, slots=True)
class RateRatio:
    """A rate after something against the rate before it.

    Attributes:
        ratio: The rate after divided by the rate before; infinite where nothing happened before, nan
            where nothing happened at all.
        low: Lower limit of the exact interval, 0 or more.
        high: Upper limit of the exact interval; may be infinite.
        p_value: Two-sided and central, so that it is below 1 - confidence just where the interval leaves 1 out.
    """

    ratio: float
    low: float
    high: float
    p_value: float


def rate_ratio(
    after_events: int,
    after_exposure: float,
    before_events: int,
    before_exposure: float,
    confidence: float = 0.95,
) -> RateRatio:
    """Compare two rates by the exact conditional method.

    Given the sum of two Poisson counts, the first is binomial with p = RR * Ea / (RR * Ea + Eb). The
    Clopper-Pearson interval of that p, turned back into a ratio, is the interval of the rate ratio.

    Sources: Przyborowski and Wilenski, Biometrika 31 (1940), for the conditioning; Clopper and Pearson,
    Biometrika 26 (1934), for the interval.

    Args:
        after_events: Events after, 0 or more.
        after_exposure: Exposure after, above 0, in any unit.
        before_events: Events before, 0 or more.
        before_exposure: Exposure before, above 0, in the same unit.
        confidence: Of the two-sided interval, between 0 and 1.

    Returns:
        Ratio, interval and p-value.

    Raises:
        ValueError: a count is negative, an exposure is not above 0, or the confidence is not between 0 and 1.
    """
    _refuse_bad(after_events, after_exposure, before_events, before_exposure)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    tail = (1 - confidence) / 2
    a, b = after_events, before_events
    low = float(betaincinv(a, b + 1, tail)) if a else 0.0
    high = float(betaincinv(a + 1, b, 1 - tail)) if b else 1.0
    scale = before_exposure / after_exposure
    share = after_exposure / (after_exposure + before_exposure)
    at_least, at_most = _upper_tail(a, a + b, share), _upper_tail(b, a + b, 1 - share)
    return RateRatio(
        ratio=(a / b if b else math.inf if a else math.nan) * scale,
        low=_odds(low) * scale,
        high=_odds(high) * scale,
        p_value=min(1.0, 2 * min(at_least, at_most)),
    )


def rise_p_value(observed: int, exposure: float, baseline_events: int, baseline_exposure: float) -> float:
    """Tell how likely so many events or more are where the rate is still that of the baseline.

    Exact and one-sided: given the sum of both counts, the observed one is binomial. The baseline's own
    uncertainty is in it, so a short or empty baseline cannot make much of a few events.

    Source: Przyborowski and Wilenski, Biometrika 31 (1940).

    Args:
        observed: Events in the window, 0 or more.
        exposure: The window's exposure, above 0.
        baseline_events: Events in the baseline, 0 or more.
        baseline_exposure: The baseline's exposure, above 0, in the same unit.

    Returns:
        The p-value, above 0 and at most 1.

    Raises:
        ValueError: a count is negative, or an exposure is not above 0.
    """
    _refuse_bad(observed, exposure, baseline_events, baseline_exposure)
    return _upper_tail(observed, observed + baseline_events, exposure / (exposure + baseline_exposure))


def events_needed(fall: float, confidence: float = 0.95) -> int:
    """Say how many baseline events it takes before a fall of a size can be shown at equal exposure.

    It is the number from which on, for itself and every larger one, the exact interval of the ratio lies
    below 1 when the events fall by just that share (the count after is rounded half up). A true fall of
    that size passes about half the time.

    Args:
        fall: The share by which events fall, from 0.05 to 1.
        confidence: Of the two-sided interval, between 0 and 1.

    Returns:
        Baseline events, 1 or more.

    Raises:
        ValueError: the fall or the confidence is out of its range.
    """
    if not 0.05 <= fall <= 1:
        raise ValueError(f"fall must lie between 0.05 and 1, not {fall}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    tail = (1 - confidence) / 2
    keep = max(1 - fall, 0.05)
    # The normal approximation says where to look; four times that is far above the last count that fails.
    near = (float(ndtri(tail)) / math.log(keep)) ** 2 * (1 + 1 / keep)
    before = np.arange(1, int(4 * near) + 100)
    after = np.floor(before * (1 - fall) + 0.5 + 1e-9)
    shown = betaincinv(after + 1, before, 1 - tail) < 0.5
    failing = before[~shown]
    return int(failing[-1]) + 1 if failing.size else 1


def _upper_tail(count: int, trials: int, share: float) -> float:
    """Return the binomial chance of `count` or more, by its identity with the incomplete beta function."""
    return 1.0 if count == 0 else float(betainc(count, trials - count + 1, share))


def _odds(probability: float) -> float:
    return probability / (1 - probability) if probability < 1 else math.inf


def _refuse_bad(a: int, exposure_a: float, b: int, exposure_b: float) -> None:
    if a < 0 or b < 0:
        raise ValueError(f"counts must be 0 or more, not {a} and {b}")
    if not (exposure_a > 0 and exposure_b > 0):
        raise ValueError(f"exposures must be above 0, not {exposure_a} and {exposure_b}")
