"""The trained model as a value: from a batch of readings to probabilities, with numpy alone; no file is read here."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.classifier.domain.features import NEGATED, SCOPE_WORDS, Concepts, name_of, pieces_of
from services.classifier.domain.heads import Floats, Head, probabilities
from services.classifier.domain.reading import Reading
from services.classifier.domain.words import BEGINS_NEGATION, ENDS_ALL, ENDS_NEGATION, NO_ROW, Weighed, Word

RULE_SCORE_MAX: Final = 6.0
RULE_SCORE_UNIT: Final = 3.0
_NEW_WORDS_MAX: Final = 20_000
_ROOM_AT_FIRST: Final = 2_000
_TEXTS_OF_KNOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Weights:
    """What training found.

    Attributes:
        version: The model's name, by its content.
        units: Places of words, marked words, pairs, rules and settings among the rows.
        rows: What each unit says for each output; pieces and concepts of a word are in its row.
        rarity: How much each word counts in the length of a text, in the order of the words, which come first.
        rarity_of_unknown: The same for a word that no training text had.
        pieces: Places of pieces among `piece_rows`.
        piece_rows: What each piece says.
        concepts: Places of concepts among `concept_rows`.
        concept_rows: What each concept says.
        start: What is said before any word is read.
        slope: By output: the factor that makes scores probabilities, found on texts of other authors.
        offset: By output: what is added after it.
        thresholds: By head and label: from which probability on the label is given.
    """

    version: str
    units: Mapping[str, int]
    rows: Floats
    rarity: Floats
    rarity_of_unknown: float
    pieces: Mapping[str, int]
    piece_rows: Floats
    concepts: Mapping[str, int]
    concept_rows: Floats
    start: Floats
    slope: Floats
    offset: Floats
    thresholds: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Found:
    """What the model makes of some texts.

    Attributes:
        probabilities: A row for each text, a column for each output.
        rows: What each feature of each text says for each output, text by text.
        starts: Where the rows of each text begin.
        firsts: By row: the index of the first word of the feature's first mention.
        lasts: By row: the index of its last word.
        lengths: By what the rows of each text are divided.
    """

    probabilities: Floats
    rows: Floats
    starts: NDArray[np.intp]
    firsts: NDArray[np.intp]
    lasts: NDArray[np.intp]
    lengths: NDArray[np.float64]


class Model:
    """Asks all heads at once; remembers what new words are made of, never a text.

    Args:
        weights: What training found.
        heads: The model's heads, in the order of the outputs.
        concepts: The concepts of words.
    """

    def __init__(self, weights: Weights, heads: dict[str, Head], concepts: Concepts) -> None:
        self.weights = weights
        self.heads = heads
        self._concepts = concepts
        self._start = len(weights.rows)
        self._known = self._start + 1
        room = np.zeros((_ROOM_AT_FIRST, weights.rows.shape[1]), np.float32)
        self._rows = np.concatenate([weights.rows, weights.start[None], room])
        self._rarity = [float(value) ** 2 for value in weights.rarity]
        self._words = {name: place for name, place in weights.units.items() if place < len(weights.rarity)}
        rest = {name: place for name, place in weights.units.items() if place >= len(weights.rarity)}
        self._negated = {name[1:]: place for name, place in rest.items() if name[0] == NEGATED}
        self._rules = {name[1:]: place for name, place in rest.items() if name[0] == "@"}
        self._settings = {name[1:]: place for name, place in rest.items() if name[0] == "#"}
        self._followers: dict[str, dict[str, int]] = defaultdict(dict)
        self._is_pair = np.zeros(len(self._rows), np.intp)
        for name, place in rest.items():
            first, blank, second = name.partition(" ")
            if blank:
                self._followers[first][sys.intern(second)] = place
                self._is_pair[place] = 1
        self._rare = (weights.rarity_of_unknown - math.log(_TEXTS_OF_KNOWN + 1)) ** 2
        self._rarity_of_new = weights.rarity_of_unknown**2
        self._new: dict[str, int] = {}

    def weigh(self, word: str) -> Weighed:
        """Say what the model has for a word.

        Args:
            word: A word in lower case.
        """
        name = sys.intern(name_of(word))
        place = self._words.get(name, NO_ROW)
        rarity = self._rarity_of_new if place == NO_ROW else self._rarity[place]
        is_taught = place != NO_ROW and rarity <= self._rare
        return Weighed(name, place, rarity, self._negated.get(name), self._followers.get(name), is_taught)

    def ask(self, readings: Sequence[Reading], settings: Sequence[str]) -> Found:
        """Compute the probabilities of all labels.

        Args:
            readings: What the rules read in each text, one text or more; its words weighed by this model.
            settings: The kind of service of each.
        """
        if len(self._new) > _NEW_WORDS_MAX:
            self._new.clear()
        places, mentions, starts, lengths = list[int](), list[int](), list[int](), list[float]()
        for reading in readings:
            plain, others, length = self._features(reading.tokens.known)
            starts.append(len(places))
            places += plain
            places += others
            mentions += plain.values()
            mentions += others.values()
            lengths.append(length)
        at, lasts = np.array(places), np.array(mentions)
        rows = self._rows.take(at, axis=0)
        scores: Floats = np.add.reduceat(rows, starts, axis=0)
        scores /= np.array(lengths, np.float32)[:, None]
        scores += self._ruled(readings, settings)
        return Found(
            probabilities=probabilities(scores * self.weights.slope + self.weights.offset, self.heads),
            rows=rows,
            starts=np.array(starts),
            firsts=lasts - self._is_pair.take(at),
            lasts=lasts,
            lengths=np.array(lengths),
        )

    def _ruled(self, readings: Sequence[Reading], settings: Sequence[str]) -> Floats:
        """What the rules' hits, the setting and the starting points say about each text."""
        ruled, places, starts, factors = self._rules, list[int](), list[int](), list[float]()
        for reading, setting in zip(readings, settings, strict=True):
            starts.append(len(places))
            places.append(self._start)
            factors.append(1.0)
            for key, hits in reading.hits.items():
                if (place := ruled.get(key)) is not None:
                    places.append(place)
                    score = hits[0].weight if len(hits) == 1 else reading.score(key)
                    factors.append((score if score < RULE_SCORE_MAX else RULE_SCORE_MAX) / RULE_SCORE_UNIT)
            if (place := self._settings.get(setting)) is not None:
                places.append(place)
                factors.append(1.0)
        rows = self._rows.take(places, axis=0)
        rows *= np.array(factors, np.float32)[:, None]
        total: Floats = np.add.reduceat(rows, starts, axis=0)
        return total

    def _features(self, words: Sequence[Word]) -> tuple[dict[int, int], dict[int, int], float]:
        """List the rows of a text's features in the order in which `features_of` names them, looking up no name.

        Returns:
            The rows of words, those of marked words and pairs, each with the last word of its first mention; and what
            their sum is divided by.
        """
        plain: dict[int, int] = {}
        others: dict[int, int] = {}
        total, scope, followers = 0.0, 0, None
        for index, word in enumerate(words):
            turn, place = word.turn, word.place
            if turn:
                if turn == ENDS_ALL:
                    scope, followers = 0, None
                    continue
                if turn == ENDS_NEGATION:
                    scope = 0
            if place < 0:
                place = self._place_of_new(word.name)
            if place not in plain:
                plain[place] = index
                total += word.rarity
            if followers is not None and (pair := followers.get(word.name)) is not None:
                others.setdefault(pair, index)
            if scope:
                scope -= 1
                if word.negated is not None:
                    others.setdefault(word.negated, index)
            if turn == BEGINS_NEGATION:
                scope = SCOPE_WORDS
            followers = word.followers
        return plain, others, math.sqrt(total) or 1.0

    def _place_of_new(self, name: str) -> int:
        """Return the row of a word that no training text had; it gets one, of what it is made of."""
        place = self._new.get(name)
        return self._learn(name) if place is None else place

    def _learn(self, word: str) -> int:
        place = self._known + len(self._new)
        if place >= len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows[: len(self._rows) // 2])])
            self._is_pair = np.concatenate([self._is_pair, np.zeros_like(self._is_pair[: len(self._is_pair) // 2])])
        self._rows[place] = _made_of(pieces_of(word), self.weights.pieces, self.weights.piece_rows)
        self._rows[place] += _made_of(self._concepts.of(word), self.weights.concepts, self.weights.concept_rows)
        self._new[word] = place
        return place


def _made_of(names: Sequence[str], known: Mapping[str, int], rows: Floats) -> Floats:
    places = [known[name] for name in names if name in known]
    if not places:
        return np.zeros(rows.shape[1], np.float32)
    total: Floats = rows[places].sum(axis=0) / np.float32(math.sqrt(len(names)))
    return total
