"""The taxonomy as shipped: complete, consistent, and read without surprises."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.pattern import parse_pattern

DOMAINS = [
    "medication",
    "environment",
    "equipment",
    "communication",
    "handover",
    "records_data",
    "falls_mobility",
    "moving_handling",
    "infection_control",
    "nutrition_hydration",
    "choking_swallowing",
    "skin_integrity",
    "safeguarding",
    "behaviour_distress",
    "staffing",
    "visits_scheduling",
    "security_missing_person",
    "fire_safety",
    "transport",
    "information_governance",
    "clinical_deterioration",
    "finance_property",
]
FACTORS = [
    "shift_handover",
    "verbal_information",
    "outdated_data",
    "maintenance_lapse",
    "missing_equipment",
    "labelling_lookalike",
    "workload_fatigue",
    "agency_unfamiliar",
    "training_gap",
    "procedure_unclear",
    "system_it_failure",
    "external_partner",
    "environment_layout",
    "distraction_interruption",
    "person_factors",
]


@pytest.fixture(scope="module")
def taxonomy():
    return load_taxonomy()


def test_the_domains_and_factors_are_those_of_the_label_guide(taxonomy):
    """The 22 domains and 15 factors stand there, in the guide's order and under its names."""
    assert (list(taxonomy.domains), list(taxonomy.factors)) == (DOMAINS, FACTORS)


def test_the_other_vocabularies_are_complete(taxonomy):
    """Severities rise, escalation codes fall in seriousness, and the remaining vocabularies have all their words."""
    assert [
        list(taxonomy.severities),
        list(taxonomy.escalations),
        list(taxonomy.how_caught),
        list(taxonomy.disruption_kinds),
        list(taxonomy.settings),
    ] == [
        ["low", "moderate", "severe", "death"],
        ["death", "missing_person", "police", "safeguarding", "riddor", "harm_occurred"],
        ["double_check", "colleague", "person_or_family", "routine_audit", "technology", "luck", "other"],
        ["staff_shortage", "utilities", "it_or_phones", "supplier", "weather", "illness", "premises_or_access"],
        ["residential", "nursing", "supported_living", "domiciliary", "extra_care", "day_service"],
    ]


def test_only_a_near_miss_counts_in_the_near_miss_rate(taxonomy):
    """Of the nine event classes exactly NEAR_MISS counts in the rate."""
    assert [name for name, kind in taxonomy.event_classes.items() if kind.in_near_miss_rate] == ["NEAR_MISS"]


def test_the_screens_have_eight_groups(taxonomy):
    """Every domain belongs to one of eight groups, and none of them is empty."""
    assert (8, {group.name for group in taxonomy.groups}) == (
        len(taxonomy.groups),
        {domain.group for domain in taxonomy.domains.values()},
    )


def test_every_escalation_code_has_a_rule(taxonomy):
    """No code can be reached by the label alone: each has at least one rule that says why."""
    assert set(taxonomy.escalations) == {rule.code for rule in taxonomy.escalation_rules}


def test_the_version_is_year_and_month(taxonomy):
    """The version that travels on the wire is a year and a month."""
    assert re.fullmatch(r"20\d\d\.(0[1-9]|1[0-2])", taxonomy.version)


@pytest.mark.parametrize(
    ("playbook", "domains", "factors"),
    [
        ("medication-handover-checklist", ["medication"], ["verbal_information"]),
        ("medication-handover-checklist", ["medication", "handover"], ["shift_handover"]),
        ("preventative-inspection-schedule", ["equipment"], ["maintenance_lapse"]),
        ("preventative-inspection-schedule", ["falls_mobility", "environment"], ["maintenance_lapse"]),
        ("address-contact-verification", ["visits_scheduling", "records_data"], ["outdated_data"]),
    ],
)
def test_a_playbook_fits_the_reports_it_is_made_for(taxonomy, playbook, domains, factors):
    """The article's three cases each meet the pattern of their own playbook and of no other."""
    assert [playbook] == [name for name, book in taxonomy.playbooks.items() if book.pattern.fits(domains, factors)]


