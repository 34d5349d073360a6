"""Cuts a redacted report into words that patterns can be laid over; what they mean is decided elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SENTENCE_END: Final = "."

_TOKEN: Final = re.compile(
    r"\[(?P<kind>[A-Za-z_]+?)_\d+\]|(?P<word>\d+(?:[.:]\d+)+|[^\W_]+(?:['’][^\W_]+)?)|(?P<end>[.!?;\n]+)|(?P<comma>[,:()–—])"
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a text.

    Attributes:
        words: Words in lower case with known misspellings put right, `<person>` for a placeholder, `.` for the end of a
            sentence.
        spans: Start and end of each in code points of the text.
        commas: Indexes of words before which a comma, colon, dash or bracket stands.
    """

    words: list[str]
    spans: list[tuple[int, int]]
    commas: frozenset[int]


def cut(text: str, spellings: Mapping[str, str]) -> Tokens:
    """Cut a text into words.

    Args:
        text: A redacted text.
        spellings: Misspelling to right spelling, both in lower case.

    Returns:
        Its words; empty where it has none.
    """
    words: list[str] = []
    spans: list[tuple[int, int]] = []
    commas: set[int] = set()
    for match in _TOKEN.finditer(text):
        group = match.lastgroup
        if group == "word":
            word = match.group().lower().replace("’", "'")
            words.append(spellings.get(word, word))
            spans.append(match.span())
        elif group == "comma":
            commas.add(len(words))
        else:
            words.append(SENTENCE_END if group == "end" else f"<{match['kind'].lower()}>")
            spans.append(match.span())
    return Tokens(words, spans, frozenset(commas))
