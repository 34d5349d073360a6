"""The HTTP API: formats, paging, reach, what is held, bad input."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from services.reporting.routes.tables import write_place
from shared.contracts.envelope import Event
from shared.kernel.principal import Role
from tests.support import reporting as say
from tests.support.reporting import MONDAY, NOW, World, open_world

pytestmark = pytest.mark.engines
ADDRESSES = (
    "/v1/views/site-domain-week",
    "/v1/providers/rowan-care/totals",
    "/v1/actions",
    "/v1/duties",
    "/v1/signals",
    "/v1/reports",
    "/v1/sites",
)


def told() -> list[Event]:
    """Two sites of one provider, a held report, and another tenant."""
    week_before = datetime(2026, 11, 10, 10, tzinfo=UTC)
    return [
        say.provider(),
        say.site(),
        say.site("willow-grange", "Willow Grange", "nursing"),
        say.report("r1"),
        say.classified("r1", ["medication", "handover"]),
        say.report("r2", visibility="held", text="held words"),
        say.classified("r2", ["safeguarding"], "ESCALATED"),
        say.report("r3", "willow-grange", reported_at=week_before),
        say.classified("r3", ["equipment"], "HAZARD", "willow-grange"),
        say.report("r4", "willow-grange"),
        say.exposure(),
        say.signal("s1", report_ids=("r1", "r2")),
        say.signal("s2", "willow-grange", status="closed"),
        say.signal("s3", visibility="held"),
        say.action("a1"),
        say.action("a2", "willow-grange", status="completed"),
        say.provider("Another Group (invented)", "other-care"),
        say.report("x1", "their-house", provider="other-care"),
    ]


@pytest.fixture(scope="module")
async def world(mongodb_uri: str) -> AsyncIterator[World]:
    """One world for all tests that only read."""
    async with open_world(mongodb_uri, f"api{os.getpid()}_") as opened:
        await opened.fold(*told())
        yield opened
        await opened.mongo.client.drop_database(opened.mongo.db.name)


async def got(client: httpx.AsyncClient, address: str, **parameters: Any) -> Any:
    answer = await client.get(address, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def manager(world: World, site: str = "elm-house") -> httpx.AsyncClient:
    return world.client(Role.MANAGER, sites=frozenset({site}))


async def test_rows_are_filtered_by_site_domain_and_week(world: World) -> None:
    """Each condition narrows the rows; each row is flat, with its exposure."""
    client = world.client(Role.GOVERNANCE)
    rows = (await got(client, "/v1/views/site-domain-week", domain="(all)"))["rows"]
    assert [(row["week_start"], row["site_id"], row["reports"]) for row in rows] == [
        ("2026-11-09", "willow-grange", 1),
        ("2026-11-16", "elm-house", 2),
        ("2026-11-16", "willow-grange", 1),
    ]
    asked = {"site": "elm-house", "domain": "medication", "from": "2026-11-16", "to": "2026-11-22"}
    only = (await got(client, "/v1/views/site-domain-week", **asked))["rows"]
    assert [(row["reports"], row["near_misses"], row["exposure"], row["exposure_unit"]) for row in only] == [
        (1, 1, 280.0, "occupied_bed_days")
    ]


@pytest.mark.parametrize("by", ["format", "accept"])
async def test_csv_and_ndjson_hold_the_same_rows_as_json(world: World, by: str) -> None:
    """The three formats tell the same numbers, chosen by parameter or by Accept."""
    client = world.client(Role.ANALYST, Role.GOVERNANCE)
    address = "/v1/views/site-domain-week"
    rows = (await got(client, address))["rows"]
    kinds = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
    texts = {}
    for name, kind in kinds.items():
        chosen = {"params": {"format": name}} if by == "format" else {"headers": {"accept": kind}}
        answer = await client.get(address, **chosen)
        assert answer.headers["content-type"].startswith(kind)
        texts[name] = answer.text
    assert rows == [json.loads(line) for line in texts["ndjson"].splitlines()]
    read = list(csv.DictReader(io.StringIO(texts["csv"])))
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows] == read


async def test_pages_of_rows_join_to_the_whole(world: World) -> None:
    """Following `next` gives every row once."""
    client = world.client(Role.GOVERNANCE)
    address = "/v1/views/site-domain-week"
    whole, joined, after = (await got(client, address))["rows"], [], {}
    while after is not None:
        page = await got(client, address, limit=2, **after)
        joined += page["rows"]
        after = {"after": page["next"]} if page["next"] else None
    assert whole == joined


async def test_totals_are_sums_over_sites(world: World) -> None:
    """The provider's totals are what its sites add up to, for the period asked."""
    client = world.client(Role.GOVERNANCE)
    body = await got(client, "/v1/providers/rowan-care/totals")
    assert tuple(body["totals"][name] for name in ("reports", "near_misses", "escalated", "class_unknown")) == (
        4,
        1,
        1,
        1,
    )
    assert {site["site_id"]: site["reports"] for site in body["sites"]} == {"elm-house": 2, "willow-grange": 2}
    assert [site["name"] for site in body["sites"]] == ["Elm House", "Willow Grange"]
    later = await got(client, "/v1/providers/rowan-care/totals", **{"from": MONDAY.isoformat()})
    assert later["totals"]["reports"] == 3


