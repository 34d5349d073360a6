"""What is known of each word, looked up once and remembered: reading a text looks up each of its words once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.classifier.domain.features import NEGATIONS, SCOPE_ENDS
from services.classifier.domain.match import Matcher
from shared.taxonomy.assets import may_name_asset
from shared.taxonomy.pattern_index import SENTENCE_END, LookedUp

_REMEMBERED_MAX: Final = 50_000
_ENGLISH_WORDS: Final = """
a about after again all also am an and any are as at back be because been before but by came can could day did do does
done down for found from gave get go going got had has have he her here him his how i if in is it its just left like
made make me more my new next no not now of off ok on one only or other our out over put room said same see she should
so some staff still than that the their them then there they this to time today told too took two up us very was we
well went were what when where which while who why will with work would yes yesterday you your
"""
_ENGLISH: Final = frozenset(_ENGLISH_WORDS.split())

END, PLACEHOLDER, NUMBER, ENGLISH, TAUGHT, STRANGE = range(6)
"""What a word is: the end of a sentence, a placeholder, begins with a digit, says nothing of care, stands in enough of
the training texts, or is none of these."""

NO_TURN, BEGINS_NEGATION, ENDS_NEGATION, ENDS_ALL = range(4)
"""What a word does to a negation: nothing, begins one, ends it, ends it and the row of neighbours too."""


class Weighed(NamedTuple):
    """What the model has for a word.

    Attributes:
        name: The feature that it is.
        place: Of its row; NO_ROW for a word that training did not keep.
        rarity: What it adds to the square of a text's length.
        negated: Place of the row that it has within a negation; None where it has none.
        followers: Places of the rows of pairs that begin with it, by the name of the second word.
        is_taught: Whether enough training texts had it.
    """

    name: str
    place: int
    rarity: float
    negated: int | None
    followers: Mapping[str, int] | None
    is_taught: bool


NO_ROW: Final = -1


@dataclass(slots=True, eq=False)
class Word:
    """A word, with all that is looked up by it.

    Attributes:
        text: In lower case with a known misspelling put right, `<person>` for a placeholder, `.` for a sentence's end.
        told: The patterns that it may begin.
        kind: What it is, as this module numbers them.
        turn: What it does to a negation, as this module names it.
        may_name_asset: Whether it may be part of an asset's name.
        name: See `Weighed`, as for what follows.
        place: See `Weighed`.
        rarity: See `Weighed`.
        negated: See `Weighed`.
        followers: See `Weighed`.
    """

    text: str
    told: LookedUp | None
    kind: int
    turn: int
    may_name_asset: bool
    name: str
    place: int
    rarity: float
    negated: int | None
    followers: Mapping[str, int] | None


class Words(dict[str, Word]):
    """The words met so far, by how they were written; a word that is asked for and not there is looked up.

    Args:
        matcher: The patterns.
        spellings: Misspelling to right spelling, both in lower case.
        weigh: Says what the model has for a word in lower case; left out where no model is asked.
    """

    def __init__(
        self, matcher: Matcher, spellings: Mapping[str, str], weigh: Callable[[str], Weighed] | None = None
    ) -> None:
        super().__init__()
        self._look_up = matcher.look_up
        self._spellings = spellings
        self._weigh = weigh or _unweighed

    def __missing__(self, written: str) -> Word:
        """Look up a word and remember it."""
        if len(self) >= _REMEMBERED_MAX:
            self.clear()
        self[written] = word = self._word(written)
        return word

    def _word(self, written: str) -> Word:
        text = self._text(written)
        name, place, rarity, negated, followers, is_taught = self._weigh(text)
        return Word(
            text=text,
            told=self._look_up(text),
            kind=_kind(text, is_taught=is_taught),
            turn=_turn(text),
            may_name_asset=may_name_asset(written.lower()),
            name=name,
            place=place,
            rarity=rarity,
            negated=negated,
            followers=followers,
        )

    def _text(self, written: str) -> str:
        if written[0] == "[":
            return f"<{written[1 : written.rindex('_')].lower()}>"
        if not written[0].isalnum():
            return SENTENCE_END
        text = written.lower().replace("’", "'")
        return self._spellings.get(text, text)


def _unweighed(word: str) -> Weighed:
    return Weighed(word, NO_ROW, 0.0, None, None, is_taught=False)


def _turn(text: str) -> int:
    if text == SENTENCE_END:
        return ENDS_ALL
    if text in SCOPE_ENDS:
        return ENDS_NEGATION
    return BEGINS_NEGATION if text in NEGATIONS else NO_TURN


def _kind(text: str, *, is_taught: bool) -> int:
    if text == SENTENCE_END:
        return END
    if text[0] == "<":
        return PLACEHOLDER
    if text[0].isdigit():
        return NUMBER
    if text in _ENGLISH:
        return ENGLISH
    return TAUGHT if is_taught else STRANGE
