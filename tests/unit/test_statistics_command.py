"""The command: what it prints, what it refuses, and that one bad request never stops a batch."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from shared.statistics.__main__ import main

POINT = [
    "x", "value", "numerator", "denominator", "centre", "lower", "upper", "near_lower", "near_upper", "inner_lower",
    "inner_upper", "segment", "in_baseline", "excluded", "side", "outside_limits", "close_to_limits", "signals",
    "special_cause", "point_type",
]  # fmt: skip
SEGMENT = [
    "segment", "n", "n_obs", "n_useful", "centre", "lower_average", "upper_average", "longest_run", "longest_run_max",
    "crossings", "crossings_min", "runs_signal", "sigma_signals",
]  # fmt: skip
RATIO = "--after-events 9 --after-exposure 3000 --before-events 24 --before-exposure 3000"


@pytest.fixture
def run(monkeypatch, capfdbinary):
    """Runs one command on some input; gives exit code, standard output, standard error."""

    def running(arguments: str, given: bytes | str = b"") -> tuple[int, str, str]:
        data = given.encode() if isinstance(given, str) else given
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        code = main(arguments.split())
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return running


def test_a_chart_has_every_field_in_its_order(run):
    """What other programs read is there, whether or not it has a value."""
    code, out, err = run("chart --type xmr", "x,y\n2024-01,3\n2024-02,\n2024-03,5\n")
    made = json.loads(out)

    assert (code, err, list(made)) == (
        0,
        "",
        ["type", "rules", "direction", "n", "points", "segments", "summary"],
    )
    assert [list(point) for point in made["points"]] == [POINT] * 3
    assert [list(segment) for segment in made["segments"]] == [SEGMENT]
    assert made["summary"] == {"variation": "common_cause", "assurance": None}
    assert (made["points"][0]["x"], made["points"][1]["value"]) == ("2024-01", None)


def test_options_with_several_values_are_named_once_or_each_time(run):
    """Both ways of writing are one."""
    text = "x,y\n" + "".join(f"m{i},{i % 5}\n" for i in range(12))
    once = run("chart --type i --rebase m4 m8 --exclude 2 3 --freeze 4 --direction increase", text)
    each = run("chart --type i --rebase m4 --exclude 2 --rebase=m8 --exclude 3 --direction increase --freeze 4", text)

    assert once == each
    assert [point["segment"] for point in json.loads(once[1])["points"]] == [1] * 4 + [2] * 4 + [3] * 4
    assert [i for i, point in enumerate(json.loads(once[1])["points"], 1) if point["excluded"]] == [2, 3]


def test_a_file_of_a_spreadsheet_is_read(run):
    """Byte order mark, quotes, CRLF, further columns, an empty line and spaces do no harm."""
    text = '\ufeffx,y,note\r\n"1 May, late", 3 ,abc\r\n\r\n2,4e0,\r\n'
    code, out, _ = run("chart --type c", text)

    assert code == 0
    assert [(p["x"], p["value"]) for p in json.loads(out)["points"]] == [("1 May, late", 3.0), ("2", 4.0)]


def test_a_header_alone_is_an_empty_chart(run):
    """The input was read; there is nothing to say of it."""
    code, out, _ = run("chart --type xmr", "x,y\n")

    assert (code, json.loads(out)["n"], json.loads(out)["summary"]["variation"]) == (0, 0, None)


def test_the_exact_comparisons_print_what_they_find(run):
    """Ratios without a number are null."""
    assert json.loads(run(f"rate-ratio {RATIO}")[1]) == pytest.approx(
        {"rate_ratio": 0.375, "ci_low": 0.15339773, "ci_high": 0.83566546, "p_value": 0.01353099}, abs=1e-7
    )
    nothing = json.loads(run("rate-ratio --after-events 0 --after-exposure 1 --before-events 0 --before-exposure 1")[1])
    assert nothing == {"rate_ratio": None, "ci_low": 0.0, "ci_high": None, "p_value": 1.0}
    assert json.loads(run("evidence-gate --reduction .5")[1]) == {"baseline_events": 28}
    assert json.loads(run("funnel --expected 10 --coverage .95")[1])["upper"] == pytest.approx(1.8390356)


@pytest.mark.parametrize(
    ("arguments", "given", "named"),
    [
        ("chart --type c", "x,y\na,1\nb,abc\n", "line 3, field y: is not a number"),
        ("chart --type xmr", "x,y\na,NaN\n", "line 2, field y: is not a number"),
        ("chart --type xmr", "x,y\na,1_0\n", "line 2, field y: is not a number"),
        ("chart --type xmr", "x,y\na,1e999\n", "line 2, field y: is not a number"),
        ("chart --type xmr", "x,y\na,1e200\n", "line 2, field y: is beyond"),
        ("chart --type c", "x,y\na,1\n\nb,-1\n", "line 4, field y: is negative"),
        ("chart --type g", "x,y\na,-1\n", "line 2, field y: is negative"),
        ("chart --type t", "x,y\na,3\nb,0\n", "line 3, field y: is not above 0"),
        ("chart --type p", "x,numerator,denominator\na,3,2\n", "line 2, field numerator: is above"),
        ("chart --type u", "x,numerator,denominator\na,3,-2\n", "line 2, field denominator: is negative"),
        ("chart --type u", "x,y\na,3\n", "line 1, field numerator: is missing"),
        ("chart --type i", "x,y,numerator,denominator\na,3,1,2\n", "line 1, field y: is given beside"),
        ("chart --type s", "x,mean,sd,size\na,3,-1,2\n", "line 2, field sd: is negative"),
        ("chart --type s", "x,mean,sd,size\na,3,1,2.5\n", "line 2, field size: is not a whole number"),
        ("chart --type c", "x,y\na,1\nb\n", "line 3, field y: 1 cells"),
        ("chart --type c", "x;y\na;1\n", "line 1, field x: is missing"),
        ("chart --type c", "x,y,y\na,1,2\n", "line 1, field y: is there more than once"),
        ("chart --type c", "", "line 1, field x: is missing"),
        ("chart --type c", b"x,y\n\xff,1\n", "line 2, field x: is not UTF-8"),
        ("chart --type c", 'x,y\n"a,1\n', "line 2, field x: is not CSV"),
        ("chart", "", "command line, field --type: is missing"),
        ("chart --type z", "", "command line, field --type: is unknown"),
        ("chart --type c --rules z", "", "command line, field --rules: is unknown"),
        ("chart --type c --direction up", "", "command line, field --direction: is unknown"),
        ("chart --type c --freeze 0", "x,y\na,1\n", "command line, field --freeze: is below 1"),
        ("chart --type c --freeze 1.5", "x,y\na,1\n", "command line, field --freeze: is not a whole number"),
        ("chart --type c --rebase q", "x,y\na,1\n", "command line, field --rebase: is not a label"),
        ("chart --type c --rebase a", "x,y\na,1\na,1\n", "command line, field --rebase: is the label of several"),
        ("chart --type c --exclude 2", "x,y\na,1\n", "command line, field --exclude: is not a position"),
        ("chart --type c --target nan", "x,y\na,1\n", "command line, field --target: is not a number"),
        ("chart --type c --multiply 0", "x,y\na,1\n", "command line, field --multiply: is not above 0"),
        ("chart --type c --colour red", "", "No such option: --colour"),
        (f"rate-ratio {RATIO} --confidence 95", "", "command line, field --confidence"),
        (f"rate-ratio {RATIO} --after-events -1", "", "command line, field --after-events: is negative"),
        (f"rate-ratio {RATIO} --after-events 1.5", "", "command line, field --after-events: is not a whole"),
        (f"rate-ratio {RATIO} --before-exposure 0", "", "command line, field --before-exposure: is not above 0"),
        ("rate-ratio --after-events 1", "", "command line, field --before-events: is missing"),
        ("evidence-gate --reduction 50", "", "command line, field --reduction"),
        ("funnel --expected 0 --coverage .95", "", "command line, field --expected: is not above 0"),
        ("funnel --expected 9 --coverage .9", "", "command line, field --coverage"),
    ],
)
def test_bad_input_is_named_in_one_line(run, arguments, given, named):
    """Exit 2, nothing printed, and one line that names the line, the field and what to do."""
    code, out, err = run(arguments, given)

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert named in err


def test_a_bad_request_never_stops_the_others(run):
    """One answer per request, in order, with its id."""
    requests = [
        '{"id":1,"command":"chart","type":"c","x":["a","b"],"y":[1,2]}',
        "not json",
        '{"id":"z","command":"chart","type":"c","x":["a"],"y":["many"]}',
        "[1]",
        '{"id":4,"command":"chart","type":"c","x":["a"],"y":[1,2]}',
        '{"id":5,"command":"dance"}',
        '{"id":6,"command":"rule","rule":"shift","values":[1,2],"centre":[0,0],"n":2}',
        '{"id":7,"command":"rule","rule":"shift","values":[1,2],"centre":[0],"n":2}',
        '{"id":8,"command":"rule","rule":"trend","rules":"anhoej","values":[1,2]}',
        '{"id":9,"command":"chart","type":"c","y":[1,NaN]}',
        '{"id":10,"command":"chart","type":"c","y":[1,true]}',
        '{"id":11,"command":"chart","type":"c","y":3}',
        '{"id":12,"command":"chart","type":"i","y":[1,2],"screen":"no"}',
        '{"id":13,"command":"evidence_gate","reduction":0.9}',
        '{"id":14,"command":"rule","rule":"assurance","lower":1,"upper":3,"target":4,"direction":"decrease"}',
    ]
    code, out, err = run("batch", "\n".join(requests) + "\n")
    answers = [json.loads(line) for line in out.splitlines()]

    assert (code, err) == (0, "")
    assert [a["id"] for a in answers] == [1, None, "z", None, 4, 5, 6, 7, 8, None, 10, 11, 12, 13, 14]
    assert [a["id"] for a in answers if "result" in a] == [1, 6, 13, 14]
    assert answers[2]["error"].startswith("field y, position 1: is not a number")
    assert answers[6]["result"] == {"sides": [1, 1]}
    assert [answers[13]["result"], answers[14]["result"]] == [{"baseline_events": 8}, {"assurance": "consistent_pass"}]


def test_a_batch_says_what_the_single_command_says(run):
    """The result of a request is what the command prints."""
    single = run(
        "chart --type u --rules powerbi_spc --multiply 1000 --target 2", "x,numerator,denominator\na,1,9\nb,,9\n"
    )
    request = {
        "id": 1, "command": "chart", "type": "u", "rules": "powerbi_spc", "multiply": 1000, "target": 2,
        "x": ["a", "b"], "numerator": [1, None], "denominator": [9, 9], "freeze": None,
    }  # fmt: skip

    assert json.loads(run("batch", json.dumps(request))[1])["result"] == json.loads(single[1])


def test_the_command_starts_as_a_module():
    """As it is typed."""
    done = subprocess.run(
        [sys.executable, "-m", "shared.statistics", "chart", "--type", "z"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
