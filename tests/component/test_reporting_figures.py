"""The views that compare, over a real mongod: what they count, for whom, and what they refuse."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.contracts import cards, dialogue, intake, learning
from shared.contracts.envelope import Event
from shared.kernel.ids import event_id
from shared.kernel.principal import Role
from tests.support import reporting as say
from tests.support.reporting import NOW, PROVIDER, TOLD, World, open_world

pytestmark = pytest.mark.engines
WEEK = timedelta(days=7)
ADDRESSES = ("series", "heat", "culture", "data-quality", "continuity", "learning-log", "roll-ups")


def _said(kind: type[Event], site: str | None = "elm-house", /, **fields: Any) -> Event:
    around = {"provider_id": PROVIDER, "site_id": site, "recorded_at": NOW}
    return kind(event_id=event_id(kind.__name__, str(sorted(fields)), 1), **around, **fields)


def told() -> list[Event]:
    """A year of medicines at one home with a rise at its end, disruptions, verdicts, learning, and a held report."""
    events = [
        say.provider(),
        say.site(),
        say.site("oak-lodge", "Oak Lodge"),
        say.report("h1", "oak-lodge", visibility="held"),
        say.classified("h1", ["safeguarding"], "ESCALATED", "oak-lodge"),
        say.report("x1", "their-house", provider="other-care"),
    ]
    for back in range(1, 53):
        number = 2 if back == 1 else 1 if back % 4 == 0 else 0
        for n in range(number * (4 if back <= 8 else 1)):
            at = TOLD - WEEK * (back - 1) + timedelta(hours=n)
            changes = {"reporter_token": f"t{n}", "anonymity_reason": "colleagues_may_find_out", "worry": 2}
            events += [
                say.report(
                    f"m{back}-{n}", occurred_at=at - timedelta(hours=2), reported_at=at, received_at=at, **changes
                ),
                say.classified(f"m{back}-{n}", ["medication", "handover"]),
            ]
    cut = intake.Disruption(kind="utilities", started_at=TOLD, ended_at=TOLD + timedelta(hours=5), plan_used=True)
    going = intake.Disruption(kind="staff_shortage", started_at=TOLD, plan_used=False)
    events += [
        say.report("d1", "oak-lodge", disruption=cut.model_copy(update={"plan_worked": False})),
        say.classified("d1", ["environment"], "DISRUPTION", "oak-lodge"),
        say.report("d2", "oak-lodge", disruption=going),
        say.classified("d2", ["staffing"], "DISRUPTION", "oak-lodge"),
        say.action("a1", status="completed", completed_at=NOW - timedelta(days=3), report_ids=("m1-0", "m1-1")),
    ]
    lesson = learning.Learning(
        learning_id="l1",
        version=1,
        status="published",
        you_said="typed words",
        we_did="other typed words",
        published_at=NOW - timedelta(days=2),
        published_by_role="governance",
    )
    events += [
        say.evaluation("e1", "a1"),
        _said(learning.LearningPublished, None, by_role="governance", learning=lesson),
        _said(
            dialogue.FeedbackSent,
            report_id="m1-0",
            step=1,
            kind="thanks",
            by_role="manager",
            effective_at=TOLD + timedelta(hours=6),
        ),
    ]
    return events


@pytest.fixture(scope="module")
async def world(mongodb_uri: str) -> AsyncIterator[World]:
    """One world for all tests that only read."""
    async with open_world(mongodb_uri, f"fig{os.getpid()}_") as opened:
        await opened.fold(*told())
        yield opened
        await opened.mongo.client.drop_database(opened.mongo.db.name)


async def got(client: httpx.AsyncClient, name: str, **parameters: Any) -> Any:
    answer = await client.get(f"/v1/{name}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def manager(world: World, site: str) -> httpx.AsyncClient:
    return world.client(Role.MANAGER, sites=frozenset({site}))


async def test_a_rise_at_one_site_shows_as_evidence_and_counts_a_report_once_in_a_group(world: World) -> None:
    """Eight medicines reports after a few in a year are a rise; the other site has too little to tell."""
    body = await got(world.client(Role.GOVERNANCE), "heat")
    rows = {row["site_id"]: {cell["name"]: cell for cell in row["groups"]} for row in body["rows"]}
    assert [row["name"] for row in body["rows"]] == ["Elm House", "Oak Lodge"]
    rise = rows["elm-house"]["medicines"]
    assert (rise["observed"], rise["evidence"]) == (16, "strong_rise")
    assert rows["elm-house"]["information_handover"]["observed"] == 16
    assert rows["oak-lodge"]["medicines"]["evidence"] == "too_little"
    assert body["expected_by_chance"] == pytest.approx(0.8)


async def test_heat_comes_in_pages_of_sites(world: World) -> None:
    """Following `next` gives every site once, in alphabetical order."""
    client = world.client(Role.GOVERNANCE)
    first = await got(client, "heat", limit=1)
    second = await got(client, "heat", limit=1, after=first["next"])
    assert [row["site_id"] for row in first["rows"] + second["rows"]] == ["elm-house", "oak-lodge"]
    assert second["next"] is None


async def test_a_series_is_charted_by_what_the_data_allow(world: World) -> None:
    """A rare domain is drawn as days between reports, with what cannot be said yet."""
    body = await got(world.client(Role.GOVERNANCE), "series", site="elm-house", domain="medication")
    assert (body["choice"]["type"], body["measure"], body["site_id"]) == ("g", "days_between", "elm-house")
    reports = sum(week["counts"]["reports"] for week in body["weeks"])
    assert body["chart"]["n"] == reports - 1


async def test_culture_counts_who_is_heard_from_and_never_shows_a_token(world: World) -> None:
    """Tokens are counted, fear is a share, a first word back is timed from being told."""
    answer = await world.client(Role.GOVERNANCE).get("/v1/culture", params={"site": "elm-house"})
    (site,) = answer.json()["sites"]
    assert (site["fear_share"], site["anonymous_share"]) == (1.0, 1.0)
    assert site["to_tell"]["median_hours"] == pytest.approx(2.0)
    assert (site["to_feedback"]["times"], site["silent"]) == (1, False)
    assert "t0" not in answer.text


async def test_what_is_held_is_in_no_figure_of_its_site(world: World) -> None:
    """The site's own manager counts two reports, who answers for the provider three."""
    own = await got(manager(world, "oak-lodge"), "culture")
    whole = await got(world.client(Role.GOVERNANCE), "culture", site="oak-lodge")
    assert (own["together"]["reports"], whole["together"]["reports"]) == (2, 3)
    heat = await got(manager(world, "oak-lodge"), "heat")
    cells = {cell["name"]: cell["observed"] for cell in heat["rows"][0]["groups"]}
    assert cells["people_safeguarding"] == 0


