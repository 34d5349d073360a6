"""What a remedy is judged by, fixed before its effect can be seen, and the verdict that holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.actions.domain.detection.one_series import Series
from services.actions.domain.effectiveness import HarmState
from services.actions.domain.effectiveness import Verdict as Word
from shared.kernel.ids import derived_id

__all__ = ["REVIEW_AFTER_DAYS", "Evaluation", "Span", "Verdict", "again_on", "assessed", "evaluation_id"]

REVIEW_AFTER_DAYS = (30, 90, 180)
"""Days after the start on which a verdict is looked at by people."""
SAID_AGAIN_AFTER = timedelta(days=28)
"""A verdict that has not changed is said again after so long, so that nobody reads figures of last season."""


@dataclass(frozen=True, slots=True)
class Span:
    """Events of the series in some days, and the exposure that they happened in; None where it is not known."""

    first: date
    last: date
    events: int
    exposure: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judgement with its figures, its reasons as codes, and one plain sentence."""

    verdict: Word
    on: date
    baseline: Span
    after: Span
    rate_ratio: float | None
    ci_low: float | None
    ci_high: float | None
    events_needed: int | None
    weeks_more: int | None
    harm_guard: HarmState
    reasons: tuple[str, ...]
    sentence: str
    rule_version: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The whole state of an evaluation; `version` goes up by one with every change that is told.

    Attributes:
        action_id: The task; of what management wrote into its log itself, the id of that line.
        line_id: The line of the log that began it.
        baseline_is_a_rise: Whether the baseline is a rise that a signal had spoken of.
        was_effective: Whether the verdict was EFFECTIVE once.
        was_shown: Whether the last weekly look saw a fall beyond chance.
    """

    evaluation_id: str
    provider_id: str
    site_id: str
    version: int
    action_id: str
    line_id: str
    series: Series
    started_on: date
    baseline_from: date
    baseline_to: date
    baseline_is_a_rise: bool
    wash_in_days: int
    review_on: tuple[date, ...]
    process_measure: str | None
    exposure_unit: str | None
    rule_version: str
    visibility: str
    verdict: Verdict | None = None
    was_effective: bool = False
    was_shown: bool = False


def evaluation_id(provider_id: str, line_id: str) -> str:
    """Derive an evaluation's id: one line of the log is judged once.

    Args:
        provider_id: The tenant.
        line_id: The line.
    """
    return derived_id(f"evaluation|{provider_id}|{line_id}")


def assessed(evaluation: Evaluation, verdict: Verdict) -> Evaluation:
    """Take in a verdict that is new, or differs from the last one."""
    return replace(evaluation, version=evaluation.version + 1, verdict=verdict)


def again_on(evaluation: Evaluation) -> date | None:
    """Return the day from which a verdict is said again though it has not changed; None while there is none.

    That is the next of its review days, and four weeks after it was said at the latest: what holds is watched for a
    relapse as long as the facts of its baseline are kept.

    Args:
        evaluation: The evaluation.
    """
    if evaluation.verdict is None:
        return None
    said = evaluation.verdict.on
    return min([said + SAID_AGAIN_AFTER, *(day for day in evaluation.review_on if day > said)])
