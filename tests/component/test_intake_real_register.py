"""A real register of English care homes as it grew: openings, closures and renames become dated history.

Source: CQC's care directory through Trafford Data Lab, Open Government Licence v3.0.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.intake.domain.registers import SITE_COLUMNS
from tests.support.intake import Intake, running

pytestmark = pytest.mark.engines
SETTINGS = {"Residential homes": "residential", "Nursing homes": "nursing"}
OPENED = "2010-10-01"
DAYS = ("2020-04-20", "2022-06-22", "2025-07-22", "2026-02-27")


@pytest.fixture(scope="module")
def snapshots(real_data: Path) -> list[tuple[str, dict[str, dict[str, str]]]]:
    folder = real_data / "uk_site_register"
    if not folder.is_dir():
        pytest.skip("the folder uk_site_register is not in the real data folder")
    found = []
    for day in DAYS:
        with (folder / f"trafford_care_homes_{day}.csv").open(newline="") as file:
            found.append((day, {row["cqc_id"]: row for row in csv.DictReader(file)}))
    return found


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix) as one:
        table = "provider_id,name,synthetic\ntrafford,Homes of Trafford,false\n"
        await one.call(
            "POST", "/v1/registry:import?kind=providers", content=table, headers={"Content-Type": "text/csv"}
        )
        yield one


async def load(intake: Intake, day: str, homes: dict[str, dict[str, str]], first: bool, gone: dict[str, dict]) -> dict:
    """Send a day's register: present homes as of that day, vanished ones with the day before as their last."""
    rows = [row_of(cqc_id, row, day, first) for cqc_id, row in homes.items()]
    rows += [row_of(cqc_id, row, day, first) | {"closed_on": day, "effective_from": ""} for cqc_id, row in gone.items()]
    text = io.StringIO()
    writer = csv.DictWriter(text, SITE_COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    answer = await intake.call(
        "POST", "/v1/registry:import?kind=sites", content=text.getvalue().encode(), headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 200, answer.text
    said: dict = answer.json()
    return said


def row_of(cqc_id: str, row: dict[str, str], day: str, first: bool) -> dict[str, str]:
    return dict.fromkeys(SITE_COLUMNS, "") | {
        "provider_id": "trafford",
        "site_id": cqc_id,
        "name": row["name"],
        "cqc_location_id": cqc_id,
        "setting": SETTINGS.get(row["type"], "residential"),
        "postcode": row["postcode"],
        "councils": row["area_name"],
        "opened_on": OPENED,
        "effective_from": OPENED if first else day,
    }


async def test_seven_years_of_a_real_register(intake: Intake, snapshots) -> None:
    """Every home that there ever was is known, closed ones since when, renamed ones under which name from when on."""
    before: dict[str, dict[str, str]] = {}
    closed: set[str] = set()
    for number, (day, homes) in enumerate(snapshots):
        gone = {cqc_id: row for cqc_id, row in before.items() if cqc_id not in homes}
        said = await load(intake, day, homes, number == 0, gone)
        assert said["errors"] == []
        assert said["changed"] >= len(set(homes) - set(before)) + len(gone)
        closed = (closed | set(gone)) - set(homes)
        before = homes
    again = await load(intake, snapshots[-1][0], snapshots[-1][1], False, {})

    sites = {
        one["site_id"]: one
        for one in (await intake.call("GET", "/v1/registry/sites?provider_id=trafford")).json()["sites"]
    }
    assert again["changed"] == 0
    assert set(sites) == {cqc_id for _, homes in snapshots for cqc_id in homes}
    assert {cqc_id for cqc_id in closed if sites[cqc_id]["closed_on"] is None} == set()
    renamed = 0
    for cqc_id, site in sites.items():
        told = {}
        for number, (day, homes) in enumerate(snapshots):
            if cqc_id in homes:
                told[day if number else OPENED] = homes[cqc_id]["name"]
        names = {version["effective_from"]: version["name"] for version in site["history"]}
        assert told.items() <= names.items(), cqc_id
        renamed += len(set(names.values())) > 1
    assert renamed > 0
    assert closed
    kinds = {event["type"] for event in await intake.outbox("sites")}
    assert kinds >= {"SiteRegistered", "SiteChanged", "SiteClosed"}