async def test_site_roles_get_numbers_without_what_is_held(world: World) -> None:
    """A manager sees neither the held report, nor a count with it, nor a row that would tell of it."""
    body = (await got(manager(world), "/v1/views/site-domain-week"))["rows"]
    assert {row["domain"]: row["reports"] for row in body} == {"(all)": 1, "medication": 1, "handover": 1}
    assert [row for row in body if "held" in row] == []
    assert (await got(manager(world), "/v1/providers/rowan-care/totals"))["totals"]["reports"] == 1
    assert [r["report_id"] for r in (await got(manager(world), "/v1/reports"))["reports"]] == ["r1"]


async def test_governance_sees_what_is_held_and_that_it_is(world: World) -> None:
    """Those who answer for the whole provider see held reports and how many there are."""
    client = world.client(Role.SAFEGUARDING)
    rows = (await got(client, "/v1/views/site-domain-week", site="elm-house"))["rows"]
    assert {r["domain"]: r["held"] for r in rows} == {"(all)": 1, "safeguarding": 1, "medication": 0, "handover": 0}
    assert {"r1", "r2"} == {r["report_id"] for r in (await got(client, "/v1/reports", site="elm-house"))["reports"]}


async def test_held_signals_and_held_evidence_are_hidden_from_the_site(world: World) -> None:
    """A manager gets no held signal, and no id of a held report in another's evidence."""
    signals = (await got(manager(world), "/v1/signals"))["signals"]
    assert [(signal["signal_id"], signal["report_ids"]) for signal in signals] == [("s1", ["r1"])]
    everything = (await got(world.client(Role.GOVERNANCE), "/v1/signals"))["signals"]
    assert {s["signal_id"]: s["report_ids"] for s in everything} == {"s1": ["r1", "r2"], "s2": ["r1"], "s3": ["r1"]}


async def test_signals_and_actions_are_filtered_by_site_and_status(world: World) -> None:
    """ "open" takes what still asks something; any other word is compared as it is."""
    client = world.client(Role.GOVERNANCE)
    assert [a["action_id"] for a in (await got(client, "/v1/actions", status="open"))["actions"]] == ["a1"]
    assert [a["action_id"] for a in (await got(client, "/v1/actions", status="completed"))["actions"]] == ["a2"]
    assert [s["signal_id"] for s in (await got(client, "/v1/signals", site="willow-grange"))["signals"]] == ["s2"]


