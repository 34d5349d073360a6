"""Events of actions on escalation: duties that may follow from a report, and what people decided of its escalation."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field

from shared.contracts.envelope import Event, Id, Short, Wire, Word


class DutyClock(Wire):
    """A time that runs for a duty.

    `base` says what it counts from (occurred, first_known, absence_passes_7_days, confirmed); `base_at` and `due_at`
    are null where that moment, or a fixed limit, is not known: an unknown start is unknown, never zero.
    """

    base: Word
    within: str
    base_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None


class FollowUp(Wire):
    """A question that is asked again on a later day."""

    follow_up_id: Word
    question: str
    ask_on: date | None = None
    answer: Word | None = None
    answered_at: AwareDatetime | None = None
    answered_by_role: Word | None = None


class Duty(Wire):
    """The whole state of one duty that may follow from a report, put as a question; never a finding.

    `status`: asked, holds (the answer under which the duty may apply, mostly yes), does_not_hold, not_known, done,
    closed (the report was withdrawn before anyone answered). `legal` is the law's or the council's time, `own_target`
    is ours; the wording and its source stand beside them, to be confirmed by the provider's compliance lead.
    `escalated_to` is the role that was asked, at `escalated_at`, because nobody had answered.
    """

    duty_id: Id
    version: int = Field(ge=1)
    status: Word
    report_id: Id
    report_revision: int = Field(ge=1)
    rule: Word
    pack: Word
    pack_version: str
    route: Word
    recipient: str
    question: str
    why: str
    advice: tuple[str, ...] = ()
    wording: str
    source: str
    legal: DutyClock
    own_target: DutyClock | None = None
    councils: tuple[str, ...] = ()
    council: str | None = None
    follow_ups: tuple[FollowUp, ...] = ()
    reason: Short | None = None
    reference: Short | None = None
    advised_at: AwareDatetime
    answered_at: AwareDatetime | None = None
    answered_by_role: Word | None = None
    done_at: AwareDatetime | None = None
    confirmed_by_compliance: bool = False
    escalated_to: Word | None = None
    escalated_at: AwareDatetime | None = None
    visibility: Word = "site"


class EscalationAdvised(Event):
    """A rule's trigger may hold for a report: one duty, first advised, brought up to date or passed on; whole state."""

    subject_field = "duty.duty_id"
    type: Literal["EscalationAdvised"] = "EscalationAdvised"
    duty: Duty


class DutyAnswered(Event):
    """A person answered a duty's question or a follow-up, named the council, or told the recipient; whole state."""

    subject_field = "duty.duty_id"
    type: Literal["DutyAnswered"] = "DutyAnswered"
    by_role: Word
    duty: Duty


class EscalationDecision(Wire):
    """What people decided of a report's escalation; a higher version replaces a lower one.

    `status`: upheld, removal_proposed (a second reader outside the site has yet to agree), removed. While it is removed
    the report counts as if it had no escalation; the label itself stays. `report_revision` is the one that was read: a
    removal holds for it and earlier ones, an amended report counts again until someone decides anew.
    """

    report_id: Id
    version: int = Field(ge=1)
    status: Word
    code: Word
    reason: Short
    by_role: Word
    decided_at: AwareDatetime
    second_reader_asked: bool = False
    second_role: Word | None = None
    second_reason: Short | None = None
    second_at: AwareDatetime | None = None
    visibility: Word = "site"
    report_revision: int | None = Field(default=None, ge=1)


class EscalationDecided(Event):
    """Someone decided whether a report's escalation stands, or gave the second reading; whole state."""

    subject_field = "decision.report_id"
    type: Literal["EscalationDecided"] = "EscalationDecided"
    by_role: Word
    decision: EscalationDecision
