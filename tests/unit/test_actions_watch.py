"""The live review: the same findings on the same days as the backtest, and what late or withdrawn reports change."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, timedelta
from functools import cache

import orjson
import pytest

from services.actions.domain.backtest.history import read_history
from services.actions.domain.backtest.run import replay
from services.actions.domain.detection.engine import Engine
from services.actions.domain.detection.facts import week_of
from services.actions.domain.detection.log_lines import asset_of
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.exposure import Exposure
from services.actions.domain.watch.known import report_fact
from services.actions.domain.watch.weeks import exposure_weeks
from shared.taxonomy.detection_data import load_detection_data
from shared.taxonomy.loader import load_taxonomy
from tests.support.synthetic_cases import case_world
from tests.support.synthetic_planted import planted_world
from tests.support.watched import Watched

MONDAY = date(2026, 3, 2)


@cache
def shipped():
    data = load_detection_data(load_taxonomy())
    return data, SeriesBook(data)


def without_accidents(lines):
    """The accident book is no part of what the service is told."""
    return [{**line, "accident_book_entries": None} if line["kind"] == "exposure" else line for line in lines]


def backtested(lines):
    data, book = shipped()
    history = read_history((orjson.dumps(line) for line in lines), book)
    engine = Engine(data, book, list(history.sites.values()), history.first_day)
    replay(engine, history, history.first_day, history.last_day)
    return history, [line.as_dict() for line in engine.lines]


WORLDS = {"planted": planted_world(501), "cases": case_world(502)}


@pytest.fixture(scope="module", params=sorted(WORLDS))
def both(request):
    """One provider as the backtest and as the service sees it."""
    lines = without_accidents(WORLDS[request.param].lines)
    history, said = backtested(lines)
    watched = Watched(lines, *shipped())
    watched.review_all(date.fromordinal(history.first_day), date.fromordinal(history.last_day))
    return said, watched


def test_the_live_review_says_what_the_backtest_says_on_the_same_days(both):
    """Every signal raised, updated and closed, with its site, series, day, figures and reports."""
    said, watched = both
    backtest = {
        (line["on"], line["event"], line["type"], line["site"], str(line["series"]), tuple(line["report_ids"]))
        for line in said
        if line["kind"] == "signal" and line["site"]
    }
    live = {
        (
            signal.as_of.isoformat(), event, signal.kind, signal.site_id,
            str({name: list(v) if isinstance(v, tuple) else v for name, v in
                 ((n, getattr(signal.series, n)) for n in ("domains", "factors", "match", "asset", "person"))}),
            signal.report_ids,
        )
        for event, signal in watched.told
        if signal.kind != "shared_season"
    }  # fmt: skip

    assert len(backtest) > 30
    assert live == backtest


def test_the_live_review_gives_the_verdicts_of_the_backtest(both):
    """Every new verdict on the same day with the same figures, but for the last word that a file's end asks for."""
    said, watched = both
    last = max(line["on"] for line in said if line["kind"] == "verdict")
    backtest = {
        (line["on"], line["site"], line["intervention_on"], line["verdict"], line["rate_ratio"], line["sentence"])
        for line in said
        if line["kind"] == "verdict" and line["on"] < last
    }
    live = {
        (v.on.isoformat(), s.site_id, s.started_on.isoformat(), v.verdict, v.rate_ratio, v.sentence)
        for s in news(watched.verdicts)
        if (v := s.verdict) is not None and v.on.isoformat() < last
    }

    assert len(backtest) > 5
    assert live == backtest


def news(evaluations):
    """Leave out the verdicts that were only said again with newer figures."""
    said = {}
    for state in evaluations:
        word = (state.verdict.verdict, state.verdict.reasons)
        if said.get(state.evaluation_id) != word:
            yield state
        said[state.evaluation_id] = word


