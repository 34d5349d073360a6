"""The capacity model: monotone, honest about its check, and the page says what the measured costs say."""

from __future__ import annotations

import json

import pytest

from tests.load.capacity import (
    BUSY_MAX,
    COSTS,
    OUTAGE_S,
    PAGE,
    PARTS,
    SHARED_BY_PARTITION,
    Costs,
    ceilings,
    checked,
    page,
    peak_rate,
    processes,
    read_costs,
    simulate,
)

MEASURED = json.loads(COSTS.read_text())
PLAIN = Costs(
    live_rate=5.0,
    live_ms=dict.fromkeys(PARTS, 10.0),
    bulk_ms=dict.fromkeys(PARTS, 2.0),
    idle=dict.fromkeys(PARTS, 0.1),
    stored={"kafka": 1000},
)


def test_the_page_is_fresh():
    """deploy/SCALING.md says what the model makes of the measured costs."""
    assert PAGE.read_text() == page(MEASURED), "run python -m tests.load.capacity"


def test_a_report_costs_less_the_fuller_batches_are_and_more_reports_cost_more():
    """Between the two measured points, by hand: at twice the live rate half of a batch's own cost is left."""
    assert PLAIN.ms("intake", 5.0) == 10.0
    assert PLAIN.ms("intake", 10.0) == pytest.approx(6.0)
    assert PLAIN.ms("intake", 1e9) == pytest.approx(2.0)
    cores = [PLAIN.cores("intake", rate) for rate in (0.1, 1, 5, 50, 500)]
    assert cores == sorted(cores)


def test_the_most_that_a_core_does_uses_exactly_that_core():
    """Asked backwards, the model gives the same number."""
    rate = PLAIN.most("actions", 1.0)

    assert PLAIN.cores("actions", rate) == pytest.approx(1.0, abs=1e-3)
    assert rate == pytest.approx((1.0 - 0.04) / 0.002, rel=0.01)


def test_processes_are_enough_and_never_fewer_than_two():
    """No process is over the limit at the peak, and one may fail."""
    for rate in (0.001, 100.0, 2_000.0):
        count = processes(PLAIN, "reporting", rate)
        assert count >= 2
        assert rate / count <= PLAIN.most("reporting", BUSY_MAX) * 1.001


def test_what_gives_way_first_stands_first():
    """The list is in order, and names every kind of limit."""
    rates = [rate for _, _, rate in ceilings(read_costs(MEASURED))]

    assert rates == sorted(rates)
    assert len(rates) == 9


def test_a_simulated_outage_is_worked_off_and_more_processes_work_it_off_sooner():
    """Nothing waits on a calm day with room to spare; after an outage twice the processes need at most the time."""
    few = dict.fromkeys(SHARED_BY_PARTITION, 2)
    many = dict.fromkeys(SHARED_BY_PARTITION, 4)
    calm = simulate(PLAIN, 100_000, many, 0, 1)

    assert calm["drained"] == 0
    assert max(calm[part] for part in SHARED_BY_PARTITION) == 0
    assert (
        0
        < simulate(PLAIN, 1_000_000, many, OUTAGE_S, 1)["drained"]
        < simulate(PLAIN, 1_000_000, few, OUTAGE_S, 1)["drained"]
    )


def test_the_peak_is_the_busiest_hour_of_the_day():
    """One report a site and day, 2.6 times as many as the mean in the hour of the morning handover."""
    assert peak_rate(86_400) == pytest.approx(2.6 * 24 / 24.7, rel=1e-6)


def test_the_model_was_checked_at_a_rate_that_it_was_not_made_from():
    """The services' predicted costs lie within a factor of two of what was measured there."""
    for part, predicted, found in checked(read_costs(MEASURED), MEASURED):
        if part in PARTS[:4]:
            assert 0.5 < predicted / found < 2.0, part
