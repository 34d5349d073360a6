"""Shows the words that led to each label, and says why a person should look."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.classifier.domain.classification import Offsets
from services.classifier.domain.decide import Decision
from services.classifier.domain.heads import Head, Outcome
from services.classifier.domain.model import Found
from services.classifier.domain.reading import Reading
from shared.taxonomy.event_class import REACHED_SOMEONE
from shared.taxonomy.model import EscalationRule, Taxonomy

_SHARE_OF_BEST: Final = 0.5
_LEAST: Final = 0.05
_UNSURE_OF_DOMAIN: Final = 0.4
_UNSURE_OF_NEAR_MISS: Final = 0.7
_SHARE_OF_THRESHOLD: Final = 0.6
Places = NDArray[np.intp]
_FAMILIES: Final = {
    "domains": "domain",
    "contributory_factors": "factor",
    "potential_severity": "severity",
}


class _Shown(NamedTuple):
    """What evidence of an output's label needs: how it is called, the rules that speak for the label."""

    name: str
    rule_key: str


class Columns:
    """How the evidence for each of the model's outputs is called, and the labels of those outputs.

    Args:
        heads: The model's heads.
        known: Every outcome that an event may have.
    """

    def __init__(self, heads: Mapping[str, Head], known: Iterable[Outcome]) -> None:
        self.labels = [label for head in heads.values() for label in head.labels]
        self.shown = [
            _Shown(f"{field}.{label}", f"{_FAMILIES.get(field)}:{label}")
            for field, head in heads.items()
            for label in head.labels
        ]
        outcomes = heads["outcome"]
        self._of_outcome = {
            (outcome.is_near_miss, outcome.escalate): outcomes.start + outcomes.labels.index(outcome.name)
            for outcome in known
        }
        for (_, code), output in self._of_outcome.items():
            self.shown[output] = _Shown(f"escalate.{code}" if code else "is_near_miss", "")

    def of_outcome(self, decision: Decision) -> int:
        """Name the output for what became of the event: for the code where there is one, else for the near miss."""
        return self._of_outcome[decision.is_near_miss, decision.escalate[0] if decision.escalate else None]


def evidence_of(
    decisions: Sequence[Decision],
    found: Found,
    columns: Columns,
    readings: Sequence[Reading],
    fired: Sequence[Sequence[EscalationRule]],
) -> Sequence[Mapping[str, Offsets]]:
    """Show the words that led to each label: those that weigh most for it, and what the rules for it hit.

    Args:
        decisions: The labels of each text.
        found: What the model made of the texts.
        columns: The names of the outputs.
        readings: What the rules hit in each.
        fired: The escalation rules that fired in each.

    Returns:
        For each text offsets by `<field>.<label>`; a label that follows from no word is absent.
    """
    wanted = [
        [*itertools.chain.from_iterable(decision.outputs.values()), columns.of_outcome(decision)]
        for decision in decisions
    ]
    asked = list(itertools.chain.from_iterable(wanted))
    texts = np.repeat(np.arange(len(wanted)), [len(of_text) for of_text in wanted])
    telling = _telling(found, texts, np.array(asked))
    hit = _hit_by_rules(wanted, columns, decisions, readings, fired)
    numbers, firsts, lasts = (np.concatenate(pair) for pair in zip(telling, hit, strict=True))
    spans, bounds = _merged(numbers, *_offsets(texts[numbers], firsts, lasts, readings), len(asked))
    evidence: list[dict[str, Offsets]] = [{} for _ in decisions]
    for text, output, start, end in zip(texts.tolist(), asked, bounds, bounds[1:], strict=False):
        if start < end:
            evidence[text][columns.shown[output].name] = tuple(spans[start:end])
    return evidence


def _telling(found: Found, texts: Places, outputs: Places) -> tuple[Places, Places, Places]:
    """List the features that say most for some outputs: at least half of what the most telling of a text says.

    Args:
        found: What the model made of the texts.
        texts: By number of what is asked: the text.
        outputs: The same: the output.

    Returns:
        By feature: the number of what it tells of, its first and its last word.
    """
    features = np.diff(found.starts, append=len(found.rows))[texts]
    ends = features.cumsum()
    starts = ends - features
    numbers = np.repeat(np.arange(len(outputs)), features)
    rows = np.arange(ends[-1]) + (found.starts[texts] - starts)[numbers]
    said = found.rows[rows, outputs[numbers]]
    floor = (found.lengths * _LEAST).astype(np.float32)
    least = np.maximum(np.maximum.reduceat(said, starts) * np.float32(_SHARE_OF_BEST), floor[texts])
    telling = np.flatnonzero(said >= least[numbers])
    rows = rows[telling]
    return numbers[telling], found.firsts[rows], found.lasts[rows]


