"""A text read through the patterns: which hits stand once idioms, masks and negations are taken into account."""

from dataclasses import dataclass
from typing import Final

from services.classifier.domain.match import Matcher
from services.classifier.domain.tokens import Tokens, cut
from services.classifier.domain.words import Words
from shared.taxonomy.pattern_index import SENTENCE_END, Hits, covered

_SCOPE_ENDS: Final = frozenset(["and", "but", "then", "so", "until", "when", "while", "because", SENTENCE_END])


@dataclass(slots=True)
class Reading:
    """The hits that stand.

    Attributes:
        tokens: The words of the text.
        hits: Standing hits by key.
        exact: All hits of the exact patterns, by key.
    """

    tokens: Tokens
    hits: Hits
    exact: Hits

    def score(self, key: str) -> float:
        """Add up what speaks for a key; hits that lie over each other count once, with the greater weight.

        Args:
            key: A key of the matcher.

        Returns:
            The sum of weights, 0 without a hit.
        """
        hits = self.hits.get(key)
        if not hits:
            return 0.0
        if len(hits) == 1:
            return hits[0].weight
        total, taken = 0.0, set[int]()
        for hit in sorted(hits, key=lambda hit: -hit.weight):
            if taken.isdisjoint(range(hit.first, hit.last + 1)):
                taken.update(range(hit.first, hit.last + 1))
                total += hit.weight
        return total

    def strongest(self, key: str) -> float:
        """The weight of the strongest hit of a key.

        Args:
            key: A key of the matcher.

        Returns:
            That weight, 0 without a hit.
        """
        return max((hit.weight for hit in self.hits.get(key, ())), default=0.0)


def read(text: str, words: Words, matcher: Matcher) -> Reading:
    """Read a text.

    Args:
        text: A redacted text.
        words: What is known of words.
        matcher: The compiled patterns.

    Returns:
        The reading; without hits where nothing was found.
    """
    tokens = cut(text, words)
    hits, exact = matcher.find_told(tokens.words, [word.told for word in tokens.known])
    idioms, masks, voided = covered(hits, "cue:idioms"), covered(hits, "cue:masks"), _voided(tokens, hits)
    if not idioms and not masks and not voided:
        return Reading(tokens, hits, exact)
    unsaid = voided | masks
    standing = {}
    for key, found in hits.items():
        left = [
            hit
            for hit in found
            if not (hit.void_if_negated and (hit.first in unsaid or hit.last in masks))
            and not (idioms and (hit.first in idioms or hit.last in idioms))
        ]
        if left:
            standing[key] = left
    return Reading(tokens, standing, exact)


def _voided(tokens: Tokens, hits: Hits) -> set[int]:
    """Indexes of words within the scope of a negation or a might-have; its weight is the length of the scope."""
    voided: set[int] = set()
    words = tokens.words
    for hit in hits.get("cue:voids", ()):
        for index in range(hit.last + 1, min(hit.last + 1 + int(hit.weight), len(words))):
            if words[index] in _SCOPE_ENDS or tokens.follows_comma(index):
                break
            voided.add(index)
    return voided
