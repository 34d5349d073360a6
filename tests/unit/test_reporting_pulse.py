"""The pulse is told only where nobody can be made out."""

from __future__ import annotations

from services.reporting.domain.pulse import SAFE_TO_SPEAK, SOMETHING_CHANGED, Answers, pulse_of, share_of_yes


def answers(yes: int, no: int) -> Answers:
    """Answers of so many people who say mostly, and so many who say never, to both questions."""
    both = (SAFE_TO_SPEAK, SOMETHING_CHANGED)
    return Answers({(question, answer): n for question in both for answer, n in ((4, yes), (1, no))})


def test_shares_are_of_those_who_answered_the_question():
    """Mostly and always are a yes; without an answer there is no share."""
    assert share_of_yes(answers(6, 2), SAFE_TO_SPEAK) == 0.75
    assert share_of_yes(Answers({(SAFE_TO_SPEAK, 5): 8}), SOMETHING_CHANGED) is None


def test_too_few_answers_are_told_nowhere():
    """A site with seven answers is neither shown nor part of the whole, from which it could be reckoned back."""
    found = pulse_of({"elm": answers(7, 0), "oak": answers(5, 3)}, ["elm", "oak", "ash"])
    assert found.sites == {"elm": None, "oak": answers(5, 3), "ash": None}
    assert found.together.number(SAFE_TO_SPEAK) == 8
    assert found.too_few == 1


def test_one_question_with_too_few_answers_hides_the_site():
    """Where one of the questions was answered by a handful, none is told."""
    lopsided = Answers({(SAFE_TO_SPEAK, 5): 20, (SOMETHING_CHANGED, 1): 2})
    assert not lopsided.enough
    assert Answers({(SAFE_TO_SPEAK, 5): 8}).enough
    assert not Answers().enough
