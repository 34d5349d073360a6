"""Bad input through intake's HTTP: nothing breaks, nothing is changed unseen, and what is refused is told by place."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.intake.adapters.files import read_rows
from shared.redaction import redact
from tests.support.intake import Intake, running

pytestmark = pytest.mark.engines
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}
PLACE = re.compile(r"(character|byte|position) \d+|line \d+")


@pytest.fixture(scope="module")
def bad(real_data: Path) -> Path:
    folder = real_data / "bad_input"
    if not folder.is_dir():
        pytest.skip("the folder bad_input is not in the real data folder")
    return folder


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix) as one:
        await one.register()
        yield one


def meant(text: str) -> str:
    """The text as it is documented to be kept: Unicode's normal form C, plain line feeds."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))


async def told_at_first(intake: Intake, report_id: str) -> str:
    """The words as the vault has them."""
    document = await intake.db["reports"].find_one({"_id": report_id})
    assert document is not None
    return str(intake.app.state.means.vault.first(report_id, document["sealed"]).text)


async def test_the_json_test_suite_as_a_single_report(intake: Intake, bad: Path) -> None:
    """No file is a 5xx; broken JSON is a 400 that says where; sound JSON is never called broken."""
    key = await intake.key("feed")
    files = sorted((bad / "json_test_suite").rglob("*.json"))
    assert len(files) == 340

    for file in files:
        answer = await intake.call("POST", "/v1/reports", key, content=file.read_bytes(), headers=JSON)
        broken = answer.status_code == 400
        if file.name == "n_structure_no_data.json":
            assert answer.json()["errors"] == [{"detail": "Field required"}], "an empty body has no place to name"
        elif file.name.startswith("n_"):
            assert broken, file.name
            assert PLACE.search(answer.text), (file.name, answer.text)
        elif file.name.startswith("y_"):
            assert answer.status_code == 422, (file.name, answer.text)
        assert 400 <= answer.status_code < 500, file.name


async def test_the_json_test_suite_as_imports(intake: Intake, bad: Path) -> None:
    """As an array a broken file is refused with its place and a sound array is answered item by item."""
    key = await intake.key("feed")

    for file in sorted((bad / "json_test_suite").rglob("*.json")):
        body = file.read_bytes()
        as_array = await intake.call("POST", "/v1/reports:import", key, content=body, headers=JSON)
        as_lines = await intake.call("POST", "/v1/reports:import", key, content=body, headers=NDJSON)
        assert as_array.status_code in (200, 422), file.name
        assert as_lines.status_code == 200, file.name
        said = as_lines.json()
        assert (said["accepted"], said["refused"]) == (0, said["lines"]), file.name
        assert all(fault["line"] >= 1 for fault in said["errors"]), file.name
        assert said["errors"] or not body.removeprefix(b"\xef\xbb\xbf").strip(), file.name
        if file.name.startswith("n_"):
            assert as_array.status_code == 422, (file.name, as_array.text)
            assert PLACE.search(as_array.text), (file.name, as_array.text)
        if file.name.startswith("y_") and body.strip().startswith(b"["):
            assert as_array.status_code == 200, (file.name, as_array.text)
            assert as_array.json()["lines"] == len(json.loads(body)), file.name


async def test_the_csv_spectrum(intake: Intake, bad: Path) -> None:
    """A table with foreign columns is refused by name; its cells arrive as they are."""
    key = await intake.key("feed")
    files = sorted((bad / "csv_spectrum").rglob("*.csv"))
    assert len(files) == 12

    for file in files:
        wanted = json.loads(file.with_suffix(".json").read_bytes())
        rows = [row.fields or {} for row in read_rows(file)]
        assert [row.fault for row in read_rows(file) if row.fault] == [], file.name
        if isinstance(wanted, dict):  # the collection's own answer has one row, and another telephone number in it
            wanted = [{**wanted, "Contact Phone Number": rows[0]["Contact Phone Number"]}]
        plain = [{name: cell.replace("\r\n", "\n") for name, cell in row.items()} for row in wanted]
        assert rows == plain, file.name
        raw = await intake.call("POST", "/v1/reports:import", key, content=file.read_bytes(), headers=CSV)
        assert (raw.status_code, "the column is not known" in raw.text) == (422, True), file.name
        cells = [cell for row in wanted for cell in row.values() if cell.strip()]
        table = io.StringIO()
        csv.writer(table, quoting=csv.QUOTE_ALL).writerows([["site_id", "text"], *(["elm", cell] for cell in cells)])
        taken = await intake.call("POST", "/v1/reports:import", key, content=table.getvalue().encode(), headers=CSV)
        ids = [one["report_id"] for one in taken.json()["reports"]]
        assert len(ids) == len(cells), (file.name, taken.json()["errors"])
        assert [await told_at_first(intake, one) for one in ids] == [meant(cell) for cell in cells], file.name


