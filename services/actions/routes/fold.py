"""From records to the words of the domain: what actions takes from each event."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import overload

from services.actions.domain.asset_register import RegisteredAsset
from services.actions.domain.detection.log_lines import asset_of
from services.actions.domain.exposure import Exposure
from services.actions.domain.facts import ReportPart
from services.actions.domain.oversight.holders import Holder, Hours, RoleHolders
from services.actions.ports import ProviderCard, SiteCard
from services.actions.ports.oversight import OversightWork
from services.actions.usecases.duties import Spoken
from services.actions.usecases.fold import Batch
from shared.contracts.classifier import ClassificationCorrected, ReportClassified
from shared.contracts.dialogue import FeedbackSent, QuestionAsked, ReportClosed, ReportTriaged
from shared.contracts.envelope import Event
from shared.contracts.intake import (
    AssetChanged,
    AssetRegistered,
    Disruption,
    ExposureRecorded,
    ProviderRegistered,
    ReportAmended,
    ReportReceived,
    ReportWithdrawn,
    RoleHoldersChanged,
    SiteChanged,
    SiteClosed,
    SiteRegistered,
)
from shared.kernel.clock import london_date
from shared.matching.same_event import marks_of
from shared.runtime.fenced import Fold, Tx
from shared.runtime.received import Received

Within = Callable[[Tx, Callable[[OversightWork], Awaitable[None]]], Awaitable[None]]
"""Opens the transaction that the runtime began to the use case."""


def make_fold(take: Callable[[Batch, OversightWork], Awaitable[None]], within: Within) -> Fold:
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
            councils = tuple((version.effective_from, version.councils) for version in site.history)
            kinds = tuple((version.effective_from, version.setting, version.capacity) for version in site.history)
            card = SiteCard(event.provider_id, site.site_id, names, site.revision, seen_on, councils, kinds)
            batch.sites.append(card)
        case RoleHoldersChanged():
            batch.holders.append(_holders(event))
        case AssetRegistered() | AssetChanged() if event.site_id is not None:
            batch.assets.append(_asset(event, event.site_id))
        case _ if event.site_id is None:
            return "names no site"
        case ReportReceived() | ReportAmended() | ReportWithdrawn():
            batch.reports.append(((event.provider_id, event.site_id, event.subject()), _part(event)))
        case ReportClassified() | ClassificationCorrected():
            key = (event.provider_id, event.site_id, event.subject())
            prompts = event.classification.prompts if isinstance(event, ReportClassified) else ()
            said = event.fact()
            batch.labels.append((key, said))
            batch.spoken.append((key, Spoken(said, tuple((prompt.rule, prompt.why) for prompt in prompts))))
        case ReportTriaged() | QuestionAsked() | FeedbackSent() | ReportClosed():
            # Whatever a person does in triage takes the report out of intake's queue.
            at = _kept(event.effective_at or event.recorded_at)
            batch.reviews.append(((event.provider_id, event.site_id, event.subject()), at))
        case ExposureRecorded() if event.exposure.period_end < event.exposure.period_start:
            return "the exposure's period ends before it starts"
        case ExposureRecorded():
            batch.exposure.append(_exposure(event, event.site_id))
    return None


def _holders(event: RoleHoldersChanged) -> RoleHolders:
    holders = tuple(
        Holder(
            held.user_id,
            held.away_from,
            held.away_to,
            tuple(Hours(hours.days, hours.starts, hours.ends) for hours in held.on_call),
        )
        for held in event.holders
    )
    return RoleHolders(event.provider_id, event.site_id, event.role, event.revision, event.work_address, holders)


def _asset(event: AssetRegistered | AssetChanged, site_id: str) -> RegisteredAsset:
    said = event.asset
    return RegisteredAsset(
        provider_id=event.provider_id,
        site_id=site_id,
        asset_id=said.asset_id,
        revision=said.revision,
        number=said.number,
        kind=said.kind,
        name=said.name,
        owner=said.owner,
        owner_name=said.owner_name,
        retired_on=said.retired_on,
    )


def _part(event: ReportReceived | ReportAmended | ReportWithdrawn) -> ReportPart:
    report = event.report
    return ReportPart(
        revision=report.revision,
        withdrawn=isinstance(event, ReportWithdrawn),
        reported_at=_kept(report.reported_at),
        origin=report.origin,
        replay=event.replay,
        visibility=report.visibility,
        asset_ref=report.asset_ref,
        asset=asset_of(report.asset_ref, report.text),
        marks=tuple(sorted(marks_of(report.text))),
        person_token=report.person_token,
        occurred_at=_kept(report.occurred_at),
        occurred_precision=report.occurred_precision,
        occurred_band=report.occurred_band,
        setting=report.setting,
        disruption_kind=report.disruption.kind if report.disruption else None,
        disruption_hours=_hours(report.disruption, report.reported_at),
        worry=report.worry,
        received_at=_kept(report.received_at),
    )


@overload
def _kept(moment: datetime) -> datetime: ...
@overload
def _kept(moment: None) -> None: ...
def _kept(moment: datetime | None) -> datetime | None:
    """Cut a moment to the millisecond, which is what MongoDB keeps: the same moment told again is then no news."""
    return None if moment is None else moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _hours(disruption: Disruption | None, reported_at: datetime) -> float | None:
    """Return how long a disruption lasted; one that goes on, at least until it was told."""
    if disruption is None or disruption.started_at is None:
        return None
    return max(0.0, ((disruption.ended_at or reported_at) - disruption.started_at).total_seconds() / 3600)


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
