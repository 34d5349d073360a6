"""Pictures of a pack show what was frozen in it, and no number that it withholds."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.reporting.domain.packs import Tally, weeks_of
from services.reporting.domain.reading import Span
from services.reporting.routes.pack_pictures import pictures_of

MONDAY = date(2026, 11, 2)
SPAN = Span(MONDAY, date(2026, 11, 16))


def section(heading: str, reports: int | str, near_misses: int | str, **more: Any) -> dict[str, Any]:
    """A section as it lies in a frozen pack."""
    figures = [
        {"key": f"{heading}.reports", "label": "Reports", "value": reports},
        {"key": f"{heading}.near_misses", "label": "Near misses", "value": near_misses},
    ]
    return {"heading": heading, "figures": figures, "remedies": [], **more}


def test_weeks_are_counted_by_any_of_the_domains_and_empty_ones_are_there():
    """A report counts once in its week; weeks without one stand as zeros."""
    tallies = [
        Tally("elm", MONDAY, ("medication", "handover"), "NEAR_MISS", 3),
        Tally("elm", date(2026, 11, 16), ("handover",), "HAZARD", 2),
        Tally("elm", MONDAY, ("falls",), "NEAR_MISS", 9),
    ]
    found = weeks_of(tallies, ("medication", "handover"), SPAN)
    assert [(week.start.day, week.near_misses, week.others) for week in found] == [(2, 3, 0), (9, 0, 0), (16, 0, 2)]
    assert sum(week.near_misses for week in weeks_of(tallies, (), SPAN)) == 12


def test_a_withheld_number_has_no_bar():
    """What may not be shown has no length that could be measured; the words say so."""
    body = {"sections": [section("Medicines", 20, 10), section("Falls", "*", "*")]}
    (picture,) = pictures_of(body)
    assert picture.place == "all"
    assert picture.description == "Medicines: 20 reports; Falls: number too small to show"
    (parts,) = [data["values"] for data in picture.specification["data"] if data["name"] == "parts"]
    assert [(part["row"], part["from"], part["to"]) for part in parts] == [(0, 0, 10), (0, 10, 20)]


def test_a_section_has_its_weeks_and_a_remedy_its_interval():
    """Weeks and rate ratios that were frozen are drawn at their place; an open end is called so."""
    weeks = [
        {"start": "2026-11-02", "near_misses": 2, "others": 1},
        {"start": "2026-11-09", "near_misses": 0, "others": 0},
    ]
    remedy = {"title": "Checklist", "rate_ratio": 0.4, "ci_low": 0.2, "ci_high": None}
    told = section("Medicines", 3, 2, weeks=weeks, remedies=[remedy])
    places = {picture.place: picture for picture in pictures_of({"sections": [told]})}
    assert list(places) == ["all", "0", "0-0"]
    assert "lowest 0, highest 3, 3 in all" in places["0"].description
    assert places["0-0"].description == "0.40. 95 % interval 0.20 to no end"


def test_a_pack_of_the_first_form_can_still_be_drawn():
    """Packs that were issued before sections told their weeks have the bars alone."""
    old = section("Medicines", 3, 2, remedies=[{"title": "Checklist"}])
    assert [picture.place for picture in pictures_of({"sections": [old]})] == ["all"]
