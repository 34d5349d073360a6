"""The rising-rate rule: what it sees, what it leaves alone, and how often chance alone makes it speak."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest

from services.actions.domain.exposure import Exposure
from services.actions.domain.facts import Evidence
from services.actions.domain.rising_rate import SiteHistory, review
from services.actions.domain.rules.rising_rate import DAYS_PER_MONTH, VERSIONS, rule_on
from services.actions.domain.signals import Change, Signal
from shared.taxonomy.loader import load_taxonomy

RULE = VERSIONS[-1]
TITLES = {name: domain.title for name, domain in load_taxonomy().domains.items()}
MONDAY = date(2026, 3, 2)
SUNDAY = MONDAY + timedelta(days=15 * 7 - 1)
"""The last day of week 15: twelve weeks of baseline and three of window."""


def told(day: date, number: int = 0, domain: str = "medication", held: bool = False) -> Evidence:
    at = datetime.combine(day, time(12), UTC)
    return Evidence("p", "s", f"{day}-{domain}-{number}", at, day, held, False, (domain,))


def weekly(counts: Sequence[int], domain: str = "medication") -> list[Evidence]:
    """So many reports on the Wednesday of each week."""
    return [
        told(MONDAY + timedelta(weeks=week, days=2), number, domain)
        for week, count in enumerate(counts)
        for number in range(count)
    ]


def site(evidence: Iterable[Evidence], starts_on: date = MONDAY, exposure: Sequence[Exposure] = ()) -> SiteHistory:
    return SiteHistory("p", "s", "Elm House", starts_on, list(evidence), exposure)


def raised(changes: list[Change], series: str) -> Signal:
    return next(change.signal for change in changes if change.signal.series == series)


def beds(values: Sequence[float]) -> list[Exposure]:
    starts = [MONDAY + timedelta(weeks=week) for week in range(len(values))]
    return [
        Exposure("p", "s", "occupied_bed_days", start, start + timedelta(days=6), value, 1)
        for start, value in zip(starts, values, strict=True)
    ]


def test_a_rise_is_raised_with_its_golden_figures():
    """12 in three weeks after 12 in twelve: 3 expected, p = 0.001, by days."""
    changes = review(site(weekly([1] * 12 + [4] * 3)), [], SUNDAY, RULE, TITLES)
    signal = raised(changes, "medication")

    assert {(change.event, change.signal.series) for change in changes} == {("raised", "medication"), ("raised", "all")}
    assert (signal.observed, signal.expected, signal.exposure) == (12, 3.0, None)
    assert (signal.window_from, signal.window_to) == (SUNDAY - timedelta(days=20), SUNDAY)
    assert (signal.baseline_from, signal.baseline_to) == (MONDAY, SUNDAY - timedelta(days=21))
    assert len(signal.report_ids) == 12
    assert signal.question == (
        "Medicines at Elm House: 12 reports in the 3 weeks to 14 June 2026, about 3 expected from the weeks before. "
        "Is something new there, or is more being told?"
    )


def test_flat_data_raises_nothing():
    """The same number every week is no rise, in any week."""
    history = site(weekly([3] * 30))

    for week in range(1, 31):
        assert review(history, [], MONDAY + timedelta(days=7 * week - 1), RULE, TITLES) == []


def test_three_reports_are_never_enough_however_unlikely():
    """Below four nothing is said."""
    history = site(weekly([0] * 12 + [1, 1, 1]))

    assert review(history, [], SUNDAY, RULE, TITLES) == []
    assert review(site(weekly([0] * 12 + [1, 1, 2])), [], SUNDAY, RULE, TITLES) != []


def test_growth_that_exposure_explains_is_no_rise():
    """Four times the reports at four times the care is the same rate."""
    counts, care = [1] * 12 + [4] * 3, [100.0] * 12 + [400.0] * 3

    assert review(site(weekly(counts), exposure=beds(care)), [], SUNDAY, RULE, TITLES) == []


def test_exposure_that_is_not_fully_known_falls_back_to_days():
    """A missing week makes the figures go by days, and says so by naming no exposure."""
    counts, care = [1] * 12 + [4] * 3, [100.0] * 12 + [400.0] * 2

    signal = raised(review(site(weekly(counts), exposure=beds(care)), [], SUNDAY, RULE, TITLES), "medication")
    assert (signal.expected, signal.exposure, signal.exposure_unit) == (3.0, None, None)


def test_a_rise_against_exposure_names_its_exposure():
    """As many reports at a third of the care are three times the rate."""
    counts, care = [2] * 12 + [4] * 3, [300.0] * 12 + [100.0] * 3

    signal = raised(review(site(weekly(counts), exposure=beds(care)), [], SUNDAY, RULE, TITLES), "medication")
    assert (signal.observed, signal.expected) == (12, 2.0)
    assert (signal.exposure, signal.exposure_unit) == (300.0, "occupied_bed_days")
    assert "about 2 expected from the weeks before and the care delivered" in signal.question


def test_a_site_without_three_weeks_of_past_is_left_alone():
    """A beginning is not a rise."""
    history = site(weekly([0] * 11 + [1] + [4] * 3), starts_on=MONDAY + timedelta(weeks=11))

    assert review(history, [], SUNDAY, RULE, TITLES) == []
    assert review(replace(history, starts_on=None), [], SUNDAY, RULE, TITLES) == []


def test_nothing_is_known_before_it_is_told():
    """Reports of later days change nothing of an earlier review."""
    past = weekly([1] * 12 + [4] * 3)
    future = weekly([0] * 15 + [9] * 5)

    assert review(site(past), [], SUNDAY, RULE, TITLES) == review(site(past + future), [], SUNDAY, RULE, TITLES)


def test_held_reports_are_left_out():
    """A count that would show a held report is not shown."""
    past = weekly([1] * 12)
    held = [replace(report, held=True) for report in weekly([0] * 12 + [4] * 3)]

    assert review(site(past + held), [], SUNDAY, RULE, TITLES) == []


def test_an_open_signal_is_updated_and_never_raised_again():
    """One open signal per series; without new figures nobody is told."""
    history = site(weekly([1] * 12 + [4] * 4))
    first = raised(review(history, [], SUNDAY, RULE, TITLES), "medication")
    week = timedelta(days=7)

    same = [c for c in review(history, [first], SUNDAY + week, RULE, TITLES) if c.signal.series == "medication"]
    assert [(c.event, c.signal.version, c.signal.reviewed_on) for c in same] == [(None, 1, SUNDAY + week)]
    less = [
        c for c in review(history, [same[0].signal], SUNDAY + 2 * week, RULE, TITLES) if c.signal.series == "medication"
    ]
    assert [(c.event, c.signal.observed, c.signal.version) for c in less] == [("updated", 8, 2)]
    assert less[0].signal.signal_id == first.signal_id
    assert less[0].signal.raised_on == SUNDAY


def test_a_rise_that_lasts_does_not_become_its_own_yardstick():
    """Twenty weeks on the signal is still open: the baseline stays as it was."""
    history = site(weekly([1] * 12 + [4] * 30))
    signal = raised(review(history, [], SUNDAY, RULE, TITLES), "medication")

    for weeks in range(1, 21):
        changes = review(history, [signal], SUNDAY + timedelta(weeks=weeks), RULE, TITLES)
        signal = raised(changes, "medication")
    assert (signal.status, signal.observed, signal.expected) == ("open", 12, 3.0)


def test_two_quiet_reviews_in_a_row_close_a_signal():
    """One quiet week is not enough; the closing asks too."""
    history = site(weekly([1] * 12 + [4] * 3 + [1] * 8))
    signal, events = raised(review(history, [], SUNDAY, RULE, TITLES), "medication"), []
    for weeks in range(1, 9):
        changes = review(history, [signal], SUNDAY + timedelta(weeks=weeks), RULE, TITLES)
        change = next(change for change in changes if change.signal.series == "medication")
        signal = change.signal
        events.append((change.event, signal.observed, signal.quiet_reviews))
        if signal.status == "closed":
            break

    assert events == [("updated", 9, 0), ("updated", 6, 0), ("updated", 3, 1), ("closed", 3, 2)]
    assert signal.question.endswith("Did something help, or is less being told?")


def test_a_day_reviewed_twice_changes_nothing():
    """A series that was looked at on the day or later is left alone."""
    history = site(weekly([1] * 12 + [4] * 3))
    signals = [change.signal for change in review(history, [], SUNDAY, RULE, TITLES)]

    assert review(history, signals, SUNDAY, RULE, TITLES) == []
    assert review(history, signals, SUNDAY - timedelta(days=7), RULE, TITLES) == []


def test_the_rule_looks_once_a_week_and_by_the_version_of_the_day():
    """On Sundays; days before all versions are reviewed by the oldest."""
    assert [RULE.reviews(MONDAY + timedelta(days=number)) for number in range(7)] == [False] * 6 + [True]
    assert rule_on(date(2020, 1, 1)) is VERSIONS[0]
    assert rule_on(date(2030, 1, 1)) is VERSIONS[-1]
    assert [rule.effective_from for rule in VERSIONS] == sorted(rule.effective_from for rule in VERSIONS)


def test_the_stated_bound_is_half_a_signal_per_site_and_month():
    """23 series, 4.35 looks a month, alpha 0.005."""
    assert RULE.false_alarms_per_site_month(len(TITLES) + 1) == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize("per_week", [2, 12])
def test_chance_alone_raises_no_more_than_is_stated(per_week):
    """Sites where nothing changes but chance, a quiet and a busy one, over a year: at most half the bound."""
    random, weeks, sites = np.random.default_rng(20261123), 52, 12
    shares = 1 / np.arange(1, len(TITLES) + 1)
    signals = reviews = 0
    for _ in range(sites):
        counts = random.poisson(per_week * shares[:, None] / shares.sum(), (len(TITLES), weeks))
        evidence = [
            report for name, row in zip(TITLES, counts, strict=True) for report in weekly([int(n) for n in row], name)
        ]
        history, running = site(evidence), dict[str, Signal]()
        for week in range(6, weeks + 1):
            day = MONDAY + timedelta(days=7 * week - 1)
            for change in review(history, list(running.values()), day, RULE, TITLES):
                signals += change.event == "raised"
                running[change.signal.series] = change.signal
            running = {series: signal for series, signal in running.items() if signal.status == "open"}
            reviews += 1
    months = reviews * 7 / DAYS_PER_MONTH

    assert signals / months <= RULE.false_alarms_per_site_month(len(TITLES) + 1) / 2
