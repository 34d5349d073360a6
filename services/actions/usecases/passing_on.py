"""What the runs over waiting things share: they rest while history is replayed, and know who can be asked at a site."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from services.actions.domain.oversight.holders import Step, absent_roles
from services.actions.ports import Store
from services.actions.ports.oversight import Holders

SYSTEM = "system"
CHUNK = 100
"""So many of a kind go into one transaction; the next round takes the rest."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a run did."""

    asked: int = 0
    passed_on: int = 0
    digests: int = 0


class MovesOn(Protocol):
    """A run over what waits at a provider."""

    async def move_on(self, provider_id: str) -> Moved:
        """Do what the moment asks."""
        ...


class UnlessReplayed:
    """A run that does nothing while its provider's history is replayed: what was late then woke nobody.

    Args:
        store: Says whether history is being replayed.
        run: What is done else.
    """

    def __init__(self, store: Store, run: MovesOn) -> None:
        self._store = store
        self._run = run

    async def move_on(self, provider_id: str) -> Moved:
        """Do what the moment asks.

        Args:
            provider_id: The tenant.

        Raises:
            Unavailable: the database is away; what was done until then stays.
        """
        if (await self._store.progress(provider_id)).stands_on is not None:
            return Moved()
        return await self._run.move_on(provider_id)


async def absent_at(
    holders: Holders, provider_id: str, sites: Collection[str], steps: Sequence[Step], today: date
) -> Mapping[str, frozenset[str]]:
    """Return by site the roles of its own that cannot be asked today; see `absent_roles`.

    Args:
        holders: Who holds which role.
        provider_id: The tenant.
        sites: The sites.
        steps: Who is asked in turn; the last of them is outside the sites.
        today: The present day in England.
    """
    of_site = steps[:-1]
    known = await holders.of_sites(provider_id, sites, [step.role for step in of_site if step.role]) if sites else {}
    return {site_id: absent_roles(known.get(site_id, {}), of_site, today) for site_id in sites}
