"""Quiet series: what they could have seen, compared with simulated weeks and with the rules' own conditions."""

from __future__ import annotations

import numpy as np
import pytest

from services.actions.domain.detection.chances import as_many
from services.actions.domain.detection.quiet import quiet, thresholds
from shared.taxonomy.detection_data import load_detection_data
from shared.taxonomy.loader import load_taxonomy

RULES = load_detection_data(load_taxonomy()).versions[-1].rising
ALPHA = RULES.alpha_domain
NEVER = 150


def weeks_until_shown(rate: float, rng: np.random.Generator) -> int:
    """Simulate a doubling after a year, looked at each week by the two conditions as detection has them."""
    counts = list(rng.poisson(rate, 60))
    for lasted in range(1, NEVER):
        counts.append(rng.poisson(2 * rate))
        for size in RULES.windows_weeks:
            window, before = counts[-size:], counts[-size - RULES.baseline_weeks_max : -size]
            share = size / (size + len(before))
            if sum(window) < max(RULES.min_observed, RULES.min_ratio * sum(before) / len(before) * size):
                continue
            part = share * (size - 1) / size
            left = float(as_many(sum(window) - max(window), sum(before), part / (part + 1 - share)))
            if float(as_many(sum(window), sum(before), share)) <= ALPHA and left <= RULES.without_top_alpha:
                return lasted
    return NEVER


@pytest.mark.parametrize("rate", [0.8, 1.0, 1.5, 3.0, 8.0])
def test_the_weeks_that_a_doubling_would_take_agree_with_simulation(rate):
    """Within a third of the median of simulated homes, or two weeks, from few reports to many."""
    rng = np.random.default_rng(17)
    simulated = float(np.median([weeks_until_shown(rate, rng) for _ in range(120)]))
    said = quiet(round(rate * 52), 52, ALPHA, RULES).doubling_weeks

    assert said is not None
    assert abs(said - simulated) <= max(2.0, simulated / 3)


def test_where_a_doubling_would_not_show_within_half_a_year_it_is_not_promised():
    """A home with a report every three weeks cannot be told that a doubling would be seen."""
    rng = np.random.default_rng(5)
    assert quiet(16, 52, ALPHA, RULES).doubling_weeks is None
    assert np.median([weeks_until_shown(0.3, rng) for _ in range(40)]) > 26


def test_more_reports_and_a_bigger_rise_never_take_longer():
    """The answer is monotone, so that two homes can be told apart by it."""
    weeks = [quiet(events, 52, ALPHA, RULES).doubling_weeks for events in range(52, 500, 25)]
    assert weeks == sorted(weeks, reverse=True)
    threefold = quiet(60, 52, ALPHA, RULES, times=3.0).doubling_weeks
    twofold = quiet(60, 52, ALPHA, RULES).doubling_weeks
    assert threefold is not None
    assert twofold is not None
    assert threefold < twofold


def test_a_threshold_is_the_fewest_that_meets_the_rules_own_conditions():
    """One report fewer would not have spoken."""
    for found in thresholds(52, 52, ALPHA, RULES):
        share = found.weeks / (found.weeks + 52)
        assert float(as_many(found.count, 52, share)) <= ALPHA
        assert found.count >= RULES.min_ratio * found.weeks
    assert [found.weeks for found in thresholds(52, 52, ALPHA, RULES)] == list(RULES.windows_weeks)


@pytest.mark.parametrize("weeks", [0.0, 1.0, 3.9])
def test_a_record_that_is_too_short_promises_nothing(weeks):
    """A new home hears that nothing could have been seen yet."""
    said = quiet(3, weeks, ALPHA, RULES)

    assert (said.speaks_at, said.doubling_weeks) == ((), None)


def test_a_series_without_any_report_still_says_how_many_would_speak():
    """None told is not none happened; a doubling of none is not promised."""
    said = quiet(0, 52, ALPHA, RULES)

    assert said.doubling_weeks is None
    assert said.speaks_at[0].count >= RULES.min_observed
