"""A routine: a task that recurs, and what may be done with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from services.actions.domain.occurrences import PLANNED, Occurrence
from services.actions.domain.recurrence import checked_rule, days_due
from shared.kernel.errors import Conflict, Fault, Invalid
from shared.kernel.ids import derived_id

ACTIVE, PAUSED, ENDED = "active", "paused", "ended"
STATUSES = (ACTIVE, PAUSED, ENDED)
OPEN = (ACTIVE, PAUSED)
FROM = {"changed": OPEN, "paused": (ACTIVE,), "resumed": (PAUSED,), "ended": OPEN}
"""For each act the statuses that it may follow."""
GRACE_DAYS_MAX = 60


@dataclass(frozen=True, slots=True)
class Routine:
    """The whole state of a routine; `version` goes up by one with every change.

    Attributes:
        rule: RFC 5545 recurrence rule over the days of England.
        starts_on: From when the rule runs.
        ends_on: The last day on which it may fall due; None for no end.
        grace_days: So many days after the due day it counts as missed, 0 or more.
        steps: What is done each time, in order.
        planned_to: The last day for which occurrences have been made; None for none yet.
        ordinal: 1 for the site's first routine, 2 for the next.
    """

    routine_id: str
    provider_id: str
    site_id: str
    ordinal: int
    version: int
    status: str
    kind: str
    title: str
    rule: str
    starts_on: date
    owner_role: str
    grace_days: int
    visibility: str = "site"
    playbook_id: str | None = None
    playbook_version: str | None = None
    action_id: str | None = None
    ends_on: date | None = None
    steps: tuple[str, ...] = ()
    planned_to: date | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to change of a routine; None leaves a field as it is."""

    title: str | None = None
    rule: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    owner_role: str | None = None
    grace_days: int | None = None


def routine_id(provider_id: str, site_id: str, ordinal: int) -> str:
    """Derive a routine's id."""
    return derived_id(f"routine|{provider_id}|{site_id}|{ordinal}")


def set_up(routine: Routine, today: date) -> Routine:
    """Check a new routine.

    Args:
        routine: As it was asked for.
        today: The present day in England.

    Returns:
        The routine with its rule in tidy form.

    Raises:
        Invalid: names the field that cannot be.
    """
    if routine.starts_on < today:
        raise Invalid("a routine cannot start in the past", (Fault(f"must be {today} or later", "starts_on"),))
    return _checked(routine)


def change(routine: Routine, version: int, changes: Changes, today: date) -> Routine:
    """Change a routine from today on; what fell due before stays as it is.

    Args:
        routine: As it is stored.
        version: As it was seen.
        changes: What is to change.
        today: The present day in England.

    Raises:
        Conflict: the routine has moved on, or has ended.
        Invalid: nothing would change, or names the field that cannot be.
    """
    _expect(routine, version, "changed")
    said = {
        name: value
        for name in ("title", "rule", "starts_on", "ends_on", "owner_role", "grace_days")
        if (value := getattr(changes, name)) is not None
    }
    changed = _checked(replace(routine, **said))
    if changed == routine:
        raise Invalid("nothing would change", (Fault("name a field and its new value", None),))
    if changes.starts_on is not None and changes.starts_on < today:
        raise Invalid("a routine cannot start in the past", (Fault(f"must be {today} or later", "starts_on"),))
    return replace(changed, version=version + 1, planned_to=None)


def pause(routine: Routine, version: int) -> Routine:
    """Let a routine rest; what is planned is taken back, what is due stays due.

    Args:
        routine: As it is stored.
        version: As it was seen.

    Raises:
        Conflict: the routine has moved on, or is not active.
    """
    _expect(routine, version, "paused")
    return replace(routine, version=version + 1, status=PAUSED, planned_to=None)


def resume(routine: Routine, version: int) -> Routine:
    """Take a routine up again, from today on.

    Args:
        routine: As it is stored.
        version: As it was seen.

    Raises:
        Conflict: the routine has moved on, or is not paused.
    """
    _expect(routine, version, "resumed")
    return replace(routine, version=version + 1, status=ACTIVE, planned_to=None)


def end(routine: Routine, version: int, today: date) -> Routine:
    """End a routine for good; what is planned is taken back, what is due stays due.

    Args:
        routine: As it is stored.
        version: As it was seen.
        today: The present day in England.

    Raises:
        Conflict: the routine has moved on, or has ended.
    """
    _expect(routine, version, "ended")
    ends_on = min(routine.ends_on or today, max(today, routine.starts_on))
    return replace(routine, version=version + 1, status=ENDED, ends_on=ends_on, planned_to=None)


def planned(
    routine: Routine, today: date, last: date, known: Collection[date]
) -> tuple[Routine, tuple[Occurrence, ...]]:
    """Make the occurrences up to a day; again and again leads to the same ones.

    What fell due while the job stood still is made too, so that it is done late or counted as missed.

    Args:
        routine: As it is stored.
        today: The present day in England; nothing before it is made anew after a change.
        last: The last day for which occurrences are made.
        known: The days for which there is one already.

    Returns:
        The routine that knows how far it is planned, and the new occurrences.
    """
    if routine.status != ACTIVE or (routine.planned_to is not None and routine.planned_to >= last):
        return routine, ()
    first = max(today, routine.starts_on) if routine.planned_to is None else date.fromordinal(
        routine.planned_to.toordinal() + 1
    )  # fmt: skip
    until = min(last, routine.ends_on or last)
    days = days_due(routine.rule, routine.starts_on, first, until) if first <= until else []
    new = tuple(_occurrence(routine, day) for day in days if day not in known)
    return replace(routine, planned_to=last), new


def _occurrence(routine: Routine, day: date) -> Occurrence:
    return Occurrence(
        occurrence_id=derived_id(f"occurrence|{routine.routine_id}|{day}"),
        provider_id=routine.provider_id,
        site_id=routine.site_id,
        routine_id=routine.routine_id,
        version=0,
        kind=routine.kind,
        title=routine.title,
        status=PLANNED,
        due_on=day,
        grace_days=routine.grace_days,
        owner_role=routine.owner_role,
        visibility=routine.visibility,
    )


def _checked(routine: Routine) -> Routine:
    if routine.ends_on is not None and routine.ends_on < routine.starts_on:
        raise Invalid(
            "a routine cannot end before it starts", (Fault(f"must be {routine.starts_on} or later", "ends_on"),)
        )
    if not 0 <= routine.grace_days <= GRACE_DAYS_MAX:
        raise Invalid("the grace cannot be", (Fault(f"must be 0 to {GRACE_DAYS_MAX} days", "grace_days"),))
    rule = checked_rule(routine.rule, routine.starts_on)
    if routine.ends_on is not None and not days_due(rule, routine.starts_on, routine.starts_on, routine.ends_on):
        raise Invalid(
            "the routine would never fall due", (Fault(f"{rule} does not fall due by {routine.ends_on}", "ends_on"),)
        )
    return replace(routine, rule=rule)


def _expect(routine: Routine, version: int, act: str) -> None:
    if routine.version != version:
        fault = Fault(f"the current version is {routine.version}", "version")
        raise Conflict(
            f"routine {routine.routine_id} is at version {routine.version}, not {version}: read it and decide again",
            (fault,),
        )
    if routine.status not in FROM[act]:
        allowed = " or ".join(FROM[act])
        raise Conflict(f"routine {routine.routine_id} is {routine.status} and cannot be {act}: only {allowed} ones can")
