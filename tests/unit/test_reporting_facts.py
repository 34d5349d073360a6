"""What a report counts as: newest state, shared precedence of labels, weeks of England."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.reporting.domain.facts import DialoguePart, Fact, ModelPart, ReportPart, week_of
from shared.taxonomy import precedence

PART = ReportPart(
    revision=1,
    withdrawn=False,
    visibility="site",
    origin="live",
    reported_at=datetime(2026, 11, 17, 10, tzinfo=UTC),
    received_at=datetime(2026, 11, 17, 10, tzinfo=UTC),
    occurred_at=datetime(2026, 11, 17, 9, tzinfo=UTC),
    occurred_precision="minute",
    occurred_band=None,
    setting="residential",
    text="invented",
)
EMPTY = Fact("p", "s", "r")


def model(revision: int = 1, needs_review: bool = False) -> ModelPart:
    return ModelPart(revision, 0, "rules-1", "2026.11", needs_review)


def labels(*domains: str, event_class: str = "NEAR_MISS", revision: int = 1) -> precedence.Fact:
    fields = {"domains": list(domains), "event_class": event_class}
    return precedence.Fact("model", revision, 0, fields, "rules-1")


@pytest.mark.parametrize(
    ("moment", "monday"),
    [
        (datetime(2026, 11, 16, 0, 0, tzinfo=UTC), date(2026, 11, 16)),
        (datetime(2026, 11, 15, 23, 59, tzinfo=UTC), date(2026, 11, 9)),
        (datetime(2026, 6, 14, 22, 59, tzinfo=UTC), date(2026, 6, 8)),
        (datetime(2026, 6, 14, 23, 0, tzinfo=UTC), date(2026, 6, 15)),
        (datetime(2026, 3, 29, 22, 59, tzinfo=UTC), date(2026, 3, 23)),
        (datetime(2026, 3, 29, 23, 0, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 10, 25, 23, 59, tzinfo=UTC), date(2026, 10, 19)),
        (datetime(2026, 10, 26, 0, 0, tzinfo=UTC), date(2026, 10, 26)),
        (datetime(2027, 1, 3, 12, 0, tzinfo=UTC), date(2026, 12, 28)),
    ],
)
def test_weeks_begin_at_midnight_of_monday_in_england(moment: datetime, monday: date) -> None:
    """A moment belongs to the week of its day in England, summer time and its two changes included."""
    assert monday == week_of(moment)


def test_a_report_without_labels_counts_with_class_unknown() -> None:
    """A report counts as soon as it is known, before anything has labelled it."""
    shown = EMPTY.with_report(PART).shown()
    assert shown is not None
    assert (date(2026, 11, 16), (), "UNKNOWN", False, False) == (
        shown.week,
        shown.domains,
        shown.event_class,
        shown.held,
        shown.needs_review,
    )


def test_labels_without_a_report_count_nowhere() -> None:
    """A classification that overtakes its report is kept and not counted."""
    assert EMPTY.with_labels(labels("medication"), model()).shown() is None


def test_the_newest_revision_holds_in_every_order() -> None:
    """Whatever the order and the repeats, the part with the highest revision holds."""
    parts = [PART, replace(PART, revision=2, text="second"), replace(PART, revision=3, text="third")]
    for order in itertools.permutations([*parts, parts[1]]):
        fact = EMPTY
        for part in order:
            fact = fact.with_report(part)
        assert parts[2] == fact.report


def test_a_withdrawn_report_counts_nowhere() -> None:
    """A withdrawal takes the report out of all counts, also where it arrives before the report."""
    gone = replace(PART, revision=2, withdrawn=True)
    assert EMPTY.with_report(gone).with_report(PART).shown() is None


def test_a_persons_label_stands_over_the_model_in_every_order() -> None:
    """Human over model, in every order of arrival."""
    said = [
        (labels("medication"), model()),
        (precedence.Fact("human", 1, 1, {"domains": ["handover"]}), None),
        (labels("staffing", revision=2), model(2)),
    ]
    for order in itertools.permutations(said):
        fact = EMPTY.with_report(PART)
        for statement, part in order:
            fact = fact.with_labels(statement, part)
        shown = fact.shown()
        assert shown is not None
        assert shown.domains == ("handover",)
        assert shown.needs_review, "the words changed after a person had labelled them"


def test_a_persons_look_settles_what_the_model_asked() -> None:
    """needs_review is on while only the model has spoken and asks, and off once a person has decided."""
    asked = EMPTY.with_report(PART).with_labels(labels("medication"), model(needs_review=True))
    settled = asked.with_labels(precedence.Fact("human", 1, 1, {"domains": ["medication"]}), None)
    assert [fact.shown().needs_review for fact in (asked, settled)] == [True, False]


def test_who_accepts_the_labels_at_triage_has_looked_until_the_words_change() -> None:
    """In whichever order it is heard of; an amended text asks anew."""
    read = DialoguePart(triaged_at=PART.reported_at, read_revision=1)
    asked = EMPTY.with_report(PART).with_labels(labels("medication"), model(needs_review=True))
    later = EMPTY.with_dialogue(read).with_report(PART).with_labels(labels("medication"), model(needs_review=True))
    amended = asked.with_dialogue(read).with_report(replace(PART, revision=2))
    facts = (asked, asked.with_dialogue(read), later, amended)
    assert [fact.shown().needs_review for fact in facts] == [True, False, False, True]


def test_domains_are_counted_once_and_reserved_words_never() -> None:
    """A domain named twice counts once, and a label cannot pass itself off as a total."""
    shown = EMPTY.with_report(PART).with_labels(labels("b", "a", "b", "(all)", "(none)"), model()).shown()
    assert shown is not None
    assert shown.domains == ("a", "b")
