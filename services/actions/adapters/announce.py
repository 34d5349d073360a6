"""From domain to wire: the events of tasks and signals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from services.actions.domain.signals import Event as SignalWord
from services.actions.domain.signals import Signal
from services.actions.domain.tasks import Task
from services.actions.ports import Act
from shared.contracts import actions as wire
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
    )
}
SIGNAL_EVENTS: dict[SignalWord, type[wire.SignalRaised | wire.SignalUpdated | wire.SignalClosed]] = {
    "raised": wire.SignalRaised,
    "updated": wire.SignalUpdated,
    "closed": wire.SignalClosed,
}
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
        action=wire.Action.model_validate(asdict(task)),
    )


def signal_event(
    signal: Signal, word: SignalWord, recorded_at: datetime, effective_at: datetime, replay: bool
) -> Event:
    """Make the event of a review's finding.

    Args:
        signal: The whole state after the review.
        word: What became of it.
        recorded_at: The moment of the transaction.
        effective_at: When it counts from; the end of the reviewed day in a replay.
        replay: Whether it comes from replayed history.
    """
    kind = SIGNAL_EVENTS[word]
    state = {**asdict(signal), "series": {"domains": signal.domains}}
    return kind(
        event_id=event_id(kind.__name__, signal.signal_id, signal.version, f"{signal.rule}@{signal.rule_version}"),
        provider_id=signal.provider_id,
        site_id=signal.site_id,
        recorded_at=recorded_at,
        effective_at=effective_at,
        replay=replay,
        signal=wire.Signal.model_validate(state),
    )
