"""Rows of the view as events: for the operator's BI with everything, for a provider's own topic what it may see."""

from __future__ import annotations

from datetime import datetime

import orjson

from services.reporting.domain.buckets import Bucket
from services.reporting.domain.stored import StoredBucket
from shared.contracts.reporting import SiteDomainWeek
from shared.kernel.ids import event_id
from shared.runtime.outbox import Tick, Written

KIND = "SiteDomainWeek"


def written(row: StoredBucket, now: datetime) -> Written:
    """Write a row as BI reads it, straight into its body: a batch of the log changes hundreds of rows.

    Args:
        row: The row.
        now: When it was counted.
    """
    bucket = row.bucket
    cell, counts, row_id = bucket.cell, bucket.counts, bucket.row_id()
    derived = event_id(KIND, row_id, row.version)
    body = {
        "type": KIND,
        "event_id": derived,
        "provider_id": cell.provider_id,
        "site_id": cell.site_id,
        "recorded_at": now,
        "effective_at": None,
        "replay": False,
        "row_id": row_id,
        "row_version": row.version,
        "domain": bucket.domain,
        "week_start": cell.week,
        **vars(counts),
        "held": bucket.held.reports,
        "exposure": bucket.exposure,
        "exposure_unit": bucket.exposure_unit,
    }
    return Written(
        KIND, derived, cell.provider_id, cell.site_id, row_id, row_id, now, orjson.dumps(body, option=orjson.OPT_UTC_Z)
    )


def event_of(row: StoredBucket, now: datetime) -> SiteDomainWeek:
    """Write the same as an event.

    Args:
        row: The row.
        now: When it was counted.
    """
    bucket, row_id = row.bucket, row.bucket.row_id()
    return SiteDomainWeek(
        event_id=event_id(KIND, row_id, row.version),
        provider_id=bucket.cell.provider_id,
        site_id=bucket.cell.site_id,
        recorded_at=now,
        row_id=row_id,
        row_version=row.version,
        domain=bucket.domain,
        week_start=bucket.cell.week,
        **vars(bucket.counts),
        held=bucket.held.reports,
        exposure=bucket.exposure,
        exposure_unit=bucket.exposure_unit,
    )


def own(row: StoredBucket, tick: Tick, now: datetime) -> SiteDomainWeek:
    """Write the same for the provider's own topic: what is held is not in it, not even as a gap in the versions.

    Args:
        row: The row as the operator's BI reads it.
        tick: The row's place in time, which is its version here.
        now: When it was counted.
    """
    event = event_of(row, now)
    visible = {
        "event_id": event_id(KIND, f"{event.row_id}|own", tick.at_ms),
        "row_version": tick.at_ms,
        "held": 0,
        **vars(row.bucket.seen(held=False)),
    }
    return event.model_copy(update=visible)


def shown(bucket: Bucket) -> tuple[object, ...]:
    """Return all of a row that its provider sees."""
    return bucket.seen(held=False), bucket.exposure, bucket.exposure_unit
