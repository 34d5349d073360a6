"""Finds names of people by weighing each word and its surroundings; identifiers of fixed format are found elsewhere."""

from collections.abc import Iterable, Sequence
from typing import Final

from shared.redaction.lexicon import NAME, TITLES, WORD, Case, Lexicon, Mark, Word
from shared.redaction.rules import WRITTEN_AS_NAME, decided_by_rule, names_a_thing
from shared.redaction.signs import may_be_name, signs_of
from shared.redaction.words import Cut, cut, habit_is_silent, placeholder

_NAME_OR_KNOWN: Final = NAME | Mark.KNOWN
_WRITTEN_PLAINLY: Final = frozenset([Case.SMALL, Case.SENTENCE, Case.UNKNOWN])
_THRESHOLD: Final = -0.4
_THRESHOLD_SMALL: Final = -0.8
"""Log-odds from which a word is a name, written large and small: a missed name harms more than a hidden word."""
_SECOND_LOOK: Final = -4.0
"""Log-odds from which a word is a name if the same word was one elsewhere in the text."""
_OF_MANY_TONGUES: Final = ["da", "de", "dos", "das", "do", "del", "della", "di", "la", "le", "o", "ap", "st", "mac"]
_OF_THE_NORTH: Final = ["van", "der", "den", "von", "ter", "ten"]
_OF_THE_EAST: Final = ["bin", "bint", "ibn", "al", "el", "ul", "abu", "abd"]
_PARTICLES: Final = frozenset([*_OF_MANY_TONGUES, *_OF_THE_NORTH, *_OF_THE_EAST])


def find_names(
    text: str, lexicon: Lexicon, known_names: Iterable[str] = (), taken: Sequence[tuple[int, int]] = ()
) -> list[tuple[int, int]]:
    """Find the names of people in a text.

    Args:
        text: Any text.
        lexicon: What is known of words, and the weights of signs.
        known_names: Names of people of the site, whole or in part; they are found in any case of letters.
        taken: Spans that are something else, such as an address.

    Returns:
        Spans of code points without titles and possessives, in order, not overlapping.
    """
    spans: list[tuple[int, int]] = []
    words = cut(text, lexicon.codes, known_names, taken, lexicon.usual)
    while found := _joined(words.words, _weigh(words.words, words.odd, lexicon)):
        starts = words.starts()
        spans += [(starts[first], starts[last] + words.words[last].size) for first, last in found]
        silent = habit_is_silent(text, taken)
        if silent != habit_is_silent(text, [*taken, *spans]):
            words = cut(text, lexicon.codes, known_names, [*taken, *spans])
        else:
            words = _without(words, found)
    return sorted(spans)


def _without(cut_up: Cut, found: Sequence[tuple[int, int]]) -> Cut:
    """Put placeholders where names stood, and say which words now have other neighbours.

    They are weighed again, so that redacting a redacted text finds nothing.
    """
    words, starts = cut_up.words, cut_up.starts()
    left: list[Word] = []
    begins: list[int] = []
    near: set[int] = set()
    position = 0
    for first, last in found:
        left += words[position:first]
        begins += starts[position : first + 1]
        near.update(range(len(left) - 2, len(left) + 3))
        left.append(placeholder(starts[last] + words[last].size - starts[first], words[first].gap))
        position = last + 1
    left += words[position:]
    begins += starts[position:]
    return Cut(cut_up.text, left, [place for place in sorted(near) if 0 <= place < len(left)], begins)


def _weigh(words: Sequence[Word], places: Iterable[int], lexicon: Lexicon) -> list[bool]:
    weight = lexicon.weights.get
    named = [False] * len(words)
    doubtful: list[int] = []
    for place in places:
        word = words[place]
        code = word.code
        plain = code & WORD and not code & _NAME_OR_KNOWN and word.case in _WRITTEN_PLAINLY
        if plain and not (place and words[place - 1].code & TITLES):
            continue  # as most words are: asked here, since a call costs more than the question
        if not may_be_name(words, place):
            continue
        before = is_after_name(words, named, place)
        decided = decided_by_rule(words, place, before, lexicon.phrases)
        if decided is None:
            signs = signs_of(words, place, lexicon.letters, before, place > 1 and named[place - 2])
            score = sum([weight(sign, 0.0) for sign in signs])
            threshold = _THRESHOLD_SMALL if word.case in (Case.SMALL, Case.UNKNOWN) else _THRESHOLD
            named[place] = score > threshold
            if _SECOND_LOOK < score <= threshold and (word.case in WRITTEN_AS_NAME or not word.code & WORD):
                doubtful.append(place)
        else:
            named[place] = decided
            if not decided and before and word.gap == " " and names_a_thing(words, place):
                named[place - 1] = False
            if word.code & Mark.PLACE and not decided:
                doubtful.append(place)
    if doubtful:
        sure = {words[place].folded for place, is_name in enumerate(named) if is_name}
        for place in doubtful:
            named[place] = words[place].folded in sure
    return named


def is_after_name(words: Sequence[Word], named: Sequence[bool], place: int) -> bool:
    """Say whether a name stands right before a word, particles of a surname in between or not.

    Args:
        words: The words of a text.
        named: Which of those before are part of a name.
        place: The word.

    Returns:
        True where the word may go on with a name.
    """
    before = place - 1
    while before > 0 and place - before < 3 and words[before].folded in _PARTICLES and not named[before]:
        before -= 1
    return before >= 0 and named[before]


def _joined(words: Sequence[Word], named: Sequence[bool]) -> list[tuple[int, int]]:
    """Return the first and the last word of each name."""
    if True not in named:
        return []
    found: list[tuple[int, int]] = []
    last = -2
    for place, is_name in enumerate(named):
        if not is_name:
            continue
        if found and _goes_on(words, last, place):
            found[-1] = (found[-1][0], place)
        else:
            found.append((_first_of(words, place, last), place))
        last = place
    return found


def _goes_on(words: Sequence[Word], last: int, place: int) -> bool:
    """Whether two names are one: nothing but a space, a hyphen, an initial or a particle stands between them."""
    if words[last].possessive or place - last > 3:
        return False
    between = words[last + 1 : place]
    small = all(word.folded in _PARTICLES or word.case == Case.LETTER for word in between)
    return (
        small
        and all(word.gap in (" ", ". ", "-", " '", "'") for word in words[last + 1 : place + 1])
        and not (words[last + 1].gap == ". " and not between and len(words[last].folded) > 1)
    )


def _first_of(words: Sequence[Word], place: int, last: int) -> int:
    """Take the initials and particles before a name into it."""
    while place - 1 > last and words[place].gap in (" ", ". ", "."):
        before = words[place - 1]
        numbered = place > 1 and bool(words[place - 2].code & Mark.NO_INITIAL_AFTER)
        titled = place > 1 and bool(words[place - 2].code & (Mark.TITLE | Mark.TITLE_IN_ANY_CASE))
        certain = before.folded not in "ia" or words[place].gap != " " or titled or words[place].case == Case.LETTER
        initial = before.case == Case.LETTER and not numbered and certain
        particle = before.folded in ("van", "von", "al", "el", "de", "bin") and before.case is not Case.SENTENCE
        if not (initial or (particle and words[place].gap == " " and before.folded not in ("el",))):
            break
        place -= 1
    return place
