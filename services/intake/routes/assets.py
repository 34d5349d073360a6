"""Assets over HTTP: tables in, pages out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from services.intake.adapters.events import wire_asset
from services.intake.domain.assets import ASSET_COLUMNS
from services.intake.ports import AssetStore
from services.intake.routes.registers import TableAnswer, table_answer
from services.intake.routes.reports import PROBLEMS, Provider
from services.intake.routes.tables import csv_body, read_body, read_table
from services.intake.usecases.registers import Registers
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import EVERYONE, Allow

Anyone = Annotated[Principal, Depends(Allow(*EVERYONE))]
Keeper = Annotated[Principal, Depends(Allow(Role.MANAGER, Role.GOVERNANCE, Role.OPERATOR))]
_EXAMPLE = (
    ",".join(ASSET_COLUMNS) + "\n"
    "rowan-care,elm-house,hoist 3,hoist,Mobile hoist,provider,,2021-05-10,,"
    "loler:2025-10-06:2026-04-06;service::2026-05-10\n"
)


def asset_routes(registers: Registers, assets: AssetStore, table_max_bytes: int) -> APIRouter:
    """Build the routes.

    Args:
        registers: Applies tables.
        assets: Is read from.
        table_max_bytes: Longest table.
    """
    router = APIRouter(prefix="/v1", tags=["registry"], responses=PROBLEMS)

    @router.post("/assets:import", summary="Register assets from a CSV file", **csv_body(_EXAMPLE))
    async def import_assets(request: Request, principal: Keeper) -> TableAnswer:
        """Register assets by site and number; what the file does not name stays as it is.

        `inspections` holds kind:last:due, parted by semicolons. Good rows are applied, faulty ones listed.
        """
        rows, faults = read_table(await read_body(request, table_max_bytes), ASSET_COLUMNS, ASSET_COLUMNS)
        return table_answer(await registers.import_assets(principal, rows), faults)

    @router.get("/assets", summary="The assets in reach, page by page")
    async def listed(
        principal: Anyone,
        provider_id: Provider = None,
        site_id: Annotated[str | None, Query(max_length=64)] = None,
        after: Annotated[str | None, Query(max_length=140, description="`next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> dict[str, Any]:
        """Return assets by site and id, with their examinations; `next` leads to the next page."""
        own = principal.provider(provider_id)
        reach = principal.sites
        if site_id is not None:
            reach = frozenset({site_id}) if principal.may_see_site(site_id) else frozenset()
        first, _, second = (after or "").partition("/")
        found = await assets.page(own, reach, (first, second) if after else None, limit)
        last = found[-1] if len(found) == limit else None
        return {
            "assets": [{"site_id": one.site_id, **wire_asset(one).model_dump(mode="json")} for one in found],
            "next": f"{last.site_id}/{last.asset_id}" if last else None,
        }

    return router
