"""The packs of duties as data: what every rule states, when it is in force, and which files are refused."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from shared.taxonomy.duties import ROUTES, UNCONFIRMED
from shared.taxonomy.duty_loader import load_duties
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.rows import TaxonomyError

SHIPPED = Path(__file__).parents[2] / "shared" / "taxonomy" / "data"
TAXONOMY = load_taxonomy()
PACKS = load_duties(TAXONOMY)
DAY = date(2026, 3, 2)


def test_every_rule_is_a_question_with_source_and_mark_and_every_route_is_there():
    """Nothing is a finding, every own target says that it is ours, and safeguarding says what not to do."""
    text = "".join(path.read_text(encoding="utf-8") for path in (SHIPPED / "duties").glob("*.yaml"))
    abuse = PACKS.on("safeguarding-abuse", DAY)

    assert {rule.route for rule in PACKS.rules} == set(ROUTES)
    assert all(rule.question.endswith("?") and rule.source and rule.wording for rule in PACKS.rules)
    assert all("our own target" in rule.own_target.within for rule in PACKS.rules if rule.own_target)
    assert text.count(UNCONFIRMED) == len(PACKS.versions)
    assert abuse is not None
    said = " ".join(abuse.advice).lower()
    assert [word for word in ("safe", "evidence", "do not question", "warn", "ring") if word not in said] == []


def test_a_councils_own_procedure_stands_in_place_of_the_default_from_its_day_on():
    """Dated and by name: before it the default holds, and a council without a pack is only the recipient."""
    default = PACKS.on("safeguarding-missed-visit", DAY)
    leeds = PACKS.on("safeguarding-missed-visit", DAY, "Leeds City Council")
    before = PACKS.on("safeguarding-missed-visit", date(2023, 12, 31), "Leeds City Council")
    other = PACKS.on("safeguarding-missed-visit", DAY, "Somewhere Borough Council")

    assert default is not None
    assert leeds is not None
    assert before is not None
    assert other is not None
    assert (leeds.pack, before.pack, other.pack) == ("council_leeds", "safeguarding", "safeguarding")
    assert "more than one adult" in leeds.question
    assert (before.question, other.question) == (default.question, default.question)
    assert other.recipient == "Somewhere Borough Council"


def test_a_rule_is_in_force_from_its_first_day():
    """What the law did not yet say is not asked of old events."""
    assert PACKS.on("ico-breach", date(2018, 5, 24)) is None
    assert PACKS.on("ico-breach", date(2018, 5, 25)) is not None
    assert PACKS.on("no-such-rule", DAY) is None


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(SHIPPED, tmp_path / "data"))


MISTAKES = [
    ("riddor.yaml", "route: riddor\n", "route: letter\n", "unknown route 'letter'"),
    (
        "riddor.yaml",
        "base: occurred, within: without delay; report",
        "base: noon, within: without delay; report",
        "unknown base 'noon'",
    ),
    ("riddor.yaml", "id: riddor-blood-exposure", "id: riddor-lifting-equipment", "stands twice for the same days"),
    ("riddor.yaml", "confirmation: to be", "confirmation: sure, to be", "confirmation must read"),
    ("riddor.yaml", "effective_from: 2013-10-01", "effective_from: last year", "is no day"),
    (
        "riddor.yaml",
        "effective_from: 2013-10-01",
        "effective_from: 2013-10-01\n    effective_to: 2012-01-01",
        "lies before effective_from",
    ),
    ("riddor.yaml", "rules: [riddor.blood_exposure]", "rules: [riddor.blood]", "rules names 'riddor.blood'"),
    ("riddor.yaml", "question: Is the worker back?", "question: The worker is back.", "must be a question"),
    ("riddor.yaml", "domains: [infection_control]", "domains: [infection]", "domains names 'infection'"),
    ("riddor.yaml", '"24 hours, our own target"', '"24 hours"', "must say that it is our own target"),
    ("candour.yaml", "words_of: [cqc16-death]", "words_of: [cqc16-dead]", "words_of names 'cqc16-dead'"),
    (
        "safeguarding.yaml",
        "{escalate: [harm_occurred], domains: [medication], classes: [LOW_HARM]}",
        "{classes: [LOW_HARM]}",
        "fits too many reports",
    ),
    ("safeguarding.yaml", "classes: [LOW_HARM]", "classes: [HARMLESS]", "classes names 'HARMLESS'"),
    ("cqc.yaml", "over_hours: 24", "over_hours: a day", "whole number of 1 or more"),
    (
        "cqc.yaml",
        "    question: Did the person die",
        "    fine: 100\n    question: Did the person die",
        "unknown field fine",
    ),
    ("council_leeds.yaml", "amends: safeguarding-missed-visit", "amends: safeguarding-visit", "unknown amends"),
    ("council_leeds.yaml", "amends: safeguarding-missed-visit", "amends: cqc16-death", "does not go to a council"),
]


@pytest.mark.parametrize(("name", "old", "new", "reason"), MISTAKES, ids=[f"{m[0]}:{m[3]}" for m in MISTAKES])
def test_an_inconsistent_pack_is_refused_with_file_line_and_reason(folder, name, old, new, reason):
    """Each kind of mistake stops the loading at its place."""
    path = folder / "duties" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(TaxonomyError) as caught:
        load_duties(TAXONOMY, folder)

    place, line, why = str(caught.value).split(":", 2)
    assert (place, line.isdecimal(), reason in why) == (f"duties/{name}", True, True)


def test_two_versions_of_a_rule_hold_one_after_the_other(folder):
    """A new wording of the law is a new row with its own days; the old one stays for old events."""
    path = folder / "duties" / "data_protection.yaml"
    text = path.read_text(encoding="utf-8")
    row = text[text.index("  - id: ico-breach") :]
    old = row.replace("effective_from: 2018-05-25", "effective_from: 2018-05-25\n    effective_to: 2020-12-31")
    new = row.replace("effective_from: 2018-05-25", "effective_from: 2021-01-01").replace(
        "72 hours after", "3 days after"
    )
    path.write_text(text.replace(row, old + "\n" + new), encoding="utf-8")
    packs = load_duties(TAXONOMY, folder)

    found = [packs.on("ico-breach", day) for day in (date(2020, 12, 31), date(2021, 1, 1))]

    assert [rule.legal.within for rule in found if rule] == [
        "72 hours after becoming aware",
        "3 days after becoming aware",
    ]


def test_a_folder_without_packs_is_refused(folder):
    """No packs would mean no duty for ever."""
    shutil.rmtree(folder / "duties")
    with pytest.raises(TaxonomyError, match="there is no pack"):
        load_duties(TAXONOMY, folder)
