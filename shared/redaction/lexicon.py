"""What a word may be to the redactor, and how words are compared; the lists themselves are the loader's."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

_FOLDED_LETTERS: Final = str.maketrans("łøđıßŁØĐ’‘ʼ", "lodislod'''")
_CLASS_BITS: Final = 9


class Mark:
    """What a word may be beside a name and an ordinary word; bits in plain numbers, as every word is asked."""

    TITLE: Final = 1 << 9
    TITLE_IN_ANY_CASE: Final = 1 << 10
    THING: Final = 1 << 11
    PLACE: Final = 1 << 12
    THING_AFTER: Final = 1 << 13
    THING_AFTER_IN_ANY_CASE: Final = 1 << 14
    NOT_AFTER_TITLE: Final = 1 << 15
    KNOWN: Final = 1 << 16
    SAINT: Final = 1 << 17
    NO_INITIAL_AFTER: Final = 1 << 18
    CARE: Final = 1 << 19
    BOTH_FIRST: Final = 1 << 20
    BOTH_LAST: Final = 1 << 21
    DATE: Final = 1 << 22
    CONDITION_AFTER: Final = 1 << 23
    NO_NAME_AFTER: Final = 1 << 24
    DATE_BEFORE: Final = 1 << 25
    PLACE_BEFORE: Final = 1 << 26


TITLES: Final = Mark.TITLE | Mark.TITLE_IN_ANY_CASE
CLASS: Final = (1 << _CLASS_BITS) - 1
"""The bits of a code that say how much of a name and how much of an ordinary word it is."""
FIRST: Final = 0b11
LAST: Final = 0b1100
NAME: Final = FIRST | LAST
"""The bits that are set in every listed name."""
WORD: Final = 0b1110000
"""The bits that are set in every ordinary word."""


_ONE_WORD: Final = re.compile(r"[a-z]+(?:['-][a-z]+)*")
_USUAL_FROM: Final = 2
"""How common an ordinary word is that is made beforehand, as `packed` counts it: four of five words of a report."""


class Case:
    """How a word is written, as far as that speaks for or against a name; plain text, as every word is asked."""

    TITLE: Final = "T"
    SENTENCE: Final = "S"
    CAPITALS: Final = "U"
    LETTER: Final = "1"
    SMALL: Final = "l"
    UNKNOWN: Final = "L"
    """Small in a text that has no capitals, or large in a text that has only those: the writing says nothing."""
    PLACEHOLDER: Final = "["


class Word(NamedTuple):
    """One word of a text.

    Attributes:
        folded: Its folded letters.
        code: What the lexicon knows of it.
        case: How it is written, one of `Case`.
        gap: What stands between the word before, its possessive included, and this one.
        possessive: Whether 's follows.
        size: How many characters it takes, without a possessive.
    """

    folded: str
    code: int
    case: str
    gap: str
    possessive: bool
    size: int


class Usual(NamedTuple):
    """Ordinary words that are no names, written small after a space: made once, since most words of a text are these.

    Attributes:
        in_small: For texts in which a capital says something.
        in_silence: For texts in which it says nothing.
    """

    in_small: Mapping[str, Word]
    in_silence: Mapping[str, Word]

    @classmethod
    def of(cls, codes: Mapping[str, int]) -> Self:
        """Make them of what is known of words."""
        common = [word for word, code in codes.items() if (code & WORD) >> 4 >= _USUAL_FROM]
        plain = [word for word in common if not codes[word] & (NAME | TITLES) and _ONE_WORD.fullmatch(word)]
        small, silent = (
            {word: Word(word, codes[word], case, " ", False, len(word)) for word in plain}
            for case in (Case.SMALL, Case.UNKNOWN)
        )
        return cls(small, silent)


def packed(first: int, last: int, common: int, likely: int) -> int:
    """Pack what is known of a word into one number.

    Args:
        first: 0 no listed first name, 1 a rare one, 2 a common one.
        last: 0 no listed surname, 1 a rare one, 2 a common one.
        common: 0 no ordinary word, 1 a rare one to 4 a very common one.
        likely: 0 to 3, how often the word stands for the first name rather than for the word.

    Returns:
        The code; marks are added to it.
    """
    return first | last << 2 | common << 4 | likely << 7


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All that is read from the data files.

    Attributes:
        codes: Folded word to its code and marks.
        phrases: Pairs of folded words that together are no person.
        letters: Three letters in a row to how much they speak for a name.
        weights: Sign of a word or its surroundings to how much it speaks for a name.
        usual: The words that most of every text is made of; follows from the codes.
        origins: Name of an origin to its listed first names and surnames, for making and measuring.
    """

    codes: Mapping[str, int]
    phrases: frozenset[tuple[str, str]]
    letters: Mapping[str, float]
    weights: Mapping[str, float]
    origins: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    usual: Usual = field(init=False)

    def __post_init__(self) -> None:
        """Make the usual words of what is known."""
        object.__setattr__(self, "usual", Usual.of(self.codes))


def fold(word: str) -> str:
    """Write a word as the lists do: lower case, without accents, with a straight apostrophe.

    Args:
        word: Any word.

    Returns:
        The folded word.
    """
    lower = word.lower()
    if lower.isascii():
        return lower
    parts = unicodedata.normalize("NFKD", lower.translate(_FOLDED_LETTERS))
    return "".join(letter for letter in parts if not unicodedata.combining(letter))
