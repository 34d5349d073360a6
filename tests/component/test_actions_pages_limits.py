"""Pages where a person decides that limits begin anew, where units are said in words, and where months end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.kernel.clock import week_start
from shared.kernel.principal import Role
from tests.component.test_actions_pages import page, sent, words
from tests.support.actions import open_house, registered, report
from tests.support.actions_pages import PREFIX, judged, today
from tests.support.duties import THEFT, told

pytestmark = pytest.mark.engines
NEW_WING = {"version": "1", "act": "rebase", "chart": "medication", "changed": "New wing; ask Ann Smith."}


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix, root_path=PREFIX) as opened:
        await opened.fold(registered())
        yield opened


async def judged_action(house, manager, **changes) -> str:
    """The path of an action's page with its verdict."""
    made = await sent(manager, "/board/new", site="s", title="Move the rack", steps="Move it\n", strength="weaker")
    path = made.headers["location"].removeprefix(PREFIX).partition("?")[0]
    await judged(house, path.rpartition("/")[2], **changes)
    return path


async def test_a_long_column_of_the_board_folds_what_comes_after_the_first_eight(house):
    """All ten stand on the page, each once and with a link; the last two behind a summary that says how many."""
    titles = [f"Move rack {number}" for number in range(10)]
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        for title in titles:
            await sent(manager, "/board/new", site="s", title=title, steps="Move it\n", strength="weaker")
        board = await page(manager, "/board")

    open_part, _, folded = board.partition("<summary>Show 2 more</summary>")
    assert [sum(f">{title}</a>" in part for title in titles) for part in (open_part, folded)] == [8, 2]


async def test_limits_begin_anew_by_a_form_on_the_page_of_the_evaluation(house):
    """Refused at its own fields with what was typed; kept with role, day and reason; told on the log; shown after."""
    monday = week_start(today(house)) - timedelta(days=7)
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        path = await judged_action(house, manager)
        tuesday = (monday + timedelta(days=1)).isoformat()
        refused = await sent(manager, path, 422, **NEW_WING, begins_on=tuesday)
        blank = await sent(manager, path, 422, **NEW_WING | {"changed": ""}, begins_on=monday.isoformat())
        strange = await sent(manager, path, 422, **NEW_WING | {"chart": "weather"}, begins_on=monday.isoformat())
        done = await sent(manager, path, **NEW_WING, begins_on=monday.isoformat())
        after = words(await page(manager, path))
    async with house.client(Role.ANALYST) as analyst:
        numbers = words(await page(analyst, path))

    assert ('id="begins_on-error"' in refused.text, "New wing" in refused.text) == (True, True)
    assert 'id="changed-error"' in blank.text
    assert "weather is no domain" in strange.text.lower()
    assert done.headers["location"] == f"{PREFIX}{path}?saved=yes"
    [event] = await house.events("LimitsRebased")
    assert (event.rebase.begins_on, event.rebase.series.domains, event.by_role) == (monday, ("medication",), "manager")
    assert ("New wing; ask" in after, "Ann Smith" in after, "by manager" in after) == (True, False, True)
    assert ("New wing" in numbers, "begin anew" in numbers, "Which chart" in numbers) == (False, True, False)


async def test_a_figure_without_a_unit_is_said_in_words(house):
    """A number of nothing tells a manager nothing; where the unit is known it stands there."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        without = words(await page(manager, await judged_action(house, manager, exposure_unit=None)))
        known = words(await page(manager, await judged_action(house, manager)))

    assert "9 reports, weighed by the care delivered" in without
    assert "480" not in without
    assert "9 reports in 480 bed days" in known


async def test_huddle_sheets_lead_back_to_the_month_of_the_first_report(house):
    """No further: a site without any report leads to no month before."""
    day = today(house)
    before = day.replace(day=1) - timedelta(days=1)
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        empty = await page(manager, f"/huddles/s/{day:%Y-%m}")
        await house.fold(report("r1", before))
        now = await page(manager, f"/huddles/s/{day:%Y-%m}")
        first = await page(manager, f"/huddles/s/{before:%Y-%m}")

    assert ("The month before" in empty, "The month before" in now, "The month before" in first) == (False, True, False)
    assert f"/huddles/s/{before:%Y-%m}" in now


async def test_the_register_begins_with_today_and_what_is_older_is_a_number_with_a_link(house):
    """Duties of before today, and later questions of answered ones, stand behind their own links."""
    now = house.runtime.clock.now()
    old = now - timedelta(days=9)
    await house.fold(told("new", THEFT, "police", reported_at=now, received_at=now))
    await house.fold(told("old", THEFT, "police", reported_at=old, received_at=old))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        duties = (await manager.get("/v1/duties")).json()["duties"]
        fresh = {duty["duty_id"] for duty in duties if duty["report_id"] == "new"}
        stale = {duty["duty_id"] for duty in duties} - fresh
        register = await page(manager, "/escalations")
        past = await page(manager, "/escalations?status=past")

    assert {key for key in fresh | stale if f"/duties/{key}" in register} == fresh
    assert {key for key in fresh | stale if f"/duties/{key}" in past} == stale
    assert f"{len(stale)} questions about duties from before today wait for an answer" in words(register)
