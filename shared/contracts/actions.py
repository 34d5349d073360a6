"""Events of actions: signals raised by the review run, and remedial tasks with what became of them."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field

from shared.contracts.envelope import Event, Id, Short, Wire, Word


class Series(Wire):
    """Which reports a signal looks at; all empty means all reports of the site."""

    domains: tuple[Word, ...] = ()
    factors: tuple[Word, ...] = ()
    match: Word = "all"
    asset: str | None = None
    person: str | None = None


class Signal(Wire):
    """The whole state of a signal: what was seen against what was expected, put as a question."""

    signal_id: Id
    version: int = Field(ge=1)
    status: Word
    kind: Word
    series: Series
    window_from: date
    window_to: date
    observed: int = Field(ge=0)
    expected: float = Field(ge=0)
    exposure: float | None = Field(default=None, ge=0)
    exposure_unit: Word | None = None
    report_ids: tuple[Id, ...] = ()
    question: str
    rule: Word
    rule_version: str
    raised_on: date
    as_of: date
    visibility: Word = "site"


class SignalRaised(Event):
    """A series at a site rose beyond what chance explains."""

    subject_field = "signal.signal_id"
    type: Literal["SignalRaised"] = "SignalRaised"
    signal: Signal


class SignalUpdated(Event):
    """An open signal's figures moved."""

    subject_field = "signal.signal_id"
    type: Literal["SignalUpdated"] = "SignalUpdated"
    signal: Signal


class SignalClosed(Event):
    """The series is back within what chance explains."""

    subject_field = "signal.signal_id"
    type: Literal["SignalClosed"] = "SignalClosed"
    signal: Signal


class Step(Wire):
    """One step of a task and, once done, by which role, when and with what evidence."""

    step_id: Word
    title: str
    evidence_asked: str | None = None
    done_at: AwareDatetime | None = None
    done_by_role: Word | None = None
    note: Short | None = None


class Action(Wire):
    """The whole state of a remedial task; a higher version replaces a lower one."""

    action_id: Id
    version: int = Field(ge=1)
    status: Word
    kind: Word
    title: str
    playbook_id: Word
    playbook_version: str
    strength: Word
    owner_role: Word
    process_measure: str | None = None
    cadence: str | None = None
    due_on: date | None = None
    steps: tuple[Step, ...] = ()
    report_ids: tuple[Id, ...] = ()
    signal_id: Id | None = None
    reason: Short | None = None
    proposed_at: AwareDatetime
    accepted_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None
    visibility: Word = "site"


class ActionEvent(Event):
    """Base of the events of a task: who acted, by role, and the whole state after the act."""

    subject_field = "action.action_id"
    by_role: Word
    action: Action


class ActionProposed(ActionEvent):
    """A playbook matched reports of a site; nobody has decided yet."""

    type: Literal["ActionProposed"] = "ActionProposed"


class ActionChanged(ActionEvent):
    """More evidence was linked, or a detail changed."""

    type: Literal["ActionChanged"] = "ActionChanged"


class ActionAccepted(ActionEvent):
    """Someone took the task on, with a date."""

    type: Literal["ActionAccepted"] = "ActionAccepted"


class ActionDeclined(ActionEvent):
    """Someone decided against the task, with a reason."""

    type: Literal["ActionDeclined"] = "ActionDeclined"


class ActionStepCompleted(ActionEvent):
    """A step was done."""

    type: Literal["ActionStepCompleted"] = "ActionStepCompleted"


class ActionCompleted(ActionEvent):
    """All steps were done and the task was closed."""

    type: Literal["ActionCompleted"] = "ActionCompleted"
