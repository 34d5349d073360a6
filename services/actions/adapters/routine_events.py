"""From domain to wire: the events of routines and their occurrences."""

from __future__ import annotations

from datetime import datetime

from services.actions.adapters.fields import fields_of
from services.actions.domain.occurrences import Occurrence
from services.actions.domain.routines import Routine
from services.actions.ports import Act
from shared.contracts import actions as wire
from shared.contracts.envelope import Event
from shared.kernel.ids import event_id

OCCURRENCE_EVENTS: dict[str, type[wire.OccurrenceDue | wire.OccurrenceCompleted | wire.OccurrenceMissed]] = {
    event.__name__: event for event in (wire.OccurrenceDue, wire.OccurrenceCompleted, wire.OccurrenceMissed)
}


def routine_event(routine: Routine, act: Act, recorded_at: datetime) -> Event:
    """Make the event of an act on a routine.

    Args:
        routine: The whole state after the act.
        act: Who did what.
        recorded_at: The moment of the transaction.
    """
    return wire.RoutineSet(
        event_id=event_id("RoutineSet", routine.routine_id, routine.version),
        provider_id=routine.provider_id,
        site_id=routine.site_id,
        recorded_at=recorded_at,
        effective_at=act.at,
        replay=act.replay,
        by_role=act.by_role,
        routine=wire.Routine.model_validate(fields_of(routine)),
    )


def occurrence_event(occurrence: Occurrence, act: Act, recorded_at: datetime) -> Event:
    """Make the event of an occurrence.

    Args:
        occurrence: The whole state after the act.
        act: What happened; an act of the calendar counts from the day on which it had to happen.
        recorded_at: The moment of the transaction.
    """
    return OCCURRENCE_EVENTS[act.event](
        event_id=event_id(act.event, occurrence.occurrence_id, occurrence.version),
        provider_id=occurrence.provider_id,
        site_id=occurrence.site_id,
        recorded_at=recorded_at,
        effective_at=act.at,
        replay=act.replay,
        occurrence=wire.Occurrence.model_validate(fields_of(occurrence)),
    )