def test_a_verdict_that_holds_is_said_again_so_that_its_figures_do_not_grow_old(both):
    """After each look no verdict is four weeks old, and every review day that is over has one that counts to it."""
    _, watched = both
    by_remedy = {}
    for state in watched.verdicts:
        by_remedy.setdefault(state.evaluation_id, []).append(state)
    end = max(state.verdict.on for state in watched.verdicts)

    for states in by_remedy.values():
        days = [state.verdict.on for state in states]
        gaps = [(after - before).days for before, after in zip(days, [*days[1:], end], strict=True)]
        assert max(gaps) <= 28
        for review in states[0].review_on:
            if days[0] < review <= end:
                assert any(0 <= (day - review).days < 7 for day in days)
    assert len(watched.verdicts) > len(list(news(watched.verdicts)))


def test_a_shared_season_is_told_to_each_of_its_sites(both):
    """Each site has a signal of its own that names all sites and rests on its own reports."""
    said, watched = both
    seasons = [line for line in said if line["kind"] == "signal" and line["type"] == "shared_season"]
    mine = [signal for _, signal in watched.told if signal.kind == "shared_season"]

    for line in seasons:
        together = [s for s in mine if s.finding == line["signal_id"] and s.as_of.isoformat() == line["on"]]
        if line["event"] == "raised":
            assert {s.site_id for s in together} == set(line["sites"])
        for signal in together:
            assert list(signal.sites) == line["sites"]
            assert all(watched.facts[r].site_id == signal.site_id for r in signal.report_ids)
    assert len(seasons) > 0


def plain(value):
    """Whether a database can keep a value: no number of an array's own kind is among it."""
    if isinstance(value, dict):
        return all(plain(inner) for inner in value.values())
    if isinstance(value, tuple | list):
        return all(plain(inner) for inner in value)
    return value is None or type(value) in (str, int, float, bool, date)


def test_what_is_kept_can_be_stored(both):
    """Findings, signals and evaluations hold plain values only."""
    _, watched = both
    states = [*watched.kept.values(), *watched.signals.values(), *watched.evaluations.values()]

    assert len(states) > 20
    assert all(plain(asdict(state)) for state in states)


def one_site(days, **changes):
    """A site with reports of medicines on days after a Monday, each in other words."""
    lines = [{"kind": "site", "site": "s", "name": "Elm House", "setting": "residential", "size": 30}]
    for number, day in enumerate(days):
        on = (MONDAY + timedelta(days=day)).isoformat()
        labels = {
            "domains": ["medication"], "primary_domain": "medication", "contributory_factors": [],
            "potential_severity": "low", "is_near_miss": True, "escalate": None,
        }  # fmt: skip
        line = {"kind": "report", "report_id": f"r{number}", "site": "s", "occurred": on, "reported": on, "text": None}
        lines.append({**line, "labels": labels, **changes})
    return lines


def test_a_repeated_review_finds_nothing_new():
    """The same day again, after it was kept, says nothing and changes no finding."""
    watched = Watched(one_site([*range(0, 84, 7), *range(84, 105, 2)]), *shipped())
    last = MONDAY + timedelta(days=104)
    watched.review_all(MONDAY, last)
    assert [(event, signal.kind) for event, signal in watched.told] == [("raised", "rising_rate")]

    found = watched.review(last)

    assert found is not None
    assert (found.signals, found.evaluations, found.judged, found.noted) == ([], [], [], [])


def test_reports_of_one_event_count_once_and_the_next_stands_in_when_the_first_is_withdrawn():
    """The second report repeats the first; with the first gone it counts itself, and the third repeats it."""
    text = "Stairlift stuck half way with Mavis, alarm pressed, engineer phoned"
    watched = Watched(one_site([0, 0, 0], text=text), *shipped())
    watched.review_all(MONDAY, MONDAY + timedelta(days=1))
    assert [fact.repeats for fact in watched.facts.values()] == [None, "r0", "r0"]

    first = watched.facts["r0"]
    watched.facts["r0"] = replace(first, report=replace(first.report, revision=2, withdrawn=True))
    watched.review_all(MONDAY + timedelta(days=2), MONDAY + timedelta(days=6))

    assert [watched.facts[name].repeats for name in ("r1", "r2")] == [None, "r1"]


