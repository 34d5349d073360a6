"""Outward maps: complete, dated, sourced, refused where inconsistent, and true to the published code lists."""

from __future__ import annotations

import csv
import shutil
from datetime import date
from pathlib import Path

import pytest

from shared.taxonomy.loader import TaxonomyError, load_taxonomy
from shared.taxonomy.maps import in_force, load_maps

SHIPPED = Path(__file__).parents[2] / "shared" / "taxonomy" / "data"
MAPS = load_maps()
OURS = {"event-type"}
"""Lists that the published code systems do not have: the kinds of record that the service's own pages name."""


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(SHIPPED, tmp_path / "data"))


@pytest.mark.parametrize("name", ["lfpse-v5", "cqc-quality-statements", "cqc-draft-key-lines", "ncc-merp"])
def test_every_map_says_where_it_comes_from_and_since_when(name):
    """A reader sees source, date and whether the owner of the list has confirmed it."""
    found = MAPS[name]

    assert found.source
    assert found.to_be_confirmed
    assert found.effective_from <= date(2026, 11, 1)


@pytest.mark.parametrize("name", ["lfpse-v5", "cqc-quality-statements", "cqc-draft-key-lines"])
def test_every_domain_goes_somewhere(name):
    """No domain falls out of a framework unseen."""
    assert [word for word in load_taxonomy().domains if not MAPS[name].codes("domains", word)] == []


def test_a_near_miss_goes_out_as_an_incident_without_harm_and_a_hazard_as_a_risk():
    """The national service has no near miss of its own."""
    lfpse = MAPS["lfpse-v5"]

    assert [code.title for code in lfpse.codes("event_classes", "NEAR_MISS")] == ["Incident", "No physical harm"]
    assert [code.title for code in lfpse.codes("event_classes", "HAZARD")] == ["Risk"]


def test_an_event_that_reached_someone_is_never_an_error_that_did_not():
    """In the index of medication errors C begins where the person was reached, omissions included."""
    merp = MAPS["ncc-merp"]

    assert [code.code for code in merp.codes("event_classes", "NEAR_MISS")] == ["B"]
    assert {code.code for code in merp.codes("event_classes", "NO_HARM")} == {"C", "D"}


def test_the_frameworks_in_force_on_a_day_come_before_drafts():
    """Before the draft was published there is only the framework of the time."""
    assert [found.id for found in in_force(MAPS, "cqc", date(2026, 11, 1))] == [
        "cqc-quality-statements",
        "cqc-draft-key-lines",
    ]
    assert [found.id for found in in_force(MAPS, "cqc", date(2025, 6, 1))] == ["cqc-quality-statements"]
    assert in_force(MAPS, "cqc", date(2020, 1, 1)) == []


def test_a_word_of_tomorrow_goes_nowhere():
    """A newer taxonomy does not break an older map."""
    assert MAPS["lfpse-v5"].codes("domains", "domain_of_tomorrow") == ()


MISTAKES = [
    ("    medication: [agent-type-5/4, risk", "    medication: [agent-type-5/99, risk", "agent-type-5/99"),
    ("    medication: [agent", "    medicines: [agent", "word 'medicines' is not known"),
    ("    finance_property: [risk-themes-5/7]\n", "", "finance_property go nowhere"),
    ("    UNKNOWN: []\n", "", "UNKNOWN go nowhere"),
    ("effective_from: 2023-01-30", "effective_from: last year", "'last year' is not a date"),
    ("effective_to: null", "effective_to: 2020-01-01", "is before effective_from"),
    ("status: superseded", "status: old", "unknown status 'old'"),
    ("source: NHS", "sauce: NHS", "unknown field sauce"),
    ('version: "2026.11"', 'version: "2025.01"', "differs from the taxonomy's"),
    ("id: lfpse-v5", "id: ncc-merp", "id 'ncc-merp' stands in two files"),
]


@pytest.mark.parametrize(("old", "new", "reason"), MISTAKES, ids=[reason for _, _, reason in MISTAKES])
def test_an_inconsistent_map_is_refused_with_file_line_and_reason(folder, old, new, reason):
    """A mistake is named where it stands."""
    path = folder / "maps" / "lfpse-v5.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(TaxonomyError, match=r"maps/[a-z0-9-]+\.yaml:\d+: ") as refused:
        load_maps(folder)

    assert reason in str(refused.value)


def test_every_code_reads_as_in_the_published_list(real_data):
    """Codes and titles of version 5 are those of the national service."""
    with (real_data / "lfpse_taxonomy" / "code_systems_v5.csv").open(encoding="utf-8") as file:
        published = {(row["code_system_id"], row["code"]): row["display"] for row in csv.DictReader(file)}
    ours = {
        (name, code): title
        for name, codes in MAPS["lfpse-v5"].lists.items()
        if name not in OURS
        for code, title in codes.items()
    }

    assert {key: published.get(key) for key in ours} == ours
