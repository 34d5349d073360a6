"""How a model in shadow compares, over HTTP; and the job that keeps the counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from services.classifier.ports import ShadowStore
from services.classifier.usecases.shadow import Shadowing
from shared.kernel.errors import Unavailable
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import Allow
from shared.runtime.logging import logger

Watcher = Annotated[Principal, Depends(Allow(Role.OPERATOR))]
"""Who decides which model speaks."""
KEEP_EVERY_S = 5.0
log = logger(__name__)


def shadow_routes(store: ShadowStore) -> APIRouter:
    """Build the route that shows comparisons.

    Args:
        store: Where they are kept.
    """
    router = APIRouter(prefix="/v1", tags=["model"])

    @router.get("/shadow", summary="How the model in shadow compares with the one that speaks")
    async def get_shadow(_: Watcher) -> dict[str, Any]:
        """Return counts by pair of models and day: reports compared, agreement by field, who asked for an escalation.

        Counts cover all providers and name none. They are for judging a model: what a process had not kept when it
        was killed is missing, and a batch that was read twice counts twice.
        """
        return {"comparisons": [asdict(found) for found in await store.comparisons()]}

    return router


def keep_job(shadowing: Shadowing, store: ShadowStore) -> Callable[[], Awaitable[None]]:
    """Return the job that keeps counts every few seconds for as long as the app lives.

    Args:
        shadowing: Counts.
        store: Keeps.
    """

    async def keep() -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            try:
                await shadowing.keep(store)
            except Unavailable:
                log.warning("comparisons wait", reason="MongoDB does not answer")

    return keep
