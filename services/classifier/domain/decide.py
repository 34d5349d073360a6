"""Puts probabilities together into labels that the label guide allows; what the reporter answered outranks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.classifier.domain.classification import Answers
from services.classifier.domain.heads import NONE, Floats, Head, Outcome, coded_columns, outcomes
from shared.taxonomy.event_class import (
    DISRUPTION,
    GOOD_CATCH,
    HAZARD,
    LOW_HARM,
    NEAR_MISS,
    NO_HARM,
    REACHED_SOMEONE,
    event_class,
)
from shared.taxonomy.model import Taxonomy

ANY: Final = "any"
_SAFEGUARDING: Final = "safeguarding"
_MAX_DOMAINS: Final = 4
_MAX_FACTORS: Final = 4
_MAX_CAUGHT: Final = 2
_SENIOR_FROM: Final = 0.15
"""From which probability on a statutory or senior code stands where the reporter says that it reached nobody."""
_NEIGHBOUR_SHARE: Final = 0.5
"""How much a level counts for the levels beside it: a grade that is one off is better than one that is two off."""
# Domains that an entry which is no event may keep (label guide, section 1).
_KEPT_WITHOUT_EVENT: Final = ("environment", "records_data")
_OF_NEAR_MISSES: Final = (HAZARD, NEAR_MISS, DISRUPTION, GOOD_CATCH)
_STOPPED: Final = Outcome(True, None)
_NO_EVENT: Final = Outcome(False, None)

Doubles = NDArray[np.float64]


@dataclass(slots=True)
class Decision:
    """The labels of one report and how probable each is.

    Attributes:
        is_near_miss: Whether it was stopped.
        escalate: At most one code.
        domains: The primary first.
        factors: Contributory factors, the most probable first.
        severity: The potential severity.
        caught: Ways of catching.
        disruption: The kind of disruption, or None.
        event_class: The event class.
        contradicted: Whether the reporter says that what the words suggest did not happen.
        outputs: By field: the model's outputs that stand for the labels given; a label that it does not know has none.
        chances: The probability of each output.
        chance_of_primary: Probability of the primary domain, or of there being none.
        chance_of_near_miss: Probability of what `is_near_miss` says.
        chance_of_code: Probability that some code is due, by the outcome and by the class alike.
        chances_of_escalate: Probability of the code that is given.
    """

    is_near_miss: bool
    escalate: tuple[str, ...]
    domains: tuple[str, ...]
    factors: tuple[str, ...]
    severity: str
    caught: tuple[str, ...]
    disruption: str | None
    event_class: str
    contradicted: bool
    outputs: Mapping[str, Sequence[int]]
    chances: Sequence[float]
    chance_of_primary: float
    chance_of_near_miss: float
    chance_of_code: float
    chances_of_escalate: Mapping[str, float]


class _Said(NamedTuple):
    """What the probabilities of one text say by themselves, found for many texts at once.

    Attributes:
        chances: The probability of each output.
        coded: Probability that some code is due.
        stopped: Probability that it was stopped.
        primary: The output of the most probable domain.
        caught: The output of the most probable way of catching.
        disruption: The output of the most probable kind of disruption, none among them.
        kind: The output of the most probable kind of near miss.
        severity: The output of the severity that fits best.
        domains: The outputs of all domains that are probable enough.
        factors: The outputs of all factors that are.
        ways: The outputs of all ways of catching that are.
    """

    chances: list[float]
    coded: float
    stopped: float
    primary: int
    caught: int
    disruption: int
    kind: int
    severity: int
    domains: list[int]
    factors: list[int]
    ways: list[int]


class Decider:
    """Decides all labels of a text together.

    Args:
        taxonomy: The words.
        heads: The model's heads.
        thresholds: By head and label: from which probability on a label is given.
    """

    def __init__(
        self, taxonomy: Taxonomy, heads: dict[str, Head], thresholds: Mapping[str, Mapping[str, float]]
    ) -> None:
        self._heads = heads
        self._labels = [label for head in heads.values() for label in head.labels]
        self._output = {name: dict(zip(head.labels, head.outputs, strict=True)) for name, head in heads.items()}
        first = heads["outcome"].start
        self._outcomes = dict(enumerate(outcomes(taxonomy), first))
        self._stopped, self._no_event = (self._output["outcome"][outcome.name] for outcome in (_STOPPED, _NO_EVENT))
        self._of_code = {
            code: [output for output, found in self._outcomes.items() if found.escalate == code]
            for code in taxonomy.escalations
        }
        self._all_stopped = [output for output, found in self._outcomes.items() if found.is_near_miss]
        self._coded = coded_columns(heads)
        self._kinds = [self._output["event_class"][name] for name in _OF_NEAR_MISSES]
        self._primary_none = self._output["primary_domain"][NONE]
        self._from_primary_to_domain = heads["domains"].start - heads["primary_domain"].start
        self._thresholds = {
            head.name: np.array([thresholds[head.name][label] for label in head.labels])
            for head in heads.values()
            if head.several
        }
        self._any_code = thresholds["escalate"][ANY]

    def __call__(self, chances: Floats, answers: Sequence[Answers]) -> list[Decision]:
        """Decide.

        Args:
            chances: A row for each text: the probability of each output.
            answers: What the reporter of each answered.
        """
        return [self._decision(said, answered) for said, answered in zip(self._said(chances), answers, strict=True)]

    def _said(self, chances: Floats) -> Iterable[_Said]:
        """Find for all texts at once what no answer changes; as doubles, which is what thresholds are."""
        exact = chances.astype(np.float64)
        *primary, _ = self._heads["primary_domain"].outputs
        severity = self._heads["potential_severity"]
        return map(
            _Said,
            exact.tolist(),
            (_sum(exact, self._coded) / 2.0).tolist(),
            _sum(exact, self._all_stopped).tolist(),
            _best(exact, primary),
            _best(exact, self._heads["how_caught"].outputs),
            _best(exact, self._heads["disruption_kind"].outputs),
            _best(exact, self._kinds),
            (_with_neighbours(exact[:, severity.place]).argmax(axis=1) + severity.start).tolist(),
            *(self._probable_enough(exact, name) for name in ("domains", "contributory_factors", "how_caught")),
        )

    def _probable_enough(self, exact: Doubles, name: str) -> list[list[int]]:
        head = self._heads[name]
        given: list[list[int]] = [[] for _ in exact]
        texts, places = np.nonzero(exact[:, head.place] >= self._thresholds[name])
        for text, output in zip(texts.tolist(), (places + head.start).tolist(), strict=True):
            given[text].append(output)
        return given

    def _decision(self, said: _Said, answers: Answers) -> Decision:
        chances, label = said.chances, self._labels.__getitem__
        outcome, contradicted = self._with_answers(self._outcome(said), chances, answers)
        escalate = (outcome.escalate,) if outcome.escalate else ()
        event = outcome.is_near_miss or bool(escalate)
        domains, primary = self._domains(said, outcome) if event else self._without_event(chances)
        factors = _most(said.factors, chances, _MAX_FACTORS) if event else ()
        severity = said.severity if event else self._heads["potential_severity"].start
        ways = (_most(said.ways, chances, _MAX_CAUGHT) or (said.caught,)) if outcome.is_near_miss else ()
        caught = answers.stopped_by if answers.stopped_by and outcome.is_near_miss else tuple(map(label, ways))
        kind = label(said.disruption)
        disruption = answers.disruption_kind or (kind if event and kind != NONE else None)
        return Decision(
            is_near_miss=outcome.is_near_miss,
            escalate=escalate,
            domains=tuple(map(label, domains)),
            factors=tuple(map(label, factors)),
            severity=label(severity),
            caught=caught,
            disruption=disruption,
            event_class=self._class_of(said, outcome, escalate, disruption, answers),
            contradicted=contradicted,
            outputs={
                "domains": domains,
                "contributory_factors": factors,
                "potential_severity": (severity,),
                "how_caught": self._outputs_of("how_caught", caught),
                "disruption_kind": self._outputs_of("disruption_kind", (disruption,) if disruption else ()),
            },
            chances=chances,
            chance_of_primary=primary,
            chance_of_near_miss=said.stopped if outcome.is_near_miss else 1.0 - said.stopped,
            chance_of_code=said.coded,
            chances_of_escalate={code: sum(map(chances.__getitem__, self._of_code[code])) for code in escalate},
        )

    def _outcome(self, said: _Said) -> Outcome:
        """The most probable outcome; a code is given well before it is more probable than none."""
        chances = said.chances
        if said.coded < self._any_code:
            return _STOPPED if chances[self._stopped] >= chances[self._no_event] else _NO_EVENT
        sums = {code: sum(map(chances.__getitem__, outputs)) for code, outputs in self._of_code.items()}
        code = max(sums, key=sums.__getitem__)
        return self._outcomes[max(self._of_code[code], key=chances.__getitem__)]

    def _with_answers(self, outcome: Outcome, chances: Sequence[float], answers: Answers) -> tuple[Outcome, bool]:
        """Let the reporter's answers outrank the words; they never remove a statutory or senior code.

        Returns:
            The outcome that is most probable among those that the answers allow, and whether the answers took back that
            it reached someone.
        """
        reached = True if answers.injured else answers.reached_person
        if reached is True and not outcome.escalate:
            outputs = [place for place, found in self._outcomes.items() if found.escalate and not found.is_near_miss]
            return self._outcomes[max(outputs, key=chances.__getitem__)], False
        if reached is False and outcome.escalate == REACHED_SOMEONE:
            senior = [place for code, places in self._of_code.items() if code != REACHED_SOMEONE for place in places]
            if sum(chances[place] for place in senior) >= _SENIOR_FROM:
                return self._outcomes[max(senior, key=chances.__getitem__)], True
            return _STOPPED, True
        if answers.disruption_kind and not outcome.is_near_miss and not outcome.escalate:
            return _STOPPED, False
        return outcome, False

    def _domains(self, said: _Said, outcome: Outcome) -> tuple[Sequence[int], float]:
        """The outputs of the domains, the primary first, and how probable the primary is."""
        chances, primary = said.chances, said.primary
        none = chances[self._primary_none]
        if outcome.escalate == "death" and none > chances[primary]:
            return (), none
        chosen = _most(said.domains, chances, _MAX_DOMAINS)
        if outcome.escalate == _SAFEGUARDING:
            if not outcome.is_near_miss:
                primary = self._output["primary_domain"][_SAFEGUARDING]
            if (safeguarding := self._output["domains"][_SAFEGUARDING]) not in chosen:
                chosen = (safeguarding, *chosen)
        first = primary + self._from_primary_to_domain
        rest = [domain for domain in chosen if domain != first]
        return (first, *rest[: _MAX_DOMAINS - 1]), chances[primary]

    def _without_event(self, chances: Sequence[float]) -> tuple[Sequence[int], float]:
        """The one domain that an entry which is no event may keep, if any, and how probable that is."""
        primary = max(
            (self._output["primary_domain"][name] for name in (*_KEPT_WITHOUT_EVENT, NONE)), key=chances.__getitem__
        )
        kept = () if primary == self._primary_none else (primary + self._from_primary_to_domain,)
        return kept, chances[primary]

    def _class_of(
        self, said: _Said, outcome: Outcome, escalate: Sequence[str], disruption: str | None, answers: Answers
    ) -> str:
        """The event class by the decision table; which kind of near miss it is says the model."""
        chances, output = said.chances, self._output["event_class"]
        kind = self._labels[said.kind]
        hurt = chances[output[LOW_HARM]] > chances[output[NO_HARM]]
        under_way = chances[output[NEAR_MISS]] >= chances[output[HAZARD]]
        return event_class(
            is_near_miss=outcome.is_near_miss,
            escalate=escalate,
            disruption_kind=disruption,
            injured=hurt if answers.injured is None else answers.injured,
            act_under_way=None if kind == DISRUPTION and disruption else under_way,
            nothing_went_wrong=kind == GOOD_CATCH,
        )

    def _outputs_of(self, field: str, labels: Iterable[str]) -> Sequence[int]:
        outputs = self._output[field]
        return [outputs[label] for label in labels if label in outputs]


def _sum(exact: Doubles, outputs: Sequence[int]) -> Doubles:
    """Add outputs one after the other, as Python's sum does: numpy's own adds in another order, to other last bits."""
    total = exact[:, outputs[0]].copy()
    for output in outputs[1:]:
        total += exact[:, output]
    return total


def _best(exact: Doubles, outputs: Sequence[int]) -> list[int]:
    """Name the most probable of some outputs that lie side by side; of two alike the first."""
    found: list[int] = (exact[:, outputs[0] : outputs[-1] + 1].argmax(axis=1) + outputs[0]).tolist()
    return found


def _with_neighbours(levels: Doubles) -> Doubles:
    """Add to each level of a scale a share of those beside it."""
    beside = np.zeros_like(levels)
    beside[:, 1:] = levels[:, :-1]
    beside[:, :-1] += levels[:, 1:]
    worth: Doubles = levels + _NEIGHBOUR_SHARE * beside
    return worth


def _most(outputs: list[int], chances: Sequence[float], most: int) -> Sequence[int]:
    """Keep the most probable outputs; of two alike the first."""
    return sorted(outputs, key=chances.__getitem__, reverse=True)[:most] if len(outputs) > 1 else outputs
