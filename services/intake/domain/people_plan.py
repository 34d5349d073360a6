"""What applying a list of people would change, shown before it is done; the list is the whole provider."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from services.intake.domain.people import Holding, OnCallHours, Person, RoleState, holders_of, role_key

Kind = Literal["joins", "changes", "leaves"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What happens to one person, in words for who must confirm it."""

    kind: Kind
    person: Person
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a list would change.

    Attributes:
        plan_id: Names exactly this change of exactly this state: where either differs, so does it.
        differences: People who join, change or leave, in this order.
        people: Their next states.
        roles: The next states of the roles that other people hold then, or that are no longer as the people say.
        unchanged: How many stay as they are.
    """

    plan_id: str
    differences: tuple[Difference, ...]
    people: tuple[Person, ...]
    roles: tuple[RoleState, ...]
    unchanged: int


def plan_people(
    provider_id: str, stored: Sequence[Person], told: Sequence[Person], roles: Sequence[RoleState], today: date
) -> Plan:
    """Compare a list with what is known.

    Who is known and not on the list leaves now: their keys, links and roles end with the change.

    Args:
        provider_id: Whose people they are.
        stored: Everybody who is known, those who left too.
        told: Everybody on the list.
        roles: All roles as they are known.
        today: Today in England.
    """
    known = {one.user_id: one for one in stored}
    listed = {one.user_id for one in told}
    leavers = [
        replace(one, holdings=(), last_day=_earlier(one.last_day, today))
        for one in stored
        if one.user_id not in listed and one.holdings
    ]
    differences = []
    for one in [*told, *leavers]:
        before = known.get(one.user_id)
        if before is not None and replace(one, revision=before.revision) == before:
            continue
        following = replace(one, revision=(before.revision if before else 0) + 1)
        differences.append(_difference(before, following))
    changed = tuple(one.person for one in differences)
    future = {one.user_id: one for one in (*stored, *changed)}
    roles_next = _roles(provider_id, list(future.values()), roles, today)
    order = ("joins", "changes", "leaves")
    differences.sort(key=lambda one: (order.index(one.kind), one.person.person_id))
    digest = hashlib.sha256(repr((provider_id, changed, roles_next)).encode()).hexdigest()[:32]
    stays = len(told) - sum(1 for one in differences if one.person.user_id in listed)
    return Plan(digest, tuple(differences), changed, roles_next, stays)


def _earlier(last_day: date | None, today: date) -> date:
    return today if last_day is None else min(last_day, today)


def _roles(
    provider_id: str, people: Sequence[Person], roles: Sequence[RoleState], today: date
) -> tuple[RoleState, ...]:
    """Return the roles whose holders are no longer as stored, with their next revision."""
    wanted = holders_of(people, today)
    known = {one.key: one for one in roles}
    for site_id, role in wanted:
        key = role_key(provider_id, site_id, role)
        known.setdefault(key, RoleState(provider_id, role, site_id))
    following = []
    for _, state in sorted(known.items()):
        holders = wanted.get((state.site_id, state.role), ())
        if holders != state.holders:
            following.append(replace(state, holders=holders, revision=state.revision + 1))
    return tuple(following)


def _difference(before: Person | None, following: Person) -> Difference:
    if not following.holdings:
        return Difference("leaves", following, ("keys, links and roles end at once",))
    if before is None or not before.holdings:
        return Difference("joins", following, tuple(_said(one) for one in following.holdings))
    details = [f"no longer {_said(one)}" for one in before.holdings if one not in following.holdings]
    details += [f"now {_said(one)}" for one in following.holdings if one not in before.holdings]
    if (before.away_from, before.away_to) != (following.away_from, following.away_to):
        details.append(_away(following))
    if before.last_day != following.last_day:
        details.append(f"last day {following.last_day}" if following.last_day else "no last day")
    if before.name != following.name:
        details.append("another name")
    return Difference("changes", following, tuple(details))


def _said(holding: Holding) -> str:
    place = f"at {holding.site_id}" if holding.site_id else "for the whole provider"
    hours = "; ".join(_hours(one) for one in holding.on_call)
    return f"{holding.role.replace('_', ' ')} {place}" + (f" ({hours})" if hours else "")


def _hours(hours: OnCallHours) -> str:
    return f"{','.join(hours.days)} {hours.starts}-{hours.ends}"


def _away(person: Person) -> str:
    if person.away_from is None:
        return "not away"
    return f"away from {person.away_from}" + (f" to {person.away_to}" if person.away_to else "")
