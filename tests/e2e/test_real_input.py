"""Real narratives through the import into the views; skipped where the real data is not at hand.

Source: records of the Oregon Department of Human Services, published by The Oregonian/OregonLive (MIT).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

from shared.contracts.topics import MARKER_KEY, REPORTS
from tests.e2e.log import every_record
from tests.support.system import System, until

pytestmark = pytest.mark.e2e
PROVIDER = "oregon-sample"
TOLD_TOO_EARLY = {
    "field": "occurred_at",
    "detail": "is after reported_at: it cannot be told before it happened",
}


@pytest.fixture(scope="module")
def sample(real_data):
    path = real_data / "oregon_ltc" / "sample_dev.jsonl"
    if not path.exists():
        pytest.skip("the Oregon sample is not in the real data folder")
    return path


def test_every_row_is_accounted_for_and_a_second_run_changes_nothing(system: System, sample, tmp_path):
    """Accepted, or refused with line and reason; the views' total is the number accepted, before and after."""
    rows = [json.loads(line) for line in sample.read_text().splitlines()]
    operator = system.client()
    operator.csv(
        "/in/v1/registry:import?kind=providers", f"provider_id,name,synthetic\n{PROVIDER},Real sample (Oregon),false\n"
    )
    wanted = {"provider_id": PROVIDER, "roles": ["feed", "governance"], "label": "sample"}
    key = operator.send("/in/v1/keys", wanted)["key"]
    copy = tmp_path / "sample.jsonl"
    copy.write_text(sample.read_text())

    _intake(system, system.operator_key, "import-sites", str(copy), "--map", "oregon_ltc")
    own = system.client(key)
    assert len(own.get("/in/v1/registry/sites")["sites"]) == len({row["facility_id"] for row in rows})

    first = _accounting(_intake(system, key, "import", str(copy), "--map", "oregon_ltc", "--origin", "backfill"))
    assert first["lines"] == len(rows)
    assert first["accepted"] + first["repeated"] + first["amended"] + first["refused"] == len(rows)
    refused = [json.loads(line) for line in copy.with_name(f"{copy.name}.refused.ndjson").read_text().splitlines()]
    impossible = [line for line, row in enumerate(rows, 1) if row["incident_date"] > row["received_date"]]
    assert [(row["line"], row["errors"]) for row in refused] == [(line, [TOLD_TOO_EARLY]) for line in impossible]
    assert [row["row"] for row in refused] == [rows[line - 1] for line in impossible]
    assert len(refused) == first["refused"]
    lines = {row["source_id"]: line for line, row in enumerate(rows, 1)}
    assert sorted([lines[source_id] for source_id in _accepted(system)] + impossible) == list(range(1, len(rows) + 1))
    until(lambda: _total(own) == first["accepted"], within_s=60, what="all accepted rows in the views")
    views = _per_site(own)

    second = _accounting(_intake(system, key, "import", str(copy), "--map", "oregon_ltc", "--origin", "backfill"))
    assert (second["accepted"], second["repeated"], second["amended"]) == (0, first["accepted"], 0)
    assert second["refused"] == first["refused"]
    assert _per_site(own) == views
    assert Counter(views)["total"] == first["accepted"]
    assert own.get("/v1/signals")["signals"] == [], "backfill raises no signal"
    assert own.get("/v1/actions")["actions"] == [], "backfill proposes no task"


def _intake(system: System, key: str, *command: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "services.intake", *command, "--url", f"{system.front_url}/in", "--key", key],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def _accounting(out: str) -> dict[str, int]:
    last = next(line for line in reversed(out.splitlines()) if line.startswith("{"))
    return json.loads(last)


def _accepted(system: System) -> list[str]:
    """The records' own ids of all reports of the sample that were published, once for each time."""
    records = [record for topic, record in every_record(system) if topic == REPORTS.name]
    told = [json.loads(record.value()) for record in records if record.key() != MARKER_KEY]
    return [said["report"]["external_reference"]["id"] for said in told if said["provider_id"] == PROVIDER]


def _total(client) -> int:
    return client.get(f"/v1/providers/{PROVIDER}/totals")["totals"]["reports"]


def _per_site(client) -> dict[str, int]:
    totals = client.get(f"/v1/providers/{PROVIDER}/totals")
    return {"total": totals["totals"]["reports"], **{site["site_id"]: site["reports"] for site in totals["sites"]}}
