"""The shipped demo data: well-formed, clearly invented, with the planted patterns and no others."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.demo import data
from deploy.demo.lead import Leads
from deploy.demo.people import People

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo"
WEEKS = range(1, 28)
"""26 complete weeks, and the one in which the demo is started."""
FULL = range(1, 27)
REQUIRED = {
    "id",
    "site_id",
    "week",
    "weekday",
    "time",
    "told_after_hours",
    "text",
    "worry",
    "reporter_role",
    "identity_mode",
}
OPTIONAL = {
    "place",
    "what_stopped_it",
    "anonymity_reason",
    "occurred_band",
    "asset_ref",
    "person",
    "disruption",
    "outside_first",
    "language",
}
WORDS = {
    "reporter_role": {
        "care_worker",
        "nurse",
        "senior",
        "domestic_kitchen",
        "maintenance",
        "agency",
        "person_or_relative",
        "other",
    },
    "identity_mode": {"anonymous", "confidential", "named"},
    "occurred_band": {"now", "this_shift", "at_handover", "earlier"},
    "anonymity_reason": {
        "save_time",
        "forgot_account",
        "no_benefit_signing_in",
        "fear_own_organisation",
        "fear_other_organisation",
        "fear_reputation_career",
        "colleagues_may_find_out",
        "other",
    },
}
DISRUPTIONS = {
    "staff_shortage",
    "utilities",
    "it_or_phones",
    "supplier",
    "weather",
    "illness",
    "premises_or_access",
}
UNIT_OF_SETTING = {
    "residential": "occupied_bed_days",
    "nursing": "occupied_bed_days",
    "supported_living": "supported_person_days",
    "domiciliary": "visits",
    "extra_care": "care_hours",
    "day_service": "attendances",
}
PLANTED = {
    ("medication_at_verbal_handover", "elm-house"): [0, 1, 0, 1, 0, 1, 0, 5, 5, 6, 4, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1],
    ("access_equipment_faults", "harbour-court"): [0, 1, 0, 0, 1, 0, 0, 1, 0, 4, 5, 5, 5, 3, 0, 0, 1, 1, 0, 0, 1],
    ("visit_to_stale_address", "meadow-homecare"): [1, 0, 0, 1, 0, 4, 5, 5, 5, 3, 0, 0, 1, 0, 0, 0, 0, 0, 1],
    ("reporting_lost", "birchfield-lodge"): [
        1, 0, 1, 1, 0, 1, 1, 0, 5, 5, 5, 5, 3, 1, 2, 1, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1,
    ],
}  # fmt: skip
"""Reports of each case in weeks 1 and on; none afterwards."""
MEDICINE = re.compile(
    r"tramadol|alendronic|antibiotics|morning meds|lunchtime round|ramipril|inr|sleeping tablet|prn|tablets|three pots"
    r"|careldopa|warfarin|patch|insulin|lorazepam|antibiotic|bisoprolol|eye drops|paracetamol|furosemide|cds|med trays"
    r"|gliclazide|codeine|levetiracetam|apixaban|covert meds|mar\b|movicol|thyroxine|syringe driver"
)
SPOKEN_HANDOVER = re.compile(
    r"handover|changeover|shift (change|swap)|night senior|handed over|going off|off going|outgoing|night to day"
    r"|taking over|by mouth|told across|nights said|checklist|day senior to me"
)
ACCESS = re.compile(r"stairlift|chair on the stairs|door|ramp|floor lift|platform lift|lift between floors|hoist 3")
ADDRESS = re.compile(
    r"address|postcode on record|house|moved|orchid way|number 7 tansy row|strangers|rota|wrong persons home"
)
PHONE = re.compile(r"\b0\d{3,4} ?\d{3} ?\d{3,4}\b")
NHS_LIKE = re.compile(r"(?<!\d)(\d{3})[ -]?(\d{3})[ -]?(\d{4})(?!\d)")
POSTCODE = re.compile(r"\b[A-Z]{1,2}\d{1,2} ?\d[A-Z]{2}\b")


def rows(name: str) -> list[dict[str, str]]:
    with (DEMO / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def reports() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DEMO / "reports.ndjson").read_text(encoding="utf-8").splitlines()]


def hours_since_monday(report: dict[str, Any]) -> float:
    hours, minutes = report["time"].split(":")
    return float(report["weekday"] * 24 + int(hours) + int(minutes) / 60)


def test_reports_carry_the_documented_fields_and_words(reports: list[dict[str, Any]]) -> None:
    """Every report has the required fields, no unknown ones, and words of the documented lists."""
    assert 1000 <= len(reports) <= 1100
    for report in reports:
        assert report.keys() >= REQUIRED, report["id"]
        assert report.keys() <= REQUIRED | OPTIONAL, report["id"]
        assert 8 <= len(report["text"].split()) <= 70, report["id"]
        assert report["week"] in WEEKS
        assert report["weekday"] in range(7)
        assert re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", report["time"]), report["id"]
        assert report["worry"] in {1, 2, 3, 4}
        for field, words in WORDS.items():
            assert field not in report or report[field] in words, report["id"]
        assert "anonymity_reason" not in report or report["identity_mode"] == "anonymous"
    assert sum(report.get("outside_first", False) for report in reports) == 3
    assert sum(report["told_after_hours"] >= 30 for report in reports) >= 10


def test_reports_are_in_order_and_told_in_the_week_they_happened(reports: list[dict[str, Any]]) -> None:
    """Ids follow week, weekday and time, and no delay carries a report into another week."""
    assert [f"D{number:04d}" for number in range(1, len(reports) + 1)] == [report["id"] for report in reports]
    order = [(report["week"], report["weekday"], report["time"]) for report in reports]
    assert sorted(order) == order
    for report in reports:
        assert report["told_after_hours"] > 0
        assert hours_since_monday(report) + report["told_after_hours"] < 7 * 24, report["id"]


def test_disruptions_were_told_when_they_were_over(reports: list[dict[str, Any]]) -> None:
    """A disruption has a known kind and had ended when it was told, so that no end lies in the future."""
    told = [report for report in reports if "disruption" in report]
    assert {report["disruption"]["kind"] for report in told} == DISRUPTIONS
    for report in told:
        disruption = report["disruption"]
        assert disruption.keys() == {"kind", "hours", "people_affected", "plan_used", "plan_worked"}
        assert 0 < disruption["hours"] <= report["told_after_hours"], report["id"]
        assert disruption["people_affected"] >= 1
        assert disruption["plan_used"] or disruption["plan_worked"] is None


def test_the_group_has_twelve_sites_of_all_settings() -> None:
    """One synthetic provider, twelve sites of six settings, one of them renamed, every id and postcode invented."""
    assert rows("providers.csv") == [
        {"provider_id": "rowan-care", "name": "Rowan Care Group (invented)", "synthetic": "true"}
    ]
    sites = rows("sites.csv")
    assert len(sites) == 13
    assert 12 == len({site["site_id"] for site in sites}) == len({site["cqc_location_id"] for site in sites})
    assert set(UNIT_OF_SETTING) == {site["setting"] for site in sites}
    assert [site["site_id"] for site in sites if site["capacity"] == "4"] == ["orchard-row"]
    renamed = [site for site in sites if site["site_id"] == "larch-view"]
    assert 2 == len({site["name"] for site in renamed}) == len({site["effective_from"] for site in renamed})
    for site in sites:
        assert re.fullmatch(r"1-90000000\d\d", site["cqc_location_id"])
        assert re.fullmatch(r"ZZ\d \d[A-Z]{2}", site["postcode"])
        opened = date.fromisoformat(site["opened_on"])
        assert date(2015, 1, 1) <= opened <= date(2024, 12, 31)
        assert opened <= date.fromisoformat(site["effective_from"])
        assert site["closed_on"] == ""
        assert all(site["councils"].split(";"))
        assert all(site["contracts"].split(";"))


def test_exposure_is_there_for_every_site_and_week() -> None:
    """Each site has one row a week in its setting's unit, within capacity; the medication site counts doses too."""
    settings = {site["site_id"]: site["setting"] for site in rows("sites.csv")}
    capacity = {site["site_id"]: int(site["capacity"]) for site in rows("sites.csv")}
    exposure = rows("exposure.csv")
    expected = Counter(
        (site, str(week), UNIT_OF_SETTING[setting]) for site, setting in settings.items() for week in FULL
    )
    expected.update(("elm-house", str(week), "administrations") for week in FULL)
    assert expected == Counter((row["site_id"], row["week"], row["unit"]) for row in exposure)
    assert {"counted", "estimated"} == {row["basis"] for row in exposure}
    for row in exposure:
        assert float(row["value"]) > 0
        if row["unit"] in {"occupied_bed_days", "supported_person_days", "attendances"}:
            assert float(row["value"]) <= capacity[row["site_id"]] * 7, row


