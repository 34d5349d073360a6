"""Events of the dialogue between reviewers and reporters: facts and times; every word said stays in the vault."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from shared.contracts.envelope import Event, Id, Wire, Word


class DialogueEvent(Event):
    """Base of what is said about one report; `step` numbers the acts of its dialogue from 1, without gaps."""

    subject_field = "report_id"
    report_id: Id
    step: int = Field(ge=1)
    visibility: Word = "site"


class ReportTriaged(DialogueEvent):
    """A person has read the report and said what is to become of it.

    `decision` is accepted or corrected (the model's labels), `level` the rung of the age ladder that the report had
    reached by then: manager, deputy or group.
    """

    type: Literal["ReportTriaged"] = "ReportTriaged"
    report_revision: int = Field(ge=1)
    decision: Word
    by_role: Word
    level: Word
    in_bulk: bool = False


class QuestionAsked(DialogueEvent):
    """A reviewer asked the reporter something, without knowing who it is."""

    type: Literal["QuestionAsked"] = "QuestionAsked"
    by_role: Word


class AnswerGiven(DialogueEvent):
    """The reporter came back with the code and answered the question of a step, or added something of their own."""

    type: Literal["AnswerGiven"] = "AnswerGiven"
    question_step: int | None = Field(default=None, ge=1)


class FeedbackSent(DialogueEvent):
    """The reporter was thanked or told what came of it; `kind` is thanks, outcome or message."""

    type: Literal["FeedbackSent"] = "FeedbackSent"
    kind: Word
    by_role: Word


class FeedbackSeen(DialogueEvent):
    """The reporter opened the return page for the first time after feedback up to `seen_step` was there."""

    type: Literal["FeedbackSeen"] = "FeedbackSeen"
    seen_step: int = Field(ge=1)


class DuplicateSuggested(DialogueEvent):
    """Two reports of one site may tell of the same event; a person decides. `score` lies between 0 and 1."""

    type: Literal["DuplicateSuggested"] = "DuplicateSuggested"
    other_report_id: Id
    score: float = Field(ge=0, le=1)
    reasons: tuple[Word, ...] = ()
    matching_version: str


class DuplicateDecided(DialogueEvent):
    """A person said whether two reports tell of the same event; if so `report_id` is withdrawn and the other counts."""

    type: Literal["DuplicateDecided"] = "DuplicateDecided"
    other_report_id: Id
    same_event: bool
    by_role: Word


class ReportReleased(DialogueEvent):
    """A report that was held from its site may be seen there from now on."""

    type: Literal["ReportReleased"] = "ReportReleased"
    reason: Word
    by_role: Word


class ReportClosed(DialogueEvent):
    """The dialogue over a report is closed, and the key to who told it destroyed where they did not give their name."""

    type: Literal["ReportClosed"] = "ReportClosed"
    outcome: Word
    by_role: Word
    fed_back: bool
    identity_destroyed: bool
    in_bulk: bool = False


class PulseReply(Wire):
    """One question and its answer: 1 (no, never) to 5 (yes, always)."""

    question: Word
    answer: int = Field(ge=1, le=5)


class PulseAnswered(Event):
    """Somebody at a site answered the two pulse questions; nobody knows who, and the time is the day's start."""

    subject_field = "pulse_id"
    type: Literal["PulseAnswered"] = "PulseAnswered"
    pulse_id: Id
    day: date
    replies: tuple[PulseReply, ...] = Field(min_length=1)
    questions_version: str
