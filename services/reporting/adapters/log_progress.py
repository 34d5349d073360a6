"""How far the views have followed the log: the moment by which everything in it had been applied."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

from pymongo.errors import PyMongoError

from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.runtime.logging import logger
from shared.runtime.runtime import Runtime

LOOK_EVERY_S = 1.0
log = logger(__name__)


class LogProgress:
    """Implements `ports.Freshness`: notes where all inputs end, waits until that is applied, begins again.

    Args:
        runtime: The service's plumbing.
        clock: The source of now.
    """

    def __init__(self, runtime: Runtime, clock: Clock) -> None:
        self._runtime = runtime
        self._clock = clock
        self._complete_until: datetime | None = None
        self._target: tuple[datetime, Mapping[tuple[str, int], int]] | None = None

    @property
    def complete_until(self) -> datetime | None:
        """Return the moment up to which everything in the log is in the views; None while not known."""
        return self._complete_until

    async def watch(self) -> None:
        """Follow the log for as long as the service lives; while an engine is away the moment stands still."""
        while True:
            try:
                await self._look()
            except (Unavailable, PyMongoError) as error:
                log.info("cannot see how far the views are", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        if self._target is None:
            self._target = self._clock.now(), await self._runtime.end_offsets()
        taken_at, ends = self._target
        if await self._runtime.reached(ends):
            self._complete_until, self._target = taken_at, None
