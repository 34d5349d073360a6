"""People and the roles that they hold: who may do what where, and who leaves when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from shared.kernel.principal import Role

SITE_ROLES = ("manager", "deputy", "nurse_in_charge")
PROVIDER_ROLES = ("safeguarding_lead", "group_lead")
ON_CALL = "on_call"
ROLES = (*SITE_ROLES, *PROVIDER_ROLES, ON_CALL)
"""On call is held at a site, or for the whole provider."""
_OPENS = {
    **dict.fromkeys((*SITE_ROLES, ON_CALL), Role.MANAGER),
    "safeguarding_lead": Role.SAFEGUARDING,
    "group_lead": Role.GOVERNANCE,
}


@dataclass(frozen=True, slots=True)
class OnCallHours:
    """Hours of each of some days, English local time; an end at or before the start is on the next day."""

    days: tuple[str, ...]
    starts: str
    ends: str


@dataclass(frozen=True, slots=True)
class Holding:
    """A role that somebody holds, at a site or (None) for the whole provider; without hours at all hours."""

    role: str
    site_id: str | None
    on_call: tuple[OnCallHours, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works for a provider.

    Attributes:
        user_id: Opaque id, the only one that leaves intake.
        person_id: The provider's own number or name for them, by which a file knows them.
        away_from: First day of leave.
        away_to: Last day of leave; None with a first day: until further notice.
        last_day: Last day on which they hold anything and can sign in.
        revision: 0 is a state that was read from a file and is not stored yet.
    """

    provider_id: str
    user_id: str
    person_id: str
    name: str
    holdings: tuple[Holding, ...]
    away_from: date | None = None
    away_to: date | None = None
    last_day: date | None = None
    revision: int = 0

    def works_on(self, day: date) -> bool:
        """Tell whether they hold anything on a day; who has left does not."""
        return bool(self.holdings) and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True, slots=True)
class Holder:
    """A person as a holder of one role, as consumers see it."""

    user_id: str
    until: date | None
    away_from: date | None
    away_to: date | None
    on_call: tuple[OnCallHours, ...]


@dataclass(frozen=True, slots=True)
class RoleState:
    """A role at a site, or of the whole provider: its work address and who holds it; revision 0 is not stored yet."""

    provider_id: str
    role: str
    site_id: str | None
    work_address: str | None = None
    holders: tuple[Holder, ...] = ()
    revision: int = 0

    @property
    def key(self) -> str:
        """Return what tells it from every other."""
        return role_key(self.provider_id, self.site_id, self.role)


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may reach: sites (None for all) and roles."""

    sites: frozenset[str] | None
    roles: frozenset[Role]


def role_key(provider_id: str, site_id: str | None, role: str) -> str:
    """Return the key of a role's state."""
    return f"{provider_id}:{site_id or '*'}:{role}"


def access_of(person: Person, wanted: frozenset[Role], day: date) -> Access | None:
    """Return what a person's own key or link opens.

    It follows from what they hold today, so that a move or a departure needs no new key. A provider-wide role takes
    all sites; since one proof has one reach, the roles of single sites then rest, or another link that asks for them
    is used: nobody becomes the manager of all sites by being the manager of one.

    Args:
        person: The person.
        wanted: Roles that the key or link is narrowed to; empty for all.
        day: Today in England.

    Returns:
        None where they hold nothing of it.
    """
    if not person.works_on(day):
        return None
    held = [(one, _OPENS[one.role]) for one in person.holdings if not wanted or _OPENS[one.role] in wanted]
    wide = frozenset(role for one, role in held if one.site_id is None)
    if wide:
        return Access(None, wide)
    sites = frozenset(one.site_id for one, _ in held if one.site_id is not None)
    return Access(sites, frozenset(role for _, role in held)) if held else None


def holders_of(people: Iterable[Person], day: date) -> dict[tuple[str | None, str], tuple[Holder, ...]]:
    """Return who holds each role, by site and role, in order of user ids.

    Args:
        people: Everybody of one provider.
        day: Today; who had their last day before it holds nothing.
    """
    found: dict[tuple[str | None, str], list[Holder]] = {}
    for person in sorted(people, key=lambda one: one.user_id):
        if person.works_on(day):
            for one in person.holdings:
                holder = Holder(person.user_id, person.last_day, person.away_from, person.away_to, one.on_call)
                found.setdefault((one.site_id, one.role), []).append(holder)
    return {key: tuple(holders) for key, holders in found.items()}
