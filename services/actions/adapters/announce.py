"""From domain to wire: the events of tasks, signals, duties and decisions on escalation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.actions.adapters.fields import fields_of
from services.actions.domain.duties import Duty
from services.actions.domain.escalations import Decision
from services.actions.domain.evaluations import Evaluation
from services.actions.domain.signals import Signal
from services.actions.domain.tasks import Task
from services.actions.ports import Act
from shared.contracts import actions as wire
from shared.contracts import effectiveness, escalations
from shared.contracts.envelope import Event
from shared.kernel.ids import event_id

TASK_EVENTS: dict[str, Callable[..., Event]] = {
    event.__name__: event
    for event in (
        wire.ActionProposed,
        wire.ActionChanged,
        wire.ActionAccepted,
        wire.ActionDeclined,
        wire.ActionStepCompleted,
        wire.ActionCompleted,
        wire.ActionStarted,
        wire.ActionVerified,
        wire.ActionReopened,
    )
}
SIGNAL_EVENTS: dict[str, type[wire.SignalRaised | wire.SignalUpdated | wire.SignalClosed]] = {
    "raised": wire.SignalRaised,
    "updated": wire.SignalUpdated,
    "closed": wire.SignalClosed,
}
EVALUATION_EVENTS: dict[str, type[effectiveness.EvaluationFixed | effectiveness.EffectivenessAssessed]] = {
    "EvaluationFixed": effectiveness.EvaluationFixed,
    "EffectivenessAssessed": effectiveness.EffectivenessAssessed,
}
REVIEWED = "reviewed"
DUTY_ANSWERED = "DutyAnswered"
SYSTEM_EVENTS = frozenset({"ActionProposed", "ActionChanged"})


def task_event(task: Task, act: Act, recorded_at: datetime) -> Event:
    """Make the event of an act.

    What the service derives by itself carries the playbook's version in its id; what a person does is
    told apart by the task's version alone.

    Args:
        task: The whole state after the act.
        act: Who did what.
        recorded_at: The moment of the transaction.
    """
    derived_with = f"{task.playbook_id}@{task.playbook_version}" if act.event in SYSTEM_EVENTS else ""
    return TASK_EVENTS[act.event](
        event_id=event_id(act.event, task.action_id, task.version, derived_with),
        provider_id=task.provider_id,
        site_id=task.site_id,
        recorded_at=recorded_at,
        effective_at=act.at,
        replay=act.replay,
        by_role=act.by_role,
        action=wire.Action.model_validate(fields_of(task)),
    )


def signal_event(
    signal: Signal, word: str, recorded_at: datetime, effective_at: datetime, replay: bool, by_role: str = ""
) -> Event:
    """Make the event of a review run's finding, or of what a person made of it.

    Args:
        signal: The whole state afterwards.
        word: What became of it: raised, updated, closed, reviewed.
        recorded_at: The moment of the transaction.
        effective_at: When it counts from; the end of the reviewed day in a replay.
        replay: Whether it comes from replayed history.
        by_role: The role that reviewed it; empty for the service itself.
    """
    state = wire.Signal.model_validate(fields_of(signal))
    if word == REVIEWED:
        return wire.SignalReviewed(
            event_id=event_id("SignalReviewed", signal.signal_id, signal.version),
            provider_id=signal.provider_id,
            site_id=signal.site_id,
            recorded_at=recorded_at,
            effective_at=effective_at,
            by_role=by_role,
            signal=state,
        )
    kind = SIGNAL_EVENTS[word]
    return kind(
        event_id=event_id(kind.__name__, signal.signal_id, signal.version, f"{signal.rule}@{signal.rule_version}"),
        provider_id=signal.provider_id,
        site_id=signal.site_id,
        recorded_at=recorded_at,
        effective_at=effective_at,
        replay=replay,
        signal=state,
    )


def evaluation_event(
    evaluation: Evaluation, word: str, recorded_at: datetime, effective_at: datetime, replay: bool
) -> Event:
    """Make the event of an evaluation that was fixed, or got another verdict.

    Args:
        evaluation: The whole state afterwards.
        word: The event's type word.
        recorded_at: The moment of the transaction.
        effective_at: When it counts from; the end of the reviewed day in a replay.
        replay: Whether it comes from replayed history.
    """
    kind = EVALUATION_EVENTS[word]
    rules = evaluation.verdict.rule_version if evaluation.verdict else evaluation.rule_version
    return kind(
        event_id=event_id(word, evaluation.evaluation_id, evaluation.version, f"effectiveness@{rules}"),
        provider_id=evaluation.provider_id,
        site_id=evaluation.site_id,
        recorded_at=recorded_at,
        effective_at=effective_at,
        replay=replay,
        evaluation=effectiveness.Evaluation.model_validate(fields_of(evaluation)),
    )


def duty_event(duty: Duty, act: Act, recorded_at: datetime) -> Event:
    """Make the event of a duty: advised or brought up to date by the service, or answered by a person.

    Args:
        duty: The whole state after the act.
        act: Who did what.
        recorded_at: The moment of the transaction.
    """
    state = escalations.Duty.model_validate(fields_of(duty))
    if act.event == DUTY_ANSWERED:
        return escalations.DutyAnswered(
            event_id=event_id(DUTY_ANSWERED, duty.duty_id, duty.version),
            provider_id=duty.provider_id,
            site_id=duty.site_id,
            recorded_at=recorded_at,
            effective_at=act.at,
            replay=act.replay,
            by_role=act.by_role,
            duty=state,
        )
    return escalations.EscalationAdvised(
        event_id=event_id("EscalationAdvised", duty.duty_id, duty.version, f"{duty.pack}@{duty.pack_version}"),
        provider_id=duty.provider_id,
        site_id=duty.site_id,
        recorded_at=recorded_at,
        effective_at=act.at,
        replay=act.replay,
        duty=state,
    )


def decision_event(decision: Decision, act: Act, recorded_at: datetime) -> Event:
    """Make the event of a decision on a report's escalation; who decided is told by role alone.

    Args:
        decision: The whole state after the act.
        act: Who did what.
        recorded_at: The moment of the transaction.
    """
    return escalations.EscalationDecided(
        event_id=event_id("EscalationDecided", f"{decision.provider_id}|{decision.report_id}", decision.version),
        provider_id=decision.provider_id,
        site_id=decision.site_id,
        recorded_at=recorded_at,
        effective_at=act.at,
        by_role=act.by_role,
        decision=escalations.EscalationDecision.model_validate(fields_of(decision)),
    )
