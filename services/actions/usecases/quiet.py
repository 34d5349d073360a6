"""What a site's quiet series could have seen: no signal is never shown as safe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, timedelta

from services.actions.domain.watch.known import Known
from services.actions.domain.watch.quiet import QuietSeries
from services.actions.ports.watching import WatchReading
from services.actions.usecases.desk import Desk, Who
from shared.kernel.clock import Clock, london_date


class QuietDesk:
    """The reading.

    Args:
        reading: What detection goes by.
        desk: What is in reach.
        clock: The source of now.
        quiet: Says what the quiet series of what is known could have seen.
    """

    def __init__(
        self, reading: WatchReading, desk: Desk, clock: Clock, quiet: Callable[[Known], list[QuietSeries]]
    ) -> None:
        self._reading = reading
        self._desk = desk
        self._clock = clock
        self._quiet = quiet

    async def read(self, who: Who, site_id: str) -> tuple[date, list[QuietSeries]]:
        """Return the day as of which it is known, and each quiet series of a site.

        Args:
            who: Who asks.
            site_id: The site.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        await self._desk.wanted(who, site_id, (), 1, None)
        yesterday = london_date(self._clock.now()) - timedelta(days=1)
        known = await self._reading.known(who.provider_id, [site_id], yesterday)
        # Seconds of computing for many reports must not keep the loop from everything else.
        return yesterday, await asyncio.to_thread(self._quiet, known)
