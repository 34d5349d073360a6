"""Lays many patterns over the words of a text in one pass; what a hit means is decided elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from shared.taxonomy.model import WeightedPattern
from shared.taxonomy.pattern import NUMBER, Element

SENTENCE_END: Final = "."
"""What stands among the words of a text where a sentence ends."""

_MAX_REMEMBERED_WORDS: Final = 50_000
_MIN_LETTERS_TO_CORRECT: Final = 8
_ORDER: Final = itemgetter(0)
_new: Final = tuple.__new__
_FAR: Final = 2
"""A reach that is no neighbour's."""
_NO_WORDS: Final = frozenset[str]()


class Hit(NamedTuple):
    """One pattern found: its weight, its first and last word, whether a negation makes it void."""

    weight: float
    first: int
    last: int
    void_if_negated: bool


Hits = Mapping[str, list[Hit]]
Patterns = Iterable[tuple[str, WeightedPattern]]


class _Entry(NamedTuple):
    """A pattern cut at its anchor: how many neighbours the look-up has settled, and what is left on either side."""

    order: int
    is_exact: bool
    key: str
    weight: float
    void_if_negated: bool
    settled_before: int
    settled_after: int
    before: tuple[Element, ...]
    after: tuple[Element, ...]


class _Anchored(NamedTuple):
    """A pattern and the words of which the text must have one within so many words behind the anchor or before it.

    A reach above 0 is behind the anchor, one below 0 before it; it is 0 where the pattern may fit any text. What stands
    right beside the anchor (a reach of 1 or -1) has been settled when it is met.
    """

    entry: _Entry
    needed: frozenset[str]
    reach: int


class LookedUp(NamedTuple):
    """The patterns anchored at a word, by what must stand near it; each list in the order of the patterns.

    Attributes:
        free: Those that may fit any text.
        next: Those that need a word right behind it, by that word.
        previous: Those that need a word right before it.
        following: Those that need a word within `reach` words behind it.
        reach: How far that is at most.
        preceding: Those that need a word within `reach_back` words before it.
        reach_back: How far that is at most.
    """

    free: list[_Entry]
    next: dict[str, list[_Entry]]
    previous: dict[str, list[_Entry]]
    following: dict[str, list[_Entry]]
    reach: int
    preceding: dict[str, list[_Entry]]
    reach_back: int


_NO_ENTRIES: Final = list[_Entry]()
_NOTHING: Final = dict[str, list[_Entry]]()


