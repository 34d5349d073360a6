"""Evidence packs: frozen, hashed, disclosure-controlled for outsiders, read by their audience and nobody else."""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections.abc import AsyncIterator
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest
from docx import Document

from services.reporting.adapters.mongo_issued import MongoIssued
from services.reporting.domain.packs import IssuedPack
from shared.contracts import intake
from shared.contracts.envelope import Event
from shared.kernel.ids import event_id
from shared.kernel.principal import Role
from tests.support import reporting as say
from tests.support.reporting import NOW, PROVIDER, TOLD, World, open_world

pytestmark = pytest.mark.engines
SIGNED = {"commentary": "What we learned.", "signed_by": "A. Invented"}
LOT = "Lot 1"


def _site(site_id: str, name: str, *contracts: str) -> Event:
    opened = date(2015, 4, 1)
    version = intake.SiteVersion(effective_from=opened, name=name, setting="residential", contracts=contracts)
    state = intake.Site(site_id=site_id, revision=1, opened_on=opened, history=(version,))
    around = {"provider_id": PROVIDER, "site_id": site_id, "recorded_at": NOW}
    return intake.SiteRegistered(event_id=event_id("SiteRegistered", site_id, 1), site=state, **around)


def told() -> list[Event]:
    """One contract with many reports of medicines and three of falls, one site outside it, an action with a verdict."""
    events = [say.provider(), _site("elm-house", "Elm House", LOT), _site("oak-lodge", "Oak Lodge")]
    for number in range(23):
        domains = ["medication"] if number < 20 else ["falls_mobility"]
        events += [say.report(f"r{number}"), say.classified(f"r{number}", domains)]
    done = {"status": "completed", "completed_at": NOW - timedelta(days=4), "proposed_at": NOW - timedelta(days=14)}
    events += [say.report("o1", "oak-lodge"), say.classified("o1", ["equipment"], site="oak-lodge")]
    return [*events, say.exposure(), say.action("a1", **done), say.evaluation("e1", "a1")]


@pytest.fixture
async def world(mongodb_uri: str, database_prefix: str) -> AsyncIterator[World]:
    async with open_world(mongodb_uri, database_prefix) as opened:
        await opened.fold(*told())
        yield opened


@pytest.fixture(scope="module")
async def settled(mongodb_uri: str) -> AsyncIterator[tuple[World, dict[str, Any], dict[str, Any]]]:
    """One world for tests that only read, with a pack for the board and one for a commissioner."""
    async with open_world(mongodb_uri, f"packs{os.getpid()}_") as opened:
        await opened.fold(*told())
        author = opened.client(Role.GOVERNANCE)
        yield opened, await issued(author, "board"), await issued(author, "commissioner", contract=LOT)
        for name in (opened.mongo.db.name, opened.mongo.db.name + "_issued"):
            await opened.mongo.client.drop_database(name)