async def test_continuity_tells_hours_lost_what_goes_on_and_which_plan_failed(world: World) -> None:
    """Five hours of utilities, one shortage that nobody has ended, one plan that did not work."""
    body = await got(world.client(Role.GOVERNANCE), "continuity")
    assert {lost["kind"]: lost["hours"] for lost in body["by_kind"]} == {"staff_shortage": 0, "utilities": 5}
    assert [going["report_id"] for going in body["open"]] == ["d2"]
    assert [failed["report_id"] for failed in body["plans"]["failed"]] == ["d1"]
    elm = await got(manager(world, "elm-house"), "continuity")
    assert elm["total"]["disruptions"] == 0


async def test_the_learning_log_joins_action_and_verdict_and_hides_words_from_analysts(world: World) -> None:
    """What was done with what came of it; a lesson of the whole provider reaches each site's manager."""
    body = await got(manager(world, "elm-house"), "learning-log")
    (lesson,) = body["lessons"]
    assert (lesson["reports"], lesson["judgement"]["verdict"]) == (2, "INSUFFICIENT_EVIDENCE")
    assert [entry["you_said"] for entry in body["published"]] == ["typed words"]
    seen = await got(world.client(Role.ANALYST), "learning-log")
    assert [entry["you_said"] for entry in seen["published"]] == [None]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_another_providers_figures_do_not_exist(world: World, address: str) -> None:
    """Another tenant's provider or site is 404, from whichever view it is asked."""
    client = world.client(Role.GOVERNANCE)
    assert (await client.get(f"/v1/{address}", params={"provider": "other-care"})).status_code == 404
    if address not in ("heat", "roll-ups"):
        assert (await client.get(f"/v1/{address}", params={"site": "their-house"})).status_code == 404


