"""The page of people: who holds which role, and a new list that shows what it would change before it is applied."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import FormData, UploadFile

from services.intake.domain.people_rows import PEOPLE_COLUMNS
from services.intake.domain.rows import Row
from services.intake.routes.people import Keeper
from services.intake.routes.register_pages import RegisterPages
from services.intake.routes.reports import Provider
from services.intake.routes.tables import read_table
from services.intake.usecases.people import People
from services.intake.usecases.register_view import RegisterView
from shared.kernel.errors import Fault, Invalid, Refused
from shared.kernel.principal import Principal
from shared.runtime.auth import refuse_other_sites

LIST_MAX_BYTES: Final = 900_000
CARRIED_MAX_BYTES: Final = 24_000
"""A longer list does not travel with its plan, so that the page stays light: the file is chosen again."""
_DONE: Final = {"applied": "Applied. Who left cannot sign in any more; the other pages follow in a moment."}


def people_pages(people: People, view: RegisterView, shown: RegisterPages) -> APIRouter:
    """Build the routes.

    Args:
        people: Keeps them.
        view: Names the sites.
        shown: Renders.
    """
    router = APIRouter(prefix="/people", include_in_schema=False)

    async def page(principal: Principal, provider_id: str | None, status: int = 200, **context: object) -> Response:
        found, _ = await people.all_of(principal, provider_id)
        names = {line.site.site_id: line.now.name for line in await view.sites(principal, provider_id)}
        told = {"plan": None, "table": "", "faults": (), "done": None} | context
        found.sort(key=lambda one: one.name.casefold())
        columns = ",".join(PEOPLE_COLUMNS)
        return shown.page(
            "people.html", principal, provider_id, status, people=found, names=names, columns=columns, **told
        )

    @router.get("")
    async def listed(
        principal: Keeper, provider_id: Provider = None, done: Annotated[str, Query(max_length=20)] = ""
    ) -> Response:
        return await page(principal, provider_id, done=_DONE.get(done))

    @router.post("/plan")
    async def plan(request: Request, principal: Keeper, provider_id: Provider = None) -> Response:
        refuse_other_sites(request)
        form = await request.form(max_files=1, max_fields=4, max_part_size=LIST_MAX_BYTES)
        table = await _table(form)
        try:
            planned = await people.plan(principal, provider_id, _rows(table))
        except Refused as refusal:
            faults = refusal.faults or (Fault(refusal.detail),)
            return await page(principal, provider_id, 422, faults=faults)
        carried = base64.b64encode(table).decode() if len(table) <= CARRIED_MAX_BYTES else ""
        return await page(principal, provider_id, plan=planned, table=carried)

    @router.post("/apply")
    async def apply(request: Request, principal: Keeper, provider_id: Provider = None) -> Response:
        refuse_other_sites(request)
        form = await request.form(max_files=1, max_fields=4, max_part_size=LIST_MAX_BYTES)
        table = await _table(form)
        await people.apply(principal, provider_id, _rows(table), str(form.get("plan_id", "")))
        return shown.to(principal, provider_id, "/people", done="applied")

    return router


async def _table(form: FormData) -> bytes:
    """Return the list: the chosen file, or the one that travelled with its plan.

    Raises:
        Invalid: neither came along.
    """
    sent = form.get("list")
    if isinstance(sent, UploadFile) and (table := await sent.read()):
        return table
    try:
        carried = base64.b64decode(str(form.get("table", "")), validate=True)
    except binascii.Error:
        carried = b""
    if not carried:
        raise Invalid("no list came along; choose the file", (Fault("is missing", "list"),))
    return carried


def _rows(table: bytes) -> list[Row]:
    rows, faults = read_table(table, PEOPLE_COLUMNS, PEOPLE_COLUMNS)
    if faults:
        raise Invalid("the list was not read: mend all lines first", tuple(faults))
    return rows
