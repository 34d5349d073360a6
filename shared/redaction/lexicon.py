"""What a word may be to the redactor, and how words are compared; the lists themselves are the loader's."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from typing import Final

_FOLDED_LETTERS: Final = str.maketrans("łøđıŁØĐ’", "lodilod'")


class Mark(IntFlag):
    """What a word may be; several may hold."""

    FIRST = 1
    LAST = 2
    FIRST_WORD = 4
    LAST_WORD = 8
    SAFE = 16
    THING_AFTER = 32
    TITLE = 64
    ROLE = 128
    BESIDE_AFTER = 256
    BESIDE_BEFORE = 512
    DATE_BEFORE = 1024
    FOLLOWS = 2048
    MONTH = 4096
    KNOWN = 8192
    ACT_AFTER = 16384


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The marks of every listed word.

    Attributes:
        marks: Folded word to what it may be.
        origins: Name of an origin to its listed names, for measuring that no origin is served worse.
    """

    marks: Mapping[str, int]
    origins: Mapping[str, tuple[str, ...]]


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
