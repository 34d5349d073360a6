"""Lays all patterns of the taxonomy over a text in one pass; what a hit means is decided elsewhere."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from services.classifier.domain.tokens import SENTENCE_END, Tokens
from shared.taxonomy.model import Taxonomy, WeightedPattern
from shared.taxonomy.pattern import NUMBER, Element

_MAX_REMEMBERED_WORDS: Final = 50_000
_MIN_LETTERS_TO_CORRECT: Final = 8


class Hit(NamedTuple):
    """One pattern found: its weight, its first and last word, whether a negation makes it void."""

    weight: float
    first: int
    last: int
    void_if_negated: bool


Hits = Mapping[str, list[Hit]]


class _Entry(NamedTuple):
    """A pattern cut at its anchor; of `needed` the text must have one word, empty where that cannot be said."""

    key: str
    weight: float
    void_if_negated: bool
    before: tuple[Element, ...]
    after: tuple[Element, ...]
    needed: frozenset[str]


class Matcher:
    """The compiled patterns of a taxonomy, looked up by the word that tells most."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._by_word: dict[str, list[_Entry]] = defaultdict(list)
        self._by_prefix: dict[str, list[_Entry]] = defaultdict(list)
        for key, pattern in _all_patterns(taxonomy):
            self._add(key, pattern)
        self._prefix_lengths = sorted({len(prefix) for prefix in self._by_prefix})
        self._slips = _slips(self._by_word)
        self._remembered: dict[str, tuple[_Entry, ...]] = {}

    def find(self, tokens: Tokens) -> Hits:
        """Find every pattern.

        Args:
            tokens: The words of a text.

        Returns:
            Hits by key: `domain:<name>`, `factor:<name>`, `caught:<name>`, `disruption:<name>`, `severity:<name>`,
            `rule:<id>` or `cue:<name>`; a key without a hit is absent.
        """
        words, found = tokens.words, defaultdict[str, list[Hit]](list)
        count = len(words)
        remembered, present = self._remembered, set(words)
        for index, word in enumerate(words):
            entries = remembered.get(word)
            if entries is None:
                entries = self._look_up(word)
            for key, weight, void_if_negated, before, after, needed in entries:
                if needed and present.isdisjoint(needed):
                    continue
                last = _fit(after, 0, words, index + 1, 1, count) if after else index
                if last < 0:
                    continue
                first = _fit(before, 0, words, index - 1, -1, count) if before else index
                if first >= 0:
                    found[key].append(Hit(weight, first, last, void_if_negated))
        return found

    def knows(self, word: str) -> bool:
        """Tell whether any pattern is looked up by a word.

        Args:
            word: A word in lower case.

        Returns:
            True when the word is one of the sector's, its spelling put right by one letter if need be.
        """
        return bool(self._look_up(word))

    def _add(self, key: str, weighted: WeightedPattern) -> None:
        pattern = weighted.pattern
        anchor = pattern.elements[pattern.anchor]
        before = tuple(reversed(pattern.elements[: pattern.anchor]))
        after = pattern.elements[pattern.anchor + 1 :]
        entry = _Entry(key, weighted.weight, pattern.void_if_negated, before, after, _needed((*before, *after)))
        for word in anchor.words:
            self._by_word[word].append(entry)
        for prefix in anchor.prefixes:
            self._by_prefix[prefix].append(entry)

    def _look_up(self, word: str) -> tuple[_Entry, ...]:
        known = self._remembered.get(word)
        if known is not None:
            return known
        entries = self._entries(word)
        if not entries and word in self._slips:
            entries = self._entries(self._slips[word])
        result = tuple(entries)
        if len(self._remembered) < _MAX_REMEMBERED_WORDS:
            self._remembered[word] = result
        return result

    def _entries(self, word: str) -> list[_Entry]:
        entries = list(self._by_word.get(word, ()))
        if word[:1].isdigit():
            entries += self._by_word.get(NUMBER, ())
        for length in self._prefix_lengths:
            if length > len(word):
                break
            entries += self._by_prefix.get(word[:length], ())
        return entries


def _all_patterns(taxonomy: Taxonomy) -> Iterable[tuple[str, WeightedPattern]]:
    for family, terms in (
        ("domain", taxonomy.domains),
        ("factor", taxonomy.factors),
        ("caught", taxonomy.how_caught),
        ("disruption", taxonomy.disruption_kinds),
        ("severity", taxonomy.severities),
    ):
        for name, term in terms.items():
            yield from ((f"{family}:{name}", pattern) for pattern in term.patterns)
    for rule in taxonomy.escalation_rules:
        yield from ((f"rule:{rule.id}", pattern) for pattern in rule.patterns)
    for name, patterns in taxonomy.cues.items():
        yield from ((f"cue:{name}", pattern) for pattern in patterns)


def _needed(elements: Iterable[Element]) -> frozenset[str]:
    """The smallest set of words of which any text with these places has one; a place with prefixes gives none."""
    sets = [
        element.words
        for element in elements
        if not element.gap and not element.optional and not element.prefixes and NUMBER not in element.words
    ]
    return min(sets, key=len, default=frozenset())


def _fit(elements: Sequence[Element], place: int, words: Sequence[str], index: int, step: int, count: int) -> int:
    """Lay the rest of a pattern over the words from an index on; the index of the last word that it takes, or -1."""
    if place == len(elements):
        return index - step
    element = elements[place]
    if element.gap:
        for _ in range(element.gap + 1):
            end = _fit(elements, place + 1, words, index, step, count)
            if end >= 0 or not 0 <= index < count or words[index] == SENTENCE_END:
                return end
            index += step
        return -1
    if 0 <= index < count and element.fits(words[index]):
        end = _fit(elements, place + 1, words, index + step, step, count)
        if end >= 0:
            return end
    return _fit(elements, place + 1, words, index, step, count) if element.optional else -1


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
