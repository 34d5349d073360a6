"""Finds names of people by lists and by what stands beside them; identifiers of fixed format are found elsewhere."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from shared.redaction.lexicon import Mark
from shared.redaction.words import PLACEHOLDER, Word, cut

_MORPHOLOGY: Final = re.compile(
    r"(?:O['’]|Mc|Mac)[A-Z][a-z]{2,}|[A-Z][a-z]{2,}(?:owski|owska|ewski|ewska|wicz|escu|oglu|ovic|enko)"
)
_TITLE_CASE: Final = re.compile(r"[^\W\d_a-zß-ÿ][^\W\d_A-Z]+(?:['’\-][^\W\d_]+)*")
_SENTENCE_START: Final = re.compile(r"(?:^|[.!?:;\n][\"'”’)]*)\s*[\"'“‘(]*$")
_OFFICIAL: Final = re.compile(
    r"(?:tion|sion|ment|ness|ity|ive|ical|ance|ure|ship|ing|tary|tory|ent|ian|ate|ied)s?$"
    r"|^(?:rules?|orders?|reports?|books?|workbook|guides?|study|risks?|aid|process|daily|funds?|personal|health|healthy|"
    r"general|local|final|home|first|fall|service|services|office|board|council|pharmacy|hospital|agency|group|team|"
    r"policy|form|forms|chart|plan|plans|record|records|review|check|checks|list|blue|green|red|yellow|north|south|"
    r"east|west|city|county|cottages?|house|centre|center|fridge|boots)$"
)
"""Words of offices, forms and places, which people also write with capitals; read only for pairs of unlisted words."""
_PLAIN_TITLES: Final = frozenset(["mr", "mrs"])
_CAPITAL_TITLES: Final = frozenset(
    ["miss", "lady", "lord", "father", "sister", "uncle", "auntie", "aunty", "aunt", "nana", "nan", "grandad"]
)
_SAINTS: Final = frozenset(["st", "saint"])
_UNITS: Final = frozenset(
    ["ward", "unit", "wing", "house", "lodge", "court", "suite", "corridor", "road", "street", "avenue", "lane"]
)
_INSTRUMENTS: Final = frozenset(
    [
        "disease",
        "syndrome",
        "palsy",
        "dementia",
        "scale",
        "score",
        "ulcer",
        "catheter",
        "sign",
        "test",
        "tool",
        "index",
        "hoist",
        "splint",
        "stedy",
    ]
)
_MIN_LETTERS_IN_ANY_CASE: Final = 4
_FIRST: Final = int(Mark.FIRST)
_LAST: Final = int(Mark.LAST)
_NAME: Final = int(Mark.FIRST | Mark.LAST)
_FIRST_WORD: Final = int(Mark.FIRST_WORD)
_NAME_WORD: Final = int(Mark.FIRST_WORD | Mark.LAST_WORD)
_ANY_NAME: Final = _NAME | _NAME_WORD
_NO_SURNAME: Final = int(
    Mark.SAFE
    | Mark.FOLLOWS
    | Mark.TITLE
    | Mark.ROLE
    | Mark.BESIDE_AFTER
    | Mark.BESIDE_BEFORE
    | Mark.THING_AFTER
    | Mark.DATE_BEFORE
)
_WORTH_A_LOOK: Final = _ANY_NAME | int(Mark.TITLE | Mark.ROLE)


def find_names(
    text: str, marks: Mapping[str, int], known_names: Iterable[str] = (), taken: Sequence[tuple[int, int]] = ()
) -> list[tuple[int, int]]:
    """Find the names of people in a text.

    Args:
        text: Any text.
        marks: The lexicon's marks of words.
        known_names: Names of people of the site, whole or in part; they are found in any case of letters.

        taken: Spans that are something else, such as an address.

    Returns:
        Spans of code points without titles and possessives, in order, not overlapping.
    """
    words = cut(text, marks, known_names, taken)
    unlisted = [_is_unlisted(word) for word in words]
    pairs = any(left and right for left, right in pairwise(unlisted))
    if not pairs and not any(word.mark & _WORTH_A_LOOK or _MORPHOLOGY.fullmatch(word.text) for word in words):
        return []
    finder = _Finder(text, words)
    spans: list[tuple[int, int]] = []
    index = 0
    while index < len(words):
        end = finder.name_from(index)
        if end is not None:
            spans.append((words[index].start, words[end].end))
            index = end
        index += 1
    return spans


def _is_unlisted(word: Word) -> bool:
    """Whether a word stands in no list, is written as a name would be and is not shaped like an office's word."""
    return (
        word.capital
        and not word.mark
        and len(word.text) > 2
        and bool(_TITLE_CASE.fullmatch(word.text))
        and not _OFFICIAL.search(word.folded)
    )


