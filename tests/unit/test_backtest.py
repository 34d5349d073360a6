"""The backtest as a command's engine: order, cuts, shapes, refusals, and what planted sites make it say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date, timedelta
from functools import cache

import orjson
import pytest

from services.actions.domain.backtest.history import BadLine, read_history
from services.actions.domain.backtest.run import backtest, replay
from services.actions.domain.detection.engine import Engine
from services.actions.domain.detection.series import SeriesBook
from shared.taxonomy.detection_data import load_detection_data
from shared.taxonomy.loader import load_taxonomy
from tests.support.synthetic_cases import case_world
from tests.support.synthetic_planted import planted_world
from tests.support.synthetic_sites import START, World, chance_world


@cache
def shipped():
    data = load_detection_data(load_taxonomy())
    return data, SeriesBook(data)


def ran(lines):
    """Everything but the summary, which takes seconds."""
    data, book = shipped()
    history = read_history((orjson.dumps(line) for line in lines), book)
    engine = Engine(data, book, list(history.sites.values()), history.first_day)
    replay(engine, history, history.first_day, history.last_day)
    return [line.as_dict() for line in sorted(engine.lines, key=lambda line: line.on)]


def raised(lines, kind=None):
    return [
        line for line in lines
        if line["kind"] == "signal" and line["event"] == "raised" and kind in (None, line["type"])
    ]  # fmt: skip


def known_by(line, day):
    """Whether an input line is known on a day."""
    if line["kind"] == "site":
        return True
    if line["kind"] == "exposure":
        return date.fromisoformat(line["week_start"]) + timedelta(days=6) <= day
    return date.fromisoformat(line.get("reported") or line["date"]) <= day


@pytest.fixture(scope="module")
def planted():
    return planted_world(500)


@pytest.fixture(scope="module")
def said(planted):
    return ran(planted.lines)


def test_the_order_of_the_lines_does_not_matter(planted, said):
    """Whatever order a file has, it gives the same lines with the same ids."""
    shuffled = [planted.lines[at] for at in planted.random.permutation(len(planted.lines))]

    assert ran(shuffled) == said


@pytest.mark.parametrize("days", [60, 90, 112, 133, 150])
def test_a_file_cut_at_a_day_says_the_same_up_to_it(planted, said, days):
    """Nothing that comes later changes what was said: no look-ahead; only the last word on each remedy is added."""
    day = START + timedelta(days=days)
    cut = ran([line for line in planted.lines if known_by(line, day)])

    def until(lines):
        kept = [line for line in lines if line["on"] <= day.isoformat()]
        return [line for line in kept if not (line["kind"] == "verdict" and line["on"] == day.isoformat())]

    assert until(cut) == until(said)


def test_every_line_has_the_published_fields(said):
    """Programs read these names; none is missing and none is more."""
    fields = {line["kind"]: set(line) - {"period_days"} for line in said}

    assert fields["signal"] == {
        "kind", "event", "on", "signal_id", "type", "site", "sites", "series", "from", "to", "observed", "expected",
        "exposure", "rule", "rule_version", "report_ids", "logs", "provisional", "question",
    }  # fmt: skip
    assert fields["verdict"] == {
        "kind", "on", "site", "intervention_on", "intervention", "series", "verdict", "baseline", "after",
        "rate_ratio", "ci_low", "ci_high", "events_needed", "weeks_more", "reasons", "rule_version", "sentence",
    }  # fmt: skip
    assert fields["duplicate"] == {"kind", "on", "group_id", "site", "report_ids", "score", "reasons"}
    assert all(("period_days" in line) == (line.get("type") == "periodic_bunching") for line in said)
    assert [line["on"] for line in said] == sorted(line["on"] for line in said)


def test_signals_ask_and_count_what_they_name(planted, said):
    """A question ends with a question mark; the evidence is as many reports as were seen, all known on the day."""
    told = {line["report_id"]: line["reported"] for line in planted.lines if line["kind"] == "report"}
    for line in said:
        if line["kind"] == "signal":
            assert line["question"].endswith("?")
            assert line["observed"] == len(line["report_ids"]) == len(set(line["report_ids"]))
            assert all(told[report_id] <= line["on"] for report_id in line["report_ids"])
            assert line["to"] <= line["on"]


def test_one_open_signal_per_series(said):
    """A signal is raised once, then updated, and closed at most once before the series may be raised again."""
    open_now = {}
    for line in (line for line in said if line["kind"] == "signal"):
        key = (line["type"], line["site"], json.dumps(line["series"]))
        if line["event"] == "raised":
            assert key not in open_now
            open_now[key] = line["signal_id"]
        else:
            assert open_now[key] == line["signal_id"]
            if line["event"] == "closed":
                del open_now[key]


def test_the_articles_cases_end_in_a_verdict(planted, said):
    """Each remedy of the log has a last verdict on the last day of the file."""
    last = (START + timedelta(days=26 * 7 - 1)).isoformat()
    for truth in (truth for truth in planted.truth if truth["type"] == "verdict"):
        verdicts = [
            line for line in said
            if line["kind"] == "verdict" and line["site"] == truth["site"]
            and line["intervention_on"] == truth["from"].isoformat()
        ]  # fmt: skip
        assert verdicts[-1]["on"] == last
        if truth["verdict"] in ("EFFECTIVE", "CONFOUNDED_REPORTING_FELL"):
            assert verdicts[-1]["verdict"] == truth["verdict"]


@pytest.mark.parametrize("seed", [42, 43])
def test_a_second_author_of_cases_is_found_too(seed):
    """Regular weak cases on a background of chance: nine of ten signals under their own name, and the verdicts."""
    world = case_world(seed)
    lines = ran(world.lines)
    wanted = [truth for truth in world.truth if truth["type"] != "verdict"]
    found = [
        truth for truth in wanted
        if any(line["site"] == truth["site"] and line["on"] >= truth["from"].isoformat()
               for line in raised(lines, truth["type"]))
    ]  # fmt: skip
    last = {(line["site"], line["intervention_on"]): line["verdict"] for line in lines if line["kind"] == "verdict"}
    verdicts = [
        (truth["verdict"], last.get((truth["site"], truth["from"].isoformat())))
        for truth in world.truth if truth["type"] == "verdict"
    ]  # fmt: skip

    assert len(found) >= 0.9 * len(wanted)
    assert verdicts.count(("EFFECTIVE", "EFFECTIVE")) >= 2
    assert ("CONFOUNDED_REPORTING_FELL", "CONFOUNDED_REPORTING_FELL") in verdicts
    assert ("not EFFECTIVE", "EFFECTIVE") not in verdicts


def test_planted_patterns_are_found_under_their_own_name(planted, said):
    """Asset, bunches, silence, season and a repeat for one person are found at their site and in time."""
    for truth in planted.truth:
        if truth["type"] in ("recurring_asset", "periodic_bunching", "silence", "shared_season"):
            found = [
                line for line in raised(said, truth["type"])
                if truth["site"] == line["site"] and line["on"] >= truth["from"].isoformat()
            ]  # fmt: skip
            assert found, truth


def test_growth_that_exposure_explains_is_no_rise():
    """Twice the residents and twice the reports is no signal; without exposure the same reports are asked about."""
    world = World(7)
    world.sites, world.mix = ["a"], {"a": None}
    world.lines.append({"kind": "site", "site": "a", "name": "A", "setting": "residential", "size": 20})
    for week in range(26):
        world.lines.append(
            {"kind": "exposure", "site": "a", "week_start": world.day(week).isoformat(),
             "exposure": 100 if week < 13 else 300, "exposure_unit": "occupied_bed_days", "accident_book_entries": None}
        )  # fmt: skip
        for number in range(2 if week < 13 else 6):
            world.report("a", world.day(week, number), ["falls_mobility"])
    known = ran(world.lines)
    blind = ran([line for line in world.lines if line["kind"] != "exposure"])

    assert raised(known) == []
    assert raised(blind)[0]["exposure"] is None
    assert "not being known" in raised(blind)[0]["question"]


def test_a_small_site_is_not_silent_because_it_is_small():
    """Four tenancies that tell something every other month are not asked why they are quiet."""
    world = chance_world(3, sites=3, rates=(0.12, 0.15), logs=False)

    assert raised(ran(world.lines), "silence") == []


def test_several_reports_of_one_event_count_once():
    """Four people tell of one flood: one event, one group, no rise."""
    world = chance_world(4, sites=1, rates=(0.5, 0.6), logs=False)
    day = world.day(15, 2)
    for number, text in enumerate(
        ["Water coming through the laundry ceiling, plumber called", "laundry ceiling leaking water, plumber rung",
         "Ceiling in laundry leaking, water on floor, plumber on the way", "water leaking in laundry from ceiling"]
    ):  # fmt: skip
        world.report("site-00", day + timedelta(days=number % 2), ["environment"], text=text, occurred=day)
    said = ran(world.lines)
    groups = [line for line in said if line["kind"] == "duplicate"]

    assert len(groups[-1]["report_ids"]) == 4
    assert len({line["group_id"] for line in groups}) == 1
    assert raised(said, "rising_rate") == []


def test_pure_chance_agrees_with_the_promise():
    """The number of the summary is what chance runs show, within what so few signals can tell, and small."""
    data, book = shipped()
    seen, months, promised = 0, 0.0, []
    for seed in range(2):
        world = chance_world(9000 + seed, sites=12, rates=(2.0, 5.0), style="mixed")
        history = read_history((orjson.dumps(line) for line in world.lines), book)
        lines = list(backtest(history, data, book))
        seen += len(raised(lines))
        months += 12 * 26 * 7 / 30.44
        promised.append(lines[-1]["expected_false_alarms_per_site_month"])
    mean = sum(promised) / len(promised)

    assert 0 < mean <= 0.25
    assert abs(seen - mean * months) <= 3 * (mean * months) ** 0.5 + 1


def test_a_rise_is_raised_while_it_lasts_and_closed_when_it_is_over():
    """Four weeks at four a week on one a week are found in time, and the signal ends after two quiet reviews."""
    world = chance_world(12, sites=1, rates=(1.5, 1.6), logs=False)
    for week in range(26):
        world.report("site-00", world.day(week, week % 5), ["medication"])
    for day in range(28):
        if day % 7 < 4:
            world.report("site-00", world.day(12, day), ["medication"])
    lines = [
        line for line in ran(world.lines) if line["kind"] == "signal" and "medication" in line["series"]["domains"]
    ]
    events = [line["event"] for line in lines if line["type"] == "rising_rate"]

    assert events[0] == "raised"
    assert world.day(13).isoformat() <= lines[0]["on"] <= world.day(15).isoformat()
    assert "closed" in events


BAD = [
    (b"{not json", "line 2, field kind"),
    (b"[]", "line 2, field kind"),
    (b'{"kind":"surprise"}', "line 2, field kind"),
    (b'{"kind":"log","site":"nowhere","date":"2026-01-05","text":"x"}', "line 2, field site"),
    (b'{"kind":"log","site":"a","date":"5 January","text":"x"}', "line 2, field date"),
    (b'{"kind":"exposure","site":"a","week_start":"2026-01-06","exposure":1,"exposure_unit":"v"}', "field week_start"),
    (b'{"kind":"exposure","site":"a","week_start":"2026-01-05","exposure":-1,"exposure_unit":"v"}', "field exposure"),
    (b'{"kind":"report","site":"a","occurred":"2026-01-05","reported":"2026-01-05","labels":{}}', "field report_id"),
    (b'{"kind":"report","report_id":"r","site":"a","occurred":"2026-01-06","reported":"2026-01-05"}', "field occurred"),
    (b'{"kind":"report","report_id":"r","site":"a","occurred":null,"reported":"9999-01-05"}', "field reported"),
    (b'{"kind":"report","report_id":"r","site":"a","reported":"2026-01-05","labels":[]}', "field labels"),
    (b'{"kind":"report","report_id":"r","site":"a","reported":"2026-01-05","labels":{"domains":"x"}}', "field domains"),
    (b'{"kind":"site","site":"a","name":"A","setting":"residential"}', "field site"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "where"), BAD)
def test_a_wrong_line_is_refused_by_line_field_and_what_to_do(line, where):
    """Nobody has to search a file of years for what is wrong with it."""
    _, book = shipped()
    with pytest.raises(BadLine, match=re.escape(where)) as refusal:
        read_history([b'{"kind":"site","site":"a","name":"A","setting":"residential","size":null}', line], book)

    assert ";" in str(refusal.value)


def test_the_command_prints_strict_json_or_one_line_and_exit_2(tmp_path):
    """Good input ends with the summary; bad input prints nothing but one line on standard error."""
    good, bad = tmp_path / "good.ndjson", tmp_path / "bad.ndjson"
    world = chance_world(1, sites=2, weeks=8)
    good.write_bytes(b"\n".join(orjson.dumps(line) for line in world.lines))
    bad.write_text('{"kind":"log"}\n')
    command = [sys.executable, "-m", "services.actions", "backtest"]
    done = subprocess.run([*command, str(good)], capture_output=True, check=False)
    refused = subprocess.run([*command, str(bad)], capture_output=True, check=False)
    missing = subprocess.run([*command, str(tmp_path / "none")], capture_output=True, check=False)

    assert done.returncode == 0
    assert json.loads(done.stdout.splitlines()[-1])["kind"] == "summary"
    for failed in (refused, missing):
        assert failed.returncode == 2
        assert failed.stdout == b""
        assert failed.stderr.count(b"\n") == 1


def test_an_empty_file_has_a_summary_without_numbers():
    """Where there is nothing, nothing is promised."""
    data, book = shipped()
    (summary,) = backtest(read_history([], book), data, book)

    assert (summary["sites"], summary["reports"], summary["expected_false_alarms_per_site_month"]) == (0, 0, None)
