"""Counts of a site and week, computed as a whole."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.buckets import COLUMNS, Bucket, Cell, Counts, count_domains, counts_of, recompute
from services.reporting.domain.facts import Shown
from services.reporting.domain.reading import ReportFilter

CELL = Cell("p", "s", date(2026, 11, 16))
CLASSES = ("NEAR_MISS", "HAZARD", "NO_HARM", "LOW_HARM", "DISRUPTION", "ESCALATED", "GOOD_CATCH", "UNKNOWN", "NEW_WORD")


def shown(*domains: str, event_class: str = "NEAR_MISS", held: bool = False, review: bool = False) -> str:
    return Shown(CELL.week, tuple(sorted(domains)), event_class, held, review).tally()


@pytest.mark.parametrize(
    ("event_class", "column"),
    [
        ("NEAR_MISS", "near_misses"),
        ("NO_HARM", "reached_someone"),
        ("LOW_HARM", "reached_someone"),
        ("DISRUPTION", "disruptions"),
        ("ESCALATED", "escalated"),
        ("UNKNOWN", "class_unknown"),
        ("HAZARD", None),
        ("GOOD_CATCH", None),
        ("NOT_AN_EVENT", None),
        ("A_LATER_WORD", None),
    ],
)
def test_each_class_has_its_column_or_none(event_class: str, column: str | None) -> None:
    """A report is in `reports` and in at most one column by class; unknown words are in `reports` alone."""
    expected = Counts(reports=3) + (Counts(**{column: 3}) if column else Counts())
    assert expected == counts_of(event_class, needs_review=False, number=3)


def test_all_counts_each_report_once_and_none_those_without_a_domain() -> None:
    """A report with two domains is in both their rows and once in (all)."""
    counted = count_domains([(shown("medication", "handover"), 2), (shown(event_class="UNKNOWN"), 1)])
    reports = {domain: counts.reports for domain, (counts, _) in counted.items()}
    assert reports == {"(all)": 3, "medication": 2, "handover": 2, "(none)": 1}


def test_what_is_held_is_counted_apart() -> None:
    """Readers at the site see the counts without the held part."""
    counted = count_domains([(shown("medication", held=True, review=True), 1), (shown("medication"), 2)])
    bucket = Bucket(CELL, "medication", *counted["medication"])
    assert Counts(reports=3, near_misses=3, needs_review=1) == bucket.seen(held=True)
    assert Counts(reports=2, near_misses=2) == bucket.seen(held=False)


def test_a_bucket_that_lost_its_reports_is_kept_with_zeros() -> None:
    """What BI has seen as a row is set to zero, not forgotten."""
    stored = {
        "(all)": Bucket(CELL, "(all)", Counts(reports=1, near_misses=1)),
        "medication": Bucket(CELL, "medication", Counts(reports=1, near_misses=1)),
    }
    assert [Bucket(CELL, "(all)"), Bucket(CELL, "medication")] == recompute(CELL, [], None, stored)


def test_only_rows_that_changed_come_back() -> None:
    """A second look at the same facts changes nothing."""
    tallies = [(shown("medication"), 2)]
    first = recompute(CELL, tallies, (280.0, "occupied_bed_days"), {})
    assert [bucket.domain for bucket in first] == ["(all)", "medication"]
    again = recompute(CELL, tallies, (280.0, "occupied_bed_days"), {bucket.domain: bucket for bucket in first})
    assert again == []


TALLIES = st.lists(
    st.tuples(
        st.builds(
            lambda domains, event_class, held, review: shown(
                *domains, event_class=event_class, held=held, review=review
            ),
            st.sets(st.sampled_from(["a", "b", "c"])),
            st.sampled_from(CLASSES),
            st.booleans(),
            st.booleans(),
        ),
        st.integers(1, 9),
    ),
    max_size=8,
)


@given(TALLIES)
def test_counts_agree_with_each_other(tallies: list[tuple[str, int]]) -> None:
    """In every bucket the held part is inside the whole, no column is above `reports`, and classes do not overlap."""
    counted = count_domains(tallies)
    assert sum(number for _, number in tallies) == counted["(all)"][0].reports
    for counts, held in counted.values():
        assert all(0 <= part <= whole for part, whole in zip(held.values(), counts.values(), strict=True))
        assert all(getattr(counts, column) <= counts.reports for column in COLUMNS)
        assert counts.reports >= sum(
            getattr(counts, column) for column in COLUMNS if column not in ("reports", "needs_review")
        )


def test_row_ids_name_provider_site_domain_and_week() -> None:
    """The id of a row on the log is provider|site|domain|week."""
    assert Bucket(CELL, "(all)").row_id() == "p|s|(all)|2026-11-16"


@pytest.mark.parametrize(
    ("wanted", "columns"),
    [
        (ReportFilter(), ("reports",)),
        (ReportFilter(domain="medication", needs_review=True), ("needs_review",)),
        (ReportFilter(classes=("NEAR_MISS",)), ("near_misses",)),
        (ReportFilter(classes=("NO_HARM", "LOW_HARM", "UNKNOWN")), ("class_unknown", "reached_someone")),
        (ReportFilter(classes=("NO_HARM",)), ()),
        (ReportFilter(classes=("HAZARD", "NEAR_MISS")), ()),
        (ReportFilter(classes=("NEAR_MISS",), needs_review=True), ()),
        (ReportFilter(feedback_owed=True), ()),
        (ReportFilter(report_ids=("r1",)), ()),
        (ReportFilter(disruption="power"), ()),
    ],
)
def test_rows_count_a_list_only_where_a_column_says_exactly_that(wanted, columns):
    """A column that holds more than was asked for, or less, does not stand in for the reports themselves."""
    assert wanted.columns == columns
