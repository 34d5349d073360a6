"""Cuts a text into words with their marks; what is a name is decided elsewhere."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from shared.redaction.lexicon import Mark, fold

PLACEHOLDER: Final = "["
"""What a word that is no name stands as; a typed placeholder begins so, too."""

_WORD: Final = re.compile(r"\[[A-Z_]+_\d+\]|[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_NAME: Final = int(Mark.FIRST | Mark.LAST)
_NAME_WORD: Final = int(Mark.FIRST_WORD | Mark.LAST_WORD)
_FIRST: Final = int(Mark.FIRST)
_KNOWN: Final = int(Mark.KNOWN)


class Word(NamedTuple):
    """One word of a text: its place without a possessive, its letters, its folded form and its marks."""

    start: int
    end: int
    text: str
    folded: str
    mark: int
    capital: bool


def cut(
    text: str, marks: Mapping[str, int], known_names: Iterable[str] = (), taken: Sequence[tuple[int, int]] = ()
) -> list[Word]:
    """Cut a text into words.

    Args:
        text: Any text; typed placeholders of an earlier redaction count as words without marks.
        marks: The lexicon's marks.
        known_names: Names of people of the site; each part of two letters or more is marked.
        taken: Spans that are something else; their words stand as placeholders will.

    Returns:
        The words in order.
    """
    known = frozenset(fold(part) for name in known_names for part in _WORD.findall(name) if len(part) > 1)
    words = []
    for match in _WORD.finditer(text):
        word, (start, end) = match.group(), match.span()
        if taken and any(start < right and end > left for left, right in taken):
            words.append(Word(start, end, PLACEHOLDER, PLACEHOLDER, 0, False))
            continue
        folded = fold(word)
        mark = marks.get(folded, 0)
        if not mark and folded.endswith("'s"):
            folded, word, end = folded[:-2], word[:-2], end - 2
            mark = marks.get(folded, 0)
        if not mark and "-" in folded:
            mark = max(marks.get(part, 0) & _NAME for part in folded.split("-"))
        if folded in known:
            mark |= _KNOWN if mark & _NAME_WORD else _KNOWN | _FIRST
        words.append(Word(start, end, word, folded, mark, word[0].isupper()))
    return words