class _Finder:
    """Decides word by word, by the word and its neighbours."""

    def __init__(self, text: str, words: list[Word]) -> None:
        self._text = text
        self._words = words
        self._shouting = text.isupper()

    def name_from(self, index: int) -> int | None:
        """The index of the last word of the name that begins at a word; None when none begins there."""
        word = self._words[index]
        if word.text[0] == PLACEHOLDER or not self._begins(index, word):
            return None
        end = index
        while end + 1 < len(self._words) and self._joins(end, end + 1):
            end += 1
        return None if self._names_a_thing(end) else end

    def _begins(self, index: int, word: Word) -> bool:
        if len(word.text) == 1:
            return self._is_initial(index, word)
        if self._after_title(index, word):
            return True
        if word.mark & Mark.SAFE or (index and self._words[index - 1].folded in _SAINTS):
            return False
        if word.mark & _NAME:
            return bool(word.mark & Mark.KNOWN) or self._could_be_title_case(word)
        if not word.capital or self._shouting:
            return False
        return self._stands_like_a_name(index, word) or self._begins_unlisted_pair(index, word)

    def _stands_like_a_name(self, index: int, word: Word) -> bool:
        if word.mark & _NAME_WORD:
            return self._could_be_title_case(word) and self._word_is_name(index, word)
        return bool(_MORPHOLOGY.fullmatch(word.text)) or self._after_role(index, word)

    def _begins_unlisted_pair(self, index: int, word: Word) -> bool:
        """Two capitalised words of no list in a row: a name of an origin that the lists do not have.

        At the start of a sentence the first capital says nothing, so what follows must speak for a person.
        """
        if not _is_unlisted(word) or index + 1 == len(self._words) or not self._adjacent(index, index + 1):
            return False
        second = self._words[index + 1]
        if not _is_unlisted(second):
            return False
        return not self._starts_sentence(word) or self._speaks_after(index + 1)

    def _speaks_after(self, index: int) -> bool:
        word = self._words[index]
        if self._text[word.end : word.end + 2] in ("'s", "’s"):
            return True
        following = index + 1 < len(self._words) and self._adjacent(index, index + 1)
        return following and bool(self._words[index + 1].mark & Mark.BESIDE_AFTER)

    def _is_initial(self, index: int, word: Word) -> bool:
        if not word.capital or self._shouting or index + 1 == len(self._words) or not self._adjacent(index, index + 1):
            return False
        following = self._words[index + 1]
        surname = following.mark & _LAST or _MORPHOLOGY.fullmatch(following.text)
        return following.capital and bool(surname or (following.mark & Mark.LAST_WORD and word.text not in "AI"))

    def _after_title(self, index: int, word: Word) -> bool:
        if not index or not self._words[index - 1].mark & Mark.TITLE or not self._adjacent(index - 1, index):
            return False
        title = self._words[index - 1]
        if word.capital and not self._shouting:
            if title.folded in _CAPITAL_TITLES and not title.capital:
                return False
            return bool(_TITLE_CASE.fullmatch(word.text)) and not word.mark & (
                Mark.FOLLOWS | Mark.BESIDE_AFTER | Mark.TITLE
            )
        return title.folded in _PLAIN_TITLES and len(word.text) > 2 and not word.mark & _NO_SURNAME

    def _word_is_name(self, index: int, word: Word) -> bool:
        if word.mark & Mark.KNOWN:
            return True
        if word.mark & Mark.FOLLOWS and not word.mark & Mark.MONTH:
            return False
        before = self._words[index - 1] if index and self._adjacent(index - 1, index) else None
        after = self._words[index + 1] if index + 1 < len(self._words) and self._adjacent(index, index + 1) else None
        if word.mark & Mark.MONTH and (
            (before and before.mark & Mark.DATE_BEFORE) or self._text[word.end : word.end + 2].strip().isdigit()
        ):
            return False
        if after and after.capital and after.mark & _ANY_NAME and not after.mark & Mark.THING_AFTER:
            return True
        speaks_before = before is not None and bool(before.mark & Mark.BESIDE_BEFORE) and not word.mark & Mark.MONTH
        speaks_after = (after is not None and bool(after.mark & Mark.BESIDE_AFTER)) or self._text[
            word.end : word.end + 2
        ] in ("'s", "’s")
        if not word.mark & _FIRST_WORD:
            return bool(after and after.mark & Mark.ACT_AFTER) or (speaks_before and speaks_after)
        return speaks_after or (speaks_before and not self._starts_sentence(word))

    def _after_role(self, index: int, word: Word) -> bool:
        if word.mark or len(word.text) < 3 or not index or not self._words[index - 1].mark & Mark.ROLE:
            return False
        return self._adjacent(index - 1, index) and bool(_TITLE_CASE.fullmatch(word.text))

    def _joins(self, left: int, right: int) -> bool:
        """Whether the right word goes on with the name in which the left one stands."""
        first, second = self._words[left], self._words[right]
        if not self._adjacent(left, right) or second.text[0] == PLACEHOLDER or len(second.text) == 1:
            return False
        if second.mark & _NAME:
            return not second.mark & Mark.SAFE and (
                second.capital or (not first.capital and len(second.text) >= _MIN_LETTERS_IN_ANY_CASE)
            )
        if not second.capital or self._shouting or not self._could_be_title_case(second):
            return False
        if second.mark & _NAME_WORD or _MORPHOLOGY.fullmatch(second.text):
            return not second.mark & (Mark.MONTH | Mark.THING_AFTER)
        if _is_unlisted(first) and _is_unlisted(second):
            return True
        return (
            bool(first.mark & (_FIRST | _FIRST_WORD))
            and not second.mark & _NO_SURNAME
            and bool(_TITLE_CASE.fullmatch(second.text))
        )

    def _names_a_thing(self, index: int) -> bool:
        """Whether what follows says that the name is that of a disease, an instrument, a unit or a place."""
        if index + 1 == len(self._words):
            return False
        word, after = self._words[index], self._words[index + 1]
        between = self._text[word.end : after.start]
        if between in ("'s ", "’s "):
            return after.folded in _INSTRUMENTS
        if between != " " or not after.mark & Mark.THING_AFTER:
            return False
        if word.mark & _NAME:
            return after.capital or after.folded in _UNITS or after.folded in _INSTRUMENTS
        return True

    def _adjacent(self, left: int, right: int) -> bool:
        between = self._text[self._words[left].end : self._words[right].start]
        return between == " " or (
            between == ". " and (len(self._words[left].text) == 1 or bool(self._words[left].mark & Mark.TITLE))
        )

    def _could_be_title_case(self, word: Word) -> bool:
        """Whether the letters allow a name; two or three capitals are an abbreviation, as many small letters a word."""
        return len(word.text) >= _MIN_LETTERS_IN_ANY_CASE or bool(_TITLE_CASE.fullmatch(word.text))

    def _starts_sentence(self, word: Word) -> bool:
        return bool(_SENTENCE_START.search(self._text, 0, word.start))
