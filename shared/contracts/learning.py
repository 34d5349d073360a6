"""Events of actions on learning that reaches people: what was learned, who received it, and what meetings decided."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field

from shared.contracts.envelope import Event, Id, Short, Wire, Word


class Learning(Wire):
    """One entry of the learning log: what staff said, and what was done about it.

    `status`: published or withdrawn. `verdict` is the word that the evaluation of `action_id` had when this was
    published, null where there was none. `alert` asks other sites to say that they received it and what they did;
    `for_sites` names them, none means all sites of the provider. `site_id` of the event is null where it came from no
    single site.
    """

    learning_id: Id
    version: int = Field(ge=1)
    status: Word
    you_said: Short
    we_did: Short
    domains: tuple[Word, ...] = ()
    action_id: Id | None = None
    signal_id: Id | None = None
    verdict: Word | None = None
    alert: bool = False
    for_sites: tuple[Id, ...] = ()
    published_at: AwareDatetime
    published_by_role: Word


class LearningPublished(Event):
    """Something was written into the learning log, or taken out of it; whole state."""

    subject_field = "learning.learning_id"
    may_be_provider_wide = True
    type: Literal["LearningPublished"] = "LearningPublished"
    by_role: Word
    learning: Learning


class LearningReceipt(Wire):
    """What one site said to an alert: `status` is received or acted_on."""

    receipt_id: Id
    version: int = Field(ge=1)
    learning_id: Id
    status: Word
    received_at: AwareDatetime
    received_by_role: Word
    acted_at: AwareDatetime | None = None
    acted_by_role: Word | None = None
    note: Short | None = None


class LearningReceived(Event):
    """A site received an alert, or acted on it; whole state."""

    subject_field = "receipt.receipt_id"
    type: Literal["LearningReceived"] = "LearningReceived"
    by_role: Word
    receipt: LearningReceipt


class ShiftTold(Wire):
    """How many of the staff of one shift were told: numbers, never names."""

    shift: Word
    told: int = Field(ge=0)
    staff: int = Field(ge=1)
    on: date


class Huddle(Wire):
    """With how many of each shift the sheet of a month was shared; `month` is its first day."""

    huddle_id: Id
    version: int = Field(ge=1)
    month: date
    learning_ids: tuple[Id, ...] = ()
    shifts: tuple[ShiftTold, ...]


class HuddleShared(Event):
    """The huddle sheet of a month was shared with a shift; whole state."""

    subject_field = "huddle.huddle_id"
    type: Literal["HuddleShared"] = "HuddleShared"
    by_role: Word
    huddle: Huddle


class AgendaItem(Wire):
    """What a meeting had before it: `kind` is signal, verdict, escalation, overdue or decision; what it said that day.

    `subject_id` names the signal, action, duty or earlier decision; of what is held from its site `words` is null.
    `outcome`, of an earlier decision: done, or not_done.
    """

    item_id: Id
    kind: Word
    subject_id: Id | None = None
    about_site: Id | None = None
    words: Short | None = None
    visibility: Word = "site"
    outcome: Word | None = None


class MeetingDecision(Wire):
    """What was decided, which role carries it out, and by when; `item_id` names the agenda's item."""

    decision_id: Id
    item_id: Id | None = None
    words: Short
    owner_role: Word
    due_on: date


class Meeting(Wire):
    """The record of a governance meeting, frozen as it was signed.

    `attended` counts who was there by role. `content_hash` is the SHA-256, in hexadecimal, of the record as canonical
    JSON without the hash itself.
    """

    meeting_id: Id
    version: int = Field(ge=1)
    held_on: date
    attended: dict[Word, int]
    agenda: tuple[AgendaItem, ...] = ()
    decisions: tuple[MeetingDecision, ...] = ()
    signed_at: AwareDatetime
    signed_by_role: Word
    content_hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class MeetingSigned(Event):
    """The record of a meeting was signed and can change no more; provider-wide."""

    subject_field = "meeting.meeting_id"
    may_be_provider_wide = True
    type: Literal["MeetingSigned"] = "MeetingSigned"
    by_role: Word
    meeting: Meeting
