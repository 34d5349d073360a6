"""The HTTP API of everything that its owner states whole: signals, actions, duties, verdicts, routines, lessons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from services.reporting.domain.reading import StateFilter
from services.reporting.domain.states import KINDS, State
from services.reporting.ports import Freshness, Views
from services.reporting.routes import tables
from services.reporting.routes.answers import Conditional, answer
from services.reporting.routes.asked import Place, Word
from services.reporting.usecases.access import READERS, Access, access_to, require_site
from shared.kernel.principal import Principal
from shared.runtime.auth import Allow

Reader = Annotated[Principal, Depends(Allow(*READERS))]
Limit = Annotated[int, Query(ge=1, le=10_000)]


def make_state_api(views: Views, freshness: Freshness) -> APIRouter:
    """Build one list for each kind, in pages by id.

    Args:
        views: Where they are read.
        freshness: How far the views have followed the log.
    """
    router = APIRouter(prefix="/v1", tags=["states"], route_class=Conditional)
    for kind in KINDS:
        summary = f"List {kind} as their owner last stated them"
        router.get(f"/{kind}", summary=summary, operation_id=f"list_{kind}")(_lister(kind, views, freshness))
    return router


def _lister(kind: str, views: Views, freshness: Freshness) -> Callable[..., Awaitable[Response]]:
    async def listed(
        principal: Reader,
        provider: Word = None,
        site: Word = None,
        status: Word = None,
        after: Place = None,
        limit: Limit = 1_000,
    ) -> Response:
        """Return states in pages, whole for those who read words; status "open": all that still ask something."""
        access = await access_to(views, principal, provider)
        await require_site(views, access, site)
        place = tables.read_place(after, 1)
        found = await views.states(kind, access, StateFilter(site, status, place[0] if place else None, limit))
        end = tables.write_place(found[-1].state_id) if len(found) == limit else None
        return answer(freshness, {kind: state_rows(found, access), "next": end})

    return listed


def state_rows(found: Sequence[State], access: Access) -> list[dict[str, Any]]:
    """Write states as rows, without what people typed where the reader reads no words."""
    shown = [state if access.text else state.without_words() for state in found]
    return [{"provider_id": state.provider_id, "site_id": state.site_id, **state.body} for state in shown]
