"""Turns the words of a report into the names of features that the model has weights for; no number is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from shared.taxonomy.pattern_index import SENTENCE_END

SCOPE_WORDS: Final = 4
NEGATIONS: Final = frozenset(
    [
        "no",
        "not",
        "never",
        "without",
        "nobody",
        "nothing",
        "none",
        "didn't",
        "wasn't",
        "weren't",
        "isn't",
        "don't",
        "doesn't",
        "hasn't",
        "haven't",
        "hadn't",
        "can't",
        "couldn't",
        "wouldn't",
        "shouldn't",
        "won't",
        "aren't",
        "nor",
        "neither",
        "cannot",
    ]
)
SCOPE_ENDS: Final = frozenset([SENTENCE_END, "and", "but", "then", "so", "because"])
_SHORTEST_PIECE: Final = 3
_LONGEST_PIECE: Final = 5
_MIN_STEM: Final = 3
# Endings that are cut in turn, and what stands in their place, until the stem is a word that is known.
_ENDINGS: Final = (
    *(
        ("'s", ""),
        ("ies", "y"),
        ("es", ""),
        ("s", ""),
        ("ied", "y"),
        ("ed", ""),
        ("ed", "e"),
        ("ing", ""),
        ("ing", "e"),
    ),
    *(("ly", ""), ("er", ""), ("y", "")),
)
_DIGITS: Final = str.maketrans("0123456789", "0" * 10)
NEGATED: Final = "!"


class Features(NamedTuple):
    """What a text is made of, each name once.

    Attributes:
        words: Its words, each with the place of its first mention; all digits are 0.
        others: Words within a negation, marked, and pairs of neighbours, parted by a blank, with the place of the first
            mention, of a pair that of its first word.
    """

    words: dict[str, int]
    others: dict[str, int]


def features_of(words: Sequence[str]) -> Features:
    """List the features of a text.

    Args:
        words: The words of a text, sentence ends among them.

    Returns:
        Words, marked words and pairs in the order of first mention.
    """
    plain: dict[str, int] = {}
    others: dict[str, int] = {}
    scope, before = 0, ""
    for place, raw in enumerate(words):
        if raw in SCOPE_ENDS:
            scope = 0
            if raw == SENTENCE_END:
                before = ""
                continue
        word = name_of(raw)
        plain.setdefault(word, place)
        if before:
            others.setdefault(f"{before} {word}", place - 1)
        if scope:
            scope -= 1
            others.setdefault(NEGATED + word, place)
        if word in NEGATIONS:
            scope = SCOPE_WORDS
        before = word
    return Features(plain, others)


def name_of(word: str) -> str:
    """Return the feature that a word is: the word itself, but all numbers of one length are one.

    Args:
        word: A word in lower case.
    """
    return word.translate(_DIGITS) if word[0].isdigit() else word


def pieces_of(word: str) -> list[str]:
    """List the runs of 3 to 5 letters of a word, its ends marked; a misspelt word shares most with the right one.

    Args:
        word: A word; a placeholder has no pieces.
    """
    if word[0] == "<":
        return []
    marked = f"^{word}$"
    return [
        marked[start : start + length]
        for length in range(_SHORTEST_PIECE, _LONGEST_PIECE + 1)
        for start in range(len(marked) - length + 1)
    ]


class Concepts:
    """The words of the sector by what they stand for.

    Args:
        listed: Words by concept.
    """

    def __init__(self, listed: Mapping[str, Iterable[str]]) -> None:
        self._by_word: dict[str, set[str]] = {}
        for name, words in listed.items():
            for word in words:
                self._by_word.setdefault(word, set()).add(name)
        self._by_stem: dict[str, set[str]] = {}
        for word, names in self._by_word.items():
            for stem in _stems(word):
                self._by_stem.setdefault(stem, set()).update(names)

    def of(self, word: str) -> list[str]:
        """Return the concepts of a word in alphabetic order: its own, else those of its stem, else those of its kin."""
        stems = _stems(word)
        for form in (word, *stems):
            if form in self._by_word:
                return sorted(self._by_word[form])
        return next((sorted(self._by_stem[form]) for form in (word, *stems) if form in self._by_stem), [])


def _stems(word: str) -> list[str]:
    stems = []
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM:
            stem = word[: -len(ending)] + instead
            stems.append(stem)
            if ending in ("ed", "ing") and not instead and len(stem) > _MIN_STEM and stem[-1] == stem[-2]:
                stems.append(stem[:-1])
    return stems
