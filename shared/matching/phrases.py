"""Finds patterns of the taxonomy's small language in short texts; negation and scoring are not done here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from shared.taxonomy.pattern import Element, Pattern

__all__ = ["speaks_of", "words_of"]

_WORD: Final = re.compile(r"<[a-z_]+>|[a-z0-9]+(?:'[a-z]+)?")


def words_of(text: str) -> tuple[str, ...]:
    """Split a text into words in lower case; a hyphen parts words.

    Args:
        text: Any redacted text.

    Returns:
        The words in order; typed placeholders such as `<person>` count as one.
    """
    return tuple(_WORD.findall(text.lower().replace("’", "'")))


def speaks_of(words: Sequence[str], patterns: Iterable[Pattern]) -> bool:
    """Tell whether any of the patterns occurs in a text.

    Args:
        words: The text's words.
        patterns: What to look for.

    Returns:
        True when one does.
    """
    return any(_occurs(pattern.elements, words) for pattern in patterns)


def _occurs(elements: Sequence[Element], words: Sequence[str]) -> bool:
    first = elements[0]
    return any(first.fits(word) and _follows(elements, 1, words, at + 1) for at, word in enumerate(words))


def _follows(elements: Sequence[Element], index: int, words: Sequence[str], at: int) -> bool:
    if index == len(elements):
        return True
    element = elements[index]
    if element.gap:
        return any(_follows(elements, index + 1, words, at + skipped) for skipped in range(element.gap + 1))
    if at < len(words) and element.fits(words[at]) and _follows(elements, index + 1, words, at + 1):
        return True
    return element.optional and _follows(elements, index + 1, words, at)
