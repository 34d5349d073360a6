"""How the answers of a model in shadow compare with those of the model that speaks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from services.classifier.domain.classification import Classification

COMPARED: Final = (
    "is_near_miss",
    "escalate",
    "event_class",
    "domains",
    "primary_domain",
    "contributory_factors",
    "potential_severity",
    "how_caught",
    "disruption_kind",
    "needs_review",
)
"""The fields that are compared; domains, factors and ways of catching as sets."""


@dataclass(slots=True)
class Tally:
    """Counts of one day for one pair of models.

    Attributes:
        live: Version of the model that speaks.
        shadow: Version of the model that does not.
        day: The day in England.
        compared: Reports that both read.
        agreed: Reports on which both say the same, by field.
        escalations: Reports by who asks for an escalation: both, only_live, only_shadow.
        errors: Reports that the model in shadow could not read, by the error's name.
    """

    live: str
    shadow: str
    day: date
    compared: int = 0
    agreed: Counter[str] = field(default_factory=Counter)
    escalations: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, live: Classification, shadow: Classification) -> None:
        """Count one report that both models read."""
        self.compared += 1
        self.agreed.update(name for name in COMPARED if _same(getattr(live, name), getattr(shadow, name)))
        if live.escalate or shadow.escalate:
            both = bool(live.escalate) and bool(shadow.escalate)
            self.escalations["both" if both else "only_live" if live.escalate else "only_shadow"] += 1

    def plus(self, other: Tally) -> None:
        """Add the counts of another tally of the same models and day."""
        self.compared += other.compared
        self.agreed.update(other.agreed)
        self.escalations.update(other.escalations)
        self.errors.update(other.errors)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A day's counts as they are kept; see Tally."""

    live: str
    shadow: str
    day: date
    compared: int
    agreed: dict[str, int]
    escalations: dict[str, int]
    errors: dict[str, int]


def _same(one: object, other: object) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return set(one) == set(other)
    return one == other