async def test_reports_behind_a_number_are_found_by_the_same_words(world: World) -> None:
    """Site, week, domain and class lead from a count to exactly its reports."""
    client = world.client(Role.GOVERNANCE)

    async def found(**asked: Any) -> list[str]:
        return sorted(r["report_id"] for r in (await got(client, "/v1/reports", **asked))["reports"])

    assert await found(week="2026-11-12") == ["r3"]
    assert await found(domain="handover") == ["r1"]
    assert await found(domain="(none)") == ["r4"]
    assert await found(**{"class": ["ESCALATED", "HAZARD"]}) == ["r2", "r3"]
    assert await found(site="elm-house", week="2026-11-16") == ["r1", "r2"]
    rows = (await got(client, "/v1/views/site-domain-week"))["rows"]
    for row in rows:
        behind = await found(site=row["site_id"], week=row["week_start"], domain=row["domain"])
        assert row["reports"] == len(behind)


async def test_reports_come_newest_first_in_pages(mongodb_uri: str, database_prefix: str) -> None:
    """Following `next` gives every report once, also where many were told in the same moment."""
    async with open_world(mongodb_uri, database_prefix) as world:
        await world.fold(*told(), *(say.report(f"same-{n:02d}") for n in range(7)))
        await _follow_pages(world.client(Role.GOVERNANCE))


