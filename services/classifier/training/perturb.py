"""Changes a text without changing what it says, the same way each time: what a report must survive."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Final

from shared.redaction import redact

_WORD: Final = re.compile(r"[A-Za-z]{4,}")
_SHARE_OF_WORDS: Final = 0.12
"""About one slip in eight longer words: more than most people make in a hurry."""
_STOPS: Final = re.compile(r"[.,;:!?\"()]+|(?<!\w)['’]|['’](?!\w)|\s[–—-]\s")
_BESIDE: Final = {
    "a": "s",
    "b": "v",
    "c": "x",
    "d": "f",
    "e": "r",
    "f": "g",
    "g": "h",
    "h": "j",
    "i": "o",
    "j": "k",
    "k": "l",
    "l": "k",
    "m": "n",
    "n": "m",
    "o": "p",
    "p": "o",
    "q": "w",
    "r": "t",
    "s": "d",
    "t": "y",
    "u": "i",
    "v": "b",
    "w": "e",
    "x": "c",
    "y": "u",
    "z": "x",
}
_IRRELEVANT: Final = (
    "The weather was lovely for once.",
    "It was a Tuesday.",
    "I had my coffee at ten as usual.",
    "The garden is looking nice this year.",
    "Radio was on in the background.",
    "Lots of traffic on the way in.",
    "I am back on Thursday.",
    "The new curtains are up in the dining room.",
)

Perturbation = Callable[[str], str]


def typos(text: str) -> str:
    """Put a slip of the hand into one in eight of the longer words: left out, doubled, swapped, or the key beside."""
    chance = _chance(text)

    def slip(match: re.Match[str]) -> str:
        word = match.group()
        if chance.random() >= _SHARE_OF_WORDS:
            return word
        at = chance.randrange(1, len(word) - 1)
        kind = chance.randrange(4)
        if kind == 0:
            return word[:at] + word[at + 1 :]
        if kind == 1:
            return word[:at] + word[at] + word[at:]
        if kind == 2:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return word[:at] + _BESIDE.get(word[at].lower(), word[at]) + word[at + 1 :]

    return _WORD.sub(slip, text)


def capitals(text: str) -> str:
    """Write all in capitals, but for placeholders."""
    return text.upper()


def no_punctuation(text: str) -> str:
    """Leave out stops, commas, brackets and quotation marks and write all small, as on a telephone."""
    return " ".join(_STOPS.sub(" ", text).lower().split())


def irrelevant_sentence(text: str) -> str:
    """Add a sentence that has nothing to do with it, before or after."""
    chance = _chance(text)
    sentence = chance.choice(_IRRELEVANT)
    return f"{sentence} {text}" if chance.random() < 0.5 else f"{text} {sentence}"


def placeholders(text: str) -> str:
    """Put placeholders in place of names and other personal data."""
    return redact(text).text


PERTURBATIONS: Final[Mapping[str, Perturbation]] = {
    "typos": typos,
    "capitals": capitals,
    "no_punctuation": no_punctuation,
    "irrelevant_sentence": irrelevant_sentence,
    "placeholders": placeholders,
}


def _chance(text: str) -> random.Random:
    """Chance that depends on the text alone."""
    return random.Random(zlib.crc32(text.encode()))  # noqa: S311 - nothing secret hangs on it
