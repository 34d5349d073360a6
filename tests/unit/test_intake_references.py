"""References and asset ids as they really are pass the rule that they name nobody."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from services.intake.domain.rules import check_no_names
from services.intake.domain.submission import Disruption, ExternalReference
from shared.kernel.errors import Fault
from shared.redaction import RedactedText, redact

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "deploy" / "demo" / "reports.ndjson"
OREGON = Path(os.environ.get("NEARMISS_REAL_DATA", ROOT / "../shared/data")) / "oregon_ltc" / "sample_dev.jsonl"


def redacted(text: str, names: tuple[str, ...]) -> RedactedText:
    return redact(text, names).text


def faults_of(asset: str | None, reference: ExternalReference, kind: str | None, *names: str) -> list[Fault]:
    return check_no_names(asset, reference, Disruption(kind) if kind else None, names, redacted)


def test_the_demos_references_pass() -> None:
    """Every id, asset and kind of disruption of the demo's reports is taken."""
    wrong = []
    for line in DEMO.read_text().splitlines():
        told = json.loads(line)
        names = [told["person"]["name"]] if told.get("person", {}).get("name") else []
        kind = told.get("disruption", {}).get("kind")
        if faults_of(told.get("asset_ref"), ExternalReference("demo", told["id"]), kind, *names):
            wrong.append(told["id"])

    assert wrong == []


def test_the_real_samples_references_pass() -> None:
    """Every record number of the Oregon sample is taken."""
    if not OREGON.is_file():
        pytest.skip("the real data folder is absent; name it in NEARMISS_REAL_DATA")
    ids = [json.loads(line)["source_id"] for line in OREGON.read_text().splitlines()]

    wrong = [one for one in ids if faults_of(None, ExternalReference("oregon_ltc", one), None)]

    assert len(ids) > 0
    assert wrong == []


@pytest.mark.parametrize("asset", ["Ann Hill", "ann hill", "bed of ann hill", "07700 900123"])
def test_a_name_or_number_is_refused_in_any_case(asset: str) -> None:
    """A name that the sender gave is found in any case of letters, and a telephone number without being given."""
    assert [fault.field for fault in faults_of(asset, ExternalReference("app", "1"), None, "Ann Hill")] == ["asset_ref"]


@pytest.mark.parametrize(
    ("reference", "taken"),
    [
        ("OR0000934100", True),
        ("app:BC129272B", True),
        ("BC129272B", False),
        ("0000934100", False),
        ("NHS 0000934100", False),
        ("app:07700 900123", False),
        ("app:Ann Hill", False),
        ("inc-ann-hill@x.org", False),
    ],
)
def test_a_record_number_is_told_from_a_persons_number(reference: str, taken: bool) -> None:
    """What has the form of a person's number passes only where the system marks it as a number of its own."""
    faults = faults_of(None, ExternalReference("app", reference), None)

    assert [fault.field for fault in faults] == ([] if taken else ["external_reference.id"])
