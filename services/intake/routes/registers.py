"""Registry and exposure over HTTP: tables in, what became of each line out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from services.intake.adapters.events import wire_site
from services.intake.domain.exposures import COLUMNS as EXPOSURE_COLUMNS
from services.intake.domain.registers import PROVIDER_COLUMNS, SITE_COLUMNS
from services.intake.ports import Registry
from services.intake.routes.reports import PROBLEMS, Provider
from services.intake.routes.tables import read_body, read_list, read_table
from services.intake.usecases.registers import Applied, Registers
from shared.kernel.errors import Fault, Invalid
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import EVERYONE, Allow

Operator = Annotated[Principal, Depends(Allow(Role.OPERATOR))]
Anyone = Annotated[Principal, Depends(Allow(*EVERYONE))]
Counter = Annotated[Principal, Depends(Allow(Role.FEED, Role.MANAGER, Role.GOVERNANCE, Role.OPERATOR))]
_PROVIDERS_EXAMPLE = "provider_id,name,synthetic\nrowan-care,Rowan Care Group,true\n"
_SITES_EXAMPLE = (
    ",".join(SITE_COLUMNS) + "\nrowan-care,elm-house,Elm House,1-9000000001,residential,ZZ1 1AA,40,beds,North,"
    "Northshire County Council,Northshire residential framework,2015-04-01,,2015-04-01\n"
)
_EXPOSURE_EXAMPLE = {
    "site_id": "elm-house",
    "period_start": "2025-11-03",
    "period_end": "2025-11-09",
    "unit": "occupied_bed_days",
    "value": 266,
    "basis": "counted",
}


class LineFault(BaseModel):
    """What is wrong with one line."""

    line: int | None
    field: str | None
    detail: str


class TableAnswer(BaseModel):
    """What became of a table: good lines took effect, faulty ones are listed."""

    rows: int
    changed: int
    unchanged: int
    errors: list[LineFault]


def registry_routes(registers: Registers, registry: Registry, table_max_bytes: int) -> APIRouter:
    """Build the routes of the registry.

    Args:
        registers: Applies tables.
        registry: Is read from.
        table_max_bytes: Longest table.
    """
    router = APIRouter(prefix="/v1", tags=["registry"], responses=PROBLEMS)

    @router.post(
        "/registry:import",
        summary="Register providers or sites from a CSV file",
        openapi_extra=_body(
            "text/csv", {"sites": {"value": _SITES_EXAMPLE}, "providers": {"value": _PROVIDERS_EXAMPLE}}
        ),
    )
    async def import_registry(
        request: Request, principal: Operator, kind: Annotated[Literal["providers", "sites"], Query()]
    ) -> TableAnswer:
        """Apply a register. Several rows of one site are its dated history, by `effective_from`.

        All columns must be there (a cell may be empty): a column that is missing would wipe out what it held.
        Good rows are applied, faulty ones listed by line and field; the same file twice changes nothing.
        """
        columns = PROVIDER_COLUMNS if kind == "providers" else SITE_COLUMNS
        rows, faults = read_table(await read_body(request, table_max_bytes), columns, columns)
        apply = registers.import_providers if kind == "providers" else registers.import_sites
        return table_answer(await apply(principal, rows), faults)

    @router.get("/registry/sites", summary="The sites in reach")
    async def sites(principal: Anyone, provider_id: Provider = None) -> dict[str, Any]:
        """Return the whole state of each site of the own provider that this key reaches."""
        own = principal.provider(provider_id)
        found = [site for site in await registry.sites_of(own) if principal.may_see_site(site.site_id)]
        return {"provider_id": own, "sites": [wire_site(site).model_dump(mode="json") for site in found]}

    return router


def exposure_routes(registers: Registers, table_max_bytes: int) -> APIRouter:
    """Build the route of exposure.

    Args:
        registers: Records it.
        table_max_bytes: Longest table.
    """
    router = APIRouter(prefix="/v1", tags=["exposure"], responses=PROBLEMS)

    @router.post(
        "/exposure",
        summary="Record how much care was delivered",
        openapi_extra=_body("application/json", {"one": {"value": [_EXPOSURE_EXAMPLE]}}),
    )
    async def exposure(request: Request, principal: Counter, provider_id: Provider = None) -> TableAnswer:
        """Record exposure per site, period and unit, from a JSON list or CSV with the same names.

        A period told again with another value is a correction; unchanged lines publish nothing.
        """
        body, known = await read_body(request, table_max_bytes), ("provider_id", *EXPOSURE_COLUMNS)
        if request.headers.get("content-type", "").startswith("text/csv"):
            rows, faults = read_table(body, EXPOSURE_COLUMNS, known)
        else:
            rows, faults = read_list(body, known)
        return table_answer(await registers.record_exposure(principal, rows, provider_id), faults)

    return router


def table_answer(applied: Applied, unreadable: list[Fault]) -> TableAnswer:
    """Say what became of a table.

    Args:
        applied: What became of its rows.
        unreadable: Faults of lines that were no rows.

    Raises:
        Invalid: no line could be applied.
    """
    faults = sorted([*applied.faults, *unreadable], key=lambda fault: fault.line or 0)
    if faults and not applied.changed and not applied.unchanged:
        raise Invalid("no line could be applied; see errors", tuple(faults))
    return TableAnswer(
        rows=applied.rows + len({fault.line for fault in unreadable}),
        changed=applied.changed,
        unchanged=applied.unchanged,
        errors=[LineFault(**asdict(fault)) for fault in faults],
    )


def _body(media_type: str, examples: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {media_type: {"examples": examples}}}}
