"""Says why a text cannot be classified at all, so that the classifier abstains instead of guessing."""

from typing import Final

from services.classifier.domain.reading import Reading
from services.classifier.domain.tokens import SENTENCE_END

_MAX_WORDS: Final = 5_000
_MIN_WORDS_TO_TELL_LANGUAGE: Final = 4
_MIN_KNOWN_SHARE: Final = 0.3
_ENGLISH_WORDS: Final = """
a about after again all also am an and any are as at back be because been before but by came can could day did do does
done down for found from gave get go going got had has have he her here him his how i if in is it its just left like
made make me more my new next no not now of off ok on one only or other our out over put room said same see she should
so some staff still than that the their them then there they this time to today told too took two up us very was we
well went were what when where which while who why will with work would yes yesterday you your
"""
_ENGLISH: Final = frozenset(_ENGLISH_WORDS.split())


def why_illegible(reading: Reading) -> str | None:
    """Say why a text cannot be classified.

    Args:
        reading: The text's reading.

    Returns:
        The reason in words for a person, or None when it can.
    """
    words = [word for word in reading.tokens.words if word != SENTENCE_END]
    if not words:
        return "There are no words to read."
    real = [word for word in words if word[0] != "<"]
    if not real:
        return "After personal data were taken out no words are left."
    if len(real) > _MAX_WORDS:
        return "The text is too long to be one report."
    if len(real) >= _MIN_WORDS_TO_TELL_LANGUAGE and _known_share(reading, real) < _MIN_KNOWN_SHARE:
        return "The text does not seem to be English."
    if not reading.hits:
        return "Nothing in the words is known to the taxonomy."
    return None


def _known_share(reading: Reading, real: list[str]) -> float:
    covered = {index for hits in reading.hits.values() for hit in hits for index in (hit.first, hit.last)}
    return (len(covered) + sum(word in _ENGLISH for word in real)) / len(real)
