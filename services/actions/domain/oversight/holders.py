"""Who holds a role at a moment: there, not away, and on call where hours are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from shared.kernel.clock import LONDON

__all__ = ["Holder", "Hours", "RoleHolders", "Step", "absent_roles", "candidates", "present_on", "there_at"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GROUP_ROLES = {"group_on_call": "on_call", "group_lead": "group_lead"}
"""Roles that are always the group's, and what the registry calls them there."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of each of some days in English local time; an end at or before the start is on the next day."""

    days: tuple[str, ...]
    starts: str
    ends: str


@dataclass(frozen=True, slots=True)
class Holder:
    """A person who holds a role; without hours at all times."""

    user_id: str
    away_from: date | None = None
    away_to: date | None = None
    on_call: tuple[Hours, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleHolders:
    """Who holds a role at a site, or for the whole group; `work_address` is the role's, never a person's."""

    provider_id: str
    site_id: str | None
    role: str
    revision: int
    work_address: str | None
    holders: tuple[Holder, ...]


def candidates(site_id: str | None, role: str) -> list[tuple[str | None, str]]:
    """Return where to look for a role's holders, nearest first: the site, the group's same role, the group on call.

    Args:
        site_id: The site; None for the group.
        role: The role that is asked for.
    """
    if role in GROUP_ROLES:
        found: list[tuple[str | None, str]] = [(None, GROUP_ROLES[role])]
    else:
        found = [(site_id, role), (None, role)] if site_id else [(None, role)]
    return [*found, *(place for place in ((None, "on_call"), (None, "group_lead")) if place not in found)]


def there_at(held: RoleHolders, moment: datetime) -> tuple[str, ...]:
    """Return the ids of those who hold a role and are there at a moment.

    Args:
        held: The role.
        moment: Aware.
    """
    return tuple(holder.user_id for holder in held.holders if _there(holder, moment))


def present_on(held: RoleHolders, day: date) -> bool:
    """Tell whether anybody who holds a role is not away on a day; hours of call do not matter for what waits for days.

    Args:
        held: The role.
        day: In England.
    """
    return not all(_away(holder, day) for holder in held.holders)


class Step(Protocol):
    """What steps of every kind have."""

    @property
    def role(self) -> str | None:
        """Return who is asked; None where that is not of the site."""
        ...

    @property
    def if_held(self) -> bool:
        """Tell whether only where the register names somebody."""
        ...


def absent_roles(held: Mapping[str, RoleHolders], steps: Iterable[Step], day: date) -> frozenset[str]:
    """Return the roles of steps that cannot be asked at a site on a day.

    All who hold the role are away; or nobody does and the step is for held roles alone. A role that is unknown to the
    register is asked all the same where the step does not say so: silence would be worse.

    Args:
        held: What the register says of the site, by role.
        steps: Who is asked in turn.
        day: In England.
    """
    absent: set[str] = set()
    for step in steps:
        if step.role is None:
            continue
        known = held.get(step.role)
        if step.if_held if known is None or not known.holders else not present_on(known, day):
            absent.add(step.role)
    return frozenset(absent)


def _there(holder: Holder, moment: datetime) -> bool:
    local = moment.astimezone(LONDON)
    if _away(holder, local.date()):
        return False
    return not holder.on_call or any(_covers(hours, local) for hours in holder.on_call)


def _away(holder: Holder, day: date) -> bool:
    away = holder.away_from is not None or holder.away_to is not None
    return away and (holder.away_from or date.min) <= day <= (holder.away_to or date.max)


def _covers(hours: Hours, local: datetime) -> bool:
    time = f"{local:%H:%M}"
    today, before = DAYS[local.weekday()], DAYS[(local - timedelta(days=1)).weekday()]
    if hours.starts < hours.ends:
        return today in hours.days and hours.starts <= time < hours.ends
    return (today in hours.days and time >= hours.starts) or (before in hours.days and time < hours.ends)