def _hit_by_rules(
    wanted: Sequence[Sequence[int]],
    columns: Columns,
    decisions: Sequence[Decision],
    readings: Sequence[Reading],
    fired: Sequence[Sequence[EscalationRule]],
) -> tuple[Places, Places, Places]:
    """List what the rules for the same outputs hit, in the form of `_telling`."""
    found: list[tuple[int, int, int]] = []
    first = 0
    for outputs, decision, reading, rules in zip(wanted, decisions, readings, fired, strict=True):
        hits = reading.hits
        for number, output in enumerate(outputs, first):
            if (key := columns.shown[output].rule_key) in hits:
                found.extend([(number, hit.first, hit.last) for hit in hits[key]])
        first += len(outputs)
        for rule in rules:
            if rule.code in decision.escalate:
                found.extend([(first - 1, hit.first, hit.last) for hit in hits[f"rule:{rule.id}"]])
    numbers, firsts, lasts = np.array(found, np.intp).reshape(-1, 3).T
    return numbers, firsts, lasts


def _offsets(texts: Places, firsts: Places, lasts: Places, readings: Sequence[Reading]) -> tuple[Places, Places]:
    """Say where words of some texts begin and end, in code points of their text."""
    parts = [reading.tokens.parts for reading in readings]
    ends = np.fromiter(map(len, itertools.chain.from_iterable(parts)), np.intp).cumsum()
    first_part = np.cumsum([0, *map(len, parts)])[:-1][texts]
    before = np.cumsum([0, *(len(reading.tokens.text) for reading in readings)])[:-1][texts]
    return ends[first_part + 2 * firsts] - before, ends[first_part + 2 * lasts + 1] - before


def _merged(numbers: Places, starts: Places, ends: Places, count: int) -> tuple[list[tuple[int, int]], list[int]]:
    """Put the spans of each number in order and join those that touch or lie over each other.

    Args:
        numbers: By span: the number that it belongs to.
        starts: Where each begins.
        ends: Where each ends.
        count: How many numbers there are.

    Returns:
        All joined spans, number by number, and where those of each number begin; behind the last, where they end.
    """
    apart = numbers * (int(ends.max(initial=0)) + 1)  # one number behind the other on one line: one pass does all
    order = np.argsort(apart + starts)
    line, reached = (apart + starts)[order], np.maximum.accumulate((apart + ends)[order])
    begins = np.flatnonzero(np.append(True, line[1:] > reached[:-1])[: len(line)])
    apart = apart[order][begins]
    until = reached[np.append(begins[1:], len(line)) - 1] if len(line) else reached
    spans = list(zip((line[begins] - apart).tolist(), (until - apart).tolist(), strict=True))
    return spans, np.searchsorted(numbers[order][begins], np.arange(count + 1)).tolist()


def confidence_of(decision: Decision, labels: Sequence[str]) -> Mapping[str, float | Mapping[str, float]]:
    """State how probable each label is: a number for `primary_domain`, `is_near_miss` and `event_class`, else by label.

    The probabilities are calibrated on texts of authors whom the model had not read.

    Args:
        decision: The labels.
        labels: Of the model's outputs, in their order.
    """
    confidence: dict[str, float | Mapping[str, float]] = {
        "is_near_miss": round(decision.chance_of_near_miss, 4),
        "primary_domain": round(decision.chance_of_primary, 4),
    }
    chances = decision.chances
    for field, outputs in decision.outputs.items():
        if outputs:
            confidence[field] = {labels[output]: round(chances[output], 4) for output in outputs}
    if decision.escalate:
        confidence["escalate"] = {code: round(chance, 4) for code, chance in decision.chances_of_escalate.items()}
    return confidence


def review_reason(  # noqa: PLR0911 - one return for each reason
    decision: Decision, fired: Sequence[EscalationRule], taxonomy: Taxonomy, code_from: float
) -> str | None:
    """Say why a person should look at a decided report.

    Args:
        decision: The labels.
        fired: The escalation rules that fired.
        taxonomy: The titles of the escalation codes.
        code_from: From which probability on a code is given.

    Returns:
        The reason in words for a person, or None.
    """
    if decision.contradicted:
        return "The words suggest that it reached someone; the reporter says that it did not."
    code = decision.escalate[0] if decision.escalate else None
    if code and code != REACHED_SOMEONE:
        return f"Somebody with a statutory or senior role may have to see it: {taxonomy.escalations[code].title}."
    statutory = next((rule for rule in fired if rule.code != REACHED_SOMEONE), None)
    if statutory and statutory.code != code:
        return f"A rule asks for a look, though the whole text does not: {taxonomy.escalations[statutory.code].title}."
    if not code and decision.chance_of_code >= _SHARE_OF_THRESHOLD * code_from:
        return "It may have reached someone; the words do not settle it."
    if decision.chance_of_near_miss < _UNSURE_OF_NEAR_MISS:
        return "The words say both that it was stopped and that it reached someone."
    if decision.chance_of_primary < _UNSURE_OF_DOMAIN:
        return "The words do not show plainly which domain it belongs to."
    return None
