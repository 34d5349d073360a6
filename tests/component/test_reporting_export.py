"""Exports for BI: the star as files that other tools read, by change, as of a moment, within the reader's reach."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import confluent_kafka
import duckdb
import httpx
import pyarrow.parquet as pq
import pytest

from deploy.bi import with_duckdb, with_kafka, with_pandas
from services.reporting.domain.exports import TABLES
from services.reporting.routes.worked_queries import QUERIES
from shared.contracts import intake
from shared.contracts.topics import TOPICS, VIEWS
from shared.kernel.ids import event_id
from shared.kernel.principal import Role
from tests.support import reporting as say
from tests.support.reporting import NOW, PROVIDER, World, open_world

pytestmark = pytest.mark.engines


def told() -> list[Any]:
    """Two sites, a report with two domains, a held one, words that look like a formula, another tenant."""
    return [
        say.provider(),
        say.site(),
        say.site("oak-lodge", "Oak Lodge"),
        say.report("r1", text="=cmd words", worry=2),
        say.classified("r1", ["medication", "handover"]),
        say.report("r2", "oak-lodge"),
        say.classified("r2", ["medication"], site="oak-lodge"),
        say.report("h1", visibility="held"),
        say.classified("h1", ["safeguarding"], "ESCALATED"),
        say.exposure(),
        say.signal("s1", report_ids=("r1", "h1")),
        say.action("a1"),
        say.evaluation("e1", "a1"),
        say.report("x1", "their-house", provider="other-care"),
    ]


@pytest.fixture(scope="module")
async def world(mongodb_uri: str) -> AsyncIterator[World]:
    """One world for all tests that only read."""
    async with open_world(mongodb_uri, f"exp{os.getpid()}_") as opened:
        await opened.fold(*told())
        yield opened
        await opened.mongo.client.drop_database(opened.mongo.db.name)


async def got(client: httpx.AsyncClient, table: str, **parameters: Any) -> httpx.Response:
    answer = await client.get(f"/v1/export/{table}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer


async def rows(client: httpx.AsyncClient, table: str, **parameters: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await got(client, table, **parameters)).text.splitlines()]


@pytest.mark.parametrize("table", TABLES)
async def test_three_formats_hold_the_same_rows(world: World, table: str) -> None:
    """Parquet, CSV and NDJSON of every table tell the same, with the same columns in the same order."""
    client = world.client(Role.GOVERNANCE)
    lines = await rows(client, table)
    head = [column.name for column in TABLES[table].columns]
    file = pq.read_table(io.BytesIO((await got(client, table, format="parquet")).content))
    sheet = list(csv.DictReader(io.StringIO((await got(client, table, format="csv")).text)))
    assert file.column_names == head == list(sheet[0])
    assert file.num_rows == len(sheet) == len(lines) > 0
    key = TABLES[table].key
    assert [{name: str(row[name]) for name in key} for row in file.to_pylist()] == [
        {name: str(line[name]) for name in key} for line in lines
    ]
    assert file.schema.metadata[b"meaning"].decode() == TABLES[table].meaning


async def test_the_bridge_says_that_it_must_not_be_summed(world: World) -> None:
    """The caution travels inside the file and in the catalogue; the catalogue explains every column."""
    client = world.client(Role.GOVERNANCE)
    file = pq.read_schema(io.BytesIO((await got(client, "bridge_report_domain", format="parquet")).content))
    assert b"Do not sum" in file.metadata[b"caution"]
    listed = (await client.get("/v1/export")).json()["tables"]
    assert {table["table"] for table in listed} == set(TABLES)
    assert all(column["meaning"] for table in listed for column in table["columns"])


async def test_nothing_held_leaves_for_a_reader_without_that_reach(world: World) -> None:
    """Not the report, its row in the bridge, its count or its id as evidence; nor another tenant's anything."""
    analyst = world.client(Role.ANALYST)
    for table in TABLES:
        text = (await got(analyst, table)).text
        assert "h1" not in text.replace("schema", ""), table
        assert "other-care" not in text
    assert {row["report_id"] for row in await rows(world.client(Role.GOVERNANCE), "fact_report")} == {"r1", "r2", "h1"}
    assert (await rows(analyst, "fact_signal"))[0]["observed"] == 9


async def test_analysts_get_no_words(world: World) -> None:
    """The column is not there, in no format; others get it, and a spreadsheet will not run it."""
    analyst, whole = world.client(Role.ANALYST), world.client(Role.GOVERNANCE)
    assert "words" not in (await got(analyst, "fact_report")).text
    assert "text" not in pq.read_schema(io.BytesIO((await got(analyst, "fact_report", format="parquet")).content)).names
    assert "'=cmd words" in (await got(whole, "fact_report", format="csv")).text


