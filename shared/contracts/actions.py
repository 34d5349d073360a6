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


class SignalReview(Wire):
    """What a person made of a signal: `decision` is acted_on, watched or dismissed."""

    decision: Word
    reason: Short | None = None
    by_role: Word
    at: AwareDatetime
    action_id: Id | None = None


class Signal(Wire):
    """The whole state of a signal: what was seen against what was expected, put as a question.

    `expected` is null where the rule expects no number. A shared season is told to each of its sites as a signal of its
    own, and `sites` names them all; `logs` are the days of what management did that the signal speaks of.
    """

    signal_id: Id
    version: int = Field(ge=1)
    status: Word
    kind: Word
    series: Series
    window_from: date
    window_to: date
    observed: int = Field(ge=0)
    expected: float | None = Field(ge=0)
    exposure: float | None = Field(default=None, ge=0)
    exposure_unit: Word | None = None
    report_ids: tuple[Id, ...] = ()
    question: str
    rule: Word
    rule_version: str
    raised_on: date
    as_of: date
    visibility: Word = "site"
    sites: tuple[Id, ...] = ()
    logs: tuple[date, ...] = ()
    period_days: int | None = Field(default=None, ge=1)
    provisional: bool = False
    review: SignalReview | None = None


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


class SignalReviewed(Event):
    """A person looked at a signal and decided; whole state."""

    subject_field = "signal.signal_id"
    type: Literal["SignalReviewed"] = "SignalReviewed"
    by_role: Word
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
    """The whole state of a remedial task; a higher version replaces a lower one.

    `status`: proposed, accepted, in_progress, completed, verified, declined, lapsed (nobody took the proposal on). Null
    stands in `escalated_to`, the role that was asked because it is overdue or undecided, where nobody is asked.
    """

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
    verified_at: AwareDatetime | None = None
    verified_by_role: Word | None = None
    reopened: int = Field(default=0, ge=0)
    comments: int = Field(default=0, ge=0)
    asset: str | None = None
    escalated_to: Word | None = None
    escalated_at: AwareDatetime | None = None


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
    """Someone decided against the task, with a reason; or the system noted that nobody took it on (status lapsed)."""

    type: Literal["ActionDeclined"] = "ActionDeclined"


class ActionStepCompleted(ActionEvent):
    """A step was done."""

    type: Literal["ActionStepCompleted"] = "ActionStepCompleted"


class ActionCompleted(ActionEvent):
    """All steps were done and the task was closed."""

    type: Literal["ActionCompleted"] = "ActionCompleted"


class ActionStarted(ActionEvent):
    """Work on the task began."""

    type: Literal["ActionStarted"] = "ActionStarted"


class ActionVerified(ActionEvent):
    """Somebody other than who did it has seen that it is done."""

    type: Literal["ActionVerified"] = "ActionVerified"


class ActionReopened(ActionEvent):
    """A closed task is open again, with a reason."""

    type: Literal["ActionReopened"] = "ActionReopened"


class Routine(Wire):
    """A task that recurs: an inspection, a data verification or a checklist, by an RFC 5545 rule in English time."""

    routine_id: Id
    version: int = Field(ge=1)
    status: Word
    kind: Word
    title: str
    playbook_id: Word | None = None
    action_id: Id | None = None
    rule: str
    starts_on: date
    ends_on: date | None = None
    owner_role: Word
    grace_days: int = Field(ge=0)
    visibility: Word = "site"


class RoutineSet(Event):
    """A routine was made, changed, paused or ended; whole state."""

    subject_field = "routine.routine_id"
    type: Literal["RoutineSet"] = "RoutineSet"
    by_role: Word
    routine: Routine


class Occurrence(Wire):
    """One time that a routine falls due, and what was found: numbers, asset references and a short note.

    `escalated_to` is the role that was asked, at `escalated_at`, because nobody carried the routine out; null where
    nobody was, or once it has been carried out since.
    """

    occurrence_id: Id
    version: int = Field(ge=1)
    routine_id: Id
    kind: Word
    status: Word
    due_on: date
    done_at: AwareDatetime | None = None
    done_by_role: Word | None = None
    checked: int | None = Field(default=None, ge=0)
    wrong: int | None = Field(default=None, ge=0)
    corrected: int | None = Field(default=None, ge=0)
    assets_checked: tuple[str, ...] = ()
    assets_faulty: tuple[str, ...] = ()
    note: Short | None = None
    escalated_to: Word | None = None
    escalated_at: AwareDatetime | None = None
    visibility: Word = "site"


class OccurrenceEvent(Event):
    """Base of the events of one occurrence of a routine."""

    subject_field = "occurrence.occurrence_id"
    occurrence: Occurrence


class OccurrenceDue(OccurrenceEvent):
    """A routine falls due."""

    type: Literal["OccurrenceDue"] = "OccurrenceDue"


class OccurrenceCompleted(OccurrenceEvent):
    """A routine was carried out, with what was found."""

    type: Literal["OccurrenceCompleted"] = "OccurrenceCompleted"


class OccurrenceMissed(OccurrenceEvent):
    """A routine was not carried out in its time, or the next role was asked about it."""

    type: Literal["OccurrenceMissed"] = "OccurrenceMissed"