def test_planted_patterns_rise_week_by_week(reports: list[dict[str, Any]]) -> None:
    """Each planted case has exactly the documented number of reports in each week, at its site alone."""
    by_id = {report["id"]: report for report in reports}
    counts = {case: [0] * len(weeks) for case, weeks in PLANTED.items()}
    for row in rows("planted.csv"):
        report = by_id[row["id"]]
        assert (row["site_id"], int(row["week"])) == (report["site_id"], report["week"])
        counts[row["case"], report["site_id"]][report["week"] - 1] += 1
    assert counts == PLANTED


@pytest.mark.parametrize(
    ("case", "patterns"),
    [
        ("medication_at_verbal_handover", (MEDICINE, SPOKEN_HANDOVER)),
        ("access_equipment_faults", (ACCESS,)),
        ("visit_to_stale_address", (ADDRESS,)),
    ],
)
def test_planted_reports_say_what_they_are(
    reports: list[dict[str, Any]], case: str, patterns: tuple[re.Pattern[str], ...]
) -> None:
    """The words of each planted report name its subject, so that a reader of the text alone would find the case."""
    planted = {row["id"] for row in rows("planted.csv") if row["case"] == case}
    for pattern in patterns:
        silent = [r["id"] for r in reports if r["id"] in planted and not pattern.search(r["text"].lower())]
        assert silent == []


