"""Keeps the list of a provider's people: shows what a new list would change, applies what was confirmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.intake.domain.people import Person, RoleState, role_key
from services.intake.domain.people_plan import Plan, plan_people
from services.intake.domain.people_rows import read_addresses, read_people, unknown_sites
from services.intake.domain.rows import Row
from services.intake.ports import PeopleStore, Registry
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Conflict, Fault, Forbidden, Invalid
from shared.kernel.principal import Principal


@dataclass(frozen=True, slots=True)
class AppliedPlan:
    """What became of a list: its plan, and how many roles other services were told of."""

    plan: Plan
    roles_changed: int


class People:
    """People and roles.

    Args:
        store: Keeps them.
        registry: Knows the sites.
        user_id: Makes somebody's opaque id from the provider and its own number for them.
        clock: The source of now.
    """

    def __init__(
        self, store: PeopleStore, registry: Registry, user_id: Callable[[str, str], str], clock: Clock
    ) -> None:
        self._store = store
        self._registry = registry
        self._user_id = user_id
        self._clock = clock

    async def plan(self, principal: Principal, provider_id: str | None, rows: Sequence[Row]) -> Plan:
        """Say what a whole list of people would change; nothing is written.

        Raises:
            Invalid: any line is faulty: a list with a hole would let somebody go.
            NotFound: another tenant's provider was named.
            Forbidden: the principal does not reach all sites.
            Unavailable: the database is away.
        """
        own = _whole(principal, provider_id)
        told, faults = read_people(rows, own, lambda person_id: self._user_id(own, person_id))
        known = frozenset(site.site_id for site in await self._registry.sites_of(own))
        faults += unknown_sites(told, known)
        if not told and not faults:
            faults.append(Fault("the list is empty: everybody would leave"))
        if faults:
            raise Invalid("the list was not read: mend all lines first, since who is missing leaves", tuple(faults))
        stored, roles = await self._store.people_of(own), await self._store.roles_of(own)
        return plan_people(own, stored, told, roles, london_date(self._clock.now()))

    async def apply(
        self, principal: Principal, provider_id: str | None, rows: Sequence[Row], plan_id: str
    ) -> AppliedPlan:
        """Apply a list exactly as its plan was shown.

        People are written first, so that who leaves is out at once; were it cut off there, the same list sent again
        plans and finishes the roles.

        Raises:
            Conflict: the plan is not what the list would change now: it must be looked at again.
            Invalid, NotFound, Forbidden, Unavailable: as `plan`.
        """
        plan = await self.plan(principal, provider_id, rows)
        if plan.plan_id != plan_id:
            raise Conflict(
                "this list would now change something else than what was shown: look at the differences again"
            )
        await self._store.put_people(plan.people)
        changed = await self._put_roles(plan.roles)
        return AppliedPlan(plan, changed)

    async def _put_roles(self, roles: Sequence[RoleState]) -> int:
        def decide(found: Mapping[str, RoleState]) -> list[RoleState]:
            following = []
            for one in roles:
                state = found.get(one.key, RoleState(one.provider_id, one.role, one.site_id))
                if state.holders != one.holders:
                    following.append(replace(state, holders=one.holders, revision=state.revision + 1))
            return following

        return await self._store.change_roles([one.key for one in roles], decide, self._clock.now())

    async def set_addresses(self, principal: Principal, provider_id: str | None, rows: Sequence[Row]) -> int:
        """Set the work addresses of roles; return how many changed.

        Raises:
            Invalid: a line is faulty, or names an unknown site; nothing was set.
            NotFound, Forbidden, Unavailable: as `plan`.
        """
        own = _whole(principal, provider_id)
        told, faults = read_addresses(rows)
        known = {site.site_id for site in await self._registry.sites_of(own)}
        faults += [
            Fault(f"{site_id} is not a site that is known here", "site_id")
            for site_id, _, _ in told
            if site_id is not None and site_id not in known
        ]
        if faults:
            raise Invalid("no address was set; see errors", tuple(faults))
        addresses = {role_key(own, site_id, role): (site_id, role, address) for site_id, role, address in told}

        def decide(found: Mapping[str, RoleState]) -> list[RoleState]:
            following = []
            for key, (site_id, role, address) in addresses.items():
                state = found.get(key, RoleState(own, role, site_id))
                if state.work_address != address:
                    following.append(replace(state, work_address=address, revision=state.revision + 1))
            return following

        return await self._store.change_roles(sorted(addresses), decide, self._clock.now())

    async def all_of(self, principal: Principal, provider_id: str | None) -> tuple[list[Person], list[RoleState]]:
        """Return everybody who works for the provider today, and all its roles.

        Raises:
            NotFound, Forbidden, Unavailable: as `plan`.
        """
        own, today = _whole(principal, provider_id), london_date(self._clock.now())
        people = [one for one in await self._store.people_of(own) if one.works_on(today)]
        return people, await self._store.roles_of(own)


def _whole(principal: Principal, provider_id: str | None) -> str:
    own = principal.provider(provider_id)
    if principal.sites is not None:
        raise Forbidden("the list of people is the whole provider's: a key for some sites cannot see or change it")
    return own
