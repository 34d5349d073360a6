"""What the services write down at INFO while they are busy: enough to follow what happens, no word of anybody."""

from __future__ import annotations

import re

import pytest

from deploy.demo import data
from shared.contracts.topics import SERVICES
from tests.support.system import System, until

pytestmark = pytest.mark.e2e
WORD = "quibblewort"
"""No such word is in the project: wherever it turns up, a report's text has gone there."""


def test_no_log_holds_a_word_of_what_was_sent(system: System):
    """Singles, a batch with broken rows, a table, refused bodies, notes on tasks: none of it is in any log at INFO."""
    client = system.client(system.addresses()["api_key"])
    before = client.get(f"/v1/providers/{data.PROVIDER}/totals")["totals"]["reports"]
    good = {"site_id": "elm-house", "text": f"The {WORD} was loose and nearly fell.", "occurred_band": "now"}
    for number in range(50):
        assert client.post("/v1/reports", good | {"text": f"{good['text']} {number}"}).status_code == 202
    for wrong in (
        {"worry": WORD},
        {"site_id": WORD},
        {WORD: WORD},
        {"occurred_band": WORD},
        {"text": WORD * 10_000},
        {"external_reference": {"system": WORD, "id": WORD, "link": WORD}},
    ):
        assert client.post("/v1/reports", good | wrong).status_code in (413, 422)
    broken = [good | {"text": f"{WORD} in a batch"}, {"text": WORD}, good | {"occurred_at": WORD}]
    assert client.lines("/v1/reports:import", broken)
    client.http.post("/v1/reports", content=f'{{"text": "{WORD}'.encode(), headers={"Content-Type": "application/json"})
    client.http.get(f"/in/v1/reports/{WORD}", params={"q": WORD})
    client.http.get(f"/providers/{WORD}")
    until(
        lambda: client.get(f"/v1/providers/{data.PROVIDER}/totals")["totals"]["reports"] == before + 51,
        60,
        "all good reports in the views",
    )

    texts = dict(system.logs())
    assert [name for name, text in texts.items() if re.search(WORD, text, re.IGNORECASE)] == []
    for name in SERVICES:
        assert '"level": "info"' in texts[f"{name}.log"] or '"level":"info"' in texts[f"{name}.log"], name
