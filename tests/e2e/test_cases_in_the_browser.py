"""The demo's four cases walked in real Chromium: from the overview over question and first report to the verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect, sync_playwright

from deploy.demo import data
from tests.support.browser import OVER_HTTP, chromium
from tests.support.system import Client, System, passed_on, until

pytestmark = pytest.mark.e2e
CASES = (
    ("elm-house", "medication-handover-checklist", "Fell beyond chance"),
    ("harbour-court", "preventative-inspection-schedule", "Fell beyond chance"),
    ("meadow-homecare", "address-contact-verification", "Fell beyond chance"),
    ("birchfield-lodge", "mar-audit", "Maybe only less reporting"),
)
"""Site, playbook of the remedy, and the tag that the page gives its verdict."""


@pytest.fixture(scope="module")
def governance(system: System) -> Client:
    """The demo provider's own key, to ask what the pages should show."""
    return system.client(system.addresses()["api_key"])


@pytest.fixture
def page(system: System) -> Iterator[Page]:
    """A browser that followed the demo's link; whatever its console calls an error fails the test."""
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.on("console", lambda told: said.append(told.text) if _is_fault(told) else None)
        opened.goto(system.addresses()["page"])
        yield opened
        browser.close()
    assert said == []


def _is_fault(told: ConsoleMessage) -> bool:
    """Tell whether the console calls something an error."""
    return told.type == "error" and OVER_HTTP not in told.text


@pytest.mark.parametrize(("site", "playbook", "tag"), CASES)
def test_a_case_is_walked_from_its_question_and_first_report_to_the_verdict(governance, page, site, playbook, tag):
    """By links alone: the question, the reports behind it, the action taken, and the sentence that its figures give."""
    tasks = governance.get("/act/v1/actions", site=site, status="all", limit=500)["actions"]
    task = next(one for one in tasks if one["playbook_id"] == playbook and one["accepted_at"])
    signals = governance.get("/act/v1/signals", site=site, status="all", limit=500)["signals"]
    signal = next(one for one in signals if (one["review"] or {}).get("action_id") == task["action_id"])
    verdict = governance.get(f"/act/v1/actions/{task['action_id']}/evaluation")["verdict"]

    page.get_by_role("link", name="Questions", exact=True).click()
    page.get_by_role("link", name="Show closed questions too").click()
    page.locator(f'a[href$="/signals/{signal["signal_id"]}"]').first.click()
    expect(page.locator("main")).to_contain_text(signal["question"])

    question = page.url
    page.get_by_role("link", name=re.compile(r"^Read the \d+ reports$")).click()
    expect(page.get_by_role("heading", name=f"{len(signal['report_ids'])} reports")).to_be_visible()
    first, older = _first_report(governance, site, signal["report_ids"]), page.get_by_role("link", name="Older reports")
    while older.count() and first not in page.locator("main").inner_text():
        older.click()
    expect(page.locator("main")).to_contain_text(first)

    page.goto(question)
    page.get_by_role("link", name="See the action").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(task["title"])
    expect(page.locator("main")).to_contain_text(verdict["sentence"])
    expect(page.get_by_text(tag, exact=True).first).to_be_visible()
    expect(page.get_by_role("heading", name="Did it work?")).to_be_visible()


def _first_report(governance: Client, site: str, report_ids: list[str]) -> str:
    """The redacted words of the report that staff told first."""
    found = [report for report in _all_reports(governance, site) if report["report_id"] in report_ids]
    return str(min(found, key=lambda report: str(report["reported_at"]))["text"])


def _all_reports(governance: Client, site: str) -> Iterator[dict]:
    after: dict[str, str] = {}
    while True:
        answer = governance.get("/v1/reports", provider=data.PROVIDER, site=site, limit=200, **after)
        yield from answer["reports"]
        if not answer.get("next"):
            return
        after = {"after": answer["next"]}


def test_what_nobody_did_or_answered_is_with_the_next_role_on_its_pages_and_in_the_digest(governance, page):
    """A check missed for a fortnight is with the group lead; last week's and a weekend's duties are with somebody."""
    late = until(lambda: passed_on(governance), 150.0, "what waits to be passed on")
    group = governance.get("/act/v1/digest")["group"]["counts"]
    assert late["mill-gardens"] == "group_lead"
    assert late["willow-grange"] in ("manager", "group_lead")
    assert group["occurrences_missed"] == sum(role == "group_lead" for role in late.values())
    for site in late:
        assert governance.get("/act/v1/digest", site=site)["sites"][site]["counts"]["occurrences_missed"] == 1

    page.get_by_role("link", name="Actions", exact=True).click()
    page.get_by_role("link", name="Routines", exact=True).click()
    page.get_by_role("link", name="Pull cords tried in every flat, Mill Gardens").first.click()
    expect(page.locator("main")).to_contain_text("counts as missed, with the group lead since")
    expect(page.locator("main")).to_contain_text("Not carried out: passed on to the group lead")

    asked = governance.get("/act/v1/duties", status="asked", limit=500)["duties"]
    duty = min((duty for duty in asked if duty["escalated_to"]), key=lambda duty: str(duty["advised_at"]))
    page.get_by_role("link", name="Clocks", exact=True).click()
    page.get_by_label("Show").select_option("past")
    page.get_by_role("button", name="Show").click()
    page.locator(f'a[href$="/duties/{duty["duty_id"]}"]').click()
    expect(page.locator("main")).to_contain_text("Nobody has answered: with the")


def test_the_board_shows_work_in_every_state(page):
    """Proposed, accepted, in progress and verified actions stand there, overdue ones and verdicts beside them."""
    page.get_by_role("link", name="Actions", exact=True).click()

    for state in ("Proposed", "Accepted", "In progress", "Verified"):
        column = page.get_by_role("heading", name=re.compile(rf"^{state}"))
        expect(column).to_be_visible()
        assert not (column.text_content() or "").strip().endswith(" 0"), state
    expect(page.get_by_text(re.compile("^Overdue")).first).to_be_visible()
