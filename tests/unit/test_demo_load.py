"""The demo's loader: what broke off goes on when it is called again."""

from __future__ import annotations

import json

import httpx
import pytest

from deploy.demo.load import HERE, Loader

REPORTS = len((HERE / "reports.ndjson").read_text().splitlines())


def front_door(calls: list[httpx.Request], reports: int) -> httpx.Client:
    """A front door behind which so many of the demo's reports are in the views."""
    answers = {
        "/in/v1/tokens": {"token": "t"},
        "/v1/providers/rowan-care/totals": {"totals": {"reports": reports}},
        "/v1/views/site-domain-week": {"rows": [{"week_start": "2026-01-05"}], "next": None},
        "/act/v1/replay": {"days": 56, "signals_raised": 3},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(200, json=answers[request.url.path])

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://front")


def test_reports_that_are_there_already_are_still_reviewed(capsys: pytest.CaptureFixture[str]) -> None:
    """A demo that was stopped before its reviews gets them at the next call, over the weeks in which its data lie."""
    calls: list[httpx.Request] = []
    Loader(front_door(calls, REPORTS), "nmk_invented").load()

    assert json.loads(calls[-1].content) == {"provider_id": "rowan-care", "from": "2026-01-05", "to": "2026-03-01"}
    assert [call.url.path for call in calls if call.method == "POST" and "token" not in call.url.path] == [
        "/act/v1/replay"
    ]
    assert "are there already" in capsys.readouterr().out
