"""Which duties a report may bring, from its words and labels: all of them, each with why; nothing about clocks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from shared.taxonomy.duration import longest_hours
from shared.taxonomy.duties import DutyPacks, LabelCondition, Trigger
from shared.taxonomy.event_class import NOT_AN_EVENT
from shared.taxonomy.model import Taxonomy, WeightedPattern
from shared.taxonomy.pattern_index import SENTENCE_END, Hit, Hits, PatternIndex, covered

_TOKEN: Final = re.compile(r"<[a-z_]+>|\d+(?:[.:]\d+)+|[^\W_]+(?:'[^\W_]+)?|[.!?;\n]+")
_PLACEHOLDER: Final = re.compile(r"\[([a-z_]+?)_\d+\]")
_SCOPE_ENDS: Final = frozenset(["and", "but", "then", "so", "until", "when", "while", "because", SENTENCE_END])
_NO_TRIGGERS: Final = frozenset[int]()
_LABELS_OF_CONDITIONS: Final = ("escalate", "domains", "disruption_kind", "potential_severity")
_NOTHING: Final[Mapping[str, Any]] = {}

Prompts = tuple[tuple[str, str], ...]
"""Rule ids with what a person reads beside each, in the order in which they are asked."""


class DutyPrompts:
    """The compiled triggers of all packs; one object serves every report.

    Attributes:
        cues: The patterns of the triggers by key, for who finds them together with others.

    Args:
        packs: The rules, whatever their dates: which version holds is decided where the day is known.
        taxonomy: The escalation rules that triggers name, and the words that negate.
    """

    def __init__(self, packs: DutyPacks, taxonomy: Taxonomy) -> None:
        self._why = {rule.id: rule.why for rule in reversed(packs.rules)}
        order = tuple(dict.fromkeys(rule.id for rule in packs.rules))
        self._triggers: dict[str, list[Trigger]] = defaultdict(list)
        escalation = {rule.id: rule.patterns for rule in taxonomy.escalation_rules}
        cues: list[tuple[str, WeightedPattern]] = []
        for rule in packs.rules:
            self._triggers[rule.id].append(rule.trigger)
            cues += ((rule.id, pattern) for pattern in rule.trigger.patterns)
            cues += ((f"unless {rule.id}", pattern) for pattern in rule.trigger.unless)
            cues += ((f"signs {rule.id}", pattern) for pattern in rule.trigger.signs)
        for name in {name for rule in packs.rules for name in rule.trigger.rules}:
            cues += ((f"rule {name}", pattern) for pattern in escalation[name])
        own = {rule_id: _keys(rule_id, triggers) for rule_id, triggers in self._triggers.items()}
        self._keys = {
            rule_id: frozenset().union(own[rule_id], *(own[name] for t in triggers for name in t.words_of))
            for rule_id, triggers in self._triggers.items()
        }
        self._signs = {rule_id: _signs(rule_id, self._triggers) for rule_id in self._triggers}
        self._numbered = [(rule_id, trigger) for rule_id in order for trigger in self._triggers[rule_id]]
        self._of_key: dict[str, set[int]] = defaultdict(set)
        self._of_label: dict[str, list[tuple[int, LabelCondition]]] = defaultdict(list)
        for number, (rule_id, trigger) in enumerate(self._numbered):
            for key in self._keys[rule_id]:
                self._of_key[key].add(number)
            for condition in trigger.labels:
                for word in condition.escalate or condition.disruptions or condition.severities or condition.domains:
                    self._of_label[word].append((number, condition))
        self.cues = tuple(cues)
        self._readings = PatternIndex(
            (cue, pattern) for cue in ("idioms", "masks", "voids") for pattern in taxonomy.cues[cue]
        )

    def prompts_for(
        self,
        text: str | Sequence[str],
        labels: Mapping[str, Any] | None = None,
        setting: str | None = None,
        disruption_hours: float | None = None,
    ) -> Prompts:
        """Return every duty whose trigger may hold; one never suppresses another.

        Args:
            text: The redacted text, or its words in lower case with "." for the end of a sentence and `<person>` for a
                placeholder, as the classifier cuts them (spelling put right); empty where only labels are known.
            labels: What is known by the names of the classify line: escalate, domains, disruption_kind,
                potential_severity, event_class; several words are taken where there is one. None where nothing is.
            setting: The kind of service; None leaves conditions on it out.
            disruption_hours: How long a disruption lasted by the form, or at least lasted where it goes on; None where
                the form does not say. The longer of it and what the words say counts.

        Returns:
            Rule ids and whys, safety first. Nothing for what is labelled as no event and carries no escalation.
        """
        labels = labels or _NOTHING
        words = _words(text) if isinstance(text, str) else text
        return self.prompts_of(self._index.find(words), words, labels, setting, disruption_hours)

    def prompts_of(
        self,
        found: Hits,
        words: Sequence[str],
        labels: Mapping[str, Any],
        setting: str | None,
        disruption_hours: float | None = None,
    ) -> Prompts:
        """Return what `prompts_for` returns, where the cues have been found already.

        Args:
            found: The hits of `cues` in the words.
            words: See `prompts_for`.
            labels: See `prompts_for`; empty where nothing is known.
            setting: See `prompts_for`.
            disruption_hours: See `prompts_for`.
        """
        if labels.get("event_class") == NOT_AN_EVENT and not labels.get("escalate"):
            return ()
        hits = self._standing(found, words) if found else {}
        fitting = self._fitting(labels)
        candidates = fitting.union(*(self._of_key.get(key, _NO_TRIGGERS) for key in hits))
        prompts: dict[str, str] = {}
        for number in sorted(candidates):
            rule_id, trigger = self._numbered[number]
            if rule_id in prompts or (trigger.settings and setting is not None and setting not in trigger.settings):
                continue
            left_out = hits.get(f"unless {rule_id}", 0.0) if hits else 0.0
            fires = bool(hits) and any(hits.get(key, 0.0) > left_out for key in self._keys[rule_id])
            signs = self._signs[rule_id]
            borne_out = not words or not signs or any(key in hits for key in signs)
            fits = number in fitting and borne_out and not left_out
            if (fires or fits) and _long_enough(trigger, words, disruption_hours):
                prompts[rule_id] = self._why[rule_id]
        return tuple(prompts.items())

    def _fitting(self, labels: Mapping[str, Any]) -> set[int]:
        """Number the triggers whose conditions on labels fit; each condition is looked up by one of its own words."""
        return {
            number
            for name in _LABELS_OF_CONDITIONS
            for word in _values(labels.get(name))
            for number, condition in self._of_label.get(word, ())
            if _fits(condition, labels)
        }

    @cached_property
    def _index(self) -> PatternIndex:
        return PatternIndex(self.cues)

    def _standing(self, hits: Hits, words: Sequence[str]) -> Mapping[str, float]:
        """Return the greatest weight by key of hits that no idiom covers and, where it matters, no negation voids."""
        readings = self._readings.find(words)
        idioms = covered(readings, "idioms")
        masks = covered(readings, "masks")
        voided = _voided(words, readings.get("voids", ()))
        standing: dict[str, float] = {}
        for key, found in hits.items():
            for hit in found:
                masked = hit.void_if_negated and (hit.first in voided or hit.first in masks or hit.last in masks)
                if not masked and hit.first not in idioms and hit.last not in idioms:
                    standing[key] = max(hit.weight, standing.get(key, 0.0))
        return standing


def _keys(rule_id: str, triggers: Iterable[Trigger]) -> frozenset[str]:
    return frozenset([rule_id, *(f"rule {name}" for trigger in triggers for name in trigger.rules)])


def _signs(rule_id: str, triggers: Mapping[str, Sequence[Trigger]]) -> frozenset[str]:
    """Return the keys of the words without which labels are not enough; empty where they are."""
    names = [rule_id, *(name for trigger in triggers[rule_id] for name in trigger.words_of)]
    return frozenset(f"signs {name}" for name in names if any(trigger.signs for trigger in triggers[name]))


def _words(text: str) -> list[str]:
    plain = _PLACEHOLDER.sub(r"<\1>", text.lower().replace("’", "'"))
    return [SENTENCE_END if word[0] in ".!?;\n" else word for word in _TOKEN.findall(plain)]


def _values(given: Any) -> Iterable[str]:
    return (given,) if isinstance(given, str) else given or ()


def _fits(condition: LabelCondition, labels: Mapping[str, Any]) -> bool:
    known_class = labels.get("event_class")
    if condition.classes and known_class is not None and known_class not in condition.classes:
        return False
    return (
        _is_among(labels.get("escalate"), condition.escalate)
        and _is_among(labels.get("domains"), condition.domains)
        and _is_among(labels.get("disruption_kind"), condition.disruptions)
        and _is_among(labels.get("potential_severity"), condition.severities)
    )


def _is_among(given: Any, asked: Sequence[str]) -> bool:
    """Tell whether one of the words given is asked for; where nothing is asked, anything is right."""
    if not asked:
        return True
    return given in asked if isinstance(given, str) else any(value in asked for value in given or ())


def _long_enough(trigger: Trigger, words: Sequence[str], disruption_hours: float | None) -> bool:
    """Tell whether it may have lasted as long as the trigger asks.

    What goes on has on the form only the hours so far, so that words may say more than the form, and never less.
    """
    if trigger.over_hours is None:
        return True
    return max(disruption_hours or 0.0, longest_hours(words) or 0.0) >= trigger.over_hours


def _voided(words: Sequence[str], hits: Iterable[Hit]) -> set[int]:
    """Indexes of words within the scope of a negation or a might-have; its weight is the length of the scope."""
    voided: set[int] = set()
    for hit in hits:
        for index in range(hit.last + 1, min(hit.last + 1 + int(hit.weight), len(words))):
            if words[index] in _SCOPE_ENDS:
                break
            voided.add(index)
    return voided
