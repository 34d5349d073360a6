"""What people may do with a duty: answer it, follow it up, name the council, note that the recipient was told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime

from services.actions.domain.duties import (
    DOES_NOT_HOLD,
    DONE,
    DONT_KNOW,
    HOLDS,
    NOT_KNOWN,
    OPEN,
    Duty,
    at_council,
    placed,
    timed,
)
from shared.kernel.clock import london_date
from shared.kernel.errors import Conflict, Fault, Invalid, NotFound
from shared.taxonomy.duties import DutyPacks


def answer(
    duty: Duty, version: int, said: str, reason: str | None, since: date | None, role: str, at: datetime
) -> Duty:
    """Answer the duty's question; with a reason, one that is done is opened again and what was noted of it is void.

    Args:
        duty: As it is stored.
        version: As it was seen.
        said: yes, no or dont_know.
        reason: Why, already redacted; needed where the duty is said not to hold, or was done.
        since: The day that a clock counts from, where the report does not tell it.
        role: The role that answers.
        at: The present moment.

    Raises:
        Conflict: the duty has moved on, or is closed.
        Invalid: the reason is missing, or the day lies in the future.
    """
    _expect(duty, version, (*OPEN, DOES_NOT_HOLD, DONE), "answered")
    status = NOT_KNOWN if said == DONT_KNOW else HOLDS if said == duty.holds_if else DOES_NOT_HOLD
    if status == DOES_NOT_HOLD and not reason:
        raise Invalid("say why this duty does not hold", (Fault("must not be blank", "reason"),))
    if duty.status == DONE and not reason:
        raise Invalid("say why this duty is opened again", (Fault("must not be blank", "reason"),))
    _refuse_future(since, at)
    changed = replace(
        duty,
        version=version + 1,
        status=status,
        reason=reason,
        reason_visibility=duty.visibility,
        reference=None,
        since=since or duty.since,
        confirmed_at=duty.confirmed_at or (at if status == HOLDS else None),
        answered_at=at,
        answered_by_role=role,
        done_at=None,
    )
    return timed(changed)


def follow_up(
    duty: Duty, version: int, follow_up_id: str, said: str, since: date | None, role: str, at: datetime
) -> Duty:
    """Answer a follow-up question; where its answer settles that the duty holds, it holds.

    Args:
        duty: As it is stored.
        version: As it was seen.
        follow_up_id: Which question.
        said: yes, no or dont_know.
        since: The day that a clock counts from, where the report does not tell it.
        role: The role that answers.
        at: The present moment.

    Raises:
        Conflict: the duty has moved on, or is closed.
        NotFound: the duty has no such question.
        Invalid: the day lies in the future.
    """
    asked = next((question for question in duty.follow_ups if question.follow_up_id == follow_up_id), None)
    if asked is None:
        raise NotFound(f"duty {duty.duty_id} has no follow-up {follow_up_id}")
    _expect(duty, version, (*OPEN, DOES_NOT_HOLD, DONE), "followed up")
    _refuse_future(since, at)
    answered = replace(asked, answer=said, answered_at=at, answered_by_role=role)
    follow_ups = tuple(answered if question is asked else question for question in duty.follow_ups)
    changed = replace(duty, version=version + 1, follow_ups=follow_ups, since=since or duty.since)
    if asked.holds_if == said and duty.status != DONE:
        changed = replace(changed, status=HOLDS, confirmed_at=duty.confirmed_at or at)
    return timed(changed)


def choose_council(duty: Duty, version: int, council: str, packs: DutyPacks) -> Duty:
    """Say in which council's area the adult is; that council's procedure then holds.

    Args:
        duty: As it is stored.
        version: As it was seen.
        council: One of the duty's councils, or any where the site has none registered.
        packs: The rules.

    Raises:
        Conflict: the duty has moved on, is done or closed.
        Invalid: the duty does not go to a council, or the council is none of the site's.
    """
    _expect(duty, version, (*OPEN, DOES_NOT_HOLD), "given a council")
    if not duty.asks_council:
        raise Invalid(f"duty {duty.duty_id} does not go to a council", (Fault("is not asked here", "council"),))
    if duty.councils and council not in duty.councils:
        raise Invalid(
            "this council is none of the site's", (Fault(f"must be one of {', '.join(duty.councils)}", "council"),)
        )
    changed = at_council(replace(duty, council=council, council_chosen=True), packs)
    return timed(replace(changed, version=version + 1))


def tell(duty: Duty, version: int, reference: str, at: datetime) -> Duty:
    """Note that the recipient was told.

    Args:
        duty: As it is stored.
        version: As it was seen.
        reference: The recipient's reference or where the receipt lies, already redacted.
        at: The present moment.

    Raises:
        Conflict: the duty has moved on, or is answered as one that does not hold, done or closed.
    """
    _expect(duty, version, OPEN, "done")
    return placed(
        replace(
            duty,
            version=version + 1,
            status=DONE,
            reference=reference,
            reference_visibility=duty.visibility,
            done_at=at,
        )
    )


def _refuse_future(since: date | None, at: datetime) -> None:
    if since is not None and since > london_date(at):
        raise Invalid("a clock cannot start on a day to come", (Fault("must be today or earlier", "since"),))


def _expect(duty: Duty, version: int, statuses: Collection[str], act: str) -> None:
    if duty.version != version:
        fault = Fault(f"the current version is {duty.version}", "version")
        raise Conflict(
            f"duty {duty.duty_id} is at version {duty.version}, not {version}: read it and decide again", (fault,)
        )
    if duty.status not in statuses:
        raise Conflict(f"duty {duty.duty_id} is {duty.status} and cannot be {act}: only {', '.join(statuses)} ones can")
