"""Events that carry the whole state of something, read alike whatever it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.reporting.domain.states import (
    ACTION,
    CARD,
    DUTY,
    EVALUATION,
    FAULT,
    HUDDLE,
    LEARNING,
    MEETING,
    OCCURRENCE,
    PROGRAMME,
    PROVIDER_WIDE,
    PULSE,
    REBASE,
    RECEIPT,
    REPEAT,
    ROUTINE,
    SIGNAL,
    TOLD,
    State,
)  # fmt: skip
from shared.contracts import actions, cards, dialogue, effectiveness, escalations, learning, upkeep
from shared.contracts.envelope import Event

SITE = "site"
STATED = "stated"
"""The status of what has none of its own."""
ACTIONS = (
    *(actions.ActionProposed, actions.ActionChanged, actions.ActionAccepted, actions.ActionDeclined),
    *(actions.ActionStarted, actions.ActionStepCompleted, actions.ActionCompleted, actions.ActionVerified),
    actions.ActionReopened,
)
STATES: Mapping[type[Event], tuple[str, str, str]] = {
    kind: (collection, field, id_field)
    for collection, field, id_field, kinds in (
        (SIGNAL, "signal", "signal_id", (actions.SignalRaised, actions.SignalUpdated)),
        (SIGNAL, "signal", "signal_id", (actions.SignalReviewed, actions.SignalClosed)),
        (ACTION, "action", "action_id", ACTIONS),
        (DUTY, "duty", "duty_id", (escalations.EscalationAdvised, escalations.DutyAnswered)),
        (
            EVALUATION,
            "evaluation",
            "evaluation_id",
            (effectiveness.EvaluationFixed, effectiveness.EffectivenessAssessed),
        ),
        (ROUTINE, "routine", "routine_id", (actions.RoutineSet,)),
        (OCCURRENCE, "occurrence", "occurrence_id", (actions.OccurrenceDue, actions.OccurrenceCompleted)),
        (OCCURRENCE, "occurrence", "occurrence_id", (actions.OccurrenceMissed,)),
        (PROGRAMME, "programme", "programme_id", (upkeep.ProgrammeAssessed,)),
        (CARD, "card", "card_id", (cards.CardRaised, cards.CardCleared)),
        (REPEAT, "repeat", "repeat_id", (cards.RepeatAsked, cards.RepeatAnswered)),
        (REBASE, "rebase", "rebase_id", (cards.LimitsRebased,)),
        (FAULT, "fault", "fault_id", (upkeep.AssetStatusChanged,)),
        (TOLD, "told", "report_id", (upkeep.PersonTold,)),
        (LEARNING, "learning", "learning_id", (learning.LearningPublished,)),
        (RECEIPT, "receipt", "receipt_id", (learning.LearningReceived,)),
        (HUDDLE, "huddle", "huddle_id", (learning.HuddleShared,)),
        (MEETING, "meeting", "meeting_id", (learning.MeetingSigned,)),
    )
    for kind in kinds
}
"""Events that carry the whole state of something: its kind, the field that holds it, and the name of its id."""


def stated(event: Event) -> tuple[str, State]:
    """Read what an event states, whole; dates become text, as MongoDB knows moments only.

    Args:
        event: One of the kinds in `STATES`.

    Returns:
        Its kind, and the state.
    """
    kind, field, id_field = STATES[type(event)]
    state = getattr(event, field)
    return kind, State(
        provider_id=event.provider_id,
        site_id=event.site_id or PROVIDER_WIDE,
        state_id=getattr(state, id_field),
        version=state.version,
        status=status_of(state),
        visibility=getattr(state, "visibility", SITE),
        body=state.model_dump(mode="json"),
    )


def pulse_state(event: dialogue.PulseAnswered, site_id: str) -> tuple[str, State]:
    """Read what somebody answered to the pulse; it never changes.

    Returns:
        Its kind, and the state.
    """
    body = {"day": event.day.isoformat(), "replies": [reply.model_dump() for reply in event.replies]}
    return PULSE, State(event.provider_id, site_id, event.pulse_id, 1, STATED, SITE, body)


def status_of(state: Any) -> str:
    """Return the owner's word for how a thing stands; an evaluation's is its verdict, once it has one."""
    if isinstance(state, effectiveness.Evaluation):
        return state.verdict.verdict if state.verdict else "not_judged_yet"
    return str(getattr(state, "status", STATED))
