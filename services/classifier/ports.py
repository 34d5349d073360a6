"""What the use cases need from the world."""

from __future__ import annotations

from typing import Any, Protocol

from services.classifier.domain.correction import Correction


class CorrectionStore(Protocol):
    """Keeps what people decided, numbered per report, and publishes it from the same transaction."""

    async def record(self, correction: Correction) -> int:
        """Keep and publish a correction.

        Returns:
            Its decision number: 1 for the first on this report.
        """
        ...

    async def history(self, provider_id: str, site_id: str, report_id: str) -> list[dict[str, Any]]:
        """Return the corrections of a report in order."""
        ...
