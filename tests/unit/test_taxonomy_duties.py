"""Which duties a report brings up by its words and labels."""

from __future__ import annotations

from datetime import date

import pytest

from shared.taxonomy import pattern_index
from shared.taxonomy.duration import longest_hours
from shared.taxonomy.duty_loader import load_duties
from shared.taxonomy.duty_prompts import DutyPrompts
from shared.taxonomy.loader import load_taxonomy

TAXONOMY = load_taxonomy()
PACKS = load_duties(TAXONOMY)
PROMPTS = DutyPrompts(PACKS, TAXONOMY)
DAY = date(2026, 3, 2)


def asked(text: str, setting: str = "residential", **labels) -> list[str]:
    return [rule for rule, _ in PROMPTS.prompts_for(text, labels or None, setting)]


CASES = [
    (
        "theft by a carer",
        "Forty pounds has been taken from Ivy's purse, the night carer was the only one in her room.",
        "residential",
        {"safeguarding-theft", "police-crime", "cqc18-abuse", "cqc18-police"},
        set(),
    ),
    (
        "bogus caller",
        "A man said he was from the water board and she let him in, he had no badge.",
        "domiciliary",
        {"safeguarding-targeted", "police-crime", "cqc18-police"},
        {"riddor-specified-injury"},
    ),
    (
        "hoist failure",
        "The hoist boom snapped with her in the air, she landed on the bed and is fine.",
        "nursing",
        {"riddor-lifting-equipment", "mhra-device"},
        {"riddor-blood-exposure"},
    ),
    (
        "sling tear, an accessory",
        "The sling tore during the transfer, she was lowered on to the bed, no injury.",
        "nursing",
        {"mhra-device"},
        {"riddor-lifting-equipment"},
    ),
    (
        "needlestick of unknown source",
        "I was pricked by a needle in the laundry bag, nobody knows whose it was.",
        "nursing",
        {"riddor-blood-exposure"},
        {"ico-breach"},
    ),
    (
        "resident to A&E",
        "Resident slipped by the bath and was taken to A&E by ambulance, hip fractured.",
        "residential",
        {"cqc18-serious-injury", "candour-harm", "riddor-non-worker-hospital"},
        {"cqc16-death"},
    ),
    (
        "client found dead between visits",
        "Carer let herself in for the lunch call and found the client dead in his chair.",
        "domiciliary",
        {"cqc16-death", "candour-death", "police-unexpected-death", "safeguarding-death", "riddor-death"},
        set(),
    ),
    ("bells down 25 h", "Call bells down 25 h on the top floor.", "residential", {"cqc18-safety-device"}, set()),
    ("bells down 2 h", "Call bells down 2 h on the top floor.", "residential", set(), {"cqc18-safety-device"}),
    (
        "expected death",
        "She passed away peacefully this morning with her family there.",
        "nursing",
        {"cqc16-death", "candour-death"},
        {"police-unexpected-death"},
    ),
    ("DoLS", "The DoLS for room 12 was granted today.", "residential", {"cqc18-dols"}, {"safeguarding-abuse"}),
    (
        "pressure ulcer grade 3",
        "Grade 3 pressure ulcer found on her sacrum at the morning wash.",
        "nursing",
        {"cqc18-pressure-ulcer", "safeguarding-pressure-ulcer", "candour-harm"},
        set(),
    ),
    ("outbreak", "Four residents vomiting since last night.", "residential", {"ukhsa-outbreak"}, {"ico-breach"}),
    (
        "controlled drug",
        "Oramorph 5ml short at the count, still not accounted for.",
        "nursing",
        {"cd-accountable-officer", "police-controlled-drug", "cqc18-police"},
        set(),
    ),
    (
        "device fault",
        "Infusion pump faulty, it did not alarm.",
        "nursing",
        {"mhra-device"},
        {"riddor-specified-injury"},
    ),
    ("data to an outsider", "Care plan emailed to the wrong family.", "residential", {"ico-breach"}, {"police-crime"}),
    (
        "absence over seven days",
        "Carer off work since the fall two weeks ago with her back.",
        "residential",
        {"riddor-over-7-days"},
        {"cqc16-death"},
    ),
]


