"""The denominator of a week: covered exactly, or not known."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.reporting.domain.exposure import Period, exposure_of_week, week_within

WEEK = date(2026, 11, 16)
DAY = timedelta(days=1)


def period(first: int = 0, last: int = 6, value: float = 70.0, unit: str = "occupied_bed_days") -> Period:
    return Period(unit, WEEK + DAY * first, WEEK + DAY * last, value)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(0, 6, WEEK), (2, 4, WEEK), (6, 6, WEEK), (0, 7, None), (-1, 3, None), (0, 29, None), (3, 2, None)],
)
def test_a_period_lies_in_a_week_or_in_none(first: int, last: int, expected: date | None) -> None:
    """Only a period that begins and ends in the same week counts for it."""
    assert expected == week_within(WEEK + DAY * first, WEEK + DAY * last)


def test_a_whole_week_is_taken_as_it_is() -> None:
    """One period for the week gives its value, also beside single days of the same unit."""
    assert exposure_of_week(WEEK, [period(), period(0, 0, 9.0)], "residential") == (70.0, "occupied_bed_days")


def test_seven_days_add_up_in_any_order() -> None:
    """Days that cover the week once are summed."""
    days = [period(day, day, 10.1) for day in (3, 0, 6, 1, 5, 2, 4)]
    value, unit = exposure_of_week(WEEK, days, "nursing") or (0.0, "")
    assert (unit, round(value, 9)) == ("occupied_bed_days", 70.7)


@pytest.mark.parametrize(
    "periods",
    [
        [],
        [period(0, 5)],
        [period(0, 3), period(3, 6)],
        [period(0, 2), period(4, 6)],
        [period(unit="visits")],
    ],
    ids=["nothing", "six days", "overlap", "gap", "another unit"],
)
def test_a_week_that_is_not_covered_is_not_guessed(periods: list[Period]) -> None:
    """Missing days, overlaps and units that do not fit the kind of service give no exposure."""
    assert exposure_of_week(WEEK, periods, "residential") is None


@pytest.mark.parametrize(
    ("setting", "unit"),
    [
        ("domiciliary", "visits"),
        ("extra_care", "care_hours"),
        ("residential", "occupied_bed_days"),
        (None, "occupied_bed_days"),
        ("a_later_setting", "occupied_bed_days"),
    ],
)
def test_the_kind_of_service_chooses_the_unit(setting: str | None, unit: str) -> None:
    """Home care is measured by visits, a home by bed days; an unknown kind by the first unit there is."""
    recorded = [period(unit=name) for name in ("care_hours", "visits", "occupied_bed_days", "administrations")]
    assert (70.0, unit) == exposure_of_week(WEEK, recorded, setting)


def test_the_second_unit_serves_where_the_first_is_missing() -> None:
    """Home care that only knows its hours is measured by hours."""
    assert exposure_of_week(WEEK, [period(unit="care_hours")], "domiciliary") == (70.0, "care_hours")
