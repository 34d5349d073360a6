"""What the classifier promises of every answer: it abstains, explains itself, obeys the reporter and never raises."""

import dataclasses
import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.classifier.domain.classification import MODEL_VERSION, Answers
from services.classifier.domain.classify import Asked, Classifier
from services.classifier.domain.prompts import whys
from shared.redaction.redact import redact
from shared.taxonomy.duty_loader import load_duties
from shared.taxonomy.loader import load_taxonomy

TAXONOMY = load_taxonomy()
CLASSIFIER = Classifier(TAXONOMY)
RULES = set(whys(TAXONOMY, load_duties(TAXONOMY)))
"""The ids of all rules that may speak beside a label."""

ILLEGIBLE = [
    ("", "There are no words to read."),
    ("   \n\t ", "There are no words to read."),
    ("😀😀 !!! ???", "There are no words to read."),
    ("[PERSON_1] [PHONE_1] [PERSON_2]", "After personal data were taken out no words are left."),
    ("Pani upadła w łazience i nie mogła wstać sama", "The text does not seem to be English."),
    ("La residente estaba muy cansada pero comió bien", "The text does not seem to be English."),
    ("刚才老人差点摔倒 我们扶住了她 没有受伤 谢谢", "The text does not seem to be English."),
    ("zxqv kkjj wwpl mmnb ttrr", "The text does not seem to be English."),
    ("hello " * 50_000, "The text is too long to be one report."),
    ("it was what it was", "Nothing in the words is known to the taxonomy."),
    ("hjkdfs 777", "Nothing in the words is known to the taxonomy."),
]

CLASSES = [
    ("Fire door wedged open with a chair", "HAZARD"),
    ("About to give the wrong insulin when the second nurse stopped me", "NEAR_MISS"),
    ("Tablets given twice this morning, she is fine", "NO_HARM"),
    ("He fell in the lounge and bruised his hip", "LOW_HARM"),
    ("Boiler broken down again, no hot water in the east wing", "DISRUPTION"),
    ("Mr [PERSON_1] passed away peacefully at 4am", "ESCALATED"),
    ("She was quieter than usual so I did her obs, NEWS2 of 5, rang 111 early", "GOOD_CATCH"),
    ("Thank you to everyone for a lovely day", "NOT_AN_EVENT"),
    ("", "UNKNOWN"),
]


@pytest.mark.parametrize(("text", "reason"), ILLEGIBLE, ids=range(len(ILLEGIBLE)))
def test_it_abstains_from_what_it_cannot_read(text, reason):
    """No guess is made: nothing is decided, the class is unknown, and a person is told why."""
    found = CLASSIFIER.classify(text, "residential")
    assert (found.is_near_miss, found.domains, found.event_class, found.needs_review, found.review_reason) == (
        None,
        (),
        "UNKNOWN",
        True,
        reason,
    )


@pytest.mark.parametrize(("text", "event_class"), CLASSES)
def test_each_event_class_can_be_reached(text, event_class):
    """Each of the nine classes follows from some report."""
    assert CLASSIFIER.classify(text, "residential").event_class == event_class


def test_the_reporter_outranks_the_words_that_it_reached_someone():
    """A report that reads as stopped is completed when the form says that it reached someone."""
    text = "About to give the wrong insulin when the second nurse stopped me"
    found = CLASSIFIER.classify(text, "nursing", Answers(reached_person=True, injured=True))
    assert (found.is_near_miss, found.escalate, found.event_class) == (False, ("harm_occurred",), "LOW_HARM")


def test_the_reporter_outranks_the_words_that_it_was_stopped():
    """A report that reads as completed is a near miss when the form says so, and a person looks."""
    found = CLASSIFIER.classify("Tablets given twice this morning", "nursing", Answers(reached_person=False))
    assert (found.is_near_miss, found.escalate, found.needs_review) == (True, (), True)


def test_no_answer_removes_a_statutory_code():
    """That it reached nobody does not take back a suspicion of abuse."""
    text = "Unexplained bruising on both upper arms, finger marks"
    found = CLASSIFIER.classify(text, "nursing", Answers(reached_person=False))
    assert (found.escalate, found.event_class) == (("safeguarding",), "ESCALATED")


