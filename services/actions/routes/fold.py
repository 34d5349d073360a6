"""From records to the words of the domain: what actions takes from each event."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from services.actions.domain.exposure import Exposure
from services.actions.domain.facts import ReportPart
from services.actions.ports import ProviderCard, SiteCard, Work
from services.actions.usecases.fold import Batch
from shared.contracts.classifier import ClassificationCorrected, ReportClassified
from shared.contracts.envelope import Event
from shared.contracts.intake import (
    ExposureRecorded,
    ProviderRegistered,
    ReportAmended,
    ReportReceived,
    ReportWithdrawn,
    SiteChanged,
    SiteClosed,
    SiteRegistered,
)
from shared.kernel.clock import london_date
from shared.runtime.fenced import Fold, Tx
from shared.runtime.received import Received

Within = Callable[[Tx, Callable[[Work], Awaitable[None]]], Awaitable[None]]
"""Opens the transaction that the runtime began to the use case."""


def make_fold(take: Callable[[Batch, Work], Awaitable[None]], within: Within) -> Fold:
    """Join the runtime's records with the use case.

    Args:
        take: The use case.
        within: Opens a transaction to it.

    Returns:
        The fold that the runtime calls with each batch.
    """

    async def fold(events: Sequence[Received], tx: Tx) -> None:
        batch = Batch()
        for received in events:
            if (fault := add_event(received.event, batch)) is not None:
                tx.reject(received, fault)
        await within(tx, lambda work: take(batch, work))

    return fold


def add_event(event: Event, batch: Batch) -> str | None:
    """Add what an event says to a batch; what actions has no use for is passed over.

    Args:
        event: Any event of the topics that actions reads.
        batch: Where it goes.

    Returns:
        Why the event can never be used, or None.
    """
    match event:
        case ProviderRegistered():
            seen_on = london_date(event.recorded_at)
            batch.providers.append(ProviderCard(event.provider_id, event.name, event.revision, seen_on))
        case SiteRegistered() | SiteChanged() | SiteClosed():
            site = event.site
            names = tuple((version.effective_from, version.name) for version in site.history)
            seen_on = london_date(event.recorded_at)
            batch.sites.append(SiteCard(event.provider_id, site.site_id, names, site.revision, seen_on))
        case _ if event.site_id is None:
            return "names no site"
        case ReportReceived() | ReportAmended() | ReportWithdrawn():
            batch.reports.append(((event.provider_id, event.site_id, event.subject()), _part(event)))
        case ReportClassified() | ClassificationCorrected():
            batch.labels.append(((event.provider_id, event.site_id, event.subject()), event.fact()))
        case ExposureRecorded() if event.exposure.period_end < event.exposure.period_start:
            return "the exposure's period ends before it starts"
        case ExposureRecorded():
            batch.exposure.append(_exposure(event, event.site_id))
    return None


def _part(event: ReportReceived | ReportAmended | ReportWithdrawn) -> ReportPart:
    report = event.report
    return ReportPart(
        revision=report.revision,
        withdrawn=isinstance(event, ReportWithdrawn),
        reported_at=report.reported_at,
        origin=report.origin,
        replay=event.replay,
        visibility=report.visibility,
        asset_ref=report.asset_ref,
        person_token=report.person_token,
    )


def _exposure(event: ExposureRecorded, site_id: str) -> Exposure:
    said = event.exposure
    return Exposure(
        provider_id=event.provider_id,
        site_id=site_id,
        unit=said.unit,
        period_start=said.period_start,
        period_end=said.period_end,
        value=said.value,
        revision=said.revision,
    )
