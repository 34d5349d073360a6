"""The system's Chromium over an app in this process: axe in every theme and width, and a keyboard to walk with.

A page test takes the fixture `browser` and an `httpx.AsyncClient` of its app:

    assert await browser.faults(client, "/act/signals", prefix="/act") == []
    async with browser.page(client, prefix="/act") as page:
        await page.goto("http://reporting.test/act/signals")
        await page.keyboard.press("Tab")
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Page, Route, async_playwright

SETTING = "NEARMISS_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
THEMES = ("light", "dark")
WIDTHS = (360, 1280)
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
OVER_HTTP = "Cross-Origin-Opener-Policy header has been ignored"
"""The tests' origin is plain http; the browser says that this header counts over HTTPS alone."""
DROPPED = frozenset({"content-length", "content-encoding", "transfer-encoding"})


def chromium() -> str:
    """The system's Chromium: named in NEARMISS_CHROMIUM, installed, or installed now where Debian's apt may.

    Raises:
        FileNotFoundError: there is none; says what to set. A test never passes by not looking.
    """
    named = os.environ.get(SETTING)
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for step in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(["apt-get", *step], check=False, capture_output=True, env=quiet)
        found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None or not os.path.exists(found):
        raise FileNotFoundError(
            f"the browser tests need Chromium: install Debian's package chromium, or set {SETTING} to its path"
            + (f" (it names {named}, which is not there)" if named else "")
        )
    return found


class Looker:
    """Looks at pages of an app as a browser shows them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    @asynccontextmanager
    async def page(
        self, client: httpx.AsyncClient, theme: str = "light", width: int = 1280, prefix: str = "", script: bool = True
    ) -> AsyncIterator[Page]:
        """A page whose every request goes to the client; the client's own sign-in counts.

        Args:
            client: Of the app under test; its base address is the pages' origin.
            theme: light or dark.
            width: Of the window, in pixels.
            prefix: Where the front door has the app; taken away before the app is asked.
            script: Whether the page's own scripts run.
        """
        context = await self._browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=script,
        )

        async def answer(route: Route) -> None:
            asked = route.request
            headers = {k: v for k, v in (await asked.all_headers()).items() if not k.startswith(":")}
            address = asked.url.removeprefix(str(client.base_url).rstrip("/")).removeprefix(prefix) or "/"
            reply = await client.request(asked.method, address, headers=headers, content=asked.post_data_buffer)
            kept = {name: value for name, value in reply.headers.items() if name not in DROPPED}
            await route.fulfill(status=reply.status_code, headers=kept, body=reply.content)

        await context.route("**/*", answer)
        try:
            yield await context.new_page()
        finally:
            await context.close()

    @asynccontextmanager
    async def at(self, address: str, cookies: dict[str, str], width: int = 1280) -> AsyncIterator[Page]:
        """A page without script over the network, for forms that redirect: what a route answers is not followed.

        Args:
            address: Where the app is served.
            cookies: What the browser holds for it.
            width: Of the window, in pixels.
        """
        context = await self._browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False)
        await context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
        try:
            yield await context.new_page()
        finally:
            await context.close()

    async def faults(
        self,
        client: httpx.AsyncClient,
        path: str,
        prefix: str = "",
        themes: Sequence[str] = THEMES,
        widths: Sequence[int] = WIDTHS,
    ) -> list[str]:
        """Say what is wrong with a page in each theme and width: axe, the policy, and what runs out of the screen."""
        found: list[str] = []
        for theme in themes:
            for width in widths:
                async with self.page(client, theme, width, prefix) as page:
                    where = f"{path} {theme} {width}"
                    found += [f"{where}: {fault}" for fault in await _faults(page, f"{client.base_url}{path}", width)]
        return found


async def _faults(page: Page, address: str, width: int) -> list[str]:
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and OVER_HTTP not in message.text:
            said.append(message.text)

    page.on("console", note)
    answer = await page.goto(address)
    if answer is None or answer.status != 200:
        return [f"answers {answer.status if answer else 'nothing'}"]
    for closed in await page.query_selector_all("details:not([open])"):
        await closed.evaluate("element => element.open = true")  # what is folded away counts too
    result: dict[str, Any] = (await Axe().run(page, options=RULES)).response
    found = [
        f"{rule['id']}: {node['target']} {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for rule in result["violations"]
        for node in rule["nodes"][:3]
    ]
    wide = int(await page.evaluate("document.documentElement.scrollWidth"))
    return said + found + ([f"is {wide} px wide on a screen of {width}"] if wide > width else [])


@asynccontextmanager
async def open_browser() -> AsyncIterator[Looker]:
    """Start the browser; stopped at the end."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            yield Looker(started)
        finally:
            await started.close()
