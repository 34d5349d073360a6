"""Rows as they are written for the log, and a report's labels as they lie in the database."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.adapters import documents as doc
from services.reporting.domain.buckets import Bucket, Cell, Counts
from services.reporting.domain.facts import Fact
from services.reporting.domain.stored import StoredBucket
from services.reporting.routes import rows
from shared.contracts.envelope import headers_for
from shared.contracts.topics import VIEWS
from shared.runtime.outbox import OutboxRow, Tick
from shared.taxonomy import precedence

NUMBERS = st.builds(Counts, *[st.integers(0, 1_000_000)] * 7)
WORDS = st.text(min_size=1, max_size=40)
ROWS = st.builds(
    StoredBucket,
    bucket=st.builds(
        Bucket,
        cell=st.builds(Cell, WORDS, WORDS, st.dates(date(2000, 1, 3), date(2100, 1, 4))),
        domain=WORDS,
        counts=NUMBERS,
        held=NUMBERS,
        exposure=st.none() | st.floats(0, 1e12),
        exposure_unit=st.none() | WORDS,
    ),
    version=st.integers(1, 2**53),
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware
FIELDS = st.dictionaries(
    st.sampled_from(precedence.FIELDS), st.none() | st.booleans() | WORDS | st.lists(WORDS, max_size=3), max_size=10
)
SAID = st.builds(
    precedence.Fact,
    source=st.sampled_from(("human", "model")),
    report_revision=st.integers(1, 4),
    decision_no=st.integers(0, 4),
    fields=FIELDS,
    model_version=st.none() | WORDS,
)


@given(ROWS, MOMENTS)
def test_a_row_written_by_hand_says_what_the_contract_would_write(row: StoredBucket, now: datetime) -> None:
    """Body, key, headers and partition are those of the event itself, whatever the row."""
    event, tick = rows.event_of(row, now), Tick(1, 1)
    by_model = OutboxRow.for_event(VIEWS, event, event.row_id, tick, "reporting")
    by_hand = OutboxRow.for_written(VIEWS, rows.written(row, now), event.row_id, tick, "reporting")
    assert VIEWS.decode(by_hand.value or b"") == event
    assert by_hand._replace(value=None) == by_model._replace(value=None)
    assert by_hand.headers == headers_for(event, "reporting")


@given(st.lists(SAID, min_size=1, max_size=6))
def test_labels_come_back_as_they_were_put_away(said: list[precedence.Fact]) -> None:
    """Packing loses nothing, whoever stated which field; and what was kept before packing is read as it is."""
    labels = None
    for one in said:
        labels = precedence.merge(labels, one)
    fact = Fact("rowan-care", "elm-house", "r1", labels=labels)
    kept = doc.fact_document(fact)
    older = kept | {"labels": labels}
    assert doc.fact_of(kept) == doc.fact_of(older) == fact
    assert doc.as_written_now(older) == kept
