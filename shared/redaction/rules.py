"""Decides without weighing where a rule is surer: brands, eponyms, places, dates and wards are no people."""

from collections.abc import Sequence
from typing import Final

from shared.redaction.lexicon import FIRST, NAME, TITLES, WORD, Case, Mark, Word

WRITTEN_AS_NAME: Final = frozenset([Case.TITLE, Case.SENTENCE, Case.CAPITALS])
_BOTH: Final = Mark.BOTH_FIRST | Mark.BOTH_LAST
_COMMON_FIRST: Final = 2
_ABBREVIATION_MAX: Final = 3


def decided_by_rule(
    words: Sequence[Word], place: int, after_name: bool, phrases: frozenset[tuple[str, str]]
) -> bool | None:
    """Say whether a rule makes a word a name, or no name.

    Args:
        words: The words of a text.
        place: Which of them.
        after_name: Whether a name stands right before it.
        phrases: Pairs of folded words that together are no person.

    Returns:
        None where no rule speaks and the signs must be weighed.
    """
    word = words[place]
    if word.code & Mark.KNOWN and (word.case in WRITTEN_AS_NAME or not word.code & WORD):
        return True
    before = words[place - 1] if place and word.gap in (" ", ". ") else None
    after = words[place + 1] if place + 1 < len(words) else None
    if before is not None:
        if before.code & Mark.SAINT or (before.folded, word.folded) in phrases:
            return False
        if before.code & TITLES:
            return _after_title(before, word)
    if after is not None and after.gap in (" ", "-") and (word.folded, after.folded) in phrases:
        return False
    if _is_a_thing(word, after_name, before) or (after is not None and _thing_follows(word, after)):
        return False
    return None


def names_a_thing(words: Sequence[Word], place: int) -> bool:
    """Say whether a word and the next, both written large, name a ward, a house or an office, as after a name.

    Args:
        words: The words of a text.
        place: Which of them.

    Returns:
        True for "Churchill" in "Winston Churchill Ward".
    """
    if place + 1 == len(words) or words[place].possessive:
        return False
    after = words[place + 1]
    large = after.case in (Case.TITLE, Case.CAPITALS) and words[place].case in WRITTEN_AS_NAME
    return large and after.gap == " " and bool(after.code & (Mark.THING_AFTER | Mark.THING_AFTER_IN_ANY_CASE))


def _after_title(title: Word, word: Word) -> bool | None:
    if word.code & Mark.TITLE_IN_ANY_CASE:
        return False
    ordinary = bool(word.code & WORD) and not word.code & NAME
    if title.code & Mark.TITLE_IN_ANY_CASE and (
        not word.code & WORD or (word.case == Case.TITLE and not (ordinary and word.gap != " "))
    ):
        return True
    return False if word.code & Mark.NOT_AFTER_TITLE else None


def _is_a_thing(word: Word, after_name: bool, before: Word | None) -> bool:
    code = word.code
    if code & Mark.DATE and word.gap.strip()[-1:].isdigit():
        return True
    if before is not None and _is_a_word_after(word, before, after_name):
        return True
    if after_name:
        return False
    thing = code & Mark.THING and not code & (_BOTH | Mark.DATE)
    place = code & Mark.PLACE and not code & _BOTH
    emphasis = word.case == Case.CAPITALS and code & WORD and not code & NAME
    return bool(thing or place or emphasis) or _is_abbreviation(word)


def _is_abbreviation(word: Word) -> bool:
    short = len(word.folded) <= _ABBREVIATION_MAX and word.case == Case.CAPITALS
    return short and word.code & FIRST != _COMMON_FIRST


def _is_a_word_after(word: Word, before: Word, after_name: bool) -> bool:
    code = word.code
    return bool(
        (code & Mark.DATE and before.code & Mark.DATE_BEFORE)
        or (code & Mark.PLACE and before.code & Mark.PLACE_BEFORE)
        or (code & WORD and before.code & Mark.NO_NAME_AFTER)
        or (after_name and code & WORD and word.case == Case.SMALL and before.case in WRITTEN_AS_NAME)
    )


def _thing_follows(word: Word, after: Word) -> bool:
    if word.possessive:
        return after.gap == " " and bool(after.code & Mark.CONDITION_AFTER)
    if after.gap != " " or after.possessive:
        return False
    if after.code & (Mark.THING_AFTER_IN_ANY_CASE | Mark.CONDITION_AFTER):
        return True
    return bool(after.code & Mark.THING_AFTER) and after.case in (Case.TITLE, Case.CAPITALS)