class PatternIndex:
    """Patterns looked up by the word that tells most, so that a text without such words costs next to nothing.

    Args:
        patterns: Each with the key under which its hits are listed.
        exact: Further patterns, whose hits are listed apart.
        correct_slips: Whether a word that no pattern begins with is also looked up with one slip of the hand put right;
            never for the exact ones.
    """

    def __init__(self, patterns: Patterns, exact: Patterns = (), *, correct_slips: bool = False) -> None:
        self._by_word: dict[str, list[_Anchored]] = defaultdict(list)
        self._by_prefix: dict[str, list[_Anchored]] = defaultdict(list)
        for key, pattern in patterns:
            self._add(key, pattern, is_exact=False)
        self._slips = _slips(self._by_word) if correct_slips else {}
        for key, pattern in exact:
            self._add(key, pattern, is_exact=True)
        self._prefix_lengths = sorted({len(prefix) for prefix in self._by_prefix})
        self._remembered: dict[str, LookedUp | None] = {}

    def find(self, words: Sequence[str]) -> Hits:
        """Find every pattern that is not exact.

        Args:
            words: The words of a text in lower case, `.` where a sentence ends and `<person>` for a placeholder.

        Returns:
            Hits by key; a key without a hit is absent.
        """
        return self.find_told(words, [self._recall(word) for word in words])[0]

    def find_told(self, words: Sequence[str], told: Sequence[LookedUp | None]) -> tuple[Hits, Hits]:
        """Find every pattern in a text whose words have been looked up.

        Args:
            words: The words of a text, as for `find`.
            told: What `look_up` says of each.

        Returns:
            Hits by key, and apart from them those of the exact patterns; a key without a hit is absent.
        """
        found = defaultdict[str, list[Hit]](list), defaultdict[str, list[Hit]](list)
        count = len(words)
        for index, looked_up in enumerate(told):
            if looked_up is None:
                continue
            entries, beside, previous, following, reach, preceding, reach_back = looked_up
            more: Iterable[_Entry] = ()
            if beside and index + 1 < count:
                more = beside.get(words[index + 1], ())
            if previous and index and (fitting := previous.get(words[index - 1])):
                more = (*more, *fitting)
            if reach and not following.keys().isdisjoint(near := words[index + 1 : index + 1 + reach]):
                more = (*more, *_met(near, following))
            if reach_back and not preceding.keys().isdisjoint(near := words[max(0, index - reach_back) : index]):
                more = (*more, *_met(near, preceding))
            if more:
                entries = [*entries, *sorted(more, key=_ORDER)]
            for _, is_exact, key, weight, void_if_negated, settled_before, settled_after, before, after in entries:
                first, last = index - settled_before, index + settled_after
                if after:
                    last = _fit(after, 0, words, last + 1, 1, count)
                    if last < 0:
                        continue
                if before:
                    first = _fit(before, 0, words, first - 1, -1, count)
                    if first < 0:
                        continue
                # Half the time of Hit(...), and hits are what a text has most of.
                found[is_exact][key].append(_new(Hit, (weight, first, last, void_if_negated)))
        return found

    def look_up(self, word: str) -> LookedUp | None:
        """List the patterns that a word may begin.

        Args:
            word: A word in lower case.

        Returns:
            The patterns for `find_told`, a slip put right if need be; None where there are none.
        """
        entries = self._entries(word)
        if word in self._slips and all(anchored.entry.is_exact for anchored in entries):
            entries = [
                *(anchored for anchored in self._entries(self._slips[word]) if not anchored.entry.is_exact),
                *entries,
            ]
        return _looked_up(entries) if entries else None

    def _recall(self, word: str) -> LookedUp | None:
        """Look up a word, or remember what it was when it was last looked up."""
        remembered = self._remembered
        if word in remembered:
            return remembered[word]
        if len(remembered) >= _MAX_REMEMBERED_WORDS:
            remembered.clear()
        remembered[word] = found = self.look_up(word)
        return found

    def _add(self, key: str, weighted: WeightedPattern, *, is_exact: bool) -> None:
        pattern = weighted.pattern
        anchor = pattern.elements[pattern.anchor]
        before = tuple(reversed(pattern.elements[: pattern.anchor]))
        after = pattern.elements[pattern.anchor + 1 :]
        needed, reach = min(
            (*_needed(after), *((words, -far) for words, far in _needed(before))), key=_chances, default=(_NO_WORDS, 0)
        )
        entry = _Entry(
            order=0,
            is_exact=is_exact,
            key=key,
            weight=weighted.weight,
            void_if_negated=pattern.void_if_negated,
            settled_before=int(reach == -1),
            settled_after=int(reach == 1),
            before=before[1:] if reach == -1 else before,
            after=after[1:] if reach == 1 else after,
        )
        anchored = _Anchored(entry, needed, reach)
        for word in anchor.words:
            self._by_word[word].append(anchored)
        for prefix in anchor.prefixes:
            self._by_prefix[prefix].append(anchored)

    def _entries(self, word: str) -> list[_Anchored]:
        entries = list(self._by_word.get(word, ()))
        if word[:1].isdigit():
            entries += self._by_word.get(NUMBER, ())
        for length in self._prefix_lengths:
            if length > len(word):
                break
            entries += self._by_prefix.get(word[:length], ())
        return entries


def covered(hits: Hits, key: str) -> set[int]:
    """List the indexes of all words that the hits of a key span.

    Args:
        hits: What was found.
        key: The key; without a hit it covers nothing.
    """
    found = hits.get(key)
    return {index for hit in found for index in range(hit.first, hit.last + 1)} if found else set()


