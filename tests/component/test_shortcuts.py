"""What a route that answers past the framework promises: the same door, the same refusals, the same count of calls."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from shared.runtime.shortcuts import Shortcuts
from tests.support.intake import Intake, running

SENT = {"site_id": "elm", "text": "Side gate found open at 22:00.", "worry": 2}


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix, body_max_bytes=2_000) as one:
        await one.register()
        yield one


async def long_way(app: FastAPI, key: str | None, content: bytes, media_type: str) -> httpx.Response:
    """Send a report to the same app with no route that is short."""
    headers = {"Content-Type": media_type} | ({"Authorization": f"Bearer {key}"} if key else {})
    ways = next(one for one in _stack(app) if isinstance(one, Shortcuts))
    kept, ways._ways = ways._ways, {}
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app, False), base_url="http://front") as http:
            return await http.post("/v1/reports", headers=headers, content=content)
    finally:
        ways._ways = kept


def _stack(app: FastAPI) -> list[object]:
    layers, layer = [], app.middleware_stack
    while layer is not None:
        layers.append(layer)
        layer = getattr(layer, "app", None) or getattr(layer, "_app", None)
    return layers


@pytest.mark.parametrize(
    ("content", "media_type", "with_key"),
    [
        (b'{"site_id":"elm","text":" "}', "application/json", True),
        (b'{"site_id":"elm","texts":"x"}', "application/json", True),
        (b'{"site_id":"elm",', "application/json", True),
        (b"\xff", "application/json", True),
        (b"", "application/json", True),
        (b"{}", "text/plain", True),
        (b'{"site_id":"elm","text":"x"}', "application/json", False),
        (b'{"text":"' + b"x" * 3_000 + b'"}', "application/json", True),
    ],
)
async def test_a_refusal_is_the_same_by_the_short_way(
    intake: Intake, content: bytes, media_type: str, with_key: bool
) -> None:
    """Whatever is refused is refused in the same words and with the same status, whichever way a call took."""
    key = await intake.key("feed") if with_key else None
    headers = {"Content-Type": media_type} | ({"Authorization": f"Bearer {key}"} if key else {})

    short = await intake.http.post("/v1/reports", headers=headers, content=content)
    long = await long_way(intake.app, key, content, media_type)

    assert short.status_code >= 400
    assert (short.status_code, short.json()) == (long.status_code, long.json())
    assert short.headers["content-type"] == long.headers["content-type"]


async def test_a_call_is_short_behind_a_prefix_too_and_is_timed_by_its_route(intake: Intake) -> None:
    """A report is taken with and without a prefix of the server's, and both are counted under the route's own name."""
    headers = {"Authorization": f"Bearer {await intake.key('feed')}"}
    behind = httpx.ASGITransport(intake.app, root_path="/in")

    plain = await intake.http.post("/v1/reports", headers=headers, json=SENT)
    async with httpx.AsyncClient(transport=behind, base_url="http://front") as http:
        prefixed = await http.post("/in/v1/reports", headers=headers, json=SENT)

    assert [plain.status_code, prefixed.status_code] == [202, 202]
    assert {"report_id", "status", "received_at"} == set(prefixed.json())
    registry = intake.app.state.runtime.metrics.registry
    labels = {"service": "intake", "method": "POST", "route": "/v1/reports", "status": "2xx"}
    assert registry.get_sample_value("nearmiss_http_seconds_count", labels) == 2


async def test_another_method_of_the_same_path_goes_the_usual_way(intake: Intake) -> None:
    """What the short route does not take is answered by the framework."""
    answer = await intake.http.get("/v1/reports", headers={"Authorization": f"Bearer {await intake.key('feed')}"})

    assert answer.status_code == 405
