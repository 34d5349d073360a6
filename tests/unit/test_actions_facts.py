"""What is known of a report does not depend on the order in which it was heard."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from services.actions.adapters.documents import fact_document, fact_of
from services.actions.domain.exposure import Exposure, exposure_between
from services.actions.domain.facts import Fact, ReportPart
from services.actions.domain.progress import Progress, end_of
from shared.taxonomy.precedence import Fact as Said

MOMENT = datetime(2026, 3, 29, 23, 30, tzinfo=UTC)


def part(revision: int, withdrawn: bool = False, **changes) -> ReportPart:
    fields = {"reported_at": MOMENT, "origin": "live", "replay": False, "visibility": "site"}
    return ReportPart(revision, withdrawn, **{**fields, **changes})


def said(source: str, revision: int, number: int, **fields) -> Said:
    return Said(source, revision, number, fields, "rules-1" if source == "model" else None)  # type: ignore[arg-type]  # word


PARTS = [
    part(1),
    part(2, visibility="held"),
    part(2, withdrawn=True),
    said("model", 1, 0, domains=["medication"], contributory_factors=["shift_handover"]),
    said("model", 2, 0, domains=["equipment"], contributory_factors=[]),
    said("human", 1, 1, domains=["handover"]),
]


def take(fact: Fact, piece: ReportPart | Said | datetime) -> Fact:
    if isinstance(piece, datetime):
        return fact.with_review(piece)
    return fact.with_report(piece) if isinstance(piece, ReportPart) else fact.with_labels(piece)


def test_a_review_may_come_before_its_report_and_the_earliest_one_stays():
    """All orders of a report, its amendment and two reviews agree, and again changes nothing."""
    pieces = [part(1), part(2), MOMENT + timedelta(hours=5), MOMENT + timedelta(hours=2)]
    for order in itertools.permutations(pieces):
        fact = Fact("p", "s", "r")
        for piece in order:
            fact = take(fact, piece)
        assert (fact.reviewed_at, fact.waits_since) == (MOMENT + timedelta(hours=2), None)
        assert all(take(fact, piece) is fact for piece in pieces)


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({}, True),
        ({"visibility": "held"}, True),
        ({"withdrawn": True}, False),
        ({"replay": True}, False),
        ({"origin": "backfill"}, False),
        ({"received_at": MOMENT + timedelta(days=28)}, True),
        ({"received_at": MOMENT + timedelta(days=28, seconds=1)}, False),
    ],
)
def test_only_what_intake_asks_a_person_to_review_waits_for_a_review(changes, waits):
    """History, replay, what was withdrawn and what was told long before it came wait for nobody."""
    fact = Fact("p", "s", "r").with_report(part(1, **changes))

    assert (fact.waits_since == MOMENT) is waits
    assert fact.with_review(MOMENT).waits_since is None


def test_a_report_heard_of_before_reviews_were_read_waits_for_nobody_here():
    """What was reviewed then is not known, so that nobody is reminded of it; nor after it is amended."""
    old = fact_document(Fact("p", "s", "r").with_report(part(1)))
    del old["awaited"]

    assert fact_of(old).with_report(part(2)).waits_since is None
    assert fact_of(fact_document(Fact("p", "s", "r").with_report(part(1)))).waits_since == MOMENT


def test_every_order_of_the_parts_gives_the_same_fact():
    """Classification before report, withdrawal before amendment: all 720 orders agree."""
    facts = []
    for order in itertools.permutations(PARTS):
        fact = Fact("p", "s", "r")
        for piece in order:
            fact = take(fact, piece)
        facts.append(fact)

    assert all(fact == facts[0] for fact in facts)
    assert facts[0].domains == ("handover",)
    assert not facts[0].counts


@pytest.mark.parametrize("piece", PARTS)
def test_the_same_part_again_changes_nothing(piece):
    """The very same object comes back, so that nothing is written."""
    once = take(Fact("p", "s", "r"), piece)

    assert take(once, piece) is once


def test_a_report_counts_unless_withdrawn_or_imported_as_backfill():
    """Replayed live history counts; a fact without its report does not yet."""
    fact = Fact("p", "s", "r")

    assert not fact.counts
    assert fact.with_report(part(1)).counts
    assert fact.with_report(part(1, replay=True)).counts
    assert not fact.with_report(part(1, origin="backfill")).counts
    assert not fact.with_report(part(1, withdrawn=True)).counts


def test_the_day_is_the_calendar_day_in_england():
    """Half past eleven at night UTC in summer time is the next day there."""
    evidence = Fact("p", "s", "r").with_report(part(1)).evidence()

    assert evidence is not None
    assert evidence.day == date(2026, 3, 30)


def week(start: str, end: str, value: float, unit: str = "visits") -> Exposure:
    return Exposure("p", "s", unit, date.fromisoformat(start), date.fromisoformat(end), value, 1)


def test_exposure_of_a_span_counts_periods_by_their_days():
    """A week that lies half in the span counts half."""
    weeks = [week("2026-03-02", "2026-03-08", 70), week("2026-03-09", "2026-03-15", 140)]

    found = exposure_between(weeks, "visits", date(2026, 3, 5), date(2026, 3, 10), date(2026, 3, 15))
    assert found == pytest.approx(4 * 10 + 2 * 20)


@pytest.mark.parametrize(
    ("weeks", "known_by"),
    [
        ([week("2026-03-02", "2026-03-08", 70)], "2026-03-15"),
        ([week("2026-03-02", "2026-03-08", 70), week("2026-03-09", "2026-03-15", 70)], "2026-03-14"),
        ([week("2026-03-02", "2026-03-08", 70), week("2026-03-09", "2026-03-15", 70, "beds")], "2026-03-15"),
        ([week("2026-03-02", "2026-03-08", 70), week("2026-03-01", "2026-03-31", 300)], "2026-03-31"),
    ],
)
def test_exposure_that_is_not_fully_and_singly_known_is_not_guessed(weeks, known_by):
    """A missing week, one that has not ended, another unit, or weeks and months at once: not known."""
    asked = (date(2026, 3, 2), date(2026, 3, 15), date.fromisoformat(known_by))

    assert exposure_between(weeks, "visits", *asked) is None


def test_a_day_is_over_at_midnight_in_england():
    """In summer time that is eleven in the evening UTC."""
    assert end_of(date(2026, 6, 30)) == datetime(2026, 6, 30, 23, tzinfo=UTC)
    assert end_of(date(2026, 12, 31)) == datetime(2027, 1, 1, tzinfo=UTC)


def test_progress_goes_on_behind_what_was_reviewed_live_or_replayed():
    """A new provider starts on the day on which it was seen; a replay moves the place, never back."""
    new = Progress("p")
    day = date(2026, 3, 10)

    assert new.next_day(day) == day
    assert new.reviewed(day).next_day(day) == date(2026, 3, 11)
    assert new.reviewed(day).replayed_on(date(2026, 2, 1)).next_day(day) == date(2026, 3, 11)
    assert new.replayed_on(date(2026, 3, 1)).next_day(day) == date(2026, 3, 2)


def test_days_that_a_replay_went_through_are_not_replayed_again():
    """A second call changes nothing; a longer one does the rest."""
    done = Progress("p")
    for number in (1, 2, 3, 7):
        done = done.replayed_on(date(2026, 3, number))

    assert done.replayed == ((date(2026, 3, 1), date(2026, 3, 3)), (date(2026, 3, 7), date(2026, 3, 7)))
    assert done.to_replay(date(2026, 3, 1), date(2026, 3, 3)) == []
    assert done.to_replay(date(2026, 3, 3), date(2026, 3, 8)) == [date(2026, 3, n) for n in (4, 5, 6, 8)]
