"""What reading and keeping the register of assets needs of the world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.actions.domain.asset_register import RegisteredAsset


class Assets(Protocol):
    """The register of assets, inside a transaction."""

    async def keep(self, told: Sequence[RegisteredAsset]) -> None:
        """Store the newest revision of each."""
        ...

    async def of_site(self, site: tuple[str, str]) -> list[RegisteredAsset]:
        """Return a site's register."""
        ...


class AssetBook(Protocol):
    """Reads the register of assets; raises Unavailable where the engine is away."""

    async def of_provider(self, provider_id: str) -> list[RegisteredAsset]:
        """Return the register of all sites."""
        ...