def test_an_asset_that_returns_is_told_of_on_the_day_of_the_third_report():
    """Not on the next Sunday; a late report is dated by the day on which it came."""
    watched = Watched(one_site([0, 8, 16], text="Hoist 3 stopped again"), *shipped())
    watched.review_all(MONDAY, MONDAY + timedelta(days=20))

    ((event, signal),) = watched.told
    assert (event, signal.kind, signal.series.asset) == ("raised", "recurring_asset", "hoist 3")
    assert signal.raised_on == MONDAY + timedelta(days=16)
    late = Watched(one_site([0, 8, 16], text="Hoist 3 stopped again"), *shipped())
    missing = late.facts.pop("r2")
    late.review_all(MONDAY, MONDAY + timedelta(days=20))
    late.facts["r2"] = missing
    late.review(MONDAY + timedelta(days=21))
    assert [signal.raised_on for _, signal in late.told] == [MONDAY + timedelta(days=21)]


def test_a_removed_escalation_counts_as_if_it_had_not_been():
    """The code that was removed is no harm; another one still is."""
    labels = {
        "domains": ["medication"], "primary_domain": "medication", "contributory_factors": [],
        "potential_severity": "low", "is_near_miss": False, "escalate": "harm_occurred",
    }  # fmt: skip
    (fact,) = Watched(one_site([0], labels=labels), *shipped()).facts.values()
    book = shipped()[1]

    made = [report_fact(fact, book, lifted) for lifted in ({}, {"r0": "harm_occurred"}, {"r0": "death"})]

    assert [(one.harm, one.serious) for one in made if one] == [(True, True), (False, False), (True, True)]


@pytest.mark.parametrize(
    ("event_class", "harm"), [("NO_HARM", False), ("LOW_HARM", True), ("ESCALATED", True), (None, True)]
)
def test_what_reached_someone_without_harm_is_no_harm_to_the_guard(event_class, harm):
    """However grave it could have been; what nobody has classed is harm. It stays serious either way."""
    labels = {
        "domains": ["medication"], "primary_domain": "medication", "contributory_factors": [],
        "potential_severity": "severe", "is_near_miss": False, "escalate": "harm_occurred",
        "event_class": event_class,
    }  # fmt: skip
    (fact,) = Watched(one_site([0], labels=labels), *shipped()).facts.values()

    made = report_fact(fact, shipped()[1], {})

    assert made is not None
    assert (made.harm, made.serious) == (harm, True)


def test_exposure_of_any_periods_is_taken_by_whole_weeks():
    """A month gives its whole weeks; units that are no care, the time before all reports and overlaps do not."""
    month = Exposure("p", "s", "visits", MONDAY, MONDAY + timedelta(days=29), 300.0, 1)
    pulse = replace(month, unit="staff_on_roll")
    until = MONDAY + timedelta(days=60)

    whole = exposure_weeks([month, pulse], MONDAY, until)
    later = exposure_weeks([month], MONDAY + timedelta(days=7), until)
    doubled = exposure_weeks([month, replace(month, period_end=MONDAY + timedelta(days=6))], MONDAY, until)

    week = week_of(MONDAY.toordinal())
    assert [(row.week - week, row.value) for row in whole] == [(n, pytest.approx(70.0)) for n in range(4)]
    assert [row.week - week for row in later] == [1, 2, 3]
    assert [row.week - week for row in doubled] == [1, 2, 3]
    assert exposure_weeks([month], None, until) == []


@pytest.mark.parametrize(
    ("reference", "text", "asset"),
    [
        ("hoist-3", None, "hoist 3"),
        (None, "The number three hoist would not lift", "hoist 3"),
        ("through-floor-lift", "lift stuck", "through-floor lift"),
        ("door-opener-front", None, "door opener front"),
        ("K27", "hoist 3", "K27"),
        (None, "Nothing with a name", None),
    ],
)
def test_an_asset_has_one_name_by_register_and_by_words(reference, text, asset):
    """Reports that name it in the text and reports that point to the register speak of the same asset."""
    assert asset_of(reference, text) == asset