@pytest.mark.parametrize(
    ("table", "parameters", "status", "field"),
    [
        ("nothing", {}, 404, None),
        ("fact_report", {"format": "xlsx"}, 422, "format"),
        ("fact_report", {"from": "2026-11-09", "to": "2026-11-01"}, 422, "to"),
        ("fact_report", {"site": "their-house"}, 404, None),
        ("fact_report", {"provider": "other-care"}, 404, None),
        ("dim_site", {"since": "1"}, 422, "since"),
        ("fact_report", {"since": "1", "from": "2026-11-09"}, 422, "since"),
        ("fact_report", {"as_of": "2026-11-09T00:00:00Z"}, 422, "as_of"),
    ],
)
async def test_what_cannot_be_answered_is_refused_in_words(
    world: World, table: str, parameters: dict[str, str], status: int, field: str | None
) -> None:
    """The field is named, and what can be asked instead."""
    answer = await world.client(Role.GOVERNANCE).get(f"/v1/export/{table}", params=parameters)
    assert answer.status_code == status
    assert [fault["field"] for fault in answer.json().get("errors", [])] == ([field] if field else [])


async def test_a_filter_that_matches_nothing_is_an_empty_file_with_a_schema(world: World) -> None:
    """Nobody told anything in that week: no rows, all columns."""
    client = world.client(Role.GOVERNANCE)
    asked = {"from": "2020-01-06", "to": "2020-01-12"}
    assert await rows(client, "fact_report", **asked) == []
    file = pq.read_table(io.BytesIO((await got(client, "fact_report", format="parquet", **asked)).content))
    assert (file.num_rows, len(file.column_names)) == (0, len(TABLES["fact_report"].columns))


async def test_duckdb_answers_from_the_files(world: World, tmp_path: Path) -> None:
    """The worked example: distinct reports by group of domains, and rates under the names that sites had."""
    client = world.client(Role.GOVERNANCE)
    for table in TABLES:
        (tmp_path / f"{table}.parquet").write_bytes((await got(client, table, format="parquet")).content)
    assert with_duckdb.near_misses_by_group(tmp_path) == [("Information and handover", 1), ("Medicines", 2)]
    ((name, unit, rate),) = with_duckdb.rates_by_site(tmp_path)
    assert (name, unit, rate) == ("Elm House", "occupied_bed_days", pytest.approx(1000 / 280))


