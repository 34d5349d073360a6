"""Imports through intake's HTTP over the real mongod: every line answered, one broken line stopping no other."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import stat
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from services.intake import __main__ as commands
from services.intake.adapters.client import CallFailed, IntakeClient
from services.intake.adapters.files import load_map
from services.intake.adapters.upload import site_rows, upload_reports
from services.intake.commands import console
from tests.support.intake import BOOTSTRAP, Intake, running

pytestmark = pytest.mark.engines


class Bridge(httpx.BaseTransport):
    """Lets a synchronous client call the app that runs in this test's event loop."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._loop = asyncio.get_running_loop()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        again = self._http.request(
            request.method, str(request.url), content=request.read(), headers=dict(request.headers)
        )
        answer = asyncio.run_coroutine_threadsafe(again, self._loop).result(120)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix, import_batch_lines=7) as one:
        await one.register()
        yield one


async def take(intake: Intake, content: Any, headers: dict[str, str] = NDJSON, key: str | None = None, **params: Any):
    path = "/v1/reports:import"
    return await intake.call(
        "POST", path, key or await intake.key("feed"), content=content, headers=headers, params=params
    )


def line(**changes: Any) -> str:
    return json.dumps({"site_id": "elm", "text": "Side gate found open."} | changes)


def table_of(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


async def test_broken_lines_are_listed_and_the_good_ones_taken(intake: Intake) -> None:
    """Of nine lines with four broken ones five are accepted, and each broken one is named by line and field."""
    lines = [line(worry=n % 4 + 1) for n in range(5)]
    lines[1:1] = ["{broken", line(text=" "), "", line(site_id="nowhere", worry=9)]
    lines.append("[]")

    answer = await take(intake, "\n".join(lines))

    said = answer.json()
    assert tuple(said[name] for name in ("lines", "accepted", "repeated", "amended", "refused")) == (9, 5, 0, 0, 4)
    assert [entry["line"] for entry in said["reports"]] == [1, 6, 7, 8, 9]
    assert [(e["line"], e["field"]) for e in said["errors"]] == [(2, None), (3, "text"), (5, "worry"), (10, None)]
    assert len(await intake.outbox("reports")) == 5


async def test_a_file_in_any_pieces_is_read_the_same(intake: Intake) -> None:
    """Wherever the network cuts the stream, within a line or a character, the lines are the same."""
    content = ("\n".join(line(text=f"the café door {n}, at 5 °C") for n in range(30))).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 11):
            yield content[start : start + 11]

    answer = await take(intake, pieces())

    assert (answer.json()["lines"], answer.json()["accepted"]) == (30, 30)
    texts = {event["report"]["text"] for event in await intake.outbox("reports")}
    assert {f"the café door {n}, at 5 °C" for n in range(30)} == texts


async def test_csv_has_the_same_fields_flat(intake: Intake) -> None:
    """A CSV row with quoted line breaks, a BOM and Windows line ends becomes the same report as its JSON."""
    table = (
        "\ufeffsite_id,text,occurred_at,worry,external_system,external_id,disruption_kind,disruption_plan_used\r\n"
        'elm,"First line,\r\nsecond ""line""",2026-03-02,2,app,1,supplier,yes\r\n'
        "elm,Plain,2026-03-02T10:00,,app,2,,\r\n"
        "elm,Too bad,2026-03-02,seven,app,3,,\r\n"
        "elm,short\r\n"
    )

    answer = await take(intake, table.encode(), CSV)

    said = answer.json()
    assert (said["accepted"], said["refused"]) == (2, 2)
    assert [(entry["line"], entry["field"]) for entry in said["errors"]] == [(5, "worry"), (6, None)]
    reports = {e["report"]["external_reference"]["id"]: e["report"] for e in await intake.outbox("reports")}
    assert reports["1"]["text"] == 'First line,\nsecond "line"'
    assert (
        reports["1"]["disruption"]["kind"],
        reports["1"]["disruption"]["plan_used"],
        reports["1"]["occurred_precision"],
    ) == ("supplier", True, "day")