@pytest.mark.parametrize(
    ("domains", "factors"),
    [
        (["medication"], ["workload_fatigue"]),
        (["equipment"], ["missing_equipment"]),
        (["visits_scheduling"], ["outdated_data"]),
        (["fire_safety"], ["maintenance_lapse"]),
        ([], []),
    ],
)
def test_a_playbook_does_not_fit_other_reports(taxonomy, domains, factors):
    """A report that lacks a domain or factor of a pattern meets none of the article's three playbooks."""
    article = [book for book in taxonomy.playbooks.values() if "operational example" in book.source]
    assert len(article) == 3
    assert [book.id for book in article if book.pattern.fits(domains, factors)] == []


def test_every_domain_has_a_remedy(taxonomy):
    """No domain is named to a manager without anything that could be done about it."""
    patterns = [book.pattern for book in taxonomy.playbooks.values()]
    answered = {name for pattern in patterns for name in pattern.domains_all + pattern.domains_any}
    assert answered == set(taxonomy.domains)


def test_a_playbook_leaves_reports_to_the_one_that_is_made_for_them(taxonomy):
    """A handover of medicines goes to the checklist for medicines, any other handover to the general one."""
    fits = {
        domains: [name for name, book in taxonomy.playbooks.items() if book.pattern.fits(domains, ("shift_handover",))]
        for domains in (("handover",), ("handover", "medication"))
    }
    assert fits == {
        ("handover",): ["structured-shift-handover"],
        ("handover", "medication"): ["medication-handover-checklist"],
    }


def test_the_sector_abbreviations_are_explained(taxonomy):
    """Abbreviations that reports are full of are spelt out in the domain they belong to."""
    known = {short for domain in taxonomy.domains.values() for short in domain.abbreviations}
    expected = [
        "MAR",
        "eMAR",
        "PRN",
        "TTO",
        "NOMAD",
        "SALT",
        "IDDSI",
        "PEEP",
        "DoLS",
        "NEWS2",
        "CD",
        "PPE",
        "LOLER",
        "DNACPR",
        "PBS",
    ]
    assert [short for short in expected if short not in known] == []


def test_importing_the_room_opens_no_file():
    """Importing every module of the room reads no data file; only `load_taxonomy` does."""
    room = Path(__file__).parents[2] / "shared" / "taxonomy"
    modules = [f"shared.taxonomy.{path.stem}" for path in room.glob("*.py") if path.stem != "__init__"]
    code = (
        "import sys, importlib, yaml\n"
        "opened = []\n"
        "sys.addaudithook(lambda name, args: opened.append(str(args[0])) if name == 'open' else None)\n"
        f"[importlib.import_module(name) for name in {modules!r}]\n"
        "print([path for path in opened if path.endswith('.yaml')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=room.parents[1])
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no word that must be there"),
        ("~3", "no word that must be there"),
        ("wrong ~3", "begin and end"),
        ("the? wrong", "begin and end"),
        ("wrong ~0 dose", "must be ~1 to ~9"),
        ("Wrong dose", "no word in lower case"),
        ("wrong (dose", "no word in lower case"),
        ("a* dose", "needs 2 letters"),
        ("wrong//dose", "no word in lower case"),
    ],
)
def test_a_pattern_that_cannot_be_read_says_why(text, reason):
    """A pattern with a mistake is refused with the reason."""
    with pytest.raises(ValueError, match=re.escape(reason)):
        parse_pattern(text)


def test_a_pattern_is_looked_up_by_its_telling_word():
    """The anchor is the first word that is not a common one, and a caret marks what a negation makes void."""
    pattern = parse_pattern("^not ~2 given/gave dose*")
    assert (pattern.anchor, pattern.void_if_negated) == (2, True)