def test_the_other_sites_are_steady(reports: list[dict[str, Any]]) -> None:
    """At the eight sites without a planted case the second 13 weeks bring about as many reports as the first."""
    cases = {site for _, site in PLANTED}
    halves = Counter((report["site_id"], report["week"] > 13) for report in reports if report["week"] in FULL)
    for site in {site["site_id"] for site in rows("sites.csv")} - cases:
        both = halves[site, True] + halves[site, False]
        assert abs(halves[site, True] - halves[site, False]) <= 0.25 * both + 3, site
    assert halves["orchard-row", True] + halves["orchard-row", False] <= 8


def test_where_reporting_is_lost_everything_falls(reports: list[dict[str, Any]]) -> None:
    """At the fourth case's site the other reports fall as far as those that the remedy was for."""
    planted = {row["id"] for row in rows("planted.csv")}
    weeks = [r["week"] for r in reports if r["site_id"] == "birchfield-lodge" and r["id"] not in planted]
    before, after = (sum(week in span for week in weeks) / len(span) for span in (range(1, 14), range(14, 27)))
    assert after < 0.4 * before


def test_acts_are_of_known_kinds_and_within_the_weeks() -> None:
    """Every act can be done, belongs to a site of the group and has a day of the data."""
    sites = {site["site_id"] for site in rows("sites.csv")}
    monday = date(2026, 3, 2)
    acts = data.acts(monday, date(2026, 12, 31))
    known = set(People(cast(Any, None), lambda _role, _site: "", monday, print)._do)
    assert all(monday <= day < monday + timedelta(weeks=27) for day in acts)
    for act in (act for day in acts.values() for act in day):
        assert act["do"] in known
        group = {*Leads(cast(Any, None)).kinds, "pulse"}
        assert act["site"] in sites or (act["site"] is None and act["do"] in group)
        assert act["do"] != "pulse" or set(act["answers"]) == sites


def test_no_two_texts_are_near_copies(reports: list[dict[str, Any]]) -> None:
    """Every text was written by itself: no two share more than 0.6 of their words."""
    words = [(report["id"], set(re.findall(r"[a-z0-9']+", report["text"].lower()))) for report in reports]
    copies = [(one, other) for (one, a), (other, b) in combinations(words, 2) if len(a & b) > 0.6 * len(a | b)]
    assert copies == []


def test_nhs_numbers_are_never_issued_ones_with_a_valid_check_digit(reports: list[dict[str, Any]]) -> None:
    """Every ten-digit number that is no telephone number begins with 999 and passes modulus 11."""
    found = 0
    for report in reports:
        for match in NHS_LIKE.finditer(PHONE.sub("", report["text"])):
            digits = [int(digit) for digit in "".join(match.groups())]
            check = -sum(d * weight for d, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
            assert digits[:3] == [9, 9, 9], report["id"]
            assert check == digits[9], report["id"]
            found += 1
    assert found >= 3


def test_phones_and_postcodes_are_invented(reports: list[dict[str, Any]]) -> None:
    """Telephone numbers lie in Ofcom's ranges for drama and postcodes in an area that does not exist."""
    phones = [phone for report in reports for phone in PHONE.findall(report["text"])]
    assert len(phones) >= 5
    assert [p for p in phones if not re.fullmatch(r"(01632 960|07700 900)\d{3}", p)] == []
    postcodes = [code for report in reports for code in POSTCODE.findall(report["text"])]
    assert postcodes
    assert [code for code in postcodes if not code.startswith("ZZ")] == []


def test_the_marker_person_is_named_three_times(reports: list[dict[str, Any]]) -> None:
    """Zebedee Quillfeather is in exactly three texts and the person of one report, and nowhere else."""
    named = [report for report in reports if "Zebedee Quillfeather" in report["text"]]
    assert len(named) == 3
    assert sum(bool(re.search("zebedee|quillfeather", report["text"].lower())) for report in reports) == 3
    assert sum(report.get("person", {}).get("name") == "Zebedee Quillfeather" for report in reports) == 1


def test_a_person_id_stands_for_one_name(reports: list[dict[str, Any]]) -> None:
    """A person's id and name belong together wherever they appear."""
    pairs = {(report["person"]["id"], report["person"]["name"]) for report in reports if "person" in report}
    assert len(pairs) == len({person for person, _ in pairs}) == len({name for _, name in pairs})
    assert all(re.fullmatch(r"P-\d\d", person) for person, _ in pairs)
