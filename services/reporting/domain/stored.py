"""What is stored beside the plain value: versions, revisions and a row's place in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.reporting.domain.buckets import Bucket, Cell
from services.reporting.domain.exposure import Period, week_within


@dataclass(frozen=True)
class StoredBucket:
    """A bucket as a row of the view.

    Attributes:
        bucket: The counts.
        version: Rises with every change of the row.
        tick: The row's place in time on the log; None before it was first published.
    """

    bucket: Bucket
    version: int
    tick: Mapping[str, int] | None = None


@dataclass(frozen=True)
class ExposureRecord:
    """Exposure as recorded; the higher revision holds.

    Attributes:
        provider_id: The tenant.
        site_id: The site.
        period: Unit, days and value.
        basis: counted or estimated.
        revision: Revision of the record.
    """

    provider_id: str
    site_id: str
    period: Period
    basis: str
    revision: int

    def cell(self) -> Cell | None:
        """Return the cell that the period lies in; None where it reaches over a week's end."""
        week = week_within(self.period.start, self.period.end)
        return None if week is None else Cell(self.provider_id, self.site_id, week)
