"""Everything that MongoDB held is lost and comes back: from a backup, and what came after it from the log."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.demo import data
from shared.runtime.backup import DATABASES
from tests.support.system import Client, System, passed_on, until

pytestmark = pytest.mark.e2e
# None of them asks a duty or an escalation, which would hold it from being erased.
TEXTS = {
    "kept": "Wheelchair footplate was loose, seen before anyone sat in it and tightened.",
    "erased": "Light in the laundry corridor flickers, moved round with a torch, told maintenance.",
    "later": "Trolley wheel sticks by the kitchen door, nothing fell.",
}


def test_all_is_restored_and_what_was_erased_stays_erased(system: System, tmp_path: Path):
    """Vault, registry, tasks and packs are as they were, the views say the same, an erasure after the backup holds."""
    governance = system.client(system.addresses()["api_key"])
    until(lambda: passed_on(governance), 150, "what waits to be passed on, which changes tasks")
    somebody = {"id": f"person-{uuid.uuid4().hex}"}
    reports = {name: report(governance, TEXTS[name], somebody) for name in ("kept", "erased")}
    pack = governance.send("/v1/packs", {"audience": "board", "commentary": "Invented.", "signed_by": "A. Invented"})
    until(lambda: set(reports.values()) <= seen(governance), what="both reports in the views")
    folder = tmp_path / "backup"
    system.run_module("shared.runtime.backup", "dump", str(folder))
    assert "whole" in system.run_module("shared.runtime.backup", "check", str(folder))

    erased = governance.post(f"/in/v1/reports/{reports['erased']}:erase", {"reason": "asked_by_subject"})
    assert erased.status_code == 204, erased.text
    reports["later"] = report(governance, TEXTS["later"], somebody)
    until(lambda: reports["later"] in seen(governance), what="the later report in the views")
    until(lambda: reports["erased"] not in seen(governance), what="the erased report out of the views")
    before = until(lambda: settled(system), 60, "views that stand still"), state(governance, pack)

    system.stop_services()
    with MongoClient(system.engines.mongodb_uri) as lost:
        names = {name for name in lost.list_database_names() if name.startswith("nearmiss_")}
        assert names == {f"nearmiss_{name}" for name in DATABASES}, "a database that no backup holds"
        for name in names:
            lost.drop_database(name)
    system.run_module("shared.runtime.backup", "restore", str(folder))
    with MongoClient(system.engines.mongodb_uri) as back:
        restored = back["nearmiss_intake"]["reports"].find_one({"_id": reports["erased"]})
        assert restored is not None
        assert restored["sealed"]["entries"], "the backup is older than the erasure"
    said = system.run_command("intake", "after-restore")
    system.start_services()

    assert "1 reports were erased again" in said
    assert reports["later"] in said, "whose original is lost is named"
    until(lambda: settled(system) == before[0], 120, "the same views again")
    assert state(governance, pack) == before[1]
    about = governance.send("/in/v1/subject-access", {"person": somebody, "reason": "invented request"})
    assert [TEXTS["kept"] in json.dumps(one) for one in about["reports"]] == [True]
    assert TEXTS["erased"] not in json.dumps(about)
    system.run_command("reporting", "rebuild", "--yes")
    until(lambda: settled(system) == before[0], 120, "the same views after a rebuild")
    assert "0 reports were erased again" in system.run_command("intake", "after-restore")
    again = report(governance, "Hoist sling frayed at the seam, taken out of use before the lift.", somebody)
    until(lambda: again in seen(governance), what="a new report on its whole way")


def report(client: Client, text: str, person: dict[str, str]) -> str:
    body = {"site_id": "elm-house", "text": text, "occurred_band": "this_shift", "person": person}
    answer = client.post("/v1/reports", body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["report_id"])


def seen(client: Client) -> set[str]:
    """Newest reports of the site that are classified and count."""
    rows = client.get("/v1/reports", site="elm-house", limit=20)["reports"]
    return {row["report_id"] for row in rows if row.get("model_version") or row.get("primary_domain")}


def settled(system: System) -> str:
    """The views as canonical lines, once two looks say the same."""
    first, second = (system.run_command("reporting", "dump") for _ in range(2))
    return first if first == second else ""


def state(client: Client, pack: dict[str, Any]) -> dict[str, Any]:
    """What people decided, registered and issued."""
    found = {
        "tasks": client.get("/act/v1/actions", status="all", limit=500),
        "routines": client.get("/act/v1/routines"),
        "evaluations": client.get("/act/v1/evaluations"),
        "duties": client.get("/act/v1/duties"),
        "sites": client.get("/v1/sites"),
        "pack": client.get(pack["address"]),
        "hash": client.get(f"/v1/packs/{pack['pack_id']}/verify"),
        "provider": client.get(f"/v1/providers/{data.PROVIDER}/totals"),
    }
    for task in found["tasks"]["actions"]:
        # A report that joins a proposal and one that leaves it are one change where they are read in one batch, as
        # after a restore; the runbook says what a lower version means.
        del task["version"]
    for said in found.values():
        said.pop("complete_until", None)  # up to when the log was read: it goes on
    return found
