"""Pages of the register over the real mongod: sites with their posters, people by a list, keys and sign-in links."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.intake.domain.assets import ASSET_COLUMNS
from services.intake.domain.people_rows import PEOPLE_COLUMNS
from tests.support.browser import THEMES, Looker
from tests.support.intake import Intake, running

pytestmark = pytest.mark.engines
SAME = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
SHOTS = os.environ.get("NEARMISS_SCREENSHOTS")
ASSETS = (
    ",".join(ASSET_COLUMNS) + "\n"
    "rowan,elm,hoist 3,hoist,Mobile hoist,provider,,2021-05-10,,loler:2025-08-06:2026-02-06\n"
    "rowan,elm,bed 12,bed,,supplier,Beds for Hire,,,service::2026-09-10\n"
)
PEOPLE = (
    ",".join(PEOPLE_COLUMNS) + "\n7,Ada Example,manager,elm,,2026-03-02,2026-03-09,\n8,Ben Example,deputy,elm,,,,\n"
)


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix) as one:
        await one.register()
        answer = await one.call("POST", "/v1/assets:import", content=ASSETS, headers={"Content-Type": "text/csv"})
        assert answer.status_code == 200, answer.text
        yield one


async def look(intake: Intake, key: str, path: str) -> httpx.Response:
    return await intake.call("GET", path, key, headers=SAME)


async def send(intake: Intake, key: str, path: str, files: dict[str, bytes] | None = None, **fields: str):
    return await intake.call("POST", path, key, data=fields, files=files, headers=SAME)


async def test_a_manager_makes_prints_and_revokes_the_poster_of_their_home(intake: Intake) -> None:
    """One home: its page opens at once, offers the poster, lists it, and after a revocation the form is gone."""
    manager = await intake.key("manager", sites=["elm"])

    start = await look(intake, manager, "/register")
    empty = await look(intake, manager, start.headers["location"])
    made = await send(intake, manager, "/register/elm/links", purpose="report")
    poster = await look(intake, manager, made.headers["location"])
    sticker = await send(intake, manager, "/register/elm/links", purpose="report", asset_ref="hoist 3")
    page = await look(intake, manager, "/register/elm")
    link = re.findall(r"/report/([\w.-]+)", poster.text)[0]
    opened = await intake.http.get(f"/report/{link}")
    path = re.findall(rf'action="(/register/elm/links/{link.split(".")[0]}/revoke)"', page.text)[0]
    revoked = await send(intake, manager, path)
    closed = await intake.http.get(f"/report/{link}")

    assert start.headers["location"] == "/register/elm"
    assert "No poster yet" in empty.text
    assert "overdue" in empty.text
    assert "Elm House" in poster.text
    assert "hoist 3" in (await look(intake, manager, sticker.headers["location"])).text
    assert "Staff can report here by poster; 1 examination is overdue" in page.text
    assert (opened.status_code, revoked.status_code, closed.status_code) == (200, 303, 404)
    assert "No poster yet" in (await look(intake, manager, "/register/elm")).text


async def test_what_is_out_of_reach_is_not_there(intake: Intake) -> None:
    """Another home and another tenant's are 404; keys and people are for those who answer for all; pages elsewhere
    cannot post."""
    manager = await intake.key("manager", sites=["elm"])
    other = await intake.key("governance", provider="other")

    assert (await look(intake, manager, "/register/ash")).status_code == 404
    assert (await look(intake, other, "/register/elm")).status_code == 404
    assert (await send(intake, other, "/register/elm/links", purpose="report")).status_code == 404
    assert "Elm House" not in (await look(intake, other, "/register/oak")).text
    for path in ("/people", "/keys"):
        assert (await look(intake, manager, path)).status_code == 403
    foreign = await intake.call(
        "POST", "/register/elm/links", manager, data={"purpose": "report"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert foreign.status_code == 403
    wrong = await send(intake, manager, "/register/elm/links", purpose="report", asset_ref="<hoist>")
    assert wrong.status_code == 422


async def test_a_new_list_of_people_is_shown_before_it_is_applied(intake: Intake) -> None:
    """The file shows who joins; applied, the home's page names them and who is away; a faulty one changes nothing."""
    lead = await intake.key("governance")

    faulty = await send(intake, lead, "/people/plan", {"list": PEOPLE.replace("deputy", "boss").encode()})
    plan = await send(intake, lead, "/people/plan", {"list": PEOPLE.encode()})
    before = await look(intake, lead, "/register/elm")
    fields = dict(re.findall(r'name="(plan_id|table)" value="([^"]+)"', plan.text))
    applied = await send(intake, lead, "/people/apply", **fields)
    after = await look(intake, lead, "/register/elm")
    shorter = await send(intake, lead, "/people/plan", {"list": "\n".join(PEOPLE.splitlines()[:2]).encode()})

    assert faulty.status_code == 422
    assert "Line 3" in faulty.text
    assert "This list would change 2 people" in plan.text
    assert "Nobody is listed" in before.text
    assert applied.status_code == 303
    assert "Ada Example (away)" in after.text
    assert "Ben Example" in after.text
    assert "1 person leaves" in re.sub(r"<[^>]+>", "", shorter.text)


