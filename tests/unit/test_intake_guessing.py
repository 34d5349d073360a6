"""What is guessed of somebody else's columns, and what spreadsheets leave behind."""

from __future__ import annotations

import pytest

from services.intake.domain.artefacts import without_escapes
from services.intake.domain.guessing import Column, guess_map

SITES = {"Elm House": "elm", "Ash Lodge": "ash", "elm": "elm", "ash": "ash"}
DOMAINS = {"Medication": "medication", "medication": "medication", "Falls and mobility": "falls_mobility"}
LONG = ("Found two blister packs for the same morning at handover.", "Hoist stopped half way with the sling on it.")


def test_a_datix_like_export_is_mapped() -> None:
    """References, dates with their times, homes by name, categories and the story are found by heading and value."""
    columns = [
        Column("Ref", ("W-1", "W-2")),
        Column("Incident date", ("03/02/2026", "04/02/2026")),
        Column("Incident time", ("14:30", "9:05 pm")),
        Column("Home", ("ELM HOUSE", "Ash Lodge", "Oak")),
        Column("Category", ("Medication", "falls and mobility", "Parking")),
        Column("Description", LONG),
        Column("Approved by", ("A", "B")),
    ]

    proposal = guess_map(columns, SITES, DOMAINS, "old system")

    row = {
        "Ref": "W-1",
        "Incident date": "03/02/2026",
        "Incident time": "14:30",
        "Home": "ELM HOUSE",
        "Category": "Medication",
        "Description": LONG[0],
        "Approved by": "A",
    }
    assert proposal.import_map.submission(row) == {
        "external_reference": {"system": "old system", "id": "W-1"},
        "occurred_at": "03/02/2026 14:30",
        "site_id": "elm",
        "given_labels": {"source_system": "old system", "labels": {"domains": ["medication"]}},
        "text": LONG[0],
    }
    assert proposal.unused == ("Approved by",)
    assert proposal.missing == ()


def test_values_speak_where_headings_do_not() -> None:
    """The story is the longest texts, the home the column whose values are known homes; a column of ids is no story."""
    columns = [Column("A", ("Elm House", "Ash Lodge")), Column("B", LONG), Column("C", ("1", "2"))]

    proposal = guess_map(columns, SITES, DOMAINS, "x")

    assert dict(proposal.import_map.fields) == {"site_id": "A", "text": "B"}


def test_values_that_contradict_a_heading_win() -> None:
    """A column called Date without dates, and a Category of things unknown here, are left out."""
    columns = [
        Column("Date", ("Tuesday", "soon")),
        Column("Category", ("Parking", "Catering")),
        Column("Site", ("elm",)),
        Column("Text", LONG),
    ]

    proposal = guess_map(columns, SITES, DOMAINS, "x")

    assert set(proposal.import_map.fields) == {"site_id", "text"}
    assert proposal.unused == ("Date", "Category")


def test_what_is_missing_is_said() -> None:
    """Without a home or a story nothing can be imported, and both are named."""
    assert guess_map([Column("C", ("1", "2"))], SITES, DOMAINS, "x").missing == ("site_id", "text")


@pytest.mark.parametrize(
    ("cell", "clean"),
    [("The_x000D__x000A_end", "The\nend"), ("it_x0019_s", "its"), ("_x0041_ stays", "_x0041_ stays"), ("_x00", "_x00")],
)
def test_written_out_control_characters_are_taken_out(cell: str, clean: str) -> None:
    """Only those of control characters are, and a line end becomes one again."""
    assert without_escapes(cell) == clean
