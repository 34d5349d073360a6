"""The commands `redact` and `evaluate-redaction`: lines in, lines out, and one clear line for a bad one."""

import json

import pytest
from typer.testing import CliRunner

from services.intake.__main__ import app

RUNNER = CliRunner()


def test_redact_answers_each_line_with_spans_of_the_original():
    """Text is redacted, spans are code points of what came in, ids and order stay, empty lines are passed over."""
    rows = [{"id": 7, "text": "😀 told Zoë Okafor on 07700 900123"}, {"id": "b", "text": "hoist 3 flat"}]
    answer = RUNNER.invoke(app, ["redact"], input="\ufeff" + "\n\n".join(json.dumps(row) for row in rows) + "\n")
    assert (answer.exit_code, [json.loads(line) for line in answer.stdout.splitlines()]) == (
        0,
        [
            {
                "id": 7,
                "text": "😀 told [PERSON_1] on [PHONE_1]",
                "spans": [[7, 17, "person_name"], [21, 33, "phone"]],
            },
            {"id": "b", "text": "hoist 3 flat", "spans": []},
        ],
    )


def test_redact_for_outside_coarsens_rooms_and_times():
    """With --outside a room number and an exact time go, too, and the spans are the same."""
    answer = RUNNER.invoke(app, ["redact", "--outside"], input='{"id":"a","text":"Mrs Bell, room 4, at 14:35"}\n')
    assert json.loads(answer.stdout) == {
        "id": "a",
        "text": "Mrs [PERSON_1], room [NUMBER], at [AFTERNOON]",
        "spans": [[4, 8, "person_name"]],
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: not JSON"),
        ("[]", "line 2: not an object"),
        ('{"text":"a"}', "line 2: field id"),
        ('{"id":"a","text":3}', "line 2: field text"),
    ],
)
def test_a_bad_line_ends_the_command_with_its_number_and_what_to_do(line, said):
    """Exit 2 and one line on standard error; what was before it is written."""
    answer = RUNNER.invoke(app, ["redact"], input='{"id":"a","text":"ok"}\n' + line + "\n")
    assert (answer.exit_code, answer.stderr.startswith(said), answer.stderr.count("\n")) == (2, True, 1)
    assert answer.stdout.count("\n") == 1


def test_evaluation_prints_shares_by_type_and_origin_and_the_misses(tmp_path):
    """Both names of the field of spans are read, and what was missed is shown in its context."""
    gold = tmp_path / "gold.ndjson"
    rows = [
        {"id": "a", "text": "Tendai rang", "pii_spans": [[0, 6, "person_name"]], "origin": "zimbabwean"},
        {"id": "b", "text": "call 999 now", "spans": [[5, 8, "phone"]]},
    ]
    gold.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    answer = RUNNER.invoke(app, ["evaluate-redaction", "--gold", str(gold)])
    assert answer.exit_code == 0
    lines = answer.stdout.splitlines()
    assert [line.split()[:5] for line in lines[1:3]] == [
        ["person_name", "1", "1", "1.000", "1.000"],
        ["phone", "1", "0", "0.000", "-"],
    ]
    assert "zimbabwean           1.000  1 of 1" in lines
    assert "b phone: call <999> now" in lines


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "a", "text": "ab"}, "field pii_spans"),
        ({"id": "a", "text": "ab", "pii_spans": [[0, 3, "phone"]]}, "0 <= start < end <= 2"),
        ({"id": "a", "text": "ab", "pii_spans": [[0, 1, "name"]]}, "a type of person_name"),
        ({"id": "a", "text": "ab", "pii_spans": [], "origin": 1}, "field origin"),
    ],
)
def test_a_bad_gold_line_is_named(tmp_path, row, said):
    """Exit 2 and one line with the number of the line, the field and what is right."""
    gold = tmp_path / "gold.ndjson"
    gold.write_text(json.dumps(row), encoding="utf-8")
    answer = RUNNER.invoke(app, ["evaluate-redaction", "--gold", str(gold)])
    assert (answer.exit_code, answer.stderr.startswith("line 1: "), said in answer.stderr) == (2, True, True)
