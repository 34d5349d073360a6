"""How many signals chance alone would bring at a provider's sites: computed now and then, shown with the signals."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from services.actions.domain.watch.known import Known
from services.actions.ports import Store, Work
from services.actions.ports.watching import WatchReading
from shared.kernel.clock import Clock, london_date

RENEWED_AFTER_DAYS = 28
DAY = timedelta(days=1)


class Chances:
    """Computes the number for each provider, every four weeks.

    Args:
        store: The service's database.
        reading: What detection goes by.
        clock: The source of now.
        expected: Signals per site and month by simulation; takes seconds.
    """

    def __init__(
        self, store: Store, reading: WatchReading, clock: Clock, expected: Callable[[Known], float | None]
    ) -> None:
        self._store = store
        self._reading = reading
        self._clock = clock
        self._expected = expected

    async def renew(self, provider_id: str) -> None:
        """Compute a provider's number where it is due and something was told there.

        Raises:
            Unavailable: the engine is away.
        """
        yesterday = london_date(self._clock.now()) - DAY
        known = await self._reading.chance(provider_id)
        if known is not None and (yesterday - known[1]).days < RENEWED_AFTER_DAYS:
            return
        if (await self._reading.head(provider_id)).to is None:
            return
        if (await self._store.progress(provider_id)).stands_on is not None:  # the rest of its history is yet to come
            return
        sites = await self._store.sites_of(provider_id)
        history = await self._reading.known(provider_id, sites, yesterday)
        expected = await asyncio.to_thread(self._expected, history)

        async def work(work: Work) -> None:
            await work.watch.keep_chance(provider_id, expected, yesterday)

        await self._store.run(work)
