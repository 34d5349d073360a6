"""The pages of reporting in a real browser: axe in both themes and two widths, and the main task by keyboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from axe_playwright_python.async_playwright import Axe

from shared.kernel.principal import Role
from tests.support import reporting as say
from tests.support.browser import RULES, Looker
from tests.support.reporting import World, open_world

pytestmark = pytest.mark.engines
HOME = "/providers/rowan-care"


@pytest.fixture
async def world(mongodb_uri: str, database_prefix: str) -> AsyncIterator[World]:
    async with open_world(mongodb_uri, database_prefix) as opened:
        await opened.fold(
            say.provider(),
            say.site(),
            say.site("oak", "Oak Lodge"),
            *(say.report(f"r{n}") for n in range(6)),
            *(say.classified(f"r{n}") for n in range(6)),
            *(say.report(f"w{n}", reported_at=say.TOLD - timedelta(weeks=n)) for n in range(1, 20)),
            *(say.classified(f"w{n}") for n in range(1, 20)),
            say.signal("s1"),
            say.action("a1"),
        )
        yield opened


PAGES = (
    "",
    "/reports",
    "/reports/elm-house/r1",
    "/sites/elm-house",
    "/domains/medication?site=elm-house",
    "/domains/(all)",
    "/risks",
    "/risks?group=medicines",
    "/culture",
    "/continuity",
    "/learning",
    "/status",
    "/more",
    "/packs",
    "/packs/new",
)


@pytest.mark.parametrize("path", PAGES)
async def test_axe_finds_nothing(world: World, browser: Looker, path: str) -> None:
    """Light and dark, phone and desk: no fault by WCAG 2.2 AA, nothing stopped by the policy, nothing cut off."""
    assert await browser.faults(world.client(Role.GOVERNANCE), HOME + path) == []


async def test_axe_finds_nothing_in_the_draft_of_a_pack(world: World, browser: Looker) -> None:
    """What an author reads before signing, reached by the form's own button, has no fault either."""
    async with browser.page(world.client(Role.GOVERNANCE)) as page:
        await page.goto(f"http://reporting.test{HOME}/packs/new")
        await page.locator("input[name=audience][value=board]").check()
        await page.locator("textarea[name=commentary]").fill("What we learned.")
        await page.locator("button[name=act][value=look]").click()
        await page.locator("section.draft").wait_for()
        result = (await Axe().run(page, options=RULES)).response
    assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in result["violations"]] == []


async def test_a_fault_is_found(world: World, browser: Looker) -> None:
    """The look itself works: an address that is not there, and a page without a language, do not pass."""
    assert await browser.faults(world.client(Role.GOVERNANCE), HOME + "/nowhere", themes=["light"], widths=[360]) == [
        "/providers/rowan-care/nowhere light 360: answers 404"
    ]
    async with browser.page(world.client(Role.GOVERNANCE)) as page:
        await page.set_content("<html><body><img src=x><input></body></html>")
        broken = (await Axe().run(page)).response["violations"]
    assert {"html-has-lang", "image-alt", "label"} <= {rule["id"] for rule in broken}


async def test_from_the_first_key_to_the_reports_behind_last_weeks_number(world: World, browser: Looker) -> None:
    """By keyboard alone: skip to the content, on to the number in the answer, and into the reports behind it."""
    async with browser.page(world.client(Role.GOVERNANCE), script=False) as page:
        await page.goto(f"http://reporting.test{HOME}")
        await page.keyboard.press("Tab")
        assert await page.locator(":focus").inner_text() == "Skip to the content"
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        assert await page.locator(":focus").inner_text() == "6 reports"
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/reports?week=*")
        assert await page.locator("h1").inner_text() == "6 reports"
