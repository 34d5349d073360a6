"""The quick way to read a row of an import gives what the model gives, or leaves the row to the model."""

import random
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.intake.routes.quick_rows import quick_submission
from services.intake.routes.wire import ReportSubmission

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo" / "reports.ndjson"
PLAIN = {"site_id": "elm", "text": "Side gate open.", "external_reference": {"system": "app", "id": "BC1"}}
TEXTS = [
    "Side gate open.", "", "  ", "café, £5 – ‘quoted’", "cafe\u0301", "two\nlines\tand a tab", "carriage\r\nreturn",
    "bell\x07", "\x7f", "_x001A_", "#REF!", "😀", "x" * 200, "x" * 201, '"quoted" \\ back', "\u00a0", "\u2028",
    "𝒳", "care_worker", "elm", "anonymous", "named", "live", "now", "03/11/2025", "2025-11-03", "2025-11-03T14:30",
    "45964", "not a date", "2025-11-03T14:30:00+05:30", "room 4/b", "Größe", "-leading", "a" * 65, "https://x.example/1",
]  # fmt: skip
ODD = [None, True, False, 0, 1, 4, 5, -1, 2.0, 1.5, 10**30, [], {}, ["a"], {"id": "x"}, *TEXTS]
NESTED = st.dictionaries(
    st.sampled_from(["system", "id", "link", "name", "contact", "odd"]), st.sampled_from([None, 1, *TEXTS]), max_size=4
)
VALUES = st.one_of(st.sampled_from(ODD), NESTED)
ROWS = st.dictionaries(
    st.sampled_from([*ReportSubmission.model_fields, "unknown"]), st.one_of(st.sampled_from(TEXTS), VALUES)
)


def by_the_model(value, provider_id, origin):
    """What the whole way gives; None where it refuses."""
    try:
        return ReportSubmission.model_validate(value).to_domain(provider_id, origin)
    except ValidationError:
        return None


def agree(value, provider_id="rowan", origin=None) -> bool:
    """Hold the quick way against the model; tell whether it took the row."""
    before = orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS) if _fits_json(value) else None
    quick = quick_submission(value, provider_id, origin)
    if before is not None:
        assert orjson.dumps(value) == before
    if quick is not None:
        assert quick == by_the_model(value, provider_id, origin)
    return quick is not None


def _fits_json(value) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


@settings(max_examples=1_500, deadline=None)
@given(extra=ROWS, provider=st.sampled_from([None, "rowan"]), origin=st.sampled_from([None, "backfill", "live"]))
def test_any_row_is_read_as_the_model_reads_it_or_left_to_it(extra, provider, origin):
    """Whatever is put into the fields, the quick way never takes a row in another form than the model does."""
    agree(PLAIN | extra, provider, origin)
    agree(extra, provider, origin)


@pytest.mark.parametrize("field", ReportSubmission.model_fields)
def test_each_field_alone_with_each_odd_value_is_read_alike(field):
    """One field at a time, so that no fault of another field hides a difference."""
    for value in [*ODD, {"system": "a", "id": "b"}, {"name": "Ann"}, {"id": "7", "name": None}, {"kind": "power"}]:
        agree(PLAIN | {field: value})


def test_rows_as_feeds_send_them_are_taken_the_quick_way():
    """The point of it: all rows of the demo's texts, with times, roles and nulls, need no model."""
    chance = random.Random(7)
    for number, line in enumerate(DEMO.read_text().splitlines()):
        told = orjson.loads(line)
        row = {name: told[name] for name in ("site_id", "text", "worry", "reporter_role") if name in told}
        row |= {"external_reference": {"system": "care-app", "id": f"INC-{number}"}, "asset_ref": None}
        row |= {"occurred_at": f"2025-11-{number % 28 + 1:02d}T07:{number % 60:02d}", "outside_first": False}
        row |= {"identity_mode": chance.choice(["anonymous", "named"]), "reporter": {"name": "Invented Name"}}
        assert agree(row), row


def test_what_is_no_object_is_left_to_the_model():
    """A row that is a list, a number or lacks what is needed gets its answer from the model."""
    assert not any(agree(value) for value in ([], 7, None, "text", {}, {"text": "a"}, {"site_id": "elm"}))
