"""Events of actions on what must not wait for statistics: cards, repeats without action, limits that begin anew."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field

from shared.contracts.actions import Series
from shared.contracts.envelope import Event, Id, Short, Wire, Word


class Card(Wire):
    """The whole state of a card: one report that could have killed, shown until what stands in its way is recorded.

    `why`: potential_death, or severe_by_luck (severe, and only luck stopped it). `status`: open, cleared. `ended`:
    recorded (somebody wrote down what now stands in its way), withdrawn (the report was), no_longer (an amendment or
    correction took the reason away). A card is no signal and has no part in the false alarms.
    """

    card_id: Id
    version: int = Field(ge=1)
    status: Word
    report_id: Id
    report_revision: int = Field(ge=1)
    why: Word
    potential_severity: Word
    domains: tuple[Word, ...] = ()
    reported_at: AwareDatetime
    raised_at: AwareDatetime
    for_roles: tuple[Word, ...] = ()
    ended: Word | None = None
    cleared_at: AwareDatetime | None = None
    cleared_by_role: Word | None = None
    in_the_way: Short | None = None
    action_id: Id | None = None
    rule_version: str
    visibility: Word = "site"


class CardRaised(Event):
    """A report could have killed, or an open card was brought up to date; whole state."""

    subject_field = "card.card_id"
    type: Literal["CardRaised"] = "CardRaised"
    card: Card


class CardCleared(Event):
    """Somebody recorded what now stands in the way, or the reason for the card is gone; whole state."""

    subject_field = "card.card_id"
    type: Literal["CardCleared"] = "CardCleared"
    by_role: Word
    card: Card


class Repeat(Wire):
    """The whole state of a question about similar events that go on without an action, or with one that is overdue.

    `about`: person, asset or pathway. `ground`: no_action, or overdue. `status`: asked, answered, closed (an action
    came). `asked_role` is who decides now. `decision`, for a person: consult or no_consult; else act or
    no_action_needed. Nothing is ever sent to a council by the system: to consult is a person's decision and call.
    """

    repeat_id: Id
    version: int = Field(ge=1)
    status: Word
    about: Word
    ground: Word
    series: Series
    window_from: date
    window_to: date
    observed: int = Field(ge=0)
    report_ids: tuple[Id, ...] = ()
    signal_id: Id | None = None
    action_id: Id | None = None
    pack: Word
    pack_version: str
    threshold: int = Field(ge=1)
    window_days: int = Field(ge=1)
    question: str
    source: str
    council: str | None = None
    asked_role: Word
    asked_at: AwareDatetime
    passed_on_at: AwareDatetime | None = None
    decision: Word | None = None
    reason: Short | None = None
    decided_at: AwareDatetime | None = None
    decided_by_role: Word | None = None
    visibility: Word = "site"


class RepeatAsked(Event):
    """Similar events go on without an action: a question to a role, or to the next role; whole state."""

    subject_field = "repeat.repeat_id"
    type: Literal["RepeatAsked"] = "RepeatAsked"
    repeat: Repeat


class RepeatAnswered(Event):
    """A person decided, or an action came before anybody did; whole state."""

    subject_field = "repeat.repeat_id"
    type: Literal["RepeatAnswered"] = "RepeatAnswered"
    by_role: Word
    repeat: Repeat


class Rebase(Wire):
    """A person's decision that a series' limits begin anew on a day, because the service itself changed."""

    rebase_id: Id
    version: int = Field(ge=1)
    series: Series
    begins_on: date
    reason: Short
    signal_id: Id | None = None
    by_role: Word
    decided_at: AwareDatetime
    visibility: Word = "site"


class LimitsRebased(Event):
    """Somebody signed that a series' limits begin anew on a day; whole state."""

    subject_field = "rebase.rebase_id"
    type: Literal["LimitsRebased"] = "LimitsRebased"
    by_role: Word
    rebase: Rebase
