"""Records in: wire to domain, the fold inside the batch's transaction, changed rows to views.v1."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.reporting.domain.exposure import Period
from services.reporting.domain.facts import LIVE, ModelPart, ReportPart
from services.reporting.domain.registry import Provider, Site, SiteVersion
from services.reporting.domain.states import State
from services.reporting.domain.stored import ExposureRecord, StoredBucket
from services.reporting.ports import FoldStore
from services.reporting.usecases.fold import Batch, LabelsStated, ReportTold, fold
from shared.contracts import actions, classifier, intake, reporting
from shared.contracts.envelope import Event
from shared.contracts.topics import VIEWS
from shared.kernel.clock import Clock
from shared.kernel.ids import event_id
from shared.runtime.fenced import Fold, Tx
from shared.runtime.metrics import Metrics
from shared.runtime.outbox import Tick
from shared.runtime.received import Received

STATES = (actions.SignalRaised, actions.SignalUpdated, actions.SignalClosed)
REPORTS = (intake.ReportReceived, intake.ReportAmended, intake.ReportWithdrawn)
SITES = (intake.SiteRegistered, intake.SiteChanged, intake.SiteClosed)


def make_fold(store_of: Callable[[Tx], FoldStore], metrics: Metrics, clock: Clock) -> Fold:
    """Build the service's fold.

    Args:
        store_of: Gives the store that works inside a batch's transaction.
        metrics: Where the time from received to visible is shown.
        clock: Read once the transaction has committed.
    """

    async def apply(events: Sequence[Received], tx: Tx) -> None:
        applied = await fold(to_batch(events, tx), store_of(tx), OutboxAnnouncer(tx))

        def observe() -> None:
            now = clock.now()
            for received_at in applied.newly_visible:
                age_s = max(0.0, (now - received_at).total_seconds())
                metrics.received_to_view.labels(metrics.service).observe(age_s)

        tx.after_commit(observe)

    return apply


class OutboxAnnouncer:
    """Implements `ports.Announcer` with the outbox of the batch's transaction.

    Args:
        tx: The batch's transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def announce(self, row: StoredBucket) -> Mapping[str, int]:
        """Publish the row and return its new place in time."""
        tick = Tick.after(row.tick, self._tx.now_ms())
        event = to_row(row, self._tx)
        self._tx.publish(VIEWS, event, event.row_id, tick)
        return tick.stored()


def to_row(row: StoredBucket, tx: Tx) -> reporting.SiteDomainWeek:
    """Write a bucket as the flat row that BI reads."""
    bucket, row_id = row.bucket, row.bucket.row_id()
    return reporting.SiteDomainWeek(
        event_id=event_id("SiteDomainWeek", row_id, row.version),
        provider_id=bucket.cell.provider_id,
        site_id=bucket.cell.site_id,
        recorded_at=tx.now,
        row_id=row_id,
        row_version=row.version,
        domain=bucket.domain,
        week_start=bucket.cell.week,
        **vars(bucket.counts),
        held=bucket.held.reports,
        exposure=bucket.exposure,
        exposure_unit=bucket.exposure_unit,
    )


def to_batch(events: Sequence[Received], tx: Tx) -> Batch:
    """Sort a batch of events by kind; what names no site goes to the dead letter."""
    batch = Batch()
    for received in events:
        event = received.event
        if isinstance(event, intake.ProviderRegistered):
            batch.providers.append(Provider(event.provider_id, event.revision, event.name, event.synthetic))
        elif event.site_id is None:
            tx.reject(received, "site_id is missing")
        else:
            _take(batch, event, event.site_id)
    return batch


def _take(batch: Batch, event: Event, site_id: str) -> None:
    if isinstance(event, REPORTS):
        batch.reports.append(to_report(event, site_id))
    elif isinstance(event, classifier.ReportClassified):
        key = (event.provider_id, site_id, event.classification.report_id)
        batch.labels.append(LabelsStated(key, event.fact(), to_model(event.classification)))
    elif isinstance(event, classifier.ClassificationCorrected):
        key = (event.provider_id, site_id, event.correction.report_id)
        batch.labels.append(LabelsStated(key, event.fact(), None))
    elif isinstance(event, SITES):
        batch.sites.append(to_site(event.provider_id, event.site))
    elif isinstance(event, intake.ExposureRecorded):
        batch.exposure.append(to_exposure(event, site_id))
    elif isinstance(event, STATES):
        batch.signals.append(to_state(event, site_id, event.signal.signal_id, event.signal))
    elif isinstance(event, actions.ActionEvent):
        batch.actions.append(to_state(event, site_id, event.action.action_id, event.action))


def to_report(event: intake.ReportReceived | intake.ReportAmended | intake.ReportWithdrawn, site_id: str) -> ReportTold:
    """Read what intake said of a report."""
    told = event.report
    part = ReportPart(
        revision=told.revision,
        withdrawn=isinstance(event, intake.ReportWithdrawn),
        visibility=told.visibility,
        origin=told.origin,
        reported_at=told.reported_at,
        received_at=told.received_at,
        occurred_at=told.occurred_at,
        occurred_precision=told.occurred_precision,
        occurred_band=told.occurred_band,
        setting=told.setting,
        text=str(told.text),
        place=_plain(told.place),
        what_stopped_it=_plain(told.what_stopped_it),
        worry=told.worry,
        reporter_role=told.reporter_role,
        identity_mode=told.identity_mode,
        disruption_kind=told.disruption.kind if told.disruption else None,
        external_system=told.external_reference.system if told.external_reference else None,
        external_id=told.external_reference.id if told.external_reference else None,
    )
    return ReportTold((event.provider_id, site_id, told.report_id), part, told.origin == LIVE and not event.replay)


def _plain(text: str | None) -> str | None:
    return None if text is None else str(text)


def to_model(said: classifier.Classification) -> ModelPart:
    """Read what a model said beside its labels."""
    return ModelPart(
        report_revision=said.report_revision,
        decision_no=said.decision_no,
        model_version=said.model_version,
        taxonomy_version=said.taxonomy_version,
        needs_review=said.needs_review,
        review_reason=said.review_reason,
    )


def to_site(provider_id: str, site: intake.Site) -> Site:
    """Read a site."""
    return Site(
        provider_id=provider_id,
        site_id=site.site_id,
        revision=site.revision,
        opened_on=site.opened_on,
        closed_on=site.closed_on,
        history=tuple(SiteVersion(v.effective_from, v.name, v.setting, v.region) for v in site.history),
    )


def to_exposure(event: intake.ExposureRecorded, site_id: str) -> ExposureRecord:
    """Read an exposure record."""
    told = event.exposure
    period = Period(told.unit, told.period_start, told.period_end, told.value)
    return ExposureRecord(event.provider_id, site_id, period, told.basis, told.revision)


def to_state(event: Event, site_id: str, state_id: str, state: Any) -> State:
    """Read the whole state of a signal or action; dates become text, as MongoDB knows moments only."""
    return State(
        provider_id=event.provider_id,
        site_id=site_id,
        state_id=state_id,
        version=state.version,
        status=state.status,
        visibility=state.visibility,
        body=state.model_dump(mode="json"),
    )
