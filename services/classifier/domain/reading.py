"""A text read through the patterns: which hits stand once idioms, masks and negations are taken into account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.classifier.domain.match import Hit, Hits, Matcher
from services.classifier.domain.tokens import SENTENCE_END, Tokens, cut

_SCOPE_ENDS: Final = frozenset(["and", "but", "then", "so", "until", "when", "while", "because", SENTENCE_END])


@dataclass(frozen=True, slots=True)
class Reading:
    """The hits that stand.

    Attributes:
        tokens: The words of the text.
        hits: Standing hits by key.
    """

    tokens: Tokens
    hits: Mapping[str, list[Hit]]

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

    def offsets(self, key: str) -> tuple[tuple[int, int], ...]:
        """Where the hits of a key stand in the text.

        Args:
            key: A key of the matcher.

        Returns:
            Distinct start and end pairs in code points, in order.
        """
        spans = self.tokens.spans
        return tuple(sorted({(spans[hit.first][0], spans[hit.last][1]) for hit in self.hits.get(key, ())}))


def read(text: str, matcher: Matcher, spellings: Mapping[str, str]) -> Reading:
    """Read a text.

    Args:
        text: A redacted text.
        matcher: The compiled patterns.
        spellings: Misspelling to right spelling.

    Returns:
        The reading; without hits where nothing was found.
    """
    tokens = cut(text, spellings)
    hits = matcher.find(tokens)
    idioms, masks, voided = _covered(hits, "cue:idioms"), _covered(hits, "cue:masks"), _voided(tokens, hits)
    if not idioms and not masks and not voided:
        return Reading(tokens, hits)
    standing = {}
    for key, found in hits.items():
        left = [
            hit
            for hit in found
            if not (hit.first in idioms or hit.last in idioms)
            and not (hit.void_if_negated and (hit.first in voided or hit.first in masks or hit.last in masks))
        ]
        if left:
            standing[key] = left
    return Reading(tokens, standing)


def _covered(hits: Hits, key: str) -> set[int]:
    return {index for hit in hits.get(key, ()) for index in range(hit.first, hit.last + 1)}


def _voided(tokens: Tokens, hits: Hits) -> set[int]:
    """Indexes of words within the scope of a negation or a might-have; its weight is the length of the scope."""
    voided: set[int] = set()
    words, commas = tokens.words, tokens.commas
    for hit in hits.get("cue:voids", ()):
        for index in range(hit.last + 1, min(hit.last + 1 + int(hit.weight), len(words))):
            if words[index] in _SCOPE_ENDS or index in commas:
                break
            voided.add(index)
    return voided
