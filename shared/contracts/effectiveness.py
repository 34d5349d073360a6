"""Events of actions on whether a remedy worked: what was fixed before the start, and the verdicts."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from shared.contracts.actions import Series
from shared.contracts.envelope import Event, Id, Wire, Word


class Span(Wire):
    """Events of a series in some days, and the exposure that they happened in (null where it is not known)."""

    first: date
    last: date
    events: int = Field(ge=0)
    exposure: float | None = Field(default=None, ge=0)


class Verdict(Wire):
    """One judgement: a word of the closed list, its figures, its reasons as codes, and one plain sentence."""

    verdict: Word
    on: date
    baseline: Span
    after: Span
    rate_ratio: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    events_needed: int | None = None
    weeks_more: int | None = None
    harm_guard: Word
    reasons: tuple[Word, ...] = ()
    sentence: str
    rule_version: str


class Evaluation(Wire):
    """What an action is judged by, fixed before it starts; and the verdict that holds, once there is one."""

    evaluation_id: Id
    version: int = Field(ge=1)
    action_id: Id
    series: Series
    started_on: date
    baseline_from: date
    baseline_to: date
    baseline_is_a_rise: bool
    wash_in_days: int = Field(ge=0)
    review_on: tuple[date, ...]
    process_measure: str | None = None
    exposure_unit: Word | None = None
    rule_version: str
    verdict: Verdict | None = None
    visibility: Word = "site"


class EvaluationFixed(Event):
    """Measure, baseline, wash-in and review days of an action were fixed; whole state."""

    subject_field = "evaluation.evaluation_id"
    type: Literal["EvaluationFixed"] = "EvaluationFixed"
    evaluation: Evaluation


class EffectivenessAssessed(Event):
    """A verdict was given for the first time, changed, or was said again with newer figures; whole state."""

    subject_field = "evaluation.evaluation_id"
    type: Literal["EffectivenessAssessed"] = "EffectivenessAssessed"
    evaluation: Evaluation
