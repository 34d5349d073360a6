"""The grid of care delivered, through intake's pages over the real mongod."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.intake import Intake, running

pytestmark = pytest.mark.engines
SAME = {"Sec-Fetch-Site": "same-origin"}
WEEK = "2026-02-23"


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix, root_path="/in") as one:
        await one.register()
        yield one


async def save(intake: Intake, key: str, **cells: str):
    return await intake.call("POST", f"/exposure?week={WEEK}", key, data=cells, headers=SAME)


async def test_a_week_is_told_in_one_grid(intake: Intake) -> None:
    """Open homes have a line, closed ones none; what is written is recorded, what is empty stays missing."""
    key = await intake.key("governance")

    empty = await intake.call("GET", "/exposure", key)
    saved = await save(intake, key, **{"value:elm": "2,66", "basis:elm": "estimated", "value:ash": "7"})
    shown = await intake.call("GET", f"/exposure?week={WEEK}", key)
    nothing = await save(intake, key, **{"value:elm": "", "basis:elm": "counted"})

    assert empty.status_code == 200
    assert "Elm House" in empty.text
    assert "Ash Lodge" not in empty.text, "closed at the end of the year before"
    assert "1 of 1 site has told nothing yet" in empty.text
    assert (saved.status_code, saved.headers["location"]) == (303, f"/in/exposure?week={WEEK}&done=1")
    (event,) = await intake.outbox("exposure")
    assert event["exposure"] == {
        "period_start": WEEK,
        "period_end": "2026-03-01",
        "unit": "occupied_bed_days",
        "value": 266.0,
        "basis": "estimated",
        "revision": 1,
    }
    assert "The site has told." in shown.text
    assert 'value="266"' in shown.text
    assert nothing.headers["location"].endswith("done=0")
    assert "style=" not in shown.text
    assert "<script" not in shown.text


async def test_what_is_wrong_stays_on_the_page_with_its_reason(intake: Intake) -> None:
    """A figure that is none is refused by its line, and what was typed is still there to be put right."""
    key = await intake.key("governance")

    wrong = await save(intake, key, **{"value:elm": "many", "basis:elm": "counted"})

    assert wrong.status_code == 422
    assert "must be a number" in wrong.text
    assert 'value="many"' in wrong.text
    assert await intake.outbox("exposure") == []


async def test_a_month_counts_as_told_and_another_site_is_out_of_reach(intake: Intake) -> None:
    """A month's figure covers its weeks; a manager of another home sees no line; a page of another site cannot post."""
    table = (
        "site_id,period_start,period_end,unit,value,basis\nelm,2026-02-01,2026-03-01,occupied_bed_days,1100,counted\n"
    )
    key, other = await intake.key("governance"), await intake.key("manager", sites=["ash"])
    await intake.call("POST", "/v1/exposure", key, content=table, headers={"Content-Type": "text/csv"})

    shown = await intake.call("GET", f"/exposure?week={WEEK}", key)
    beyond = await intake.call("GET", f"/exposure?week={WEEK}", other)
    forged = await intake.call("POST", f"/exposure?week={WEEK}", key, data={}, headers={"Sec-Fetch-Site": "cross-site"})

    assert "part of" in shown.text
    assert "told nothing yet" not in shown.text
    assert "No site was open" in beyond.text
    assert forged.status_code == 403
    assert (await intake.call("GET", f"/exposure?week={WEEK}", await intake.key("analyst"))).status_code == 403