@pytest.mark.parametrize(
    ("table", "fields"),
    [("site_id,worry\nelm,2\n", ["text"]), ("site_id,text,colour\nelm,a,b\n", ["colour"]), ("", [None])],
)
async def test_a_csv_with_a_wrong_heading_is_refused_as_a_whole(
    intake: Intake, table: str, fields: list[str | None]
) -> None:
    """A missing or unknown column is named, and nothing is taken."""
    answer = await take(intake, table, CSV)

    assert (422, fields) == (answer.status_code, [fault.get("field") for fault in answer.json()["errors"]])
    assert await intake.db["reports"].count_documents({}) == 0


async def test_an_unclosed_quote_costs_one_line(intake: Intake) -> None:
    """A quote that is opened and never closed refuses its own line and no other."""
    answer = await take(intake, 'site_id,text\nelm,"open\nelm,second\nelm,third\n', CSV)

    said = answer.json()
    assert (said["accepted"], [fault["line"] for fault in said["errors"]]) == (2, [2])


async def test_importing_again_repeats_and_a_changed_line_amends(intake: Intake) -> None:
    """With references the same file changes nothing, and a changed line is an amendment of its report alone."""
    lines = [line(worry=1, external_reference={"system": "app", "id": str(n)}) for n in range(20)]
    await take(intake, "\n".join(lines))
    again = await take(intake, "\n".join(lines))
    lines[3] = line(worry=4, external_reference={"system": "app", "id": "3"})

    changed = await take(intake, "\n".join(lines), origin="backfill")

    assert (again.json()["repeated"], again.json()["accepted"]) == (20, 0)
    assert (changed.json()["repeated"], changed.json()["amended"]) == (19, 1)
    assert len(await intake.outbox("reports")) == 21


async def test_without_references_a_key_makes_sending_again_harmless(intake: Intake) -> None:
    """The import's Idempotency-Key with the line number is each line's key; equal lines stay two reports."""
    content = "\n".join([line(), line(), line()])
    headers = NDJSON | {"Idempotency-Key": "file-1"}

    feed = await intake.key("feed")

    first = await take(intake, content, headers, key=feed)
    again = await take(intake, content, headers, key=feed)

    assert (first.json()["accepted"], again.json()["repeated"]) == (3, 3)
    assert await intake.db["reports"].count_documents({}) == 3


async def test_backfill_and_replay_are_marked(intake: Intake) -> None:
    """Backfilled reports are marked as history; replayed ones also count from when they were told; feeds may not."""
    told = line(occurred_at="2025-06-01", reported_at="2025-06-02T09:00:00Z")

    await take(intake, told, origin="backfill")
    forbidden = await take(intake, told, replay=True)
    replayed = await take(intake, told, key=BOOTSTRAP, replay=True, provider_id="rowan")

    first, second = sorted(await intake.outbox("reports"), key=lambda event: event["report"]["origin"])
    assert (forbidden.status_code, replayed.status_code) == (403, 200)
    assert (first["report"]["origin"], first["replay"], first["effective_at"]) == ("backfill", True, None)
    assert (
        second["report"]["origin"],
        second["replay"],
        second["effective_at"],
    ) == ("live", True, "2025-06-02T09:00:00Z")
    assert {"2026-03-04T12:00:00Z"} == {first["report"]["received_at"], second["report"]["received_at"]}


async def test_a_line_of_two_megabytes_is_refused_alone(intake: Intake) -> None:
    """A line beyond the limit is passed over without being kept, and the next one is taken."""
    answer = await take(intake, line(text="x" * 2_000_000) + "\n" + line())

    assert (answer.json()["accepted"], [fault["line"] for fault in answer.json()["errors"]]) == (1, [1])


async def test_an_unknown_media_type_is_415(intake: Intake) -> None:
    """Only NDJSON and CSV are taken."""
    assert (await take(intake, line(), {"Content-Type": "application/xml"})).status_code == 415