async def issued(client: httpx.AsyncClient, audience: str, **body: Any) -> Any:
    answer = await client.post("/v1/packs", json={"audience": audience, **SIGNED, **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def body_of(client: httpx.AsyncClient, pack: dict[str, Any]) -> Any:
    answer = await client.get(pack["address"])
    assert answer.status_code == 200, answer.text
    return answer.json()


def values(body: Any) -> dict[str, Any]:
    return {figure["key"]: figure["value"] for section in body["sections"] for figure in section["figures"]}


async def test_a_pack_for_the_regulator_stands_by_quality_statement_and_draft_key_line(world: World) -> None:
    """Exact numbers, each with view, rule and policy version; the draft is called a draft; verdicts stand beside."""
    client = world.client(Role.GOVERNANCE)
    body = await body_of(client, await issued(client, "cqc"))
    found = {section["heading"]: section for section in body["sections"]}
    medicines = found["Safe: Medicines optimisation"]
    assert medicines["codes"] == ["Safe: Medicines optimisation", "Draft: Safe: Safe medicines and treatments"]
    assert values(body)["Safe: Medicines optimisation.reports"] == 20
    assert medicines["remedies"][0]["verdict"] == "INSUFFICIENT_EVIDENCE"
    assert medicines["unknown"] == ["1 with not enough evidence yet."]
    for section in body["sections"]:
        for figure in section["figures"]:
            assert figure["view"]
            assert figure["rule_version"]
            assert figure["policy_version"] == "whole"


async def test_a_pack_for_a_commissioner_shows_no_small_number(world: World) -> None:
    """Three falls are withheld, twenty medicines rounded, the weeks widened, and no sentence tells a count."""
    client = world.client(Role.GOVERNANCE)
    body = await body_of(client, await issued(client, "commissioner", contract=LOT))
    shown = values(body)
    assert (shown["Falls and handling.reports"], shown["Medicines.reports"], shown["reports"]) == ("*", 20, 25)
    assert body["sites"] == ["elm-house"]
    assert body["widened"]
    assert [r["sentence"] for section in body["sections"] for r in section["remedies"]] == [None]
    for text in (json.dumps(body), (await client.get(body_address(body), params={"format": "html"})).text):
        assert "23" not in text.replace(NOW.isoformat()[:4], "").split('"pack_id"')[0]


def body_address(body: Any) -> str:
    return f"/v1/packs/{body['pack_id']}"


async def test_two_packs_for_outsiders_never_overlap(world: World) -> None:
    """Another over the same weeks, or a part of them, is refused; the whole provider's packs are not concerned."""
    client = world.client(Role.GOVERNANCE)
    await issued(client, "commissioner", contract=LOT)
    for weeks in ({}, {"from": "2026-11-09"}):
        again = await client.post("/v1/packs", json={"audience": "commissioner", "contract": LOT, **SIGNED, **weeks})
        assert again.status_code == 409
    await issued(client, "board")


async def test_two_packs_for_outsiders_never_overlap_though_issued_at_the_same_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each looks for the other before either is there: one of them is issued, the other author is told."""
    await MongoIssued(world.mongo, world.mongo.db.name + "_issued").prepare()
    both, read = asyncio.Barrier(2), MongoIssued.packs

    async def together(self: MongoIssued, provider_id: str) -> list[IssuedPack]:
        found = await read(self, provider_id)
        if not found:
            await both.wait()
        return found

    monkeypatch.setattr(MongoIssued, "packs", together)
    await world.fold(_site("ash-court", "Ash Court", LOT, "Lot 2"))
    client = world.client(Role.GOVERNANCE)
    asked = {"audience": "commissioner", **SIGNED}
    answers = await asyncio.gather(*(client.post("/v1/packs", json=asked | {"contract": c}) for c in (LOT, "Lot 2")))
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_an_issued_pack_never_changes_and_its_hash_says_so(world: World) -> None:
    """What comes later is not in it; the bytes are those that were hashed; a changed one is found out."""
    client = world.client(Role.GOVERNANCE)
    pack = await issued(client, "board")
    before = (await client.get(pack["address"])).content
    await world.fold(say.report("later"), say.classified("later", ["medication"]))
    after = (await client.get(pack["address"])).content
    assert before == after
    assert sha256(after).hexdigest() == pack["content_hash"]
    assert (await client.get(f"{pack['address']}/verify")).json()["sound"]
    issued_db = world.mongo.client[world.mongo.db.name + "_issued"]
    await issued_db["packs"].update_one({}, {"$set": {"body": before.decode().replace("What we", "What they")}})
    assert (await client.get(f"{pack['address']}/verify")).status_code == 409


async def test_the_next_pack_says_what_changed_since(world: World) -> None:
    """A report that came late, over the same weeks counted again; nothing of it for the first one."""
    client = world.client(Role.GOVERNANCE)
    first = await body_of(client, await issued(client, "board"))
    world.clock.moment = NOW + timedelta(days=1)
    late = {"received_at": NOW + timedelta(hours=1), "reported_at": TOLD}
    await world.fold(say.report("late", **late), say.classified("late", ["medication"]))
    second = await body_of(client, await issued(client, "board"))
    assert first["since"] is None
    assert (second["since"]["pack_id"], second["since"]["late"]) == (first["pack_id"], 1)
    assert {"label": "What was reported: Reports", "then": 24, "now": 25} in second["since"]["changes"]


async def test_page_pdf_and_word_say_the_same(world: World) -> None:
    """Each carries the claims, the figures and the hash; personal data are taken out of the commentary."""
    client = world.client(Role.GOVERNANCE)
    pack = await issued(client, "cqc", commentary="Call me on 07700 900123 – thank you.")
    page = await client.get(pack["address"], headers={"accept": "text/html"})
    pdf = await client.get(pack["address"], params={"format": "pdf"})
    word = Document(io.BytesIO((await client.get(pack["address"], params={"format": "docx"})).content))
    assert pdf.content.startswith(b"%PDF")
    text = "\n".join(paragraph.text for paragraph in word.paragraphs)
    assert "Safe: Medicines optimisation" in page.text
    assert "Safe: Medicines optimisation" in text
    cells = [[cell.text for cell in row.cells][:2] for table in word.tables for row in table.rows]
    assert ["Reports that tell of it", "20"] in cells
    assert pack["content_hash"] in page.text
    assert pack["content_hash"] in text
    assert "900123" not in page.text + text
    assert "script" not in page.text


async def test_a_rebuild_never_touches_what_was_issued(world: World) -> None:
    """It lies in a database of its own."""
    client = world.client(Role.GOVERNANCE)
    pack = await issued(client, "board")
    for name in await world.mongo.db.list_collection_names():
        await world.mongo.db[name].drop()
    assert (await client.get(pack["address"])).status_code == 200


@pytest.mark.parametrize(
    ("role", "sites", "board", "lot"),
    [
        (Role.GOVERNANCE, None, 200, 200),
        (Role.SAFEGUARDING, None, 200, 200),
        (Role.INSPECTOR, None, 200, 200),
        (Role.OPERATOR, None, 200, 200),
        (Role.COMMISSIONER, None, 404, 200),
        (Role.COMMISSIONER, {"elm-house"}, 404, 200),
        (Role.COMMISSIONER, {"oak-lodge"}, 404, 404),
        (Role.MANAGER, {"elm-house"}, 403, 403),
        (Role.ANALYST, None, 403, 403),
        (Role.FEED, None, 403, 403),
    ],
)
async def test_a_pack_is_read_by_its_audience_alone(
    settled: tuple[World, dict[str, Any], dict[str, Any]], role: Role, sites: set[str] | None, board: int, lot: int
) -> None:
    """Every role, seen from outside; a contract's pack only by who reaches all its sites; each reading is noted."""
    world, of_board, of_lot = settled
    reader = world.client(role, sites=frozenset(sites) if sites else None)
    for made, status in ((of_board, board), (of_lot, lot)):
        assert (await reader.get(made["address"])).status_code == status
        assert (await reader.get(f"{made['address']}/verify")).status_code == status
    listed = await reader.get("/v1/packs")
    assert listed.status_code == (403 if board == 403 else 200)
    if board != 403:
        assert len(listed.json()["packs"]) == [board, lot].count(200)
    other = world.client(role, tenant="other-care")
    assert (await other.get(of_lot["address"])).status_code in (403, 404)
    if board == 200:
        noted = world.mongo.client[world.mongo.db.name + "_issued"]["audit"]
        assert await noted.count_documents({"act": "read", "subject": "someone"}) >= 2


OPEN_TO_READERS = {
    *("/v1/views/site-domain-week", "/v1/reports", "/v1/sites", "/v1/signals", "/v1/actions", "/v1/duties"),
    *("/v1/series", "/v1/heat", "/v1/culture", "/v1/data-quality", "/v1/continuity", "/v1/learning-log"),
    *("/v1/roll-ups", "/v1/export", "/v1/export/fact_report", "/v1/dictionary", "/providers/rowan-care"),
    *("/v1/providers/rowan-care/totals", "/v1/providers/rowan-care/escalations", "/providers/rowan-care/reports"),
    *("/v1/cards", "/v1/evaluations", "/v1/meetings", "/v1/learning"),
}
READS = {Role.GOVERNANCE, Role.SAFEGUARDING, Role.MANAGER, Role.ANALYST, Role.OPERATOR, Role.INSPECTOR}


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_reaches_its_views_and_no_others(
    settled: tuple[World, dict[str, Any], dict[str, Any]], role: Role
) -> None:
    """Live counts are for those inside the provider and the inspector; a commissioner and a feed reach none of them."""
    world, _, _ = settled
    client = world.client(role, sites=frozenset({"elm-house"}) if role is Role.MANAGER else None)
    found = {address: (await client.get(address)).status_code for address in sorted(OPEN_TO_READERS)}
    assert found == dict.fromkeys(found, 200 if role in READS else 403)
    posted = await client.post("/v1/packs", json={"audience": "nobody", **SIGNED})
    assert posted.status_code == (422 if role is Role.GOVERNANCE else 403)