async def test_a_key_is_made_shown_once_replaced_and_revoked(intake: Intake) -> None:
    """The secret stands on the page that made it and on no other; the successor opens; a revoked one does not."""
    lead = await intake.key("governance")

    made = await send(intake, lead, "/keys/key", label="Care app", roles="feed", sites="elm", days="30")
    secret = re.findall(r"<code>(nmk_[^<]+)</code>", made.text)[0]
    listed = await look(intake, lead, "/keys")
    key_id = secret.removeprefix("nmk_").split(".")[0]
    replaced = await send(intake, lead, f"/keys/key/{key_id}/rotate")
    following = re.findall(r"<code>(nmk_[^<]+)</code>", replaced.text)[0]
    body = {"site_id": "elm", "text": "Gate."}
    works = [(await intake.call("POST", "/v1/reports", one, json=body)).status_code for one in (secret, following)]
    revoked = await send(intake, lead, f"/keys/key/{following.removeprefix('nmk_').split('.')[0]}/revoke")
    refused = await intake.call("POST", "/v1/reports", following, json=body)

    assert secret not in listed.text
    assert "Care app" in listed.text
    assert "Elm House" in listed.text
    assert "The old key ends on" in replaced.text
    assert works == [202, 202]
    assert (revoked.status_code, refused.status_code) == (303, 401)


async def test_a_sign_in_link_signs_in_and_a_wrong_wish_is_named(intake: Intake) -> None:
    """The address opens a session; without a label or role nothing is made; nobody gives the operator's role."""
    lead = await intake.key("governance")

    made = await send(intake, lead, "/keys/link", label="The board", roles="analyst", days="7")
    address = re.findall(r"<code>([^<]+)</code>", made.text)[0]
    opened = await intake.http.get(address)
    nothing = await send(intake, lead, "/keys/link", label="", days="7")
    operator = await send(intake, lead, "/keys/key", label="x", roles="operator", days="30")

    assert opened.status_code == 303
    assert "nearmiss_session" in opened.headers["set-cookie"]
    assert nothing.status_code == operator.status_code == 422
    assert "roles" in nothing.text


async def test_the_pages_are_clean_in_every_theme_and_width(intake: Intake, browser: Looker) -> None:
    """axe finds nothing on the list of sites, a home, people with a plan, and keys."""
    lead = await intake.key("governance")
    plan = await send(intake, lead, "/people/plan", {"list": PEOPLE.encode()})
    fields = dict(re.findall(r'name="(plan_id|table)" value="([^"]+)"', plan.text))
    await send(intake, lead, "/people/apply", **fields)
    await send(intake, lead, "/register/elm/links", purpose="report")
    intake.http.headers["Authorization"] = f"Bearer {lead}"
    intake.http.headers["Accept"] = "text/html"

    found = []
    for path in ("/register", "/register/elm", "/people", "/keys"):
        assert len((await intake.http.get(path)).content) < 60_000
        themes = THEMES if path == "/keys" else THEMES[:1]  # the parts are the same on all four
        found += await browser.faults(intake.http, path, themes=themes)
        for width in (360, 1280):
            async with browser.page(intake.http, width=width) as page:
                await page.goto(f"{intake.http.base_url}{path}")
                if SHOTS:
                    name = f"register-{path.strip('/').replace('/', '-')}-{width}.png"
                    await page.screenshot(path=str(Path(SHOTS) / name), full_page=True)

    assert found == []