async def _follow_pages(client: httpx.AsyncClient) -> None:
    seen: list[dict[str, Any]] = []
    after: dict[str, Any] = {}
    while True:
        page = await got(client, "/v1/reports", limit=3, **after)
        assert page["total"] == 11
        seen += page["reports"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert 11 == len({report["report_id"] for report in seen}) == len(seen)
    assert sorted((r["reported_at"] for r in seen), reverse=True) == [r["reported_at"] for r in seen]


async def test_an_analyst_gets_no_report_text(world: World) -> None:
    """Numbers and labels without words."""
    reports = (await got(world.client(Role.ANALYST), "/v1/reports"))["reports"]
    assert [r for r in reports if {"text", "place", "what_stopped_it"} & r.keys()] == []
    assert ["r2"] not in [[r["report_id"]] for r in reports], "analysts do not see held reports"


async def test_an_analyst_gets_actions_without_what_people_typed(mongodb_uri: str, database_prefix: str) -> None:
    """Reason and notes are blank for who only analyses, and there for others."""
    step = {"step_id": "draft", "title": "Write the checklist", "note": "typed note"}
    async with open_world(mongodb_uri, database_prefix) as world:
        await world.fold(say.provider(), say.site(), say.action("a1", reason="typed reason", steps=(step,)))
        [blank] = (await got(world.client(Role.ANALYST), "/v1/actions"))["actions"]
        [whole] = (await got(world.client(Role.GOVERNANCE), "/v1/actions"))["actions"]
    assert (blank["reason"], [done["note"] for done in blank["steps"]]) == (None, [None])
    assert (whole["reason"], [done["note"] for done in whole["steps"]]) == ("typed reason", ["typed note"])
    assert blank["steps"][0]["title"] == "Write the checklist"


async def test_an_analyst_gets_signals_without_what_a_reviewer_typed(mongodb_uri: str, database_prefix: str) -> None:
    """The reason of a review is blank for who only analyses; decision, role and figures stay."""
    review = {"decision": "watched", "reason": "typed reason", "by_role": "manager", "at": NOW}
    async with open_world(mongodb_uri, database_prefix) as world:
        await world.fold(say.provider(), say.site(), say.signal("s1", version=2, review=review), say.signal("s2"))
        blank, plain = (await got(world.client(Role.ANALYST), "/v1/signals"))["signals"]
        whole, _ = (await got(world.client(Role.GOVERNANCE), "/v1/signals"))["signals"]
    assert (blank["review"]["reason"], blank["review"]["decision"], blank["observed"]) == (None, "watched", 9)
    assert plain["review"] is None
    assert whole["review"]["reason"] == "typed reason"


@pytest.mark.parametrize("address", ADDRESSES)
async def test_another_tenants_things_do_not_exist(world: World, address: str) -> None:
    """Naming another provider gives 404, and nothing of it is in any answer."""
    client = world.client(Role.GOVERNANCE)
    asked = address.replace("rowan-care", "other-care")
    assert (await client.get(asked, params={"provider": "other-care"})).status_code == 404
    assert "their-house" not in (await client.get(address)).text


@pytest.mark.parametrize("address", [a for a in ADDRESSES if "totals" not in a and a != "/v1/sites"])
async def test_a_site_out_of_reach_does_not_exist(world: World, address: str) -> None:
    """Another site of the own provider, another tenant's and an invented one all give the same 404."""
    for site in ("willow-grange", "their-house", "no-house"):
        assert (await manager(world).get(address, params={"site": site})).status_code == 404


async def test_the_operator_of_all_names_a_provider(world: World) -> None:
    """Without one it is refused, with one that exists it works, with one that does not it is 404."""
    client = world.client(Role.OPERATOR, tenant="*")
    answers = [await client.get("/v1/sites", params=p) for p in ({}, {"provider": "other-care"}, {"provider": "no"})]
    assert [answer.status_code for answer in answers] == [403, 200, 404]


@pytest.mark.parametrize("address", [*ADDRESSES, "/", "/providers/rowan-care", "/providers/rowan-care/reports"])
async def test_nobody_gets_in_without_a_role_that_reads(world: World, address: str) -> None:
    """Unsigned is 401, a feed's key is 403, on every address."""
    assert (await world.client(Role.GOVERNANCE, signed_in=False).get(address)).status_code == 401
    assert (await world.client(Role.FEED).get(address)).status_code == 403


@pytest.mark.parametrize(
    ("address", "parameters", "field"),
    [
        ("/v1/views/site-domain-week", {"from": "2026-11-16", "to": "2026-11-09"}, "to"),
        ("/v1/providers/rowan-care/totals", {"from": "2026-11-16", "to": "2026-11-09"}, "to"),
        ("/v1/reports", {"from": "2026-11-16", "to": "2026-11-08"}, "to"),
        ("/v1/reports", {"week": "soon"}, "week"),
        ("/v1/reports", {"to": "9999-12-31"}, "to"),
        ("/v1/reports", {"from": "0001-01-01"}, "from"),
        ("/v1/reports", {"week": "9999-12-31"}, "week"),
        ("/v1/reports", {"after": write_place("0001-01-01T00:00:00+14:00", "r1")}, "after"),
        ("/v1/views/site-domain-week", {"to": "2100-01-02"}, "to"),
        ("/v1/providers/rowan-care/totals", {"from": "1999-12-31"}, "from"),
        ("/v1/reports", {"after": "nonsense"}, "after"),
        ("/v1/reports", {"limit": "0"}, "limit"),
        ("/v1/views/site-domain-week", {"format": "xml"}, "format"),
    ],
)
async def test_bad_input_names_its_field(world: World, address: str, parameters: dict[str, str], field: str) -> None:
    """A problem says which parameter is wrong."""
    answer = await world.client(Role.GOVERNANCE).get(address, params=parameters)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [field] == [fault["field"] for fault in answer.json()["errors"]]


async def test_a_filter_that_matches_nothing_says_so_plainly(world: World) -> None:
    """An empty answer is an answer."""
    client = world.client(Role.GOVERNANCE)
    empty = await got(client, "/v1/reports", week=(MONDAY - timedelta(days=700)).isoformat())
    assert (empty["reports"], empty["total"], empty["next"]) == ([], 0, None)
    assert (await got(client, "/v1/views/site-domain-week", domain="weightlessness"))["rows"] == []


async def test_mongodb_away_is_503() -> None:
    """While the database does not answer, it says so and when to try again, also where rows are streamed."""
    nowhere = "mongodb://127.0.0.1:9/?replicaSet=rs0"
    world = World(nowhere, "away_")
    world.mongo._client = AsyncIOMotorClient(nowhere, serverSelectionTimeoutMS=50)
    client = world.client(Role.GOVERNANCE)
    for parameters in ({}, {"format": "csv"}):
        answer = await client.get("/v1/views/site-domain-week", params=parameters)
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    page = await client.get("/providers/rowan-care", headers={"accept": "text/html"})
    assert (page.status_code, "Nothing is lost" in page.text) == (503, True)
    world.mongo.close()