def test_the_reporters_other_answers_are_taken():
    """What stopped it, the kind of disruption and the asset come from the form where it gives them."""
    answers = Answers(stopped_by=("luck",), disruption_kind="supplier", asset="hoist 7")
    found = CLASSIFIER.classify("hoist battery flat, had to wait for the other hoist", "nursing", answers)
    assert (found.how_caught, found.disruption_kind, found.assets) == (("luck",), "supplier", ("hoist 7", "hoist"))


def test_an_answer_speaks_where_the_words_cannot():
    """A report in another language that reached someone is counted as such, still unread."""
    found = CLASSIFIER.classify("Pani upadła w łazience i nie mogła wstać", "nursing", Answers(reached_person=True))
    assert (found.is_near_miss, found.escalate, found.event_class, found.needs_review) == (
        False,
        ("harm_occurred",),
        "NO_HARM",
        True,
    )


def test_the_evidence_is_the_words_that_led_there():
    """Offsets cut out of the text the very words, label by label."""
    text = "Hoist 3 battery flat — [PERSON_1] waited"
    found = CLASSIFIER.classify(text, "nursing")
    shown = {label: [text[start:end] for start, end in spans] for label, spans in found.evidence.items()}
    assert "Hoist" in " ".join(shown["domains.equipment"])
    assert "flat" in " ".join(shown["contributory_factors.maintenance_lapse"])


def test_spans_of_a_label_lie_apart_and_in_order():
    """Words that lie beside or over each other are shown as one span, counted in code points."""
    text = "😀 Hoist battery flat again, hoist 3 stuck 😀 so she waited on the bed"
    spans = CLASSIFIER.classify(text, "nursing").evidence["domains.equipment"]
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(spans))
    assert "oist" in text[spans[0][0] : spans[0][1]]


READABLE = [
    "o2 on 4 should be 1. reset",
    "rm 27 passed, expected, cat on bed",
    "DRILL. PUSH BAR PAINTED SHUT. SENSORY ROOM.",
    "seizure 7 min 06:10, midaz, tongue bit, amb",
    "one RN for 52 tonight",
]


@pytest.mark.parametrize("text", READABLE)
def test_clipped_notes_are_read(text):
    """Notes in the sector's shorthand are no other language."""
    assert CLASSIFIER.classify(text, "nursing").is_near_miss is not None


def test_what_the_model_is_unsure_of_asks_a_person():
    """Every answer whose primary domain is hardly more probable than not goes to a person, with a reason."""
    texts = ["there was something about the key and she said", "thing by the thing was not right again", "odd noise"]
    found = [CLASSIFIER.classify(text, "nursing") for text in texts]
    unsure = [labels for labels in found if labels.confidence and labels.confidence["primary_domain"] < 0.4]
    assert unsure
    assert all(labels.needs_review and labels.review_reason for labels in unsure)


def test_ways_of_catching_go_with_near_misses_alone():
    """Each near miss says how it was caught; what completed, and what is no event, says nothing."""
    texts = [text for text, _ in CLASSES if text] + ["Daughter noticed the wrong tablets before mum took them"]
    found = [CLASSIFIER.classify(text, "nursing") for text in texts]
    assert [bool(labels.how_caught) for labels in found] == [labels.is_near_miss for labels in found]


def test_an_unknown_setting_is_no_fault():
    """A kind of service that the model never saw says nothing; the words are read all the same."""
    found = CLASSIFIER.classify("hoist battery flat", "lighthouse")
    assert found.primary_domain == "equipment"


def test_the_versions_travel_with_the_answer():
    """Every answer names the taxonomy and the model it was made with; the model's name follows from its files."""
    found = CLASSIFIER.classify("hoist battery flat", "nursing")
    assert (found.taxonomy_version, found.model_version) == (TAXONOMY.version, MODEL_VERSION)


def in_vocabulary(found):
    return (
        set(found.domains) <= set(TAXONOMY.domains)
        and (found.primary_domain is None) == (not found.domains)
        and (not found.domains or found.domains[0] == found.primary_domain)
        and len(found.domains) <= 4
        and set(found.contributory_factors) <= set(TAXONOMY.factors)
        and found.potential_severity in TAXONOMY.severities
        and set(found.how_caught) <= set(TAXONOMY.how_caught)
        and bool(found.how_caught) == bool(found.is_near_miss)
        and set(found.escalate) <= set(TAXONOMY.escalations)
        and len(found.escalate) <= 1
        and found.event_class in TAXONOMY.event_classes
        and found.disruption_kind in (None, *TAXONOMY.disruption_kinds)
        and set(found.prompts) <= RULES
        and found.needs_review == (found.review_reason is not None)
    )