async def test_cells_of_a_table_keep_quotes_and_line_breaks(intake: Intake) -> None:
    """RFC 4180 quoting in a report's table becomes exactly the text that was meant."""
    key = await intake.key("feed")
    texts = ["one, two", 'a "b" c', "line 1\nline 2", "ʤ", '{"type": "Point", "coordinates": [102.0, 0.5]}']
    quoted = "".join('elm,"' + text.replace('"', '""') + '"\n' for text in texts)

    answer = await intake.call("POST", "/v1/reports:import", key, content=f"site_id,text\n{quoted}", headers=CSV)

    assert answer.json()["accepted"] == len(texts)
    assert {event["report"]["text"] for event in await intake.outbox("reports")} == set(texts)


async def test_naughty_strings_stay_as_they_were_sent(intake: Intake, bad: Path) -> None:
    """Each of the 485 strings is kept, in normal form C, or refused by the name of what it holds; none is changed."""
    key = await intake.key("feed")
    strings = json.loads((bad / "blns" / "blns.json").read_bytes())
    assert len(strings) == 485
    lines = [
        {"site_id": "elm", "text": f"Note: {text}", "external_reference": {"system": "blns", "id": f"n{number}"}}
        for number, text in enumerate(strings)
    ]

    body = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    answer = await intake.call("POST", "/v1/reports:import", key, content=body.encode(), headers=NDJSON)

    said = answer.json()
    assert said["lines"] == 485
    refused = {fault["line"]: fault for fault in said["errors"]}
    for line, fault in refused.items():
        assert re.search(r"control character|spreadsheet", fault["detail"]), (strings[line - 1], fault)
    assert said["accepted"] == 485 - len(refused)
    assert said["accepted"] > 470
    kept = {e["report"]["external_reference"]["id"]: e["report"]["text"] for e in await intake.outbox("reports")}
    for number, text in enumerate(strings):
        if number + 1 not in refused:
            assert kept[f"n{number}"] == redact(meant(f"Note: {text}")).text, number
    by_line = {one["line"]: one["report_id"] for one in said["reports"]}
    for line, report_id in by_line.items():
        assert await told_at_first(intake, report_id) == meant(f"Note: {strings[line - 1]}"), line


async def test_naughty_strings_one_by_one(intake: Intake, bad: Path) -> None:
    """As single reports too: each is taken and kept to the letter, or refused as text; none is a 5xx."""
    key = await intake.key("feed")
    strings = json.loads((bad / "blns" / "blns.json").read_bytes())

    taken = 0
    for text in strings:
        answer = await intake.call("POST", "/v1/reports", key, json={"site_id": "elm", "text": text})
        if answer.status_code == 422:
            assert [fault["field"] for fault in answer.json()["errors"]] == ["text"], text
            continue
        assert answer.status_code == 202, text
        assert await told_at_first(intake, answer.json()["report_id"]) == meant(text), text
        taken += 1
    assert taken > 450


