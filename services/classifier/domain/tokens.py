"""Cuts a redacted report into words that patterns can be laid over; what they mean is decided elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from services.classifier.domain.words import Word, Words

# One group and no other, so that what splits a text are its words: a placeholder, a number with points, a word, the end
# of a sentence.
_WORD: Final = re.compile(r"(\[[A-Za-z_]+?_\d+\]|\d+(?:[.:]\d+)+|[^\W_]+(?:['’][^\W_]+)?|[.!?;\n]+)")
_COMMAS: Final = frozenset(",:()–—")


@dataclass(slots=True)
class Tokens:
    """The words of a text.

    Attributes:
        text: The text.
        known: The words, with what is known of each.
        words: The same as patterns read them.
        parts: The text cut into what stands before the first word, the first word, what stands before the next, ...
    """

    text: str
    known: list[Word]
    words: list[str]
    parts: list[str]

    def follows_comma(self, index: int) -> bool:
        """Tell whether a comma, colon, dash or bracket stands right before a word.

        Args:
            index: The word's.
        """
        return not _COMMAS.isdisjoint(self.parts[2 * index])


def cut(text: str, words: Words) -> Tokens:
    """Cut a text into words.

    Args:
        text: A redacted text.
        words: What is known of words.

    Returns:
        Its words; empty where it has none.
    """
    parts = _WORD.split(text)
    known = list(map(words.__getitem__, parts[1::2]))
    return Tokens(text, known, [word.text for word in known], parts)