async def test_a_real_file_goes_in_with_every_row_accounted_for(
    intake: Intake, real_data: Path, tmp_path: Path
) -> None:
    """A thousand real records: 373 sites first, then 999 accepted and one refused with its reason; again: no change."""
    source = tmp_path / "sample.jsonl"
    source.write_bytes((real_data / "oregon_ltc" / "sample_dev.jsonl").read_bytes())
    import_map = load_map("oregon_ltc")
    sites = site_rows(source, import_map)
    assert import_map.sites is not None
    provider = {"provider_id": "oregon-sample", "name": import_map.sites.provider_name, "synthetic": "false"}
    for kind, rows in (("providers", [provider]), ("sites", sites)):
        answer = await intake.call(
            "POST", f"/v1/registry:import?kind={kind}", content=table_of(rows), headers={"Content-Type": "text/csv"}
        )
        assert (200, len(rows)) == (answer.status_code, answer.json()["changed"])
    client = IntakeClient("http://front", BOOTSTRAP, transport=Bridge(intake.http))

    first = await asyncio.to_thread(upload_reports, client, source, import_map, None, lambda _: None)
    again = await asyncio.to_thread(upload_reports, client, source, import_map, None, lambda _: None)

    assert len(sites) == 373
    assert (1000, Counter(accepted=999, refused=1)) == (first.lines, +first.outcomes)
    assert (1000, Counter(repeated=999, refused=1)) == (again.lines, +again.outcomes)
    assert "after reported_at" in first.refused[0][1]
    refused = [json.loads(row) for row in (tmp_path / "sample.jsonl.refused.ndjson").read_text().splitlines()]
    assert [row["row"]["source_id"] for row in refused] == ["oregon_ltc:SV118745"]
    assert await intake.db["reports"].count_documents({"origin": "backfill"}) == 999


async def test_the_commands_register_record_and_import(
    intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands send files and account for every row, as text and as a last line of JSON; a refusal exits with 2."""
    bridge = Bridge(intake.http)
    monkeypatch.setattr(console, "IntakeClient", lambda url, key: IntakeClient("http://front", key, bridge))
    files = {
        "providers.csv": "provider_id,name,synthetic\nnew,New,true\n",
        "exposure.csv": "site_id,period_start,period_end,unit,value,basis\nelm,2026-02-23,2026-03-01,visits,9,counted",
        "reports.csv": "provider_id,site_id,text\nrowan,elm,Gate open.\nrowan,nowhere,Gate open.\n",
        "wrong.csv": "colour\nred\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)

    async def run(command: str, name: str, *more: str) -> Any:
        words = [command, str(tmp_path / name), *more, "--url", "http://front", "--key", BOOTSTRAP]
        return await asyncio.to_thread(CliRunner().invoke, commands.app, words)

    registered = await run("registry", "providers.csv", "--kind", "providers")
    recorded = await run("exposure", "exposure.csv", "--provider", "rowan")
    imported = await run("import", "reports.csv", "--origin", "backfill")
    again = await run("import", "reports.csv", "--origin", "backfill")
    wrong = await run("registry", "wrong.csv", "--kind", "sites")

    assert [one.exit_code for one in (registered, recorded, imported, again, wrong)] == [0, 0, 0, 0, 2], wrong.output
    assert "changed 1" in registered.stdout
    assert "changed 1" in recorded.stdout
    counts = [json.loads(one.stdout.splitlines()[-1]) for one in (imported, again)]
    assert counts[0] == {"lines": 2, "accepted": 1, "repeated": 0, "amended": 0, "refused": 1}
    assert counts[1] == {"lines": 2, "accepted": 0, "repeated": 1, "amended": 0, "refused": 1}
    assert "line 3: site_id: nowhere is not a site" in imported.stdout
    assert "column is missing" in wrong.stderr
    kept = (tmp_path / "reports.csv.refused.ndjson").stat()
    assert stat.S_IMODE(kept.st_mode) == 0o600


async def test_a_busy_intake_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands wait as long as a 503 says and go on; a refusal is told with its line and field."""
    slept: list[float] = []
    monkeypatch.setattr("services.intake.adapters.client.time.sleep", slept.append)
    busy = httpx.Response(503, headers={"Retry-After": "3"}, json={"detail": "away"})
    fault = {"line": 4, "field": "text", "detail": "is empty"}
    answers = [
        busy,
        httpx.Response(200, json={"rows": 1}),
        httpx.Response(422, json={"detail": "no", "errors": [fault]}),
    ]
    client = IntakeClient("http://front", "k", httpx.MockTransport(lambda _: answers.pop(0)))

    assert client.post("/v1/exposure", b"", "text/csv") == {"rows": 1}
    with pytest.raises(CallFailed, match="no: line 4: text is empty"):
        client.post("/v1/exposure", b"", "text/csv")
    assert slept == [3.0]