@pytest.mark.parametrize(
    ("told", "kept", "precision"),
    [
        ("03/02/2026", "2026-02-03T00:00:00Z", "day"),
        ("3.2.2026", "2026-02-03T00:00:00Z", "day"),
        ("3 Feb 2026", "2026-02-03T00:00:00Z", "day"),
        ("3-February-2026", "2026-02-03T00:00:00Z", "day"),
        ("03/02/2026 14:30", "2026-02-03T14:30:00Z", "minute"),
        ("03/02/2026 2:30pm", "2026-02-03T14:30:00Z", "minute"),
        ("03/02/2026 12:05 a.m.", "2026-02-03T00:05:00Z", "minute"),
        ("15/07/2025 14:30", "2025-07-15T13:30:00Z", "minute"),
        ("2025-07-15T14:30+02:00", "2025-07-15T12:30:00Z", "minute"),
        ("2025-07-15T14:30", "2025-07-15T13:30:00Z", "minute"),
    ],
)
async def test_dates_in_uk_order_and_iso(intake: Intake, told: str, kept: str, precision: str) -> None:
    """A date is read day first or in ISO 8601; without a zone it is English time, summer time included."""
    key = await intake.key("feed")

    answer = await intake.call(
        "POST", "/v1/reports", key, json={"site_id": "elm", "text": "Gate.", "occurred_at": told}
    )

    assert answer.status_code == 202, answer.text
    (event,) = await intake.outbox("reports")
    assert (event["report"]["occurred_at"], event["report"]["occurred_precision"]) == (kept, precision)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("occurred_at", "02/13/2026", "day first"),
        ("occurred_at", "31/02/2026", "day first"),
        ("occurred_at", "46056", "number of a day"),
        ("occurred_at", "03/02/2026 14:30pm", "day first"),
        ("occurred_at", "05/03/2026", "lies in the future"),
        ("occurred_at", "01/01/2015", "before the site opened"),
        ("text", "The trolley_x001A_s brake", "_x001A_"),
        ("text", "#REF!", "formula"),
        ("place", "bell\u0007", "control character"),
    ],
)
async def test_what_cannot_be_meant_is_refused_by_name(intake: Intake, field: str, value: str, why: str) -> None:
    """Impossible, future and too early days, and what spreadsheets leave behind, are refused with the reason."""
    key = await intake.key("feed")

    answer = await intake.call("POST", "/v1/reports", key, json={"site_id": "elm", "text": "Gate."} | {field: value})

    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["field"] == field
    assert why in fault["detail"]


async def test_windows_1252_is_refused_by_name(intake: Intake) -> None:
    """A table in an old encoding is not read wrongly: its line is refused and what to do is said."""
    table = "site_id,text\nelm,The café door\nelm,The gate\n".encode("cp1252")

    answer = await intake.call("POST", "/v1/reports:import", await intake.key("feed"), content=table, headers=CSV)

    said = answer.json()
    assert (said["accepted"], said["errors"][0]["line"]) == (1, 2)
    assert "Windows-1252" in said["errors"][0]["detail"]


async def test_a_json_array_is_taken_item_by_item(intake: Intake) -> None:
    """Good items are taken, faulty ones refused by number, and what is cut off says how far it came."""
    key = await intake.key("feed")
    good = {"site_id": "elm", "text": 'Gate, with ] and " in it.'}

    whole = await intake.call(
        "POST", "/v1/reports:import", key, content=json.dumps([good, 3, {**good, "worry": 9}, good]), headers=JSON
    )
    cut = await intake.call("POST", "/v1/reports:import", key, content=json.dumps([good] * 1_001)[:-9], headers=JSON)

    assert (whole.json()["accepted"], [one["line"] for one in whole.json()["errors"]]) == (2, [2, 3])
    assert cut.status_code == 422
    assert "the first 1000 were taken" in cut.json()["detail"]


async def test_an_import_is_resumed_with_its_own_line_numbers(intake: Intake) -> None:
    """The rest of a file sent from line 3 with the same key repeats nothing and doubles nothing."""
    key = await intake.key("feed")
    lines = [json.dumps({"site_id": "elm", "text": f"Gate {number}."}) for number in range(6)]
    headers = NDJSON | {"Idempotency-Key": "file-1"}
    path = "/v1/reports:import"

    first = await intake.call("POST", path, key, content="\n".join(lines[:4]), headers=headers)
    rest = await intake.call("POST", f"{path}?first_line=3", key, content="\n".join(lines[2:]), headers=headers)

    assert first.json()["accepted"] == 4
    assert (rest.json()["repeated"], rest.json()["accepted"]) == (2, 2)
    assert [one["line"] for one in rest.json()["reports"]] == [3, 4, 5, 6]
