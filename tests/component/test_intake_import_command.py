"""The command that imports what a provider has, against intake over the real mongod."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from openpyxl import Workbook
from typer.testing import CliRunner

from services.intake import __main__ as commands
from services.intake.adapters import upload
from services.intake.adapters.client import CallFailed, IntakeClient
from services.intake.adapters.upload import upload_reports
from services.intake.commands import console
from tests.component.test_intake_imports import Bridge
from tests.support.intake import Intake, running

pytestmark = pytest.mark.engines
Run = Callable[..., Awaitable[Any]]
HEADING = ("Datix ref", "Incident date", "Time", "Location", "Type", "Description of incident", "Handler")


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str):
    async with running(mongodb_uri, database_prefix) as one:
        await one.register()
        yield one


@pytest.fixture
async def run(intake: Intake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    key = await intake.key("feed", "governance")
    bridge = Bridge(intake.http)
    monkeypatch.setattr(console, "IntakeClient", lambda url, key: IntakeClient("http://front", key, bridge))

    async def invoke(*words: str, answer: str = "") -> Any:
        profiles = ("--profiles", str(tmp_path / "profiles")) if words[0] == "import" else ()
        options = [*words, *profiles, "--url", "http://front", "--key", key]
        return await asyncio.to_thread(CliRunner().invoke, commands.app, options, answer)

    return invoke


def workbook(path: Path) -> Path:
    book = Workbook()
    sheet = book.active
    sheet.append(HEADING)
    sheet.append(["W-1", date(2026, 2, 3), None, "Elm House", "Medication", "Two packs_x000D_ on the trolley.", "x"])
    sheet.append(
        [
            "W-2",
            datetime.fromisoformat("2026-02-04T21:05:00"),
            None,
            "elm house",
            "Parking",
            "Hoist stopped half way up.",
            "x",
        ]
    )
    sheet.append(["W-3", date(2027, 2, 3), None, "Elm House", "Medication", "Written down for a day to come.", "x"])
    sheet.append(["W-4", date(2026, 2, 5), None, "Nowhere", "Medication", "A chart was found in the wrong room.", "x"])
    book.save(path)
    return path


async def test_a_workbook_is_mapped_confirmed_imported_and_reconciled(intake: Intake, run: Run, tmp_path: Path) -> None:
    """The guess is shown and asked for, saved, and used again; each row is in the account, the refused can be fed."""
    file = workbook(tmp_path / "export.xlsx")

    declined = await run("import", str(file), answer="n\n")
    first = await run("import", str(file), "--history", "--system", "datix", answer="y\n")
    again = await run("import", str(file), "--history", "--system", "datix")

    assert declined.exit_code == 1
    assert "Import with this mapping?" in declined.output
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    assert json.loads(first.output.splitlines()[-1]) == {
        "lines": 4, "accepted": 2, "repeated": 0, "amended": 0, "refused": 2,
    }  # fmt: skip
    assert json.loads(again.output.splitlines()[-1])["repeated"] == 2
    assert "saved profile" in again.output
    assert "cleaned" in first.output
    reports = {e["report"]["external_reference"]["id"]: e["report"] for e in await intake.outbox("reports")}
    assert reports["W-1"]["text"] == "Two packs on the trolley."
    assert reports["W-1"]["origin"] == "backfill"
    assert reports["W-1"]["given_labels"] == {
        "labels": {"domains": ["medication"]}, "source_system": "datix", "coder_role": None,
    }  # fmt: skip
    assert (reports["W-2"]["occurred_at"], reports["W-2"]["given_labels"]) == ("2026-02-04T21:05:00Z", None)

    with (tmp_path / "export.xlsx.reconciliation.csv").open() as sheet:
        rows = {(row["site_id"], row["month"]): row for row in csv.DictReader(sheet)}
    assert (rows["elm", "2026-02"]["rows"], rows["elm", "2026-02"]["merged"]) == ("2", "2")
    assert (rows["all", "all"]["rows"], rows["all", "all"]["refused"]) == ("4", "2")

    refused = tmp_path / "export.xlsx.refused.csv"
    with refused.open(encoding="utf-8-sig") as sheet:
        wrong = list(csv.DictReader(sheet))
    assert {row["original_line"]: row["refused_because"].split(":")[0] for row in wrong} == {
        "4": "occurred_at",
        "5": "site_id",
    }
    corrected = refused.read_text(encoding="utf-8-sig").replace("2027-02-03", "2026-02-06").replace("Nowhere", "elm")
    (tmp_path / "corrected.csv").write_text(corrected)
    fed = await run("import", str(tmp_path / "corrected.csv"), "--history", "--system", "datix")
    assert json.loads(fed.output.splitlines()[-1])["accepted"] == 2, fed.output


async def test_an_old_table_is_read_in_its_encoding(intake: Intake, run: Run, tmp_path: Path) -> None:
    """A Windows-1252 file with Windows line ends is recognised, said, and its letters kept."""
    file = tmp_path / "old.csv"
    table = "Ref,Home,What happened,Date\r\n1,Elm House,The café door stood open all night long.,03/02/2026\r\n"
    file.write_bytes(table.encode("cp1252"))

    done = await run("import", str(file), "--yes")

    assert "Windows-1252" in done.output, done.output
    (event,) = await intake.outbox("reports")
    assert event["report"]["text"] == "The café door stood open all night long."


async def test_a_file_without_a_home_leaves_a_draft_to_complete(run: Run, tmp_path: Path) -> None:
    """What cannot be guessed is named, and the rest is in a profile that can be completed by hand."""
    file = tmp_path / "odd.csv"
    file.write_text("Number,Story\n1,The side gate was found open again this morning.\n")

    failed = await run("import", str(file), "--yes")

    assert failed.exit_code == 2
    assert "no column was found for site_id" in failed.output.replace("\n", " ")
    draft = tmp_path / "profiles" / "odd-draft.yaml"
    said = yaml.safe_load(draft.read_text())
    said["constants"]["site_id"] = "elm"
    draft.write_text(yaml.safe_dump(said))
    done = await run("import", str(file), "--map", str(draft))
    assert json.loads(done.output.splitlines()[-1])["accepted"] == 1, done.output


async def test_a_cut_off_import_goes_on_where_it_was(
    intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failure in the third piece the same command sends only what is left, and its account is of the whole."""
    monkeypatch.setattr(upload, "PIECE_ROWS", 10)
    file = tmp_path / "r.csv"
    rows = [f"elm,Gate {number} open." if number % 7 else "nowhere,Gate open." for number in range(35)]
    file.write_text("site_id,text\n" + "\n".join(rows) + "\n")
    bridge, calls = Bridge(intake.http), []

    class Failing(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            calls.append(request)
            if len(calls) == 3:
                return httpx.Response(403, json={"detail": "no"})
            return bridge.handle_request(request)

    client = IntakeClient("http://front", await intake.key("feed"), Failing())

    with pytest.raises(CallFailed):
        await asyncio.to_thread(upload_reports, client, file, None, None, lambda _: None)
    account = await asyncio.to_thread(upload_reports, client, file, None, None, lambda _: None)

    assert len(calls) == 5
    assert (account.lines, account.outcomes["accepted"], account.outcomes["refused"]) == (35, 30, 5)
    assert len((tmp_path / "r.csv.refused.ndjson").read_text().splitlines()) == 5
    assert not (tmp_path / "r.csv.progress.json").exists()
    assert await intake.db["reports"].count_documents({}) == 30


async def test_a_workbook_that_is_none_is_refused_by_name(run: Run, tmp_path: Path) -> None:
    """A renamed text file, and a table with a heading twice, are told as what they are."""
    (tmp_path / "x.xlsx").write_text("not a workbook")
    (tmp_path / "y.csv").write_text("a,a\n1,2\n")

    for name, why in (("x.xlsx", "no Excel workbook"), ("y.csv", "has a twice")):
        failed = await run("import", str(tmp_path / name))
        assert failed.exit_code == 2
        assert why in failed.output


async def test_people_and_keys_by_command(intake: Intake, run: Run, tmp_path: Path) -> None:
    """The command shows the differences and applies them after a yes; a person's key is made, replaced and revoked."""
    file = tmp_path / "people.csv"
    file.write_text("person_id,name,role,site_id,on_call,away_from,away_to,last_day\n17,Ada Example,manager,elm,,,,\n")

    declined = await run("people", str(file), answer="n\n")
    applied = await run("people", str(file), answer="y\n")
    key = await intake.key("governance")
    (person,) = (await intake.call("GET", "/v1/people", key)).json()["people"]
    made = await run("keys", "make", "--user", person["user_id"], "--label", "own")
    key_id = made.output.splitlines()[0].removeprefix("key_id: ")
    rotated = await run("keys", "rotate", key_id, "--overlap-hours", "1")
    revoked = await run("keys", "revoke", key_id)
    listed = await run("keys", "list")

    assert (declined.exit_code, "joins" in declined.output) == (1, True)
    assert "1 people changed, 1 roles told" in applied.output
    assert [one.exit_code for one in (made, rotated, revoked, listed)] == [0, 0, 0, 0], rotated.output
    assert "old_expires_at: 2026-03-04T13:00:00" in rotated.output
