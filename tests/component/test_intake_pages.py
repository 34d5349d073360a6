"""Pages of intake in a browser: the form with and without its script, the return page and triage, seen by axe."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.intake.domain.progress import Labelled, labels_key, take_label
from shared.taxonomy.precedence import Fact
from tests.support.browser import Looker
from tests.support.intake import Intake, running

pytestmark = pytest.mark.engines
TEXT = "The hoist sling slipped off its clip while we lifted, the carer caught the strap before the fall."
SHOTS = os.environ.get("NEARMISS_SCREENSHOTS")


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix) as one:
        await one.register()
        yield one


async def form_path(intake: Intake) -> str:
    key = await intake.key("manager")
    made = (await intake.call("POST", "/v1/form-links", key, json={"site_id": "elm"})).json()
    return "/report/" + str(made["address"].rsplit("/", 1)[1])


async def tag(intake: Intake, report_id: str) -> None:
    fields = {"domains": ["moving_handling"], "primary_domain": "moving_handling", "potential_severity": "severe"}
    fact = Fact("model", 1, 1, fields | {"escalate": [], "event_class": "NEAR_MISS"}, "m1")
    key = labels_key("rowan", "elm", report_id)
    await intake.db["labels"].insert_one({"_id": key, **take_label(None, Labelled("rowan", "elm", report_id, fact))})


async def shoot(page: object, name: str) -> None:
    """Keep a picture for a person to look at, where the environment says where."""
    if SHOTS:
        await page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)  # type: ignore[attr-defined] # playwright's page


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
async def test_a_report_goes_from_the_form_to_its_page_in_a_browser(
    intake: Intake, browser: Looker, script: bool
) -> None:
    """Typed and tapped, sent, four words, what came of it: the same with and without the script."""
    address = f"{intake.http.base_url}{await form_path(intake)}"
    async with browser.page(intake.http, width=360, script=script) as page:
        await page.goto(address)
        await shoot(page, f"form-{script}")
        await page.get_by_label("What happened?").fill(TEXT)
        await page.get_by_label("At handover").check(force=True)
        await page.get_by_label("Quite").check(force=True)
        await page.get_by_role("button", name="Send").click()
        await page.wait_for_selector(".words")
        await shoot(page, f"sent-{script}")
        words = (await page.inner_text(".words")).strip()
        assert await page.inner_text("summary >> nth=-1") == "Copy for care notes"
        assert "/report" in page.url
        assert words.replace(" ", "-") not in page.url
        await page.goto(f"{intake.http.base_url}/return")
        await page.get_by_label("Your four words").fill(words)
        await page.get_by_role("button", name="Show me").click()
        await page.wait_for_selector(".steps")
        await shoot(page, f"return-{script}")
        assert "Nobody has read it yet" in await page.inner_text("main")
        assert words.split()[0] not in page.url


async def test_the_form_stays_and_sends_when_the_network_is_back(intake: Intake, browser: Looker) -> None:
    """Without a network it says "not sent yet"; when it is back the same words are sent, once."""
    async with browser.page(intake.http, width=360) as page:
        await page.goto(f"{intake.http.base_url}{await form_path(intake)}")
        await page.get_by_label("What happened?").fill(TEXT)
        await page.route("**/report", lambda route: route.abort())
        await page.get_by_role("button", name="Send").click()
        await page.wait_for_selector("#state.wrong")
        waiting = await page.inner_text("#state")
        await page.unroute("**/report")
        await page.evaluate("window.dispatchEvent(new Event('online'))")
        await page.wait_for_selector(".words")

    assert waiting.startswith("No network. Not sent yet.")
    assert len(await intake.outbox("reports")) == 1


async def test_the_pages_are_clean_in_every_theme_and_width(intake: Intake, browser: Looker) -> None:
    """axe finds nothing on the form, the return page, the queue and one report."""
    path = await form_path(intake)
    form = await intake.http.get(path)
    data = {"link": path.rsplit("/", 1)[1], "form_key": re.findall(r'form_key" value="([^"]+)"', form.text)[0]}
    await intake.http.post("/report", data=data | {"text": TEXT, "lang": "en"})
    (document,) = await intake.db["reports"].find().to_list(None)
    await tag(intake, document["_id"])

    found = [fault for one in (path, "/return") for fault in await browser.faults(intake.http, one)]
    intake.http.headers["Authorization"] = f"Bearer {await intake.key('manager')}"
    for one in ("/triage", f"/triage/{document['_id']}"):
        found += await browser.faults(intake.http, one)
        async with browser.page(intake.http) as page:
            await page.goto(f"{intake.http.base_url}{one}")
            await shoot(page, "triage" if one == "/triage" else "one")

    assert found == []