async def test_the_dictionarys_queries_work_as_they_stand(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each runs over the file of its table, exactly as its page shows it, and gives rows where there are any."""
    client = world.client(Role.GOVERNANCE)
    monkeypatch.chdir(tmp_path)
    found = {}
    for table, query in QUERIES.items():
        Path(f"{table}.parquet").write_bytes((await got(client, table, format="parquet")).content)
        found[table] = duckdb.execute(query).fetchall()
    assert all(found[table] for table in ("dim_site", "dim_calendar", "dim_domain", "fact_report", "site_domain_week"))


async def test_the_bridge_is_kept_up_to_date_by_change(mongodb_uri: str, database_prefix: str) -> None:
    """A report that loses a domain, or all of them, or is erased, loses its rows in a copy that follows the rule."""
    async with open_world(mongodb_uri, database_prefix) as world:
        told = {name: say.classified(name, ["medication", "handover"]) for name in ("fewer", "none", "gone", "same")}
        await world.fold(say.provider(), say.site(), *(say.report(name) for name in told), *told.values())
        client = world.client(Role.ANALYST)
        whole = await got(client, "bridge_report_domain")
        copy = {(row["report_id"], row["domain"]) for row in map(json.loads, whole.text.splitlines())}
        erased = {"provider_id": PROVIDER, "site_id": "elm-house", "recorded_at": NOW, "erased_at": NOW}
        await world.fold(
            say.corrected("fewer", 1, domains=["medication"]),
            say.corrected("none", 1, domains=[]),
            intake.ReportErased(event_id=event_id("ReportErased", "gone", 2), report_id="gone", revision=2, **erased),
        )
        for row in await rows(client, "bridge_report_domain", since=whole.headers["change-token"]):
            if row["deleted"]:
                copy = {known for known in copy if known[0] != row["report_id"]}
            else:
                copy.add((row["report_id"], row["domain"]))
        assert copy == {("fewer", "medication"), ("same", "medication"), ("same", "handover")}


async def test_pandas_keeps_a_copy_up_to_date_by_change(mongodb_uri: str, database_prefix: str) -> None:
    """The worked example: corrected, withdrawn, erased and new reports reach the copy; held ones are never named."""
    async with open_world(mongodb_uri, database_prefix) as world:
        await world.fold(*told(), say.report("r3"), say.report("r4"))
        client = world.client(Role.ANALYST)
        answers: dict[str, Any] = {}

        async def ask(**parameters: str) -> None:
            answer = await got(client, "fact_report", **parameters)
            answers["last"] = (answer.content, answer.headers["change-token"])

        await ask(format="parquet")
        copy, token = with_pandas.whole_copy(lambda _: answers["last"])
        assert {key[1] for key in copy.index} == {"r1", "r2", "r3", "r4"}
        world.clock.moment = NOW + timedelta(minutes=5)
        erased = {"provider_id": PROVIDER, "site_id": "elm-house", "recorded_at": NOW, "erased_at": NOW}
        await world.fold(
            say.corrected("r1", 1, event_class="HAZARD"),
            say.withdrawn("r3", 2),
            intake.ReportErased(event_id=event_id("ReportErased", "r4", 2), report_id="r4", revision=2, **erased),
            say.report("r5"),
            say.corrected("h1", 1, event_class="NEAR_MISS"),
        )
        await ask(format="parquet", since=token)
        copy, token = with_pandas.brought_up_to_date(copy, token, lambda _: answers["last"])
        assert {key[1] for key in copy.index} == {"r1", "r2", "r5"}
        assert copy.loc[(PROVIDER, "r1"), "event_class"] == "HAZARD"
        assert await rows(client, "fact_report", since=token) != []
        an_hour_later = str(int(token) + 3_600_000)
        assert await rows(client, "fact_report", since=an_hour_later) == []


async def test_the_dictionary_names_every_event_and_every_column(world: World) -> None:
    """It is made from the contracts, so it cannot fall behind them; nested fields are dotted."""
    body = (await world.client(Role.ANALYST).get("/v1/dictionary")).json()
    events = {event["name"]: event for topic in body["topics"] for event in topic["events"]}
    assert {kind.__name__ for topic in TOPICS for kind in topic.events} == set(events)
    assert {"report.disruption.kind", "report.worry"} <= {f["name"] for f in events["ReportReceived"]["fields"]}
    assert {table["name"] for table in body["tables"]} == set(TABLES)


async def test_rows_stand_as_they_stood(mongodb_uri: str, database_prefix: str) -> None:
    """A report that came later is not in the rows of before; an unknown past is empty; held counts stay hidden."""
    async with open_world(mongodb_uri, database_prefix) as world:
        await world.fold(say.report("r1"), say.report("h1", visibility="held"))
        world.clock.moment = NOW + timedelta(days=1)
        await world.fold(say.report("r2"))
        client, analyst = world.client(Role.GOVERNANCE), world.client(Role.ANALYST)

        async def counted(reader: httpx.AsyncClient, at: datetime) -> list[int]:
            found = await rows(reader, "site_domain_week", as_of=at.isoformat())
            return [row["reports"] for row in found if row["domain"] == "(all)"]

        assert await counted(client, NOW + timedelta(hours=1)) == [2]
        assert await counted(analyst, NOW + timedelta(hours=1)) == [1]
        assert await counted(client, NOW + timedelta(days=2)) == [3]
        assert await counted(client, datetime(2020, 1, 1, tzinfo=UTC)) == []


async def test_another_client_reads_the_views_topic(
    mongodb_uri: str, database_prefix: str, kafka_bootstrap: str
) -> None:
    """The worked example with confluent-kafka: the newest version of each row, by its key."""
    site = f"site-{os.getpid()}"
    async with open_world(mongodb_uri, database_prefix) as world:
        published = [*(await world.fold(say.report("r1", site))).rows, *(await world.fold(say.report("r2", site))).rows]
    sender = confluent_kafka.Producer({"bootstrap.servers": kafka_bootstrap})
    for row in reversed(published):
        sender.produce(row.topic, row.value, row.key, row.partition)
    assert sender.flush(30) == 0
    found = {
        row_id: row["reports"]
        for row_id, row in with_kafka.newest_rows(kafka_bootstrap, VIEWS.name).items()
        if site in row_id
    }
    assert found == {f"{PROVIDER}|{site}|(all)|2026-11-16": 2, f"{PROVIDER}|{site}|(none)|2026-11-16": 2}
