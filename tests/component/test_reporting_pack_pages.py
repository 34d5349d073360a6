"""Packs in the author's and the reader's browser: looked at before they are signed, pictured, and frozen."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.kernel.principal import Role
from tests.support.browser import Looker
from tests.support.reporting import PROVIDER, World, open_world
from tests.support.told_provider import LOT, tell_everything

pytestmark = pytest.mark.engines
PACKS = f"/providers/{PROVIDER}/packs"
HTML = {"accept": "text/html"}
OWN = {"sec-fetch-site": "same-origin"} | HTML
FORM = {"audience": "board", "commentary": "Three remedies held. Call me on 07700 900123.", "act": "look"}


@pytest.fixture
async def world(mongodb_uri: str, database_prefix: str) -> AsyncIterator[World]:
    async with open_world(mongodb_uri, database_prefix) as opened:
        await tell_everything(opened)
        yield opened


async def sent(client: httpx.AsyncClient, **form: Any) -> httpx.Response:
    """Send the author's form."""
    return await client.post(f"{PACKS}/new", data=FORM | form, headers=OWN)


async def packs_of(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The packs that are issued."""
    found: list[dict[str, Any]] = (await client.get("/v1/packs")).json()["packs"]
    return found


async def test_the_author_sees_what_would_be_frozen_and_nothing_is(world: World) -> None:
    """The look has the pack's sections and pictures, asks for a name, and issues nothing."""
    author = world.client(Role.GOVERNANCE)
    looked = await sent(author)
    assert looked.status_code == 200
    assert "Nothing is frozen yet." in looked.text
    assert "What was reported" in looked.text
    assert looked.text.count("<svg") > 3
    assert "900123" not in re.sub(r"<(textarea|input)[^>]*(>.*?</textarea>|>)", "", looked.text, flags=re.S)
    assert await packs_of(author) == []


async def test_signing_freezes_it_and_leads_to_it(world: World) -> None:
    """What was looked at is issued under the author's name; the list and the pack are pages for people."""
    author = world.client(Role.GOVERNANCE)
    issued = await sent(author, act="issue", signed_by="A. Invented")
    assert issued.status_code == 303
    shown = (await author.get(issued.headers["location"], headers=HTML)).text
    (pack,) = await packs_of(author)
    for piece in ("Issued and frozen.", "Signed off by A. Invented", pack["content_hash"], "Since the pack before"):
        assert piece in shown
    assert "900123" not in shown
    listed = (await author.get(PACKS, headers=HTML)).text
    assert f'href="{PACKS}/{pack["pack_id"]}"' in listed
    files = {html.unescape(href) for href in re.findall(r'href="(/v1/packs/[^"]+)"', listed)}
    answers = [await author.get(href) for href in sorted(files)]
    kinds = [answer.headers["content-type"].partition(";")[0].rpartition(".")[2] for answer in answers]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert kinds == ["document", "application/json", "application/pdf"]


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"audience": ""}, 422, "Choose whom it is for"),
        ({"commentary": " "}, 422, "Say what the reader should know"),
        ({"act": "issue"}, 422, "Write the name of who signs it off"),
        ({"audience": "commissioner"}, 422, "Name it."),
        ({"audience": "commissioner", "contract": "Lot 9"}, 422, "No site has the contract Lot 9."),
        ({"from": "soon"}, 422, "Must be a day from 2000 to 2100"),
        ({"from": "2026-11-16", "to": "2026-11-01"}, 422, "Must not be before 2026-11-16."),
    ],
)
async def test_a_form_that_cannot_be_issued_says_why_and_keeps_what_was_typed(
    world: World, form: dict[str, str], status: int, words: str
) -> None:
    """Each fault is named at the top, with a link to its field; nothing is issued."""
    author = world.client(Role.GOVERNANCE)
    answer = await sent(author, **form)
    assert answer.status_code == status, answer.text
    summary = answer.text.partition("There is a problem")[2].partition("</ul>")[0]
    assert words in html.unescape(summary)
    (field,) = set(re.findall(r'href="#([^"]+)"', summary))
    assert f'id="{field}"' in answer.text
    if "commentary" not in form:
        assert "Three remedies held." in answer.text
    assert await packs_of(author) == []


async def test_two_packs_for_outsiders_over_the_same_weeks_are_refused_on_the_form(world: World) -> None:
    """The author reads why, on the same page."""
    author = world.client(Role.GOVERNANCE)
    form = {"audience": "commissioner", "contract": LOT, "signed_by": "A. Invented", "act": "issue"}
    assert (await sent(author, **form)).status_code == 303
    again = await sent(author, **form)
    assert (again.status_code, "small numbers away" in again.text) == (409, True)


async def test_another_site_cannot_send_the_form(world: World) -> None:
    """A page from elsewhere that posts with the reader's cookie is refused."""
    author = world.client(Role.GOVERNANCE)
    token = author.headers.pop("authorization").removeprefix("Bearer ")
    author.cookies.set("nearmiss_session", token)
    answer = await author.post(f"{PACKS}/new", data=FORM, headers={"sec-fetch-site": "cross-site"} | HTML)
    assert answer.status_code == 403


async def test_paper_has_the_pictures_too(world: World) -> None:
    """PDF and Word hold as many pictures as the page, each with words for those who do not see it."""
    author = world.client(Role.GOVERNANCE)
    page = await author.get((await sent(author, act="issue", signed_by="A")).headers["location"], headers=HTML)
    drawn = len(re.findall(r'<svg class="chart"', page.text))
    (pack,) = await packs_of(author)
    word = zipfile.ZipFile(io.BytesIO((await author.get(pack["address"], params={"format": "docx"})).content))
    assert len(re.findall(r"<pic:pic\b", word.read("word/document.xml").decode())) == drawn
    assert len(re.findall(r'<wp:docPr [^>]*descr="[^"]{20,}"', word.read("word/document.xml").decode())) == drawn
    pdf = (await author.get(pack["address"], params={"format": "pdf"})).content
    assert pdf.count(b"/Subtype /Image") >= drawn


async def test_a_commissioners_pack_pictures_no_week(world: World) -> None:
    """Weeks hold small numbers: neither the frozen data nor the page tells them."""
    author = world.client(Role.GOVERNANCE)
    form = {"audience": "commissioner", "contract": LOT, "signed_by": "A. Invented", "act": "issue"}
    address = (await sent(author, **form)).headers["location"]
    (pack,) = await packs_of(author)
    body = (await author.get(pack["address"])).json()
    assert {len(section["weeks"]) for section in body["sections"]} == {0}
    page = (await world.client(Role.COMMISSIONER).get(address, headers=HTML)).text
    assert "reports each week" not in page


async def test_axe_finds_nothing_on_the_authors_look(world: World, browser: Looker) -> None:
    """The page of the form with the pack below it, by keyboard alone, light and dark, on a phone and a desk."""
    author = world.client(Role.GOVERNANCE)
    assert await browser.faults(author, f"{PACKS}/new") == []
    async with browser.page(author, script=False) as page:
        await page.goto(f"http://reporting.test{PACKS}/new")
        await page.get_by_label("The board").check()
        await page.get_by_label("What should the reader know?").fill("What we learned.")
        await page.get_by_role("button", name="Show what would be frozen").press("Enter")
        await page.get_by_label("Signed off by").fill("A. Invented")
        assert await page.get_by_role("button", name="Sign off and freeze it").is_visible()