@pytest.mark.parametrize("address", [name for name in ADDRESSES if name != "heat"])
async def test_a_period_without_a_complete_week_is_refused_in_words(world: World, address: str) -> None:
    """One that ends before it starts, or lies in the future, names the field."""
    client = world.client(Role.GOVERNANCE)
    backwards = await client.get(f"/v1/{address}", params={"from": "2026-11-02", "to": "2026-10-01"})
    future = await client.get(f"/v1/{address}", params={"from": "2026-12-21"})
    assert (backwards.status_code, future.status_code) == (422, 422)
    assert [backwards.json()["errors"][0]["field"], future.json()["errors"][0]["field"]] == ["to", "to"]


async def test_nothing_is_sent_twice(world: World) -> None:
    """An answer that the reader has is 304 without a body; another question has another tag."""
    client = world.client(Role.GOVERNANCE)
    first = await client.get("/v1/culture")
    again = await client.get("/v1/culture", headers={"if-none-match": first.headers["etag"]})
    other = await client.get("/v1/continuity", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content, other.status_code) == (304, b"", 200)


@pytest.mark.parametrize("name", ["signals", "actions", "cards", "evaluations"])
async def test_every_list_comes_in_pages(mongodb_uri: str, database_prefix: str, name: str) -> None:
    """Following `next` gives each thing once."""
    card = {"report_revision": 1, "why": "potential_death", "potential_severity": "death", "status": "open"}
    at = {"reported_at": TOLD, "raised_at": TOLD, "rule_version": "1", "version": 1}
    made = {
        "signals": lambda n: say.signal(f"s{n}"),
        "actions": lambda n: say.action(f"a{n}"),
        "cards": lambda n: _said(cards.CardRaised, card=cards.Card(card_id=f"c{n}", report_id=f"r{n}", **card, **at)),
        "evaluations": None,
    }[name]
    async with open_world(mongodb_uri, database_prefix) as world:
        await world.fold(*([made(n) for n in range(5)] if made else []))
        client, found, after = world.client(Role.GOVERNANCE), [], None
        while True:
            page = await got(client, name, limit=2, **({"after": after} if after else {}))
            found += page[name]
            if (after := page["next"]) is None:
                break
        assert len(found) == (5 if made else 0)


async def test_an_erased_report_leaves_counts_lists_and_the_database(mongodb_uri: str, database_prefix: str) -> None:
    """Nothing of its words is left in any document, and its numbers are gone."""
    async with open_world(mongodb_uri, database_prefix) as world:
        await world.fold(say.report("r1", text="marker words"), say.classified("r1"))
        erased = _said(intake.ReportErased, report_id="r1", revision=2, erased_at=NOW)
        await world.fold(erased)
        await world.fold(say.report("r1", text="marker words"))
        stored = [str(document) async for document in world.mongo.db["facts"].find()]
        assert "marker" not in "".join(stored)
        assert (await world.row())["counts"]["reports"] == 0


async def test_figures_are_those_of_the_days_asked_for(world: World) -> None:
    """A period in the past counts what was told in it, by the week."""
    body = await got(world.client(Role.GOVERNANCE), "culture", **{"from": "2025-12-01", "to": "2026-01-31"})
    assert (body["from"], body["to"], body["weeks"]) == ("2025-12-01", "2026-01-26", 9)
    assert body["together"]["reports"] == sum(1 for back in range(1, 53) if back % 4 == 0 and _in(back))


def _in(back: int) -> bool:
    day = (datetime(2026, 11, 17, tzinfo=UTC) - WEEK * (back - 1)).date()
    return date(2025, 12, 1) <= day < date(2026, 2, 2)
