"""Events of the classifier: what a model said of a report, and what a person said instead."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue

from shared.contracts.envelope import Event, Id, Short, Wire, Word
from shared.taxonomy.labels import shape_faults
from shared.taxonomy.precedence import FIELDS, Fact


class Prompt(Wire):
    """A question that a rule of the taxonomy wants a person to answer; advice, never a finding."""

    rule: str
    why: str


class Classification(Wire):
    """One decision of the model over one revision of a report; confidence is between 0 and 1."""

    report_id: Id
    report_revision: int = Field(ge=1)
    source: Word = "model"
    decision_no: int = Field(ge=0)
    is_near_miss: bool | None
    domains: tuple[Word, ...]
    primary_domain: Word | None
    contributory_factors: tuple[Word, ...]
    potential_severity: Word | None
    how_caught: tuple[Word, ...]
    escalate: tuple[Word, ...]
    event_class: Word
    disruption_kind: Word | None = None
    assets: tuple[str, ...] = ()
    confidence: dict[str, JsonValue] = Field(default_factory=dict)
    evidence: dict[str, list[tuple[int, int]]] = Field(default_factory=dict)
    prompts: tuple[Prompt, ...] = ()
    needs_review: bool = False
    review_reason: str | None = None
    taxonomy_version: str
    model_version: str


class ReportClassified(Event):
    """The model tagged a report; the same revision and model give the same event id."""

    subject_field = "classification.report_id"
    type: Literal["ReportClassified"] = "ReportClassified"
    report_received_at: AwareDatetime
    classification: Classification

    def fact(self) -> Fact:
        """Return the decision in the form that the precedence merge takes."""
        said = self.classification
        fields = {name: _plain(getattr(said, name)) for name in FIELDS}
        return Fact("model", said.report_revision, said.decision_no, fields, said.model_version)


def _well_shaped(fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Refuse a known label of the wrong shape, which no reader could count; unknown labels and words pass."""
    if faults := shape_faults({name: value for name, value in fields.items() if name in FIELDS}):
        raise ValueError("; ".join(f"{fault.field} {fault.detail}" for fault in faults))
    return fields


class Correction(Wire):
    """What a person decided of a report; only the fields decided are named."""

    report_id: Id
    report_revision: int = Field(ge=1)
    decision_no: int = Field(ge=0)
    fields: Annotated[dict[str, JsonValue], AfterValidator(_well_shaped)]
    by_role: Word | None = None
    source_system: str | None = None
    reason: Short | None = None
    taxonomy_version: str


class ClassificationCorrected(Event):
    """A person's labels for a report: a correction, or coding that came with an import (decision 0)."""

    subject_field = "correction.report_id"
    type: Literal["ClassificationCorrected"] = "ClassificationCorrected"
    correction: Correction

    def fact(self) -> Fact:
        """Return the decision in the form that the precedence merge takes; unknown fields are left out."""
        said = self.correction
        fields = {name: value for name, value in said.fields.items() if name in FIELDS}
        return Fact("human", said.report_revision, said.decision_no, fields)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
