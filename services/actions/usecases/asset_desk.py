"""What people may read of the register of assets; it is kept by intake and known here from the log."""

from __future__ import annotations

from services.actions.domain.asset_register import RegisteredAsset
from services.actions.ports.assets import AssetBook
from services.actions.usecases.desk import Who


class AssetDesk:
    """The reading.

    Args:
        book: The register.
    """

    def __init__(self, book: AssetBook) -> None:
        self._book = book

    async def register(self, who: Who, site_id: str | None) -> list[RegisteredAsset]:
        """Return the assets of the sites in reach, by site and number.

        Args:
            who: Who asks.
            site_id: One site; None for all in reach.
        """
        found = await self._book.of_provider(who.provider_id)
        reached = [
            asset for asset in found if who.principal.may_see_site(asset.site_id) and site_id in (None, asset.site_id)
        ]
        return sorted(reached, key=lambda asset: (asset.site_id, asset.number))
