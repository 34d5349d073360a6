"""The pages of actions in a real browser: axe in both themes and two widths, and their main tasks by keyboard alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from shared.kernel.principal import Role
from shared.runtime.auth import COOKIE
from tests.support.actions import House, open_house, registered
from tests.support.actions_pages import PREFIX, furnished, raised, told

pytestmark = pytest.mark.engines


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix, root_path=PREFIX) as opened:
        yield opened


async def test_axe_finds_nothing_on_any_page(house, browser):
    """Light on a phone, dark at a desk: no fault by WCAG 2.2 AA, nothing stopped by the policy, nothing cut off."""
    paths = await furnished(house)
    found = []
    async with house.client(Role.GOVERNANCE, subject="lead") as lead:
        for path in paths:
            found += await browser.faults(lead, path, PREFIX, ("light",), (360,))
            found += await browser.faults(lead, path, PREFIX, ("dark",), (1280,))

    assert found == []


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """The app on a port of its own behind its prefix: a browser follows a form's redirect only over the network."""

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"].removeprefix(PREFIX)
        await house.app({**scope, "path": path, "raw_path": path.encode()}, receive, send)

    server = uvicorn.Server(uvicorn.Config(behind, port=0, lifespan="off", log_level="error"))
    running = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


async def test_a_manager_answers_a_question_and_takes_the_action_on_by_keyboard_alone(house, browser):
    """From the list to the question, a remedy chosen, accepted with its date: tabs, arrows and Enter, no script."""
    await house.fold(registered())
    await told(house, "r0", "r1", "r2")
    await raised(house)
    async with (
        house.client(Role.MANAGER, sites=["s"]) as manager,
        served(house) as address,
        browser.at(address, {COOKIE: manager.headers["authorization"].removeprefix("Bearer ")}, width=360) as page,
    ):
        await page.goto(f"{address}{PREFIX}/signals")
        await page.locator("a.govuk-task-list__link").first.focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/signals/*")
        await page.locator("input[name=decision]").first.focus()
        await page.keyboard.press("Space")
        for _ in range(2):
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/signals/*?saved=yes")
        await page.locator(".govuk-inset-text a").first.focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/actions/*")
        await page.locator("button[value=accept]").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/actions/*?saved=yes")
        said = await page.inner_text("main")

    assert "Accepted" in said
    types = [event.type for event in await house.events()]
    assert types[-3:] == ["ActionProposed", "SignalReviewed", "ActionAccepted"]
