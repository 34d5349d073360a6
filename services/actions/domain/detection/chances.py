"""Exact chances of counts, given counts and weights before; the two tails, for numbers and for arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import betainc, betaincc

__all__ = ["as_few", "as_many"]


def as_many(observed: Any, before: Any, share: Any) -> Any:
    """Return the chance of so many events or more, given the sum of both counts.

    The conditional test of two Poisson rates: the window's count is binomial with the window's share of the weight.
    `before` may hold pseudo-events of a prior, which makes it the tail of the gamma-Poisson predictive distribution.

    Source: Przyborowski and Wilenski, Biometrika 31 (1940).

    Args:
        observed: Events in the window, 0 or more.
        before: Events in the baseline, 0 or more; need not be whole.
        share: The window's share of window and baseline together, between 0 and 1.

    Returns:
        p-values, 1 where nothing was observed.
    """
    return np.where(np.asarray(observed) > 0, betainc(np.maximum(observed, 1e-9), np.asarray(before) + 1.0, share), 1.0)


def as_few(observed: Any, before: Any, share: Any) -> Any:
    """Return the chance of so few events or fewer, given the sum of both counts; arguments as in `as_many`."""
    few = betaincc(np.asarray(observed) + 1.0, np.maximum(before, 1e-9), share)
    return np.where(np.asarray(before) > 0, few, 1.0)
