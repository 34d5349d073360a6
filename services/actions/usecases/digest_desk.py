"""What waits, as the daily digest counts it, for whoever wants to look before or after it came."""

from __future__ import annotations

from services.actions.ports.oversight import DigestReader, Waiting
from services.actions.usecases.desk import Desk, Who
from shared.kernel.clock import Clock, london_date
from shared.taxonomy.oversight import Oversight


class DigestDesk:
    """The reading.

    Args:
        digests: Counts what waits.
        desk: What is in reach.
        rules: What a group lead sees.
        clock: The source of now.
    """

    def __init__(self, digests: DigestReader, desk: Desk, rules: Oversight, clock: Clock) -> None:
        self._digests = digests
        self._desk = desk
        self._rules = rules
        self._clock = clock

    async def read(self, who: Who, site_id: str | None) -> tuple[dict[str, Waiting], Waiting | None]:
        """Count what waits at the sites in reach and, for who sees all sites of a group, what is for its lead.

        Args:
            who: Who asks.
            site_id: One site; None for all in reach.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        wanted = await self._desk.wanted(who, site_id, (), 1, None)
        today = london_date(self._clock.now())
        by_site = await self._digests.sites(who.provider_id, today)
        reach = by_site if wanted.sites is None else {key: by_site[key] for key in sorted(wanted.sites & set(by_site))}
        if site_id is not None or not who.principal.sees_held:
            return reach, None
        rules = self._rules.on(today)
        return reach, await self._digests.group(who.provider_id, today, rules.digest, rules.overdue)