@pytest.mark.parametrize(("text", "setting", "there", "not_there"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_every_duty_that_may_hold_is_asked_and_none_suppresses_another(text, setting, there, not_there):
    """The words alone bring up all routes of the case, and not those that the law leaves out."""
    found = set(asked(text, setting))

    assert there - found == set()
    assert found & not_there == set()


@pytest.mark.parametrize("setting", ["domiciliary", "extra_care", "supported_living"])
def test_the_first_question_of_a_missed_call_is_whether_somebody_has_seen_the_person(setting):
    """Nothing comes before knowing that the person is safe."""
    found = asked("Lunch call was missed, nobody went until the tea call.", setting)
    rule = PACKS.on(found[0], DAY)

    assert found[0] == "safeguarding-person-seen"
    assert rule is not None
    assert (rule.question.startswith("Has someone seen the person"), rule.holds_if) == (True, "no")


@pytest.mark.parametrize(
    "text",
    [
        "Big thanks to the night team, all settled, hoist serviced and everyone slept well.",
        "No injury, police not called, ambulance not needed.",
        "Trolley left across the corridor, I moved it before anybody walked into it.",
        "Battery of hoist 3 died, changed it.",
        "The police check for the new starter came back.",
        "",
    ],
)
def test_praise_and_what_is_no_event_ask_nothing(text):
    """No question where nothing happened that a duty is about."""
    assert asked(text) == []


def test_what_is_labelled_as_no_event_asks_nothing():
    """A thank-you card after a death is no report of one."""
    text = "Lovely card from the family, he died in March and they cannot thank us enough."

    assert asked(text, event_class="NOT_AN_EVENT", escalate=[]) == []
    assert "cqc16-death" in asked(text, event_class="ESCALATED", escalate=["death"])


@pytest.mark.parametrize(
    ("labels", "there"),
    [
        ({"escalate": ["death"]}, {"cqc16-death", "candour-death"}),
        ({"escalate": ["missing_person"]}, {"police-missing-person", "safeguarding-missing-person", "cqc18-police"}),
        ({"escalate": ["police"]}, {"police-crime", "cqc18-police"}),
        ({"escalate": ["safeguarding"]}, {"safeguarding-abuse", "cqc18-abuse"}),
        ({"escalate": ["riddor"], "domains": ["equipment"]}, {"riddor-lifting-equipment", "mhra-device"}),
        ({"escalate": ["riddor"], "domains": ["infection_control"]}, {"riddor-blood-exposure"}),
        ({"escalate": ["harm_occurred"], "domains": ["information_governance"]}, {"ico-breach"}),
    ],
)
def test_labels_speak_where_no_word_does(labels, there):
    """What the model or a person labelled brings its duties up whatever the words."""
    assert there - set(asked("something happened again", **labels)) == set()


GRAVE_BY_LABEL = {"escalate": ["harm_occurred"], "potential_severity": "severe"}
INJURY = {"cqc18-serious-injury", "candour-harm"}


def test_a_label_of_what_might_have_come_speaks_alone_only_where_no_words_are_known():
    """A person's label without text asks about injury and candour; with words, these must show hurt or treatment."""
    assert INJURY - set(asked("", **GRAVE_BY_LABEL)) == set()
    assert INJURY & set(asked("Slid off the chair on to the mat and got up laughing.", **GRAVE_BY_LABEL)) == set()


@pytest.mark.parametrize(
    "text",
    [
        "Choked on a crust, went blue, three back blows and up it came.",
        "Ankle swelled up, she cannot stand on it.",
        "Banged his head on the rail, drowsy since.",
        "Insulin given twice, hypo all night.",
        "Blisters down her arm from the radiator.",
        "The crew checked her over and left her at home.",
    ],
)
def test_words_of_hurt_or_treatment_bear_out_a_grave_label(text):
    """Where somebody was hurt, injury and candour are asked, though no single word would have been enough."""
    assert INJURY - set(asked(text, event_class="LOW_HARM", **GRAVE_BY_LABEL)) == set()


@pytest.mark.parametrize(
    "text",
    [
        "Knocked himself out on the step, came round after a minute.",
        "She was hospitalised with dehydration.",
        "Fell in the courtyard and suffered a head wound.",
        "Shoulder went out of joint when she slipped.",
        "Needed six staples in the cut.",
        "Face swelled up, jabbed her with the epipen.",
    ],
)
def test_words_of_a_serious_injury_are_enough_whatever_the_label(text):
    """A wrong label silences no duty: the words alone ask about injury and candour."""
    assert INJURY - set(asked(text, event_class="NEAR_MISS", escalate=[], potential_severity="low")) == set()


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Rang the surgery before giving it, they said two is right.", {"event_class": "NEAR_MISS"}),
        ("Sheet says vegetarian and he carries an epipen. Gave jam instead.", {"event_class": "NEAR_MISS"}),
        ("Missed the step, grabbed the rail, nobody hurt.", {"event_class": "NO_HARM", **GRAVE_BY_LABEL}),
        ("Post went to flat 6 and was opened.", {"event_class": "NO_HARM", **GRAVE_BY_LABEL}),
    ],
)
def test_a_near_miss_without_harm_asks_neither_of_injury_nor_of_candour(text, labels):
    """What might have hurt somebody and did not is no notifiable injury: the same question each time is not read."""
    assert INJURY & set(asked(text, **labels)) == set()


