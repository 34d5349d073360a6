"""Funnels with and without overdispersion, and the choice of a chart."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from shared.statistics.chart_choice import choose_chart
from shared.statistics.funnel import funnel_limits, overdispersed_limits, overdispersion

# A busy machine is no defect of a formula.
unhurried = settings(deadline=None)


@unhurried
@given(st.floats(1e-3, 1e9), st.sampled_from([0.95, 0.998]))
def test_funnel_limits_are_the_chi_square_form(expected, coverage):
    """Both tails, also of expected numbers that are not whole."""
    found, tail = funnel_limits(expected, coverage), (1 - coverage) / 2

    assert found.lower == pytest.approx(chi2.ppf(tail, 2 * expected) / (2 * expected), rel=1e-6, abs=1e-12)
    assert found.upper == pytest.approx(chi2.isf(tail, 2 * expected + 2) / (2 * expected), rel=1e-6)


def test_sites_that_differ_by_chance_are_not_overdispersed():
    """phi at most 1 leaves no variance between sites."""
    assert overdispersion([10, 11, 9, 10], [10, 10, 10, 10]).between_variance == 0
    assert overdispersion([10], [3]).between_variance == 0


def test_sites_that_differ_more_widen_the_limits():
    """phi by hand on the root scale; the variance widens the limits to both sides alike."""
    observed, expected = [40, 160] * 10, [100.0] * 20
    found = overdispersion(observed, expected)
    z = [2 * (math.sqrt(o) - 10) for o in (40, 160)]
    wide = overdispersed_limits(100, 0.95, found.between_variance)

    assert found.phi == pytest.approx((z[0] ** 2 + z[1] ** 2) / 2)
    assert found.between_variance == pytest.approx((20 * found.phi - 19) / (2000 - 100))
    assert wide.upper == pytest.approx(math.exp(1.959964 * math.sqrt(0.01 + found.between_variance)), rel=1e-6)
    assert wide.lower == pytest.approx(1 / wide.upper)


def test_one_wild_site_does_not_hide_itself():
    """Winsorising draws it in."""
    assert overdispersion([10] * 19 + [400], [10] * 20).phi == 0


@pytest.mark.parametrize("bad", [(0, 0.95), (math.inf, 0.95), (5, 1.0), (5, 0)])
def test_impossible_funnels_are_refused(bad):
    """No expected events, no limits."""
    with pytest.raises(ValueError, match="must"):
        funnel_limits(*bad)
    with pytest.raises(ValueError, match="must"):
        overdispersed_limits(*bad, 0.1)


def test_impossible_overdispersion_is_refused():
    """As many of each, and each what it can be."""
    with pytest.raises(ValueError, match="as many"):
        overdispersion([1], [1, 2])
    with pytest.raises(ValueError, match="must be"):
        overdispersion([1, 2], [1, 0])
    with pytest.raises(ValueError, match="must be"):
        overdispersed_limits(5, 0.95, -1)


@pytest.mark.parametrize(
    ("counts", "exposures", "exact_times", "type_", "reason"),
    [
        ([None, None], None, False, "run", "no_data"),
        ([0, 1, 0, 0, 1], None, False, "g", "rare"),
        ([0, 1, 0, 0, 1], None, True, "t", "rare"),
        ([2, 3, 1, 4], None, False, "c", "few"),
        ([7, 9, 6, 8], [100, 105, 98, None], False, "xmr", "steady"),
        ([2, 3, 1, 4], [100, 200, 50, 300], False, "u", "varying_exposure"),
        ([900, 2500, 400, 3900], [10000, 20000, 5000, 30000], False, "up", "more_than_chance"),
    ],
)
def test_the_data_choose_the_chart(counts, exposures, exact_times, type_, reason):
    """Rare events by the gaps between them, few by counts, many as they are, rates where exposure varies."""
    found = choose_chart(counts, exposures, exact_times)

    assert (found.type, found.reason) == (type_, reason)
