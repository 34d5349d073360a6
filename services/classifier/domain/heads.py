"""What the model answers, label by label: which of its outputs belong together and how they become probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.taxonomy.event_class import (
    DISRUPTION,
    ESCALATED,
    GOOD_CATCH,
    HAZARD,
    LOW_HARM,
    NEAR_MISS,
    NO_HARM,
    NOT_AN_EVENT,
)
from shared.taxonomy.model import Taxonomy

NONE: Final = "none"
_STOPPED: Final = "stopped"
_CLASSES: Final = (HAZARD, NEAR_MISS, DISRUPTION, GOOD_CATCH, NO_HARM, LOW_HARM, ESCALATED, NOT_AN_EVENT)
_CODED_CLASSES: Final = (NO_HARM, LOW_HARM, ESCALATED)
# Codes that a stopped event may carry too (label guide, section 1).
_CODES_OF_STOPPED: Final = ("safeguarding", "riddor", "police")

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Head:
    """One question to the text.

    Attributes:
        name: What it is about.
        labels: Its answers; one output of the model for each.
        several: Whether any number of answers may hold, each by itself; else exactly one holds.
        start: The place of its first output.
    """

    name: str
    labels: tuple[str, ...]
    several: bool
    start: int

    @property
    def place(self) -> slice:
        """Where its outputs stand."""
        return slice(self.start, self.start + len(self.labels))

    @property
    def outputs(self) -> range:
        """Its outputs, one for each label."""
        return range(self.start, self.start + len(self.labels))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer to what became of an event: stopped or not, and the escalation code, if any."""

    is_near_miss: bool
    escalate: str | None

    @property
    def name(self) -> str:
        """Its name among the labels of the head `outcome`."""
        return " ".join(part for part in (_STOPPED if self.is_near_miss else "", self.escalate or "") if part) or NONE


def outcomes(taxonomy: Taxonomy) -> tuple[Outcome, ...]:
    """List the outcomes that the label guide knows: stopped, with three codes; completed, by code; no event."""
    return (
        Outcome(True, None),
        *(Outcome(True, code) for code in _CODES_OF_STOPPED),
        Outcome(False, None),
        *(Outcome(False, code) for code in taxonomy.escalations),
    )


def heads_of(taxonomy: Taxonomy) -> dict[str, Head]:
    """List the model's heads for a taxonomy, in the order of their outputs."""
    domains = tuple(taxonomy.domains)
    asked = (
        ("domains", domains, True),
        ("primary_domain", (*domains, NONE), False),
        ("contributory_factors", tuple(taxonomy.factors), True),
        ("outcome", tuple(outcome.name for outcome in outcomes(taxonomy)), False),
        ("potential_severity", tuple(taxonomy.severities), False),
        ("how_caught", tuple(taxonomy.how_caught), True),
        ("disruption_kind", (NONE, *taxonomy.disruption_kinds), False),
        ("event_class", _CLASSES, False),
    )
    heads: dict[str, Head] = {}
    start = 0
    for name, labels, several in asked:
        heads[name] = Head(name, labels, several, start)
        start += len(labels)
    return heads


def outputs_of(heads: dict[str, Head]) -> int:
    """Count the outputs of some heads."""
    return sum(len(head.labels) for head in heads.values())


def coded_columns(heads: dict[str, Head]) -> list[int]:
    """Name the outputs that say that some code is due: half of their sum is its probability, by two heads alike."""
    outcome, kinds = heads["outcome"], heads["event_class"]
    plain = (Outcome(True, None).name, Outcome(False, None).name)
    return [
        *(outcome.start + place for place, label in enumerate(outcome.labels) if label not in plain),
        *(kinds.start + place for place, label in enumerate(kinds.labels) if label in _CODED_CLASSES),
    ]


def probabilities(scores: Floats, heads: dict[str, Head]) -> Floats:
    """Turn scores into probabilities: a logistic for heads of several answers, a softmax for the others.

    Args:
        scores: A row for each text, a column for each output.
        heads: The heads whose outputs the columns are.
    """
    result = np.empty_like(scores)
    for head in heads.values():
        part = scores[:, head.place]
        if head.several:
            result[:, head.place] = 1.0 / (1.0 + np.exp(-np.clip(part, -30.0, 30.0)))
        else:
            powers = np.exp(part - part.max(axis=1, keepdims=True))
            result[:, head.place] = powers / powers.sum(axis=1, keepdims=True)
    return result
