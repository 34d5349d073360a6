"""People and roles over HTTP: what a new list would change, and applying exactly that."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from services.intake.domain.people import Person, RoleState
from services.intake.domain.people_plan import Plan
from services.intake.domain.people_rows import PEOPLE_COLUMNS, ROLE_COLUMNS
from services.intake.domain.rows import Row
from services.intake.routes.reports import PROBLEMS, Provider
from services.intake.routes.tables import csv_body, read_body, read_table
from services.intake.usecases.people import People
from shared.kernel.errors import Invalid
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import Allow

Keeper = Annotated[Principal, Depends(Allow(Role.GOVERNANCE, Role.OPERATOR))]
_PEOPLE_EXAMPLE = (
    ",".join(PEOPLE_COLUMNS) + "\n"
    "1017,Ada Example,manager,elm-house,,2026-03-09,2026-03-13,\n"
    "2044,Ben Example,on_call,,mon-fri 17:00-09:00; sat-sun 09:00-09:00,,,\n"
)
_ROLES_EXAMPLE = ",".join(ROLE_COLUMNS) + "\nmanager,elm-house,manager.elm@example.org\non_call,,oncall@example.org\n"


class DifferenceAnswer(BaseModel):
    """What would happen to one person."""

    kind: Literal["joins", "changes", "leaves"]
    person_id: str
    name: str
    user_id: str
    details: tuple[str, ...]


class PlanAnswer(BaseModel):
    """What a list would change; `plan_id` confirms exactly this."""

    plan_id: str
    unchanged: int
    roles_changed: int
    differences: list[DifferenceAnswer]


def people_routes(people: People, table_max_bytes: int) -> APIRouter:
    """Build the routes.

    Args:
        people: Keeps them.
        table_max_bytes: Longest table.
    """
    router = APIRouter(prefix="/v1", tags=["people"], responses=PROBLEMS)

    async def rows_of(request: Request, columns: tuple[str, ...]) -> list[Row]:
        rows, faults = read_table(await read_body(request, table_max_bytes), columns, columns)
        if faults:
            raise Invalid("the list was not read: mend all lines first", tuple(faults))
        return rows

    @router.post("/people:plan", summary="Show what a list of people would change", **csv_body(_PEOPLE_EXAMPLE))
    async def plan(request: Request, principal: Keeper, provider_id: Provider = None) -> PlanAnswer:
        """Compare a whole list of people with what is known; nothing is changed.

        One row is one role that somebody holds: manager, deputy, nurse_in_charge (at a site), safeguarding_lead,
        group_lead (for all sites), on_call (either). Who is not on the list any more leaves.
        """
        return _plan(await people.plan(principal, provider_id, await rows_of(request, PEOPLE_COLUMNS)))

    @router.post("/people:apply", summary="Apply a list of people as shown", **csv_body(_PEOPLE_EXAMPLE))
    async def apply(
        request: Request,
        principal: Keeper,
        plan_id: Annotated[str, Query(max_length=64, description="from :plan of the same list")],
        provider_id: Provider = None,
    ) -> PlanAnswer:
        """Apply a list exactly as its plan was shown; a 409 where it would change something else by now.

        Who leaves cannot sign in any more at once; a session that is open ends within its hours.
        """
        applied = await people.apply(principal, provider_id, await rows_of(request, PEOPLE_COLUMNS), plan_id)
        return _plan(applied.plan)

    @router.get("/people", summary="Who works here, and who holds which role")
    async def listed(principal: Keeper, provider_id: Provider = None) -> dict[str, Any]:
        """Return everybody who works for the provider today, with their opaque ids, and the roles' holders."""
        found, roles = await people.all_of(principal, provider_id)
        return {"people": [_person(one) for one in found], "roles": [_role(one) for one in roles]}

    @router.post("/roles:import", summary="Set the work addresses of roles", **csv_body(_ROLES_EXAMPLE))
    async def addresses(request: Request, principal: Keeper, provider_id: Provider = None) -> dict[str, int]:
        """Set the e-mail address at which a role is reached; never one of a person's own."""
        rows = await rows_of(request, ROLE_COLUMNS)
        return {"rows": len(rows), "changed": await people.set_addresses(principal, provider_id, rows)}

    return router


def _plan(plan: Plan) -> PlanAnswer:
    return PlanAnswer(
        plan_id=plan.plan_id,
        unchanged=plan.unchanged,
        roles_changed=len(plan.roles),
        differences=[
            DifferenceAnswer(
                kind=one.kind,
                person_id=one.person.person_id,
                name=one.person.name,
                user_id=one.person.user_id,
                details=one.details,
            )
            for one in plan.differences
        ],
    )


def _person(person: Person) -> dict[str, Any]:
    return {
        "user_id": person.user_id,
        "person_id": person.person_id,
        "name": person.name,
        "away_from": person.away_from,
        "away_to": person.away_to,
        "last_day": person.last_day,
        "roles": [{"role": one.role, "site_id": one.site_id} for one in person.holdings],
    }


def _role(role: RoleState) -> dict[str, Any]:
    return {
        "role": role.role,
        "site_id": role.site_id,
        "work_address": role.work_address,
        "holders": [one.user_id for one in role.holders],
    }
