"""How far every service has read the log, looked at from time to time so that no page waits for Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.reporting.domain.standing import Standing
from shared.kernel.errors import Unavailable
from shared.runtime.access import Kafka
from shared.runtime.stages import look_at_stages

LOOK_EVERY_S = 20.0


class Pipeline:
    """Looks at the services behind the pages.

    Args:
        kafka: Where it is and how to sign in.
    """

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._found: Sequence[Standing] | None = None

    def standings(self) -> Sequence[Standing] | None:
        """Return where each service stood at the last look; None before the first one, and where Kafka was away."""
        return self._found

    async def watch(self) -> None:
        """Look for as long as the service lives."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Ask Kafka once; while it is away nothing is known."""
        try:
            found = await look_at_stages(self._kafka)
        except Unavailable:
            self._found = None
        else:
            self._found = [Standing(stage.service, stage.waiting, stage.dead_letters) for stage in found]