@pytest.mark.parametrize(
    ("event_class", "severity", "asks"),
    [("NO_HARM", "moderate", False), ("NO_HARM", "severe", True), ("LOW_HARM", "low", True), (None, "low", True)],
)
def test_a_medicine_error_without_harm_asks_the_council_only_where_it_might_have_been_grave(
    event_class, severity, asks
):
    """Harm asks whatever its weight, and so does a class that nobody knows; repeats are watched apart from this."""
    labels = {"escalate": ["harm_occurred"], "domains": ["medication"], "potential_severity": severity}
    if event_class is not None:
        labels["event_class"] = event_class

    assert ("safeguarding-medicine-error" in asked("Statin left in the pot.", **labels)) is asks


def test_labels_of_lifting_equipment_are_taken_back_by_words_of_its_sling():
    """The law leaves accessories for lifting out, though the label is the same."""
    labels = {"escalate": ["riddor"], "domains": ["equipment"]}

    assert "riddor-lifting-equipment" not in asked("The loop of the sling tore, she stayed up.", **labels)
    assert "riddor-lifting-equipment" in asked("It let her down.", **labels)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("The sling snapped and the hoist dropped her on to the bed.", False),
        ("The hoist dropped her on to the bed.", True),
        ("The spreader bar sheared and the sling tore with it.", True),
    ],
)
def test_words_of_a_sling_take_back_loose_words_of_its_hoist_but_not_a_named_part(text, asks):
    """A hoist that only seems to drop because its sling went is left out; a part that broke is not."""
    assert ("riddor-lifting-equipment" in asked(text, "nursing")) is asks


def test_the_longer_of_the_times_of_the_form_and_of_the_words_counts():
    """25 hours by the form ask, two do not; what goes on has few hours on the form, and the words say how long."""
    text, labels = "Power was off in the whole house.", {"disruption_kind": "utilities"}

    assert PROMPTS.prompts_for(text, labels, "residential", 25.0)[0][0] == "cqc18-utilities"
    assert PROMPTS.prompts_for(text, labels, "residential", 2.0) == ()
    going_on = f"{text} It will be off until Thursday."
    assert PROMPTS.prompts_for(going_on, labels, "residential", 2.0)[0][0] == "cqc18-utilities"


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("25 h", 25),
        ("25hrs", 25),
        ("two days", 48),
        ("a couple of hours", 2),
        ("since yesterday morning", 24),
        ("until next monday", 24),
        ("all weekend", 48),
        ("10 minutes", 1 / 6),
        ("twenty five hours", 25),
        ("twenty-four hours", 24),
        ("forty-eight hours", 48),
        ("two and a half days", 60),
        ("one and a half days", 36),
        ("since last week", 24),
        ("since last night", 12),
        ("for days now", 48),
        ("out for weeks", 168),
        ("she works on days", None),
        ("in room 25", None),
    ],
)
def test_how_long_it_lasted_is_read_from_the_words(text, hours):
    """Numbers with a unit, and open ends by the least that they come to."""
    assert longest_hours(text.split()) == (pytest.approx(hours) if hours is not None else None)


def test_words_as_the_classifier_cuts_them_are_taken_too():
    """A list of words gives what the text gives."""
    words = ["care", "plan", "emailed", "to", "the", "wrong", "family", "."]

    assert PROMPTS.prompts_for(words, None, None) == PROMPTS.prompts_for("Care plan emailed to the wrong family.")


def test_a_text_that_asks_nothing_has_no_pattern_laid_over_it(monkeypatch):
    """Patterns are looked up by what must stand near a telling word: without that none is tried, with it some are."""
    laid: list[str] = []
    lay = pattern_index._fit

    def counted(elements, place, words, *rest):
        laid.append(" ".join(words))
        return lay(elements, place, words, *rest)

    monkeypatch.setattr(pattern_index, "_fit", counted)
    nothing = "trolley left across the corridor after lunch so i moved it to the store and told the kitchen"
    something = "she was taken by ambulance to hospital after lunch"

    assert PROMPTS.prompts_for(nothing, None, "residential") == ()
    assert laid == []
    assert PROMPTS.prompts_for(something, None, "residential") != ()
    assert laid != []
