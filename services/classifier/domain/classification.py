"""What goes into and comes out of the decision about a report; how it is decided is elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MODEL_VERSION: Final = "linear-1+79722d9c"
"""The model that this code goes with, named by the content of its files; `train` writes it here."""

Offsets = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the reporter answered on the form; every answer outranks what the words suggest, None and empty say nothing.

    Attributes:
        reached_person: Whether it reached somebody.
        injured: Whether somebody was hurt.
        stopped_by: Names of ways of catching.
        disruption_kind: Name of a disruption kind.
        asset: The asset that the form names, as the register calls it.
    """

    reached_person: bool | None = None
    injured: bool | None = None
    stopped_by: tuple[str, ...] = ()
    disruption_kind: str | None = None
    asset: str | None = None


@dataclass(frozen=True, slots=True)
class Classification:
    """The labels of one report.

    Attributes:
        is_near_miss: Whether it was stopped before it did its damage; None where that could not be decided.
        domains: Domains, the primary first.
        primary_domain: The domain it is filed under, or None.
        contributory_factors: Factors that the words state.
        potential_severity: Worst credible outcome had it not been stopped.
        how_caught: Ways of catching; empty when it is no near miss.
        escalate: At most one escalation code.
        confidence: The probability of each label given, by field; calibrated on texts of authors new to the model.
        evidence: Offsets in the redacted text by `<field>.<label>`.
        event_class: The one event class.
        disruption_kind: Kind of service disruption, or None.
        assets: Assets that the words or the form name.
        prompts: Ids of the escalation rules that fired, the most serious first; advice beside the label.
        needs_review: Whether a person should look before this is relied on.
        review_reason: Why, in words for a person; None when no review is asked.
        taxonomy_version: The taxonomy that it was decided with.
        model_version: The model that decided.
    """

    is_near_miss: bool | None
    domains: tuple[str, ...]
    primary_domain: str | None
    contributory_factors: tuple[str, ...]
    potential_severity: str
    how_caught: tuple[str, ...]
    escalate: tuple[str, ...]
    confidence: Mapping[str, float | Mapping[str, float]]
    evidence: Mapping[str, Offsets]
    event_class: str
    disruption_kind: str | None
    assets: tuple[str, ...]
    prompts: tuple[str, ...]
    needs_review: bool
    review_reason: str | None
    taxonomy_version: str
    model_version: str = field(default=MODEL_VERSION)
