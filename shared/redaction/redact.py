"""Takes personal data out of a text and leaves typed placeholders; finding each kind is the other modules'."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared.redaction.identifiers import Span, find_identifiers
from shared.redaction.lexicon import fold
from shared.redaction.loader import load_lexicon
from shared.redaction.names import find_names
from shared.redaction.text import RedactedText

PLACEHOLDERS: Final = {
    "person_name": "PERSON",
    "phone": "PHONE",
    "email": "EMAIL",
    "nhs_number": "NHS_NUMBER",
    "postcode": "POSTCODE",
    "address": "ADDRESS",
    "dob": "DOB",
    "nino": "NINO",
    "car_reg": "CAR_REG",
}

_PLACEHOLDER: Final = re.compile(r"\[([A-Z_]+)_(\d+)\]")


@dataclass(frozen=True, slots=True)
class Redaction:
    """A redacted text and what was taken out.

    Attributes:
        text: The text with placeholders.
        spans: Start, end (exclusive) and type of each piece taken out, in code points of the original, in order.
    """

    text: RedactedText
    spans: tuple[Span, ...]


def redact(text: str, known_names: Iterable[str] = ()) -> Redaction:
    """Take personal data out of a text.

    Placeholders are typed and numbered; the same name or number has the same placeholder throughout the text. Redacting
    a redacted text changes nothing. The first call in a process reads the name lists.

    Args:
        text: Any text.
        known_names: Names of people of the site, whole or in part; they are found in any case of letters.

    Returns:
        The redacted text and the spans of what was taken out; rooms and times stay, see `shared.redaction.outside`.
    """
    identifiers = _without_overlaps(text, find_identifiers(text))
    taken = [(start, end) for start, end, _ in identifiers]
    names = find_names(text, load_lexicon(), known_names, taken)
    spans = [*identifiers, *((start, end, "person_name") for start, end in names)]
    spans.sort()
    if not spans:
        return Redaction(RedactedText(text), ())
    return Redaction(RedactedText(_replace(text, spans)), tuple(spans))


def _without_overlaps(text: str, found: list[Span]) -> tuple[Span, ...]:
    """Keep the longer of two that overlap, and the one found first of two equally long; never touch a placeholder."""
    if not found:
        return ()
    taken = [match.span() for match in _PLACEHOLDER.finditer(text)]
    kept: list[Span] = []
    for start, end, kind in sorted(found, key=lambda span: span[0] - span[1]):
        if all(end <= left or start >= right for left, right in taken):
            taken.append((start, end))
            kept.append((start, end, kind))
    return tuple(kept)


def _replace(text: str, spans: Iterable[Span]) -> str:
    numbers: dict[tuple[str, str], int] = {}
    last: dict[str, int] = {}
    for match in _PLACEHOLDER.finditer(text):
        last[match[1]] = max(last.get(match[1], 0), int(match[2]))
    pieces: list[str] = []
    position = 0
    for start, end, kind in spans:
        label = PLACEHOLDERS[kind]
        keys = _keys(kind, text[start:end])
        number = next((numbers[label, key] for key in keys if (label, key) in numbers), None)
        if number is None:
            number = last[label] = last.get(label, 0) + 1
        for key in keys:
            numbers.setdefault((label, key), number)
        pieces += (text[position:start], f"[{label}_{number}]")
        position = end
    pieces.append(text[position:])
    return "".join(pieces)


def _keys(kind: str, value: str) -> tuple[str, ...]:
    """What makes two pieces the same: the whole name or a part of it; letters and digits of all else."""
    if kind == "person_name":
        whole = fold(value)
        return (whole, *(part for part in whole.replace(".", " ").split() if len(part) > 1))
    return ("".join(letter for letter in value.lower() if letter.isalnum()),)
