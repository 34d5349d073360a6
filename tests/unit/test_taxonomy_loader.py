"""The loader refuses an inconsistent file and names file, line and reason."""

import shutil
from pathlib import Path

import pytest

from shared.taxonomy.loader import TaxonomyError, load_taxonomy

SHIPPED = Path(__file__).parents[2] / "shared" / "taxonomy" / "data"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(SHIPPED, tmp_path / "data"))


def edit(folder, name, old, new):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


MISTAKES = [
    (
        "playbooks/medicines.yaml",
        "domains_all: [medication]",
        "domains_all: [medicine]",
        "domains_all names 'medicine'",
    ),
    (
        "playbooks/building_equipment_fire.yaml",
        "factors_any: [maintenance_lapse]",
        "factors_any: [decay]",
        "factors_any names 'decay'",
    ),
    ("playbooks/medicines.yaml", "FREQ=WEEKLY;BYDAY=MO", "every Monday", "is no RRULE"),
    ("playbooks/medicines.yaml", "min_reports: 3", "min_reports: none", "whole number of 1 or more"),
    ("playbooks/medicines.yaml", "kind: checklist", "kind: poster", "unknown kind 'poster'"),
    ("playbooks/medicines.yaml", "strength: intermediate", "strength: heroic", "unknown strength 'heroic'"),
    ("playbooks/medicines.yaml", "domains_none: [handover]", "domains_none: [medication]", "the pattern asks for"),
    (
        "playbooks/medicines.yaml",
        "- id: mar-audit",
        "- id: fire-routes-and-doors",
        "stands in two files or twice in one",
    ),
    ("playbooks/medicines.yaml", "- id: mar-audit", "- id: MAR audit", "must be lower-case letters"),
    ("playbooks/medicines.yaml", "- id: contents", "- id: draft", "step 'draft' stands here twice"),
    ("domains.yaml", "group: medicines\n", "group: pills\n", "unknown group 'pills'"),
    ("domains.yaml", "usual_severity: moderate", "usual_severity: dire", "unknown usual_severity 'dire'"),
    ("domains.yaml", "- name: environment", "- name: medication", "name 'medication' stands in this file twice"),
    ("domains.yaml", "- name: environment", "- name: surroundings", "domains/surroundings.yaml is missing"),
    ("domains.yaml", "    process: false\n", "    process: perhaps\n", "unknown process 'perhaps'"),
    ("domains.yaml", "    title: Medicines\n", "    titel: Medicines\n", "unknown field titel"),
    ("domains/medication.yaml", "    - syringe driver/drivers\n", "    - Syringe (driver\n", "no word in lower case"),
    ("domains/medication.yaml", "    - syringe driver/drivers\n", "    - inr\n    - inr\n", "stands here twice"),
    (
        "factors.yaml",
        "    definition: The cause lies where",
        "    definition:\n    definition: The",
        "stands here twice",
    ),
    ("escalation/missing_person.yaml", "code: missing_person", "code: lost", "unknown code 'lost'"),
    ("escalation/police.yaml", "id: police.crime", "id: death.reported", "stands in two files or twice in one"),
    ("event_classes.yaml", "in_near_miss_rate: true", "in_near_miss_rate: maybe", "unknown in_near_miss_rate 'maybe'"),
    ("spellings.yaml", "  medecine: medicine", "  medecine: medicin", "another misspelling"),
    ("cues/reading.yaml", "    1:\n      - near\n", "    few:\n      - near\n", "weight 'few' must be a number"),
    ("cues/reading.yaml", "  idioms:\n", "  idiom:\n", "unknown field idiom"),
    ("cues/reading.yaml", "  idioms:\n", "  praise:\n", "cue 'praise' stands in two files"),
    ("severities.yaml", 'version: "2026.11"', 'version: "2025.01"', "differs from the other files"),
    ("settings.yaml", "settings:\n", "settings: [\n", "expected"),
]


@pytest.mark.parametrize(("name", "old", "new", "reason"), MISTAKES, ids=[f"{m[0]}:{m[3]}" for m in MISTAKES])
def test_a_mistake_is_named_with_file_and_reason(folder, name, old, new, reason):
    """Each kind of mistake stops the loading with the file and the reason in the message."""
    edit(folder, name, old, new)
    with pytest.raises(TaxonomyError) as caught:
        load_taxonomy(folder)
    assert (str(caught.value).startswith(f"{name}:"), reason in str(caught.value)) == (True, True)


def test_the_line_is_the_line_of_the_mistake(folder):
    """The message names the very line on which the unknown domain stands."""
    file = "playbooks/building_equipment_fire.yaml"
    line = edit(folder, file, "domains_any: [equipment, environment]", "domains_any: [equipment, weather]")
    with pytest.raises(TaxonomyError) as caught:
        load_taxonomy(folder)
    assert f"{file}:{line}: domains_any names 'weather', which is not known" == str(caught.value)


def test_a_missing_field_names_the_row(folder):
    """A field that is left out is named together with the line of its row."""
    line = edit(folder, "factors.yaml", "    title: Change of shift or carer\n", "")
    with pytest.raises(TaxonomyError) as caught:
        load_taxonomy(folder)
    assert f"factors.yaml:{line - 1}: field title is missing or blank" == str(caught.value)


def test_a_missing_file_is_named(folder):
    """A file that is not there is named, too."""
    (folder / "factors.yaml").unlink()
    with pytest.raises(TaxonomyError, match=r"^factors\.yaml:1: the file is missing$"):
        load_taxonomy(folder)


def test_a_missing_cue_is_named(folder):
    """A cue that the classifier reads and that stands in no file is named."""
    (folder / "cues" / "no_event.yaml").unlink()
    with pytest.raises(TaxonomyError, match="praise, routine"):
        load_taxonomy(folder)


def test_patterns_of_an_unknown_domain_are_refused(folder):
    """A file of patterns that no domain reads is a mistake, not a leftover."""
    shutil.copy(folder / "domains" / "transport.yaml", folder / "domains" / "flying.yaml")
    with pytest.raises(TaxonomyError, match="domain 'flying' is not known"):
        load_taxonomy(folder)


def test_an_empty_file_is_named(folder):
    """A file without content is refused as empty."""
    (folder / "settings.yaml").write_text("", encoding="utf-8")
    with pytest.raises(TaxonomyError, match=r"^settings\.yaml:1: the file is empty$"):
        load_taxonomy(folder)


def test_a_pattern_that_asks_for_nothing_is_refused(folder):
    """A playbook that would fit every report is a mistake."""
    edit(folder, "playbooks/staffing_visits.yaml", "domains_all: [visits_scheduling, records_data]", "domains_all: []")
    with pytest.raises(TaxonomyError, match="asks for nothing"):
        load_taxonomy(folder)


def test_playbooks_of_an_unknown_group_are_refused(folder):
    """A file of playbooks is named for the group of domains that it answers."""
    (folder / "playbooks" / "medicines.yaml").rename(folder / "playbooks" / "pills.yaml")
    with pytest.raises(TaxonomyError, match=r"^playbooks/pills\.yaml:\d+: group 'pills' is not known$"):
        load_taxonomy(folder)


def test_the_values_cannot_be_changed():
    """What is loaded is frozen, mappings included."""
    taxonomy = load_taxonomy()
    with pytest.raises(TypeError):
        taxonomy.domains["medication"] = None
