"""What detection keeps between reviews: counts that can be taken back, facts that are let go, exposure of one unit."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from services.actions.domain.detection.engine import Engine
from services.actions.domain.detection.facts import DAYS_KEPT, ExposureWeek, LogLine, ReportFact, SiteCard, monday_of
from services.actions.domain.detection.log_lines import assets_in
from services.actions.domain.detection.one_series import Series
from services.actions.domain.detection.panel import WEEKS_KEPT, Panel
from services.actions.domain.detection.series import SeriesBook
from shared.taxonomy.detection_data import load_detection_data
from shared.taxonomy.loader import load_taxonomy

FIRST = monday_of(105_600)


@cache
def shipped():
    data = load_detection_data(load_taxonomy())
    return data, SeriesBook(data)


def engine_of(*sites):
    data, book = shipped()
    return Engine(data, book, [SiteCard(site, site, "residential", 20) for site in sites or ("a",)], FIRST)


def fact(number, day, domains=("medication",), **more):
    _, book = shipped()
    rows = book.rows_of(domains, ())
    return ReportFact(f"r{number:04d}", "a", day, day, None, domains, domains[0], (), rows, False, False, **more)


def test_a_withdrawal_is_taken_out_of_counts_of_any_age():
    """A report that is withdrawn long after its facts were let go leaves no trace in the weekly counts."""
    engine = engine_of()
    old = fact(1, FIRST + 2)
    engine.observe(old)
    for number in range(2, 6):
        engine.observe(fact(number, FIRST + DAYS_KEPT + 7 * number))
    engine.review(monday_of(105_600 + 63))
    state = engine.world.states["a"]
    before = engine.world.panel.counts.sum()
    engine.withdraw("a", old)

    assert "r0001" not in [known.report_id for known in state.facts]
    assert before - engine.world.panel.counts.sum() == len(old.rows)


def test_a_report_that_never_counted_is_not_taken_back():
    """The second report of an event, and a held one, were in no count."""
    engine = engine_of()
    held = fact(1, FIRST, held=True)
    engine.observe(held)
    engine.withdraw("a", held)

    assert engine.world.panel.counts.sum() == 0


def test_the_panel_moves_on_with_the_weeks():
    """After years the arrays are as large as on the first day, and the last weeks are right."""
    panel = Panel(1, 2, 100)
    shape = panel.counts.shape
    for week in range(100, 400):
        panel.add(0, ReportFact("r", "a", monday_of(week), 0, None, (), None, (), (0,), False, False))
    windows = panel.windows(399, (4,), 52)

    assert panel.counts.shape == shape
    assert windows.observed[0, 0, 0] == 4
    assert windows.before[0, 0, 0] == 52
    assert windows.weeks_before[0, 0] == 52
    assert shape[2] == 2 * WEEKS_KEPT


def test_weeks_without_exposure_are_left_out_with_their_counts():
    """Missing exposure is never filled with a guess: neither its weeks nor their reports are in the baseline."""
    panel = Panel(1, 1, 100)
    for week in range(100, 120):
        panel.add(0, ReportFact("r", "a", monday_of(week), 0, None, (), None, (), (0,), False, False))
        panel.expose(0, ExposureWeek("a", week, None if week == 105 else 10.0, "visits"))
    windows = panel.windows(119, (2,), 52)

    assert bool(windows.by_exposure[0])
    assert (windows.before[0, 0, 0], windows.weight_before[0, 0, 0]) == (17, 170.0)
    assert panel.weight_between(0, monday_of(105), monday_of(105) + 6, by_exposure=True) is None
    assert panel.weight_between(0, monday_of(106), monday_of(106) + 3, by_exposure=True) == pytest.approx(10 * 4 / 7)


def test_one_unit_of_exposure_is_taken_however_the_rows_come():
    """Bed days go before other units; the two are never added up."""
    for order in (("visits", "occupied_bed_days"), ("occupied_bed_days", "visits")):
        panel = Panel(1, 1, 100)
        for unit in order:
            panel.expose(0, ExposureWeek("a", 100, 70.0 if unit == "occupied_bed_days" else 9.0, unit))
        assert np.nansum(panel.exposure) == 70.0


LOGS = [
    ("Introduced a structured handover checklist", {"remedy"}, Series(("handover",))),
    ("Started weekly preventative checks of all hoists", {"remedy"}, Series(asset="hoist 3")),
    ("Verified all client addresses", {"remedy"}, Series(("visits_scheduling", "records_data"))),
    ("Key-safe codes changed and checked", {"remedy"}, Series(("visits_scheduling",))),
    ("Migrated to the new eMAR system", {"change"}, Series(("medication",))),
    ("New registered manager started", {"change"}, None),
    ("Pharmacy supplier changed", {"change"}, Series(("medication",))),
    ("Toolbox talk on near-miss reporting", {"drive"}, None),
    ("Encouraged everyone to report near misses", {"drive"}, None),
    ("Handover checklist not being completed on nights", {"lapse"}, Series(("handover",))),
    ("Summer fete planned", set(), None),
]


@pytest.mark.parametrize(("text", "kinds", "about"), LOGS)
def test_logs_are_read_for_what_was_done_and_about_what(text, kinds, about):
    """Remedies, changes and reporting drives are told apart in a manager's own words."""
    _, book = shipped()
    reading = book.reading(text)

    assert reading.kinds == kinds
    assert about is None or reading.concerns(about)


@pytest.mark.parametrize(
    "text", ["Hoist no. 3", "number three hoist", "the no 3 hoist", "hoist (3)", "hoist-3", "Hoist #3"]
)
def test_an_asset_is_known_under_any_of_its_names(text):
    """People name one hoist in many ways."""
    assert assets_in(f"{text} would not charge") == ("hoist 3",)


def test_an_action_in_the_log_ends_a_repeat_without_action():
    """Similar events for one person are asked about until a remedy about them is in the log."""
    engine = engine_of()
    for number in range(5):
        engine.observe(fact(number, FIRST + 7 * number, ("moving_handling",), person="p"))
    engine.review(FIRST + 35)
    engine.note(LogLine("a", FIRST + 36, "Manual handling refresher training for all staff"))
    engine.review(FIRST + 42)
    events = [line.as_dict() for line in engine.lines]

    assert [(e["type"], e["event"]) for e in events if e["kind"] == "signal"] == [
        ("repeat_without_action", "raised"),
        ("repeat_without_action", "closed"),
    ]
    assert events[0]["series"]["person"] == "p"
