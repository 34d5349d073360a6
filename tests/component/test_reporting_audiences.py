"""Who may open which page of reporting, asked from outside for each pair of role and page."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.kernel.principal import Role
from tests.support.reporting import World, open_world
from tests.support.told_provider import LOT, tell_everything

pytestmark = pytest.mark.engines
HTML = {"accept": "text/html"}
HOME = "/providers/rowan-care"
BOARD, LOTS = "(the board's pack)", "(the contract's pack)"
OPEN = {
    *("", "/more", "/sites/elm-house", "/domains/medication?site=elm-house", "/risks", "/culture", "/continuity"),
    *("/learning", "/status", "/reports", "/reports/elm-house/elm-house-0-0", "/dictionary"),
    *("/dictionary/tables/fact_report", "/dictionary/events/ReportReceived", "/reports?signal=open-question"),
}
"""Pages of figures and reports: for those inside the provider, each within their reach, and for the inspector."""
OTHER_SITE = {"/sites/oak-lodge", "/reports?site=oak-lodge", "/reports/oak-lodge/going-on"}
HELD = {"/reports/elm-house/held-report"}
ISSUED = {"/packs", BOARD, LOTS}
AUTHORS = {"/packs/new"}
PAGES = sorted(OPEN | OTHER_SITE | HELD | ISSUED | AUTHORS)

INSIDE = (Role.GOVERNANCE, Role.SAFEGUARDING, Role.ANALYST, Role.OPERATOR, Role.INSPECTOR, Role.MANAGER)


def expected(role: Role, page: str) -> int:
    """The one table of who may open what: 200, 403 where the role never may, 404 where it is out of reach."""
    if page in AUTHORS:
        return 200 if role is Role.GOVERNANCE else 403
    if page in ISSUED:
        if role is Role.COMMISSIONER:
            return 404 if page == BOARD else 200
        return 403 if role in (Role.MANAGER, Role.ANALYST, Role.FEED) else 200
    if role not in INSIDE:
        return 403
    if role is Role.MANAGER and page in OTHER_SITE | HELD:
        return 404
    return 404 if role is Role.ANALYST and page in HELD else 200


@pytest.fixture(scope="module")
async def settled(mongodb_uri: str) -> AsyncIterator[tuple[World, dict[str, str]]]:
    async with open_world(mongodb_uri, "audiences_") as opened:
        await tell_everything(opened)
        author, packs = opened.client(Role.GOVERNANCE), {}
        signed = {"commentary": "What we learned.", "signed_by": "A. Invented"}
        for name, body in ((BOARD, {"audience": "board"}), (LOTS, {"audience": "commissioner", "contract": LOT})):
            made = await author.post("/v1/packs", json=signed | body)
            packs[name] = f"/packs/{made.json()['pack_id']}"
        yield opened, packs
        for name in (opened.mongo.db.name, opened.mongo.db.name + "_issued"):
            await opened.mongo.client.drop_database(name)


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_opens_its_pages_and_no_others(settled: tuple[World, dict[str, str]], role: Role) -> None:
    """Every pair of role and page."""
    world, packs = settled
    client = world.client(role, sites=frozenset({"elm-house"}) if role is Role.MANAGER else None)
    found = {page: (await client.get(HOME + packs.get(page, page), headers=HTML)).status_code for page in PAGES}
    assert found == {page: expected(role, page) for page in PAGES}


async def test_nobody_opens_anything_without_signing_in(settled: tuple[World, dict[str, str]]) -> None:
    """A browser is sent to sign in, whatever the page."""
    world, packs = settled
    client = world.client(Role.GOVERNANCE, signed_in=False)
    answers = [await client.get(HOME + packs.get(page, page), headers=HTML) for page in PAGES]
    assert {(answer.status_code, answer.headers["location"].partition("?")[0]) for answer in answers} == {
        (303, "/in/sign-in")
    }


@pytest.mark.parametrize("role", INSIDE)
async def test_another_provider_does_not_exist(settled: tuple[World, dict[str, str]], role: Role) -> None:
    """Of another tenant's pages none is there, not even as forbidden."""
    world, packs = settled
    client = world.client(role, tenant="other-care")
    pages = [page for page in PAGES if expected(role, page) != 403]
    answers = [(await client.get(HOME + packs.get(page, page), headers=HTML)).status_code for page in pages]
    assert set(answers) == {404}


@pytest.mark.parametrize(
    ("role", "sites", "start"),
    [
        (Role.GOVERNANCE, None, HOME),
        (Role.SAFEGUARDING, None, HOME),
        (Role.MANAGER, frozenset({"elm-house"}), f"{HOME}/sites/elm-house"),
        (Role.MANAGER, frozenset({"elm-house", "oak-lodge"}), HOME),
        (Role.INSPECTOR, None, HOME),
        (Role.COMMISSIONER, None, f"{HOME}/packs"),
    ],
)
async def test_everybody_begins_at_their_own_page(
    settled: tuple[World, dict[str, str]], role: Role, sites: frozenset[str] | None, start: str
) -> None:
    """The start page leads to what the reader's question is about."""
    world, _ = settled
    answer = await world.client(role, sites=sites).get("/", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, start)


async def test_an_author_of_some_sites_only_issues_nothing(settled: tuple[World, dict[str, str]]) -> None:
    """A pack is about the whole provider: the form is closed to who answers for a part of it."""
    world, _ = settled
    client = world.client(Role.GOVERNANCE, sites=frozenset({"elm-house"}))
    assert (await client.get(f"{HOME}/packs/new", headers=HTML)).status_code == 403
