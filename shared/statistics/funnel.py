"""Funnel limits for comparing sites, exact and overdispersed; ranking sites is nowhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import gammainccinv, gammaincinv, ndtri

__all__ = ["FunnelLimits", "Overdispersion", "funnel_limits", "overdispersed_limits", "overdispersion"]


@dataclass(frozen=True, slots=True)
class FunnelLimits:
    """Limits of observed / expected."""

    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Overdispersion:
    """How much more sites differ than chance makes them.

    Attributes:
        phi: Mean square of the Winsorised z values; about 1 where chance alone is at work.
        between_variance: Variance between sites on the log scale; 0 where phi is at most 1.
    """

    phi: float
    between_variance: float


def funnel_limits(expected: float, coverage: float) -> FunnelLimits:
    """Return exact Poisson limits of observed / expected.

    Source: Spiegelhalter, Statistics in Medicine 24 (2005); the chi-square form of the exact interval.

    Args:
        expected: Expected events, above 0.
        coverage: Share of sites within the limits where chance alone is at work, between 0 and 1.

    Returns:
        The limits.

    Raises:
        ValueError: expected or coverage is out of its range.
    """
    _refuse_bad(expected, coverage)
    tail = (1 - coverage) / 2
    # Half a chi-square of 2k degrees of freedom is a gamma of k.
    lower, upper = gammaincinv(expected, tail), gammainccinv(expected + 1, tail)
    return FunnelLimits(float(lower) / expected, float(upper) / expected)


def overdispersion(observed: Sequence[float], expected: Sequence[float]) -> Overdispersion:
    """Estimate how much sites differ beyond chance.

    z is taken on the root scale, and the lowest and highest tenth are drawn in to the next (Winsorised), so
    that a few outlying sites do not widen the limits that should show them.

    Source: Spiegelhalter, Quality and Safety in Health Care 14 (2005), and Statistics in Medicine 31 (2012)
    for the variance between sites.

    Args:
        observed: Events of each site, 0 or more.
        expected: Expected events of each site, above 0, as many.

    Returns:
        phi and the variance between sites; of fewer than two sites, no overdispersion.

    Raises:
        ValueError: the lengths differ, or a number is out of its range.
    """
    if len(observed) != len(expected):
        raise ValueError(f"{len(observed)} observed for {len(expected)} expected; give as many of each")
    if any(o < 0 for o in observed) or not all(0 < e < math.inf for e in expected):
        raise ValueError("observed must be 0 or more, expected above 0")
    sites = len(observed)
    if sites < 2:
        return Overdispersion(1.0, 0.0)
    ordered = sorted(2 * (math.sqrt(o) - math.sqrt(e)) for o, e in zip(observed, expected, strict=True))
    tenth = int(0.1 * sites)
    low, high = ordered[tenth], ordered[sites - 1 - tenth]
    phi = math.fsum(min(max(z, low), high) ** 2 for z in ordered) / sites
    if phi <= 1:
        return Overdispersion(phi, 0.0)
    total = math.fsum(expected)
    # The method of moments with weights 1 / variance, the variance of log(observed / expected) being 1 / expected.
    spread = total - math.fsum(e * e for e in expected) / total
    return Overdispersion(phi, max(0.0, (sites * phi - (sites - 1)) / spread))


def overdispersed_limits(expected: float, coverage: float, between_variance: float) -> FunnelLimits:
    """Return limits of observed / expected that allow for the variance between sites.

    Source: Spiegelhalter, Statistics in Medicine 31 (2012), as FunnelPlotR draws them.

    Args:
        expected: Expected events, above 0.
        coverage: Share of sites within the limits, between 0 and 1.
        between_variance: Variance between sites on the log scale, 0 or more.

    Returns:
        The limits.

    Raises:
        ValueError: a number is out of its range.
    """
    _refuse_bad(expected, coverage)
    if not 0 <= between_variance < math.inf:
        raise ValueError(f"between_variance must be 0 or more, not {between_variance}")
    reach = float(ndtri(0.5 + coverage / 2)) * math.sqrt(1 / expected + between_variance)
    return FunnelLimits(math.exp(-reach), math.exp(reach))


def _refuse_bad(expected: float, coverage: float) -> None:
    if not 0 < expected < math.inf:
        raise ValueError(f"expected must be above 0, not {expected}")
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must lie between 0 and 1, not {coverage}")