VOCABULARY = """
she he fell nearly wrong tablet insulin hoist lift not no given police before and but . , [PERSON_1] handover
missing fire the was carer chair floor died told old address app thank you 3 please order
"""
WORDS = st.sampled_from(VOCABULARY.split())


@settings(max_examples=300)
@given(st.one_of(st.lists(WORDS, max_size=30).map(" ".join), st.text(max_size=120)))
def test_any_text_gets_an_answer_in_the_vocabulary(text):
    """Whatever is written, the answer has only known words, hangs together, points into the text and survives JSON."""
    found = CLASSIFIER.classify(text, "residential")
    assert in_vocabulary(found), found
    assert all(0 <= start < end <= len(text) for spans in found.evidence.values() for start, end in spans)
    json.dumps(dataclasses.asdict(found))


@pytest.mark.parametrize(
    "text", ["Wrong tablets nearly given to [PERSON_1], second checker stopped me", "Hoist 2 will not lower"]
)
def test_shape_of_letters_and_stops_change_nothing(text):
    """Capitals and missing punctuation leave the labels as they are."""
    plain = CLASSIFIER.classify(text, "nursing")
    loud = CLASSIFIER.classify(text.upper(), "nursing")
    bare = CLASSIFIER.classify(text.replace(",", ""), "nursing")
    assert [plain.primary_domain] * 2 + [plain.is_near_miss] * 2 == [
        loud.primary_domain,
        bare.primary_domain,
        loud.is_near_miss,
        bare.is_near_miss,
    ]


def test_names_or_placeholders_make_no_difference():
    """A report reads the same before and after redaction."""
    text = "Nearly gave Agnieszka her husband's warfarin, Mrs Patel noticed the name on the pot"
    plain, redacted = (CLASSIFIER.classify(words, "nursing") for words in (text, redact(text).text))
    assert (plain.primary_domain, plain.is_near_miss) == (redacted.primary_domain, redacted.is_near_miss)


def test_a_report_is_decided_by_itself_whatever_stands_beside_it():
    """One by one or in a batch, in any order: the same labels, probabilities and evidence."""
    texts = [
        "hoist battery flat",
        "",
        "He fell in the lounge",
        "zorbulated the quixotic frob near the bed",
        "Lift stuck",
    ]
    alone = [CLASSIFIER.classify(text, "nursing") for text in texts]
    batch = CLASSIFIER.classify_many([Asked(text, "nursing") for text in reversed(texts)])
    assert alone == batch[::-1]


BAD_INPUT = [
    "",
    " ",
    "\x00\x01\x02\x1b[31m",
    "\u202eevil\u202c",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16") * 500,
    "word " * 50_000,
    "a" * 100_000,
    "[PERSON_1] [ADDRESS_1] [PHONE_1]",
    "Пациент упал в коридоре и ушиб колено",
    "Der Bewohner ist im Bad gestürzt und hat sich verletzt",
    "入居者が廊下で転びそうになった",
    "1234567890 0987654321 55 66 77",
    ". . . ! ? ; ;",
]


@pytest.mark.parametrize("text", BAD_INPUT, ids=range(len(BAD_INPUT)))
def test_bad_input_is_unclassified_and_never_raises(text):
    """An honest "unclassified, needs review" for what nobody could classify: no domain is guessed."""
    found = CLASSIFIER.classify(text, "residential")
    assert (found.is_near_miss, found.domains, found.event_class, found.needs_review) == (None, (), "UNKNOWN", True)
    assert found.review_reason


@pytest.mark.parametrize("text", ["toner please", "Lunches came at 1.15."])
def test_three_words_that_the_taxonomy_does_not_know_are_left_to_people(text):
    """The model could only say how often things happen; of a few words with a meaning it says what they mean."""
    found = CLASSIFIER.classify(text, "residential")
    assert (found.domains, found.escalate, found.event_class) == ((), (), "UNKNOWN")
    assert found.review_reason == "There are too few words to tell what it is about."
    assert CLASSIFIER.classify("Hoist sling torn", "residential").primary_domain == "equipment"


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "'; DROP TABLE reports; --", "${jndi:ldap://x}", "%s%n{0}"]
)
def test_what_is_no_language_of_people_is_only_words(text):
    """Code in a report is neither run nor escalated, and what is said of it is in the vocabulary."""
    found = CLASSIFIER.classify(text, "residential")
    assert in_vocabulary(found)
    assert found.escalate == ()
