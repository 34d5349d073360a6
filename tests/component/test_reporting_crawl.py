"""Every page of reporting, found by following links as each reader: all are there, sound, small and accessible."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest

from shared.kernel.principal import Role
from tests.support.browser import Looker
from tests.support.reporting import PROVIDER, World, open_world
from tests.support.told_provider import LOT, tell_everything

pytestmark = pytest.mark.engines
ORIGIN = "http://reporting.test"
HTML = {"accept": "text/html"}
OF_A_KIND = 4
"""So many pages of one kind are opened for each reader: they differ in their numbers alone."""
BYTES_MAX = 60_000
READERS: dict[str, tuple[Role, frozenset[str] | None]] = {
    "governance": (Role.GOVERNANCE, None),
    "safeguarding": (Role.SAFEGUARDING, None),
    "manager": (Role.MANAGER, frozenset({"elm-house"})),
    "regional manager": (Role.MANAGER, frozenset({"elm-house", "oak-lodge"})),
    "analyst": (Role.ANALYST, None),
    "operator": (Role.OPERATOR, None),
    "inspector": (Role.INSPECTOR, None),
    "commissioner": (Role.COMMISSIONER, None),
}
ACTING = {"governance", "safeguarding", "manager", "regional manager", "analyst"}
"""Who may open pages of actions; nobody else is led there."""
REVIEWING = ACTING - {"analyst"}
SIGNED = {"commentary": "What we learned.", "signed_by": "A. Invented"}


@pytest.fixture(scope="module")
async def world(mongodb_uri: str) -> AsyncIterator[World]:
    async with open_world(mongodb_uri, "crawl_") as opened:
        await tell_everything(opened)
        author = opened.client(Role.GOVERNANCE)
        for body in ({"audience": "cqc"}, {"audience": "board"}, {"audience": "commissioner", "contract": LOT}):
            assert (await author.post("/v1/packs", json=SIGNED | body)).status_code == 201
        yield opened
        for name in (opened.mongo.db.name, opened.mongo.db.name + "_issued"):
            await opened.mongo.client.drop_database(name)


def kind_of(address: str) -> str:
    """Name the kind of a page: its path without ids, and the names of what is asked."""
    parts = urlsplit(address)
    path = re.sub(r"/(sites|domains|packs|tables|events)/(?!new)[^/]+", r"/\1/*", parts.path)
    path = re.sub(r"/reports/[^/]+/[^/]+", "/reports/*", path)
    return path + "?" + ",".join(sorted({name for name, _ in parse_qsl(parts.query)}))


def links_of(text: str, address: str) -> list[str]:
    """Addresses that a page leads to, whole; those within it are left out."""
    found = [html.unescape(href) for href in re.findall(r'<a [^>]*?href="([^"]+)"', text)]
    whole = [urljoin(ORIGIN + address, href).removeprefix(ORIGIN) for href in found if not href.startswith("#")]
    return list(dict.fromkeys(one.partition("#")[0] for one in whole))


def faults_of(text: str) -> list[str]:
    """Say what every page must have and does not."""
    found = []
    if not re.search(r"<title>[^<]*\w[^<]*</title>", text):
        found.append("no title")
    if len(re.findall(r"<h1\b", text)) != 1:
        found.append(f"{len(re.findall(r'<h1', text))} first headings")
    if len(text.encode()) >= BYTES_MAX:
        found.append(f"{len(text.encode())} bytes")
    ids = re.findall(r'\sid="([^"]+)"', text)
    found += [f"id {name} twice" for name, number in Counter(ids).items() if number > 1]
    found += [f"nothing at #{name}" for name in set(re.findall(r'href="#([^"]+)"', text)) - set(ids)]
    found += re.findall(r"<script|\sstyle=|>None<|=None|\"None\"|Undefined", text)
    return found


async def crawl(client: httpx.AsyncClient) -> tuple[dict[str, str], list[str], set[str]]:
    """Follow every link from the start page; of one kind a few.

    Returns:
        One page of each kind; what is wrong; and the addresses of other services that were met.
    """
    start = await client.get("/", headers=HTML)
    assert start.status_code == 303
    waiting, seen = [start.headers["location"]], {start.headers["location"]}
    kinds: dict[str, str] = {}
    opened: Counter[str] = Counter()
    wrong, elsewhere = [], set()
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(address)
        if address.startswith(("/act", "/in")):
            elsewhere.add(address)
            continue
        opened[kind] += 1
        if opened[kind] > OF_A_KIND:
            continue
        answer = await client.get(address, headers=HTML)
        if answer.status_code != (303 if address == "/" else 200):
            wrong.append(f"{address}: answers {answer.status_code}")
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        kinds.setdefault(kind, address)
        wrong += [f"{address}: {fault}" for fault in faults_of(answer.text)]
        new = [link for link in links_of(answer.text, address) if link not in seen]
        seen.update(new)
        waiting += new
    return kinds, wrong, elsewhere


@pytest.mark.parametrize("reader", READERS)
async def test_every_link_leads_somewhere_that_its_reader_may_see(world: World, reader: str) -> None:
    """From the start page on: no error, one title and heading, under 60 KB, and no door that is locked."""
    role, sites = READERS[reader]
    kinds, wrong, elsewhere = await crawl(world.client(role, sites=sites))
    assert wrong == []
    assert len(kinds) >= (2 if reader == "commissioner" else 18), sorted(kinds)
    if reader not in ACTING:
        assert {address for address in elsewhere if address.startswith("/act")} == set()
    if reader not in REVIEWING:
        assert {address for address in elsewhere if address.startswith("/in")} == set()


async def test_axe_finds_nothing_on_any_kind_of_page(world: World, browser: Looker) -> None:
    """Each kind of page, on a phone: no fault by WCAG 2.2 AA, and nothing runs out of the screen."""
    client = world.client(Role.GOVERNANCE)
    kinds, _, _ = await crawl(client)
    kinds["new pack"] = f"/providers/{PROVIDER}/packs/new"
    found = [
        fault
        for address in kinds.values()
        for fault in await browser.faults(client, address, themes=["light"], widths=[360])
    ]
    assert found == []


async def test_a_report_is_found_by_its_number(world: World) -> None:
    """The search in the head of every page, and every dot of a chart, leads to the report itself."""
    client = world.client(Role.GOVERNANCE)
    answer = await client.get("/find", params={"report": " elm-house-0-0 "}, headers=HTML)
    wanted = f"/providers/{PROVIDER}/reports/elm-house/elm-house-0-0"
    assert (answer.status_code, answer.headers["location"]) == (303, wanted)
    assert (await client.get("/find", params={"report": "nobody-knows"}, headers=HTML)).status_code == 404


async def test_browsers_find_the_icon(world: World) -> None:
    """The page names one, which is there for a year; who asks unasked gets it too."""
    client = world.client(Role.GOVERNANCE)
    text = (await client.get(f"/providers/{PROVIDER}", headers=HTML)).text
    (href,) = re.findall(r'<link rel="icon" href="([^"]+)"', text)
    for address in (href, "/favicon.ico"):
        answer = await world.client(Role.FEED, signed_in=False).get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
