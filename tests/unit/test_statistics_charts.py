"""Each type of chart against its formula, written out a second time with numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import gammaln

from shared.statistics.limits_subgroups import c4, c5
from shared.statistics.requests import answer

COUNTS = [3, 7, 4, 6, 5, 9, 2, 4, 8, 5, 6, 3]
EXPOSURES = [90, 110, 100, 95, 120, 105, 80, 100, 115, 98, 102, 85]


def drawn(type_: str, **request: Any) -> Any:
    return answer({"command": "chart", "type": type_, "rules": "anhoej", **request})


def lines(made: Any, *names: str) -> np.ndarray:
    return np.array([[getattr(point, name) for name in names] for point in made.points], dtype=float)


def moving_range(values: Any) -> float:
    return float(np.mean(np.abs(np.diff(np.asarray(values, dtype=float)))))


@pytest.mark.parametrize(("type_", "sigma"), [("xmr", 2.66 / 3), ("i", 1 / 1.128)])
def test_individuals_stand_at_three_two_and_one_sigma(type_, sigma):
    """Sigma is the mean moving range times the constant of the type; nothing is cut at 0."""
    step, centre = moving_range(COUNTS) * sigma, np.mean(COUNTS)
    found = lines(
        drawn(type_, y=COUNTS), "lower", "near_lower", "inner_lower", "inner_upper", "near_upper", "upper", "centre"
    )

    assert found[5] == pytest.approx([*(centre + step * k for k in (-3, -2, -1, 1, 2, 3)), centre])


def test_individuals_of_a_ratio_are_drawn_as_the_ratio():
    """The centre is the plain mean of the ratios."""
    ratios = np.array(COUNTS) / np.array(EXPOSURES)
    made = drawn("xmr", numerator=COUNTS, denominator=EXPOSURES)

    assert lines(made, "value")[:, 0] == pytest.approx(ratios)
    assert made.points[0].centre == pytest.approx(np.mean(ratios))
    assert (made.points[0].numerator, made.points[0].denominator) == (3, 90)


def test_moving_ranges_have_one_value_less_than_points():
    """The centre is their mean, the upper limit 3.267 times it, the lower one 0."""
    made = drawn("mr", y=COUNTS)
    average = moving_range(COUNTS)

    assert [point.value for point in made.points] == [None, *np.abs(np.diff(COUNTS))]
    assert lines(made, "centre", "lower", "near_lower", "near_upper", "upper")[3] == pytest.approx(
        [average, 0, 0, 3.267 * average * 2 / 3, 3.267 * average]
    )


def test_c_is_cut_at_zero():
    """Sigma is the root of the mean count."""
    made = drawn("c", y=[1, 2, 0, 3])

    assert lines(made, "centre", "lower", "near_lower", "upper")[0] == pytest.approx(
        [1.5, 0, 0, 1.5 + 3 * np.sqrt(1.5)]
    )


@pytest.mark.parametrize(("type_", "share"), [("u", False), ("p", True), ("up", False), ("pp", True)])
def test_rates_have_limits_by_their_own_exposure(type_, share):
    """The centre is pooled; Laney's types stretch sigma by the moving range of the z values."""
    n, d = np.array(COUNTS, dtype=float), np.array(EXPOSURES, dtype=float)
    centre = n.sum() / d.sum()
    sigma = np.sqrt(centre * (1 - centre) / d) if share else np.sqrt(centre / d)
    if len(type_) == 2:
        sigma *= moving_range((n / d - centre) / sigma) / 1.128
    found = lines(drawn(type_, numerator=COUNTS, denominator=EXPOSURES), "centre", "lower", "upper", "near_upper")

    assert found == pytest.approx(
        np.array([np.full(12, centre), np.maximum(0, centre - 3 * sigma), centre + 3 * sigma, centre + 2 * sigma]).T
    )


def test_shares_are_cut_at_one():
    """No share is above all of them."""
    made = drawn("p", numerator=[9, 10, 10, 9], denominator=[10, 10, 10, 10])

    assert made.points[0].upper == 1.0


def test_laney_equals_plain_where_nothing_happened():
    """No events at all: the limits are the centre, no number is made of 0 / 0."""
    for type_ in ("u", "up", "p", "pp"):
        point = drawn(type_, numerator=[0, 0, 0], denominator=[5, 6, 7]).points[1]
        assert (point.value, point.centre, point.lower, point.upper) == (0, 0, 0, 0)


def test_run_has_a_median_and_no_limits():
    """No limit, so nothing can be beyond one."""
    made = drawn("run", y=[5, 1, 100, 2])

    assert (made.points[0].centre, made.points[0].lower, made.points[0].upper) == (3.5, None, None)
    assert made.segments[0].sigma_signals == 0


def test_c4_is_exact_for_small_and_large_subgroups():
    """Textbook values, and no jump where the series takes over."""
    assert [c4(n) for n in (2, 5, 25)] == pytest.approx([0.797885, 0.939986, 0.989640], abs=1e-6)
    exact = float(np.sqrt(2 / 1999) * np.exp(gammaln(1000) - gammaln(999.5)))
    assert c4(2000) == pytest.approx(exact, rel=1e-11)
    assert c5(1000.0) == pytest.approx(c5(999.999), rel=1e-5)
    assert c5(1e12) == pytest.approx(np.sqrt(1 / 2e12), rel=1e-6)


