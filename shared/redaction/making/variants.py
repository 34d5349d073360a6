"""Tells the same invented texts with other people in them, of all origins alike, and in other habits of writing."""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Final

Spans = list[tuple[int, int]]
Origins = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]

_PERSON: Final = re.compile(r"\[PERSON_\d+\]")
_SOMEONE: Final = re.compile(
    r"\b(?:[Tt]he|[Aa]n?|[Mm]y|[Oo]ur) (?:night |bank |agency |new |other |young |old |day )?(?:carer|"
    r"nurse|resident|client|lady|gentleman|gent|"
    r"tenant|service user|cook|driver|manager|colleague|daughter|son|neighbour|plumber|physio|paramedic|visitor|"
    r"volunteer|cleaner|lad|girl|resi)\b(?!['’]s? (?:office|room|bell|button|station|home|house)|s\b|"
    r"['’]s\b| (?:call|bell|on call))"
)
_PRONOUN: Final = re.compile(r"(?:(?<=^)|(?<=[.!?] ))(?:She|He)(?= [a-z])|(?<=[a-z] )him(?=[ .,])")
_TITLE: Final = re.compile(r"\b(?:Mrs|Mr|Ms|Miss|mrs|mr|ms|miss) $")
_PLURAL: Final = re.compile(r"(?:Two|two|three|3|both) (?:Mrs )?$")
SHARE_OF_SOMEONE: Final = 0.3
SHARE_OF_PRONOUNS: Final = 0.25
SHARE_WITHOUT_TITLE: Final = 0.2
SHARE_OF_RARE: Final = 0.25
SHARE_OF_WORDS: Final = 0.15


class Teller:
    """Puts other names into texts; the same seed tells the same.

    Args:
        origins: First names and surnames of each origin.
        rare: Listed names of any origin, to be told now and then.
        words: Names that are ordinary words, too.
        seed: Where chance begins.
    """

    def __init__(
        self,
        origins: Origins,
        rare: tuple[Sequence[str], Sequence[str]],
        words: tuple[Sequence[str], Sequence[str]],
        seed: int,
    ) -> None:
        self._origins = [origins[name] for name in sorted(origins)]
        self._rare = rare
        self._words = words
        self._chance = random.Random(seed)  # noqa: S311 - it shuffles invented names, it protects nothing

    def told(self, text: str, spans: Spans) -> tuple[str, Spans]:
        """Tell a text once more.

        Args:
            text: The text.
            spans: Its names, in order.

        Returns:
            The other text and its names.
        """
        chance = self._chance
        slots = list(spans) + [match.span() for match in _PERSON.finditer(text)]
        for pattern, share in ((_SOMEONE, SHARE_OF_SOMEONE), (_PRONOUN, SHARE_OF_PRONOUNS)):
            for match in pattern.finditer(text):
                free = all(match.end() <= start or match.start() >= end for start, end in slots)
                if free and chance.random() < share:
                    slots.append(match.span())
        return self._written(*self._filled(text, sorted(slots)))

    def _filled(self, text: str, slots: Spans) -> tuple[str, Spans]:
        chance, told = self._chance, dict[str, str]()
        pieces, spans, position, length = list[str](), Spans(), 0, 0
        for start, end in slots:
            before, title = text[position:start], _TITLE.search(text, position, start)
            if title and chance.random() < SHARE_WITHOUT_TITLE:
                before, title = text[position : title.start()], None
                name = self._name(chance.random() < 0.3, surname=True)
            elif title:
                name = self._name(False, surname=True)
            else:
                name = self._name(" " in text[start:end] or chance.random() < 0.12, surname=chance.random() < 0.22)
            name = told.setdefault(text[start:end], name)
            if text[start:end].endswith("s") and _PLURAL.search(text, position, start):
                name += "s"
            length += len(before)
            spans.append((length, length + len(name)))
            length += len(name)
            pieces += (before, name)
            position = end
        return "".join((*pieces, text[position:])), spans

    def _name(self, whole: bool, surname: bool) -> str:
        chance = self._chance
        share = chance.random()
        first, last = (
            self._rare
            if share < SHARE_OF_RARE
            else self._words
            if share > 1 - SHARE_OF_WORDS
            else chance.choice(self._origins)
        )
        if not whole:
            return chance.choice(last if surname else first)
        given = chance.choice(first)
        if chance.random() < 0.15:
            given = given[0] + ("." if chance.random() < 0.5 else "")
        return f"{given} {chance.choice(last)}"

    def _written(self, text: str, spans: Spans) -> tuple[str, Spans]:
        habit = self._chance.random()
        lower, upper = text.lower(), text.upper()
        if habit < 0.18 and len(lower) == len(text):
            return lower, spans
        if habit < 0.21 and len(upper) == len(text):
            return upper, spans
        if habit < 0.31:
            letters = list(text)
            for start, end in spans:
                small = text[start:end].lower()
                if len(small) == end - start:
                    letters[start:end] = small
            return "".join(letters), spans
        return text, spans
