"""`python -m services.classifier classify`: a line of labels for each report, in order, or one that says why not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIELDS = {
    *("id", "is_near_miss", "domains", "primary_domain", "contributory_factors", "potential_severity", "how_caught"),
    *("escalate", "confidence", "evidence", "event_class", "disruption_kind", "assets", "prompts", "needs_review"),
    *("review_reason", "taxonomy_version", "model_version"),
}


def run(lines: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.classifier", "classify"]
    return subprocess.run(command, input=lines, capture_output=True, text=True, cwd=ROOT, check=False)


def test_each_line_is_answered_in_order_with_all_labels():
    """Also a text that nothing is known of gets its line, which says that a person should look."""
    texts = ["Wrong blister pack on the trolley at handover, seen in time.", "", "zxqv"]
    done = run(
        "\n".join(json.dumps({"id": str(n), "text": text, "setting": "nursing"}) for n, text in enumerate(texts))
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.returncode == 0
    assert [answer["id"] for answer in answers] == ["0", "1", "2"]
    assert all(set(answer) == FIELDS for answer in answers)
    assert answers[0]["primary_domain"] == "medication"
    assert [answer["needs_review"] for answer in answers[1:]] == [True, True]


def test_a_line_that_is_no_report_ends_it_with_line_and_field():
    """Exit 2 and one line on standard error; what came before is answered."""
    good = json.dumps({"id": "1", "text": "Lift stuck.", "setting": "nursing"})
    for bad, said in (
        ('{"id": 1}', "line 2: field id"),
        ("{broken", "line 2: not JSON"),
        ("[]", "line 2: not an object"),
    ):
        done = run(f"{good}\n{bad}\n")
        assert done.returncode == 2
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert len(done.stdout.splitlines()) == 1