def test_subgroups_of_one_size_use_the_mean_standard_deviation():
    """Raw observations and their summary give the same chart."""
    raw = np.array([[5.0, 6, 7], [4, 8, 6], [5, 5, 9], [7, 6, 2]])
    means, sds = raw.mean(axis=1), raw.std(axis=1, ddof=1)
    labels = [label for label in "abcd" for _ in range(3)]
    step = sds.mean() / (c4(3) * np.sqrt(3))
    from_raw = drawn("xbar", x=labels, y=raw.ravel().tolist())
    from_summary = drawn("xbar", x=list("abcd"), mean=means.tolist(), sd=sds.tolist(), size=[3] * 4)

    for made in (from_raw, from_summary):
        assert lines(made, "centre", "lower", "upper")[2] == pytest.approx(
            [means.mean(), means.mean() - 3 * step, means.mean() + 3 * step]
        )
    s = drawn("s", x=labels, y=raw.ravel().tolist()).points[0]
    assert (s.value, s.centre, s.lower) == pytest.approx((sds[0], sds.mean(), 0.0))
    assert s.upper == pytest.approx(sds.mean() * (1 + 3 * np.sqrt(1 - c4(3) ** 2) / c4(3)))


def test_subgroups_of_different_sizes_are_pooled():
    """Degrees of freedom weigh the variances, sizes the means; a subgroup of one has no limits."""
    means, sds, sizes = np.array([5.0, 6, 7, 4]), np.array([1.0, 2, 1.5, 0]), np.array([5, 3, 4, 1])
    made = drawn("xbar", mean=means.tolist(), sd=[1.0, 2.0, 1.5, None], size=sizes.tolist())
    pooled = np.sqrt(((sizes - 1) * sds**2).sum() / (sizes - 1).sum())
    centre = (means * sizes).sum() / sizes.sum()

    assert made.points[1].upper == pytest.approx(centre + 3 * pooled / (c4(3) * np.sqrt(3)))
    assert made.points[0].centre == pytest.approx(centre)
    assert (made.points[3].value, made.points[3].lower, made.points[3].upper) == (4, None, None)


def test_observations_without_value_or_label_are_of_no_subgroup():
    """They leave the others as they are; an empty subgroup is a gap."""
    made = drawn("xbar", x=["a", "a", "b", "b", "c", None], y=[1, 3, None, None, 4, 9])

    assert [(point.x, point.value) for point in made.points] == [("a", 2), ("b", None), ("c", 4)]


def test_a_gap_is_not_bridged_but_an_excluded_point_leaves_the_series():
    """A missing value has no moving range to either side; without the excluded one its neighbours meet."""
    gap = drawn("i", y=[1, 2, None, 10, 12])
    excluded = drawn("i", y=[1, 2, 99, 10, 12], exclude=[3])

    assert gap.points[0].upper == pytest.approx(6.25 + 3 * 1.5 / 1.128)
    assert excluded.points[0].upper == pytest.approx(6.25 + 3 * (11 / 3) / 1.128)
    assert (excluded.points[2].excluded, excluded.points[2].signals) == (True, ("astronomical_point",))
    assert excluded.segments[0].n_obs == 4


def test_excluded_points_are_in_no_run():
    """Seven on one side stay a shift around a point that is left out, which is not marked itself."""
    made = drawn("run", y=[0, 0, *[1, 2, 1, 2], -50, *[1, 2, 1], *[0] * 9], rules="mdc", exclude=[7])
    assert [index for index, p in enumerate(made.points) if "shift" in p.signals] == [2, 3, 4, 5, 7, 8, 9]


def test_periods_without_exposure_have_no_value_and_no_part_in_the_centre():
    """Zero and missing exposure are alike: an event without exposure makes no rate."""
    made = drawn("u", numerator=[2, 5, 3, None, 4], denominator=[10, 0, None, 10, 20])

    assert [point.value for point in made.points] == [0.2, None, None, None, 0.2]
    assert made.points[1].centre == pytest.approx(6 / 30)
    assert (made.points[1].lower, made.points[1].denominator) == (None, 0)


def test_frozen_limits_come_from_the_first_points_alone():
    """The rest of the first segment is held against them; later segments have their own."""
    y = [1, 3, 1, 3, 50, 60, 7, 9, 7]
    made = drawn("xmr", y=y, x=list("abcdefghi"), freeze=4, rebase=["g"])
    alone = drawn("xmr", y=y[:4])

    assert (made.points[5].lower, made.points[5].upper) == (alone.points[0].lower, alone.points[0].upper)
    assert [point.in_baseline for point in made.points] == [True] * 4 + [False] * 2 + [True] * 3
    assert made.points[8].upper == drawn("xmr", y=[7, 9, 7]).points[0].upper


def test_screening_follows_the_rule_set_unless_said_otherwise():
    """On for mdc and powerbi_spc, off for anhoej and shewhart."""
    y = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1]
    limit = {screen: drawn("i", y=y, screen=screen).points[0].upper for screen in (True, False)}

    assert limit[True] < limit[False]
    for rules, screen in (("mdc", True), ("powerbi_spc", True), ("anhoej", False), ("shewhart", False)):
        assert drawn("i", y=y, rules=rules).points[0].upper == limit[screen]


def test_assurance_is_that_of_the_last_point():
    """Without a target, without limits, or when neither way is better, nothing is assured."""
    y = [5, 6, 5, 6, 5, 6]

    assert drawn("xmr", y=y, target=50, direction="increase").summary.assurance == "consistent_fail"
    assert drawn("xmr", y=y, target=50, direction="decrease").summary.assurance == "consistent_pass"
    assert drawn("xmr", y=y, target=5.5, direction="decrease").summary.assurance == "inconsistent"
    assert drawn("xmr", y=y, target=5.5).summary.assurance is None
    assert drawn("xmr", y=y, direction="increase").summary.assurance is None
    assert drawn("run", y=y, target=5, direction="increase").summary.assurance is None
