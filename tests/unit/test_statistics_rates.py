"""Exact comparison of two rates: golden numbers, and properties that hold for all of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from shared.statistics.rates import events_needed, rate_ratio, rise_p_value

COUNTS = st.integers(0, 300)
EXPOSURES = st.floats(0.1, 1e5)


@pytest.mark.parametrize(
    ("cells", "ratio", "low", "high"),
    [
        ((9, 3000, 24, 3000), 0.375, 0.153, 0.836),
        ((12, 3000, 24, 3000), 0.50, 0.228, 1.040),
        ((3, 1000, 12, 1500), 0.375, 0.068, 1.390),
        ((0, 900, 6, 900), 0.0, 0.0, 0.849),
    ],
)
def test_the_exact_interval_has_its_golden_numbers(cells, ratio, low, high):
    """A halving from 24 to 12 is not shown; 9 after 24 is."""
    found = rate_ratio(*cells)

    assert (found.ratio, round(found.low, 3), round(found.high, 3)) == (ratio, low, high)


def test_the_two_sided_p_value_has_its_golden_number():
    """9 after 24 at equal exposure: p = 0.0135."""
    assert round(rate_ratio(9, 3000, 24, 3000).p_value, 4) == 0.0135


@given(COUNTS, EXPOSURES, COUNTS, EXPOSURES)
def test_p_value_and_interval_never_contradict_each_other(a, ea, b, eb):
    """The interval leaves 1 out just where the central p-value is below 5 %."""
    found = rate_ratio(a, ea, b, eb)

    assert found.low <= found.high
    if abs(found.p_value - 0.05) > 1e-9:
        assert (found.p_value < 0.05) == (not found.low <= 1 <= found.high)


@given(COUNTS, EXPOSURES, COUNTS, EXPOSURES)
def test_turning_the_comparison_round_turns_the_interval_round(a, ea, b, eb):
    """Before against after is the reciprocal of after against before."""
    there, back = rate_ratio(a, ea, b, eb), rate_ratio(b, eb, a, ea)

    assert there.p_value == pytest.approx(back.p_value, rel=1e-6)
    if back.high > 0 and not math.isinf(back.high):
        assert there.low == pytest.approx(1 / back.high, rel=1e-6, abs=1e-12)


def test_nothing_before_or_nothing_at_all_is_said_as_it_is():
    """No ratio is made up where a count is 0."""
    assert rate_ratio(3, 10, 0, 10).ratio == math.inf
    assert rate_ratio(3, 10, 0, 10).high == math.inf
    nothing = rate_ratio(0, 10, 0, 10)
    assert math.isnan(nothing.ratio)
    assert (nothing.low, nothing.high, nothing.p_value) == (0.0, math.inf, 1.0)


@given(COUNTS, EXPOSURES, COUNTS, EXPOSURES)
def test_the_one_sided_p_value_is_the_binomial_tail(a, ea, b, eb):
    """The fast form equals the textbook's."""
    expected = binom.sf(a - 1, a + b, ea / (ea + eb))

    assert rise_p_value(a, ea, b, eb) == pytest.approx(expected, rel=1e-6, abs=1e-300)


def test_the_one_sided_p_value_has_a_golden_number():
    """9 in 3 weeks after 12 in 12 weeks, by scipy's own exact test."""
    assert rise_p_value(9, 21, 12, 84) == pytest.approx(binomtest(9, 21, 0.2, "greater").pvalue)
    assert rise_p_value(9, 21, 12, 84) == pytest.approx(0.01441, abs=1e-5)
    assert rise_p_value(0, 21, 12, 84) == 1.0


@pytest.mark.parametrize(
    ("fall", "events"),
    [(0.3, 79), (0.4, 44), (0.5, 28), (0.6, 20), (0.7, 13), (0.8, 10), (0.9, 8), (1.0, 6)],
)
def test_the_evidence_gate_has_its_golden_numbers(fall, events):
    """So many baseline events before a fall of the size can be shown."""
    assert events_needed(fall) == events


@pytest.mark.parametrize("cells", [(-1, 1, 0, 1), (1, 0, 1, 1), (1, 1, 1, -2), (1, math.nan, 1, 1)])
def test_impossible_cells_are_refused(cells):
    """A negative count or an exposure that is not above 0 is a mistake of the caller."""
    with pytest.raises(ValueError, match="must be"):
        rate_ratio(*cells)
    with pytest.raises(ValueError, match="must be"):
        rise_p_value(*cells)


@pytest.mark.parametrize(("fall", "confidence"), [(0.0, 0.95), (1.2, 0.95), (0.5, 1.0), (0.5, 0.0)])
def test_a_fall_or_confidence_out_of_range_is_refused(fall, confidence):
    """No number is given for a question that has no answer."""
    with pytest.raises(ValueError, match="must lie between"):
        events_needed(fall, confidence)
