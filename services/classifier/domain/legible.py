"""Says why a text cannot be classified at all, so that the classifier abstains instead of guessing."""

from typing import Final

from services.classifier.domain.reading import Reading
from services.classifier.domain.words import ENGLISH, NUMBER, PLACEHOLDER, STRANGE, TAUGHT

_MAX_WORDS: Final = 5_000
_MIN_WORDS_TO_TELL_LANGUAGE: Final = 4
_MIN_KNOWN_SHARE: Final = 0.5
_MIN_WORDS_WITHOUT_A_HIT: Final = 4
"""Of fewer, what the model says is how often things happen, and nothing of this text."""


def why_illegible(reading: Reading) -> str | None:
    """Say why a text cannot be classified.

    Args:
        reading: The text's reading.

    Returns:
        The reason in words for a person, or None when it can.
    """
    kinds = [word.kind for word in reading.tokens.known]
    count = kinds.count
    taught, english, strange, numbers = count(TAUGHT), count(ENGLISH), count(STRANGE), count(NUMBER)
    spelt = taught + english + strange
    if not spelt + numbers:
        if not count(PLACEHOLDER):
            return "There are no words to read."
        return "After personal data were taken out no words are left."
    if spelt + numbers > _MAX_WORDS:
        return "The text is too long to be one report."
    if spelt >= _MIN_WORDS_TO_TELL_LANGUAGE and taught + english < _MIN_KNOWN_SHARE * spelt:
        return "The text does not seem to be English."
    return None if reading.hits else _why_untold(taught, spelt)


def _why_untold(taught: int, spelt: int) -> str | None:
    """Say why a text that no pattern of the taxonomy knows cannot be classified."""
    if not taught:
        return "Nothing in the words is known to the taxonomy."
    if spelt < _MIN_WORDS_WITHOUT_A_HIT:
        return "There are too few words to tell what it is about."
    return None
