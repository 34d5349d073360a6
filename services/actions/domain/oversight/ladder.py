"""Who is asked next about what stays undone or unanswered: roles in order, each after a set time, each once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from services.actions.domain.duties import ASKED, Duty
from services.actions.domain.facts import HELD
from services.actions.domain.occurrences import MISSED, Occurrence
from shared.taxonomy.oversight import DutyStep, OverdueStep


@dataclass(frozen=True, slots=True)
class Miss:
    """One missed occurrence, as far as it matters for which of a routine's is asked about."""

    occurrence_id: str
    routine_id: str
    due_on: date


def occurrence_passed_on(
    occurrence: Occurrence, steps: Sequence[OverdueStep], today: date, at: datetime, absent: Collection[str] = ()
) -> Occurrence:
    """Ask the next role about a missed occurrence; after a standstill the last one whose time has come.

    Args:
        occurrence: As it is stored.
        steps: After how many days since it was counted as missed it goes to whom, the soonest first.
        today: The present day in England.
        at: The present moment.
        absent: Roles that cannot be asked at its site today.

    Returns:
        The occurrence with a new version, or the very same one where nobody new is to be asked.
    """
    if occurrence.status != MISSED:
        return occurrence
    late_days = (today - occurrence.missed_on).days
    asked, visibility = occurrence.escalated_to, occurrence.visibility
    step = next_step(steps, late_days, occurrence.owner_role, asked, visibility, absent)
    if step is None:
        return occurrence
    return replace(occurrence, version=occurrence.version + 1, escalated_to=step.role, escalated_at=at)


def occurrence_at_rest(occurrence: Occurrence) -> Occurrence:
    """Ask nobody any more about a missed occurrence whose routine was carried out since."""
    return replace(occurrence, version=occurrence.version + 1, escalated_to=None, escalated_at=None)


def next_step(
    steps: Sequence[OverdueStep],
    late_days: int,
    owner_role: str,
    asked: str | None,
    visibility: str,
    absent: Collection[str] = (),
) -> OverdueStep | None:
    """Return the step whose time has come and whose role has not been asked; the last of them after a standstill.

    What is held from its site goes to the last role alone; see `turn` for who stands in for whom.

    Args:
        steps: The soonest first.
        late_days: Whole days that it is late.
        owner_role: Whose it is: a step to a role that owns it is passed over.
        asked: The role that was asked last; None where nobody was.
        visibility: site, or held.
        absent: Roles that cannot be asked at the site today.
    """
    roles = [step.role for step in steps]
    free = [owner_role not in step.owners and step.role not in absent for step in steps]
    come = [late_days >= step.days for step in steps]
    number = turn(free, come, roles.index(asked) if asked in roles else -1, held=visibility == HELD)
    return None if number is None else steps[number]


def turn(free: Sequence[bool], come: Sequence[bool], asked: int, *, held: bool) -> int | None:
    """Return the number of the step whose role is to be asked now; None where nobody new is.

    The roles of the site that are free to be asked take the site's times in order, so that the next of them stands in
    for one that is not. The last role is outside the site: it has a time of its own and stands in for nobody.

    Args:
        free: By step whether its role can be asked at all.
        come: By step whether its time has come.
        asked: The number of the role that was asked last; -1 where nobody was. Nobody before it is asked again.
        held: Whether it is held from its site, so that the last role alone may know of it.
    """
    last = len(free) - 1
    site = [] if held else [number for number in range(last) if free[number]]
    ready = [number for place, number in enumerate(site) if come[place]]
    if free[last] and come[last]:
        ready.append(last)
    return ready[-1] if ready and ready[-1] > asked else None


def neglected(missed: Iterable[Miss], done_on: Mapping[str, date]) -> dict[str, Miss]:
    """Return by routine the one missed occurrence that is asked about: the first since it was last carried out.

    One question stands for all that follow it, so that a daily check missed for a week is one line and not seven.

    Args:
        missed: Missed occurrences of routines.
        done_on: By routine the day on which it was last carried out, late or not; none where it never was.
    """
    first: dict[str, Miss] = {}
    for miss in missed:
        if miss.due_on <= done_on.get(miss.routine_id, date.min):
            continue
        known = first.get(miss.routine_id)
        if known is None or (miss.due_on, miss.occurrence_id) < (known.due_on, known.occurrence_id):
            first[miss.routine_id] = miss
    return first


def duty_passed_on(
    duty: Duty, steps: Sequence[DutyStep], last_role: str, now: datetime, absent: Collection[str] = ()
) -> Duty:
    """Ask the next role about a duty that nobody has answered; after a standstill the last one whose time has come.

    One that is held from its site goes to the last role alone; one that was found later, as when old reports are read
    anew, to nobody.

    Args:
        duty: As it is stored.
        steps: When it goes to whom, the soonest first.
        last_role: Whom the duty's pack names for the last step.
        now: The present moment.
        absent: Roles that cannot be asked at its site today.

    Returns:
        The duty with a new version, or the very same one where nobody new is to be asked.
    """
    if duty.status != ASKED or duty.found_later:
        return duty
    roles = [step.role or last_role for step in steps]
    before = roles.index(duty.escalated_to) if duty.escalated_to in roles else -1
    come = [now >= duty_step_at(duty, step) for step in steps]
    number = turn([step.role not in absent for step in steps], come, before, held=duty.visibility == HELD)
    if number is None:
        return duty
    return replace(duty, version=duty.version + 1, escalated_to=roles[number], escalated_at=now)


def duty_step_at(duty: Duty, step: DutyStep) -> datetime:
    """Return from when on a step's role is asked: after its hours or when the time runs out, whichever is first.

    Args:
        duty: The duty; its time is the sooner of the law's and our own target, where either is known.
        step: The step; whatever the time, people have its `at_least_h` to answer.
    """
    after = duty.advised_at + timedelta(hours=step.hours)
    sooner = after if duty.due_at is None else min(after, duty.due_at)
    return max(sooner, duty.advised_at + timedelta(hours=step.at_least_h))