def _looked_up(anchored: Sequence[_Anchored]) -> LookedUp:
    free: list[_Entry] = []
    near: dict[int, dict[str, list[_Entry]]] = {1: {}, -1: {}, _FAR: {}, -_FAR: {}}
    for order, one in enumerate(anchored):
        entry = one.entry._replace(order=order)
        if not one.reach:
            free.append(entry)
        for word in one.needed:
            near[max(-_FAR, min(one.reach, _FAR))].setdefault(word, []).append(entry)
    return LookedUp(
        # What is empty is one and the same for all words: the processor then has it at hand.
        free=free or _NO_ENTRIES,
        next=near[1] or _NOTHING,
        previous=near[-1] or _NOTHING,
        following=near[_FAR] or _NOTHING,
        reach=max(one.reach for one in anchored) if near[_FAR] else 0,
        preceding=near[-_FAR] or _NOTHING,
        reach_back=-min(one.reach for one in anchored) if near[-_FAR] else 0,
    )


def _met(words: Iterable[str], needing: Mapping[str, list[_Entry]]) -> Iterable[_Entry]:
    """The patterns that need one of some words, each once."""
    met = {word for word in words if word in needing}
    if len(met) == 1:
        return needing[met.pop()]
    return {entry.order: entry for word in met for entry in needing[word]}.values()


def _needed(elements: Iterable[Element]) -> Iterator[tuple[frozenset[str], int]]:
    """List the sets of words of which any text with these places has one, and within how many words from their start.

    A place that may be empty gives none, nor does one that takes words by their beginning.
    """
    reach = 0
    for element in elements:
        reach += element.gap or 1
        if not (element.gap or element.optional or element.prefixes or NUMBER in element.words):
            yield element.words, reach


def _chances(needed: tuple[frozenset[str], int]) -> int:
    """How many chances there are to meet a needed word by accident: the pattern is looked up by what has the fewest."""
    words, reach = needed
    return len(words) * abs(reach)


def _fit(elements: Sequence[Element], place: int, words: Sequence[str], index: int, step: int, count: int) -> int:
    """Lay the rest of a pattern over the words from an index on; the index of the last word that it takes, or -1."""
    if place == len(elements):
        return index - step
    element = elements[place]
    if element.gap:
        return _fit_behind_gap(elements, place, words, index, step, count)
    if 0 <= index < count and element.fits(words[index]):
        end = _fit(elements, place + 1, words, index + step, step, count)
        if end >= 0:
            return end
    return _fit(elements, place + 1, words, index, step, count) if element.optional else -1


def _fit_behind_gap(
    elements: Sequence[Element], place: int, words: Sequence[str], index: int, step: int, count: int
) -> int:
    """Lay what follows a gap over the words, each time one word further on; see `_fit`."""
    gap, following = elements[place].gap, elements[place + 1]
    if following.gap or following.optional:
        for start in range(index, index + step * (gap + 1), step):
            end = _fit(elements, place + 1, words, start, step, count)
            if end >= 0 or not 0 <= start < count or words[start] == SENTENCE_END:
                return end
        return -1
    # Nine of ten patterns that are laid at all are laid here, and most fit nowhere: hence no call for each word.
    fitting, prefixes, takes_numbers = following.words, following.prefixes, NUMBER in following.words
    while 0 <= index < count and gap >= 0:
        word = words[index]
        if word in fitting or (prefixes and word.startswith(prefixes)) or (takes_numbers and word[:1].isdigit()):
            end = _fit(elements, place + 2, words, index + step, step, count)
            if end >= 0:
                return end
        if word == SENTENCE_END:
            return -1
        index, gap = index + step, gap - 1
    return -1


def _slips(vocabulary: Iterable[str]) -> Mapping[str, str]:
    """List the words that a slip of the hand makes of known ones: a letter left out, doubled, or two letters swapped.

    A letter put in or changed is not listed: too many of those are other words ("unlocked", "unblocked").
    """
    known = sorted(word for word in set(vocabulary) if len(word) >= _MIN_LETTERS_TO_CORRECT)
    slips: dict[str, str] = {}
    for word in known:
        for index in range(1, len(word)):
            slips.setdefault(word[:index] + word[index + 1 :], word)
            slips.setdefault(word[:index] + word[index] + word[index:], word)
            slips.setdefault(word[: index - 1] + word[index] + word[index - 1] + word[index + 1 :], word)
    return slips
