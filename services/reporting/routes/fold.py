"""Records in: wire to domain, the fold inside the batch's transaction, changed rows to views.v1."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from services.reporting.domain.buckets import Bucket
from services.reporting.domain.exposure import Period
from services.reporting.domain.facts import HELD, LIVE, DecisionPart, DialoguePart, ModelPart, ReportPart
from services.reporting.domain.registry import Provider, Site, SiteVersion
from services.reporting.domain.stored import ExposureRecord, StoredBucket
from services.reporting.ports import Announcer, FoldStore
from services.reporting.routes import rows
from services.reporting.routes.states import STATES, pulse_state, stated
from services.reporting.usecases.fold import (
    Applied,
    Batch,
    Erased,
    EscalationJudged,
    LabelsStated,
    ReportTold,
    Said,
    fold,
)
from shared.contracts import classifier, dialogue, escalations, intake
from shared.contracts.envelope import Event
from shared.contracts.topics import VIEWS, Topic, own_views
from shared.kernel.clock import Clock
from shared.runtime.fenced import Fold, Tx
from shared.runtime.metrics import Metrics
from shared.runtime.outbox import Tick
from shared.runtime.received import Received
from shared.runtime.turns import in_one_turn

ReportEvent = intake.ReportReceived | intake.ReportAmended | intake.ReportWithdrawn | intake.ReportRedactionCorrected
REPORTS = (
    *(intake.ReportReceived, intake.ReportAmended, intake.ReportWithdrawn),
    intake.ReportRedactionCorrected,
)
MOMENTS: Mapping[type[Event], str] = {
    dialogue.ReportTriaged: "triaged_at",
    dialogue.FeedbackSent: "feedback_at",
    dialogue.FeedbackSeen: "seen_at",
    dialogue.ReportClosed: "closed_at",
}
"""Acts of a dialogue whose first moment counts."""
OwnTopics = Mapping[str, Topic]
"""By provider, for those that have one."""
NOBODYS: OwnTopics = MappingProxyType({})
SITES = (intake.SiteRegistered, intake.SiteChanged, intake.SiteClosed)


def own_topics(providers: Sequence[str]) -> OwnTopics:
    """Return the topics of providers that have one of their own.

    Args:
        providers: Their ids.
    """
    return {provider: own_views(provider) for provider in providers}


def make_fold(
    store_of: Callable[[Tx], Awaitable[FoldStore]], metrics: Metrics, clock: Clock, own: OwnTopics = NOBODYS
) -> Fold:
    """Build the service's fold.

    Args:
        store_of: Gives the store that works inside a batch's transaction; its calls never wait on the event loop.
        metrics: Where the time from received to visible is shown.
        clock: Read once the transaction has committed.
        own: Topics of single providers.
    """

    async def apply(events: Sequence[Received], tx: Tx) -> None:
        applied = await in_one_turn(fold_into(events, tx, await store_of(tx), OutboxAnnouncer(tx, own)))

        def observe() -> None:
            now = clock.now()
            for received_at in applied.newly_visible:
                age_s = max(0.0, (now - received_at).total_seconds())
                metrics.received_to_view.labels(metrics.service).observe(age_s)

        tx.after_commit(observe)

    return apply


async def fold_into(events: Sequence[Received], tx: Tx, store: FoldStore, announcer: Announcer | None) -> Applied:
    """Fold events into a store.

    Args:
        events: What was read.
        tx: The transaction.
        store: Facts and buckets in it.
        announcer: Told of every row that changed; None leaves the rows to be counted later.
    """
    return await fold(to_batch(events, tx), store, announcer)


class QuietAnnouncer:
    """Implements `ports.Announcer` without a word: rows of views that nobody reads yet take their place in time.

    Args:
        now_ms: The present moment, in milliseconds since 1970.
    """

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def announce(self, row: StoredBucket, before: Bucket | None) -> Mapping[str, int]:  # noqa: ARG002 - port
        """Return the row's new place in time."""
        return Tick.after(row.tick, self._now_ms).stored()


class OutboxAnnouncer:
    """Implements `ports.Announcer` with the outbox of the batch's transaction.

    Args:
        tx: The batch's transaction.
        own: Topics of single providers, which get their rows too, without what is held from their sites.
    """

    def __init__(self, tx: Tx, own: OwnTopics = NOBODYS) -> None:
        self._tx = tx
        self._now_ms = tx.now_ms()
        self._own = own

    def announce(self, row: StoredBucket, before: Bucket | None) -> Mapping[str, int]:
        """Publish the row and return its new place in time; to a provider's own topic only what it sees change."""
        tick = Tick.after(row.tick, self._now_ms)
        event = rows.written(row, self._tx.now)
        self._tx.publish_written(VIEWS, event, event.subject, tick)
        topic = self._own.get(event.provider_id)
        if topic is not None and (before is None or rows.shown(before) != rows.shown(row.bucket)):
            self._tx.publish(topic, rows.own(row, tick, self._tx.now), f"{event.subject}|own", tick)
        return tick.stored()


def to_batch(events: Sequence[Received], tx: Tx) -> Batch:
    """Sort a batch of events by kind; what names no site goes to the dead letter."""
    batch = Batch()
    for received in events:
        event = received.event
        if isinstance(event, intake.RoleHoldersChanged):
            continue  # who holds a role is nobody's figure
        if isinstance(event, intake.ProviderRegistered):
            batch.providers.append(Provider(event.provider_id, event.revision, event.name, event.synthetic))
        elif type(event) in STATES and (event.site_id or event.may_be_provider_wide):
            kind, state = stated(event)
            batch.states.setdefault(kind, []).append(state)
        elif isinstance(event, dialogue.PulseAnswered) and event.site_id is not None:
            kind, state = pulse_state(event, event.site_id)
            batch.states.setdefault(kind, []).append(state)
        elif event.site_id is not None:
            _take(batch, event, event.site_id)
        elif not event.may_be_provider_wide:
            tx.reject(received, "site_id is missing")
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
    elif isinstance(event, escalations.EscalationDecided):
        batch.decisions.append(to_decision(event, site_id))
    elif isinstance(event, intake.ReportErased):
        key = (event.provider_id, site_id, event.report_id)
        batch.erasures.append(Erased(key, event.revision, event.visibility == HELD))
    elif isinstance(event, dialogue.DialogueEvent) and (part := to_dialogue(event)) is not None:
        batch.dialogue.append(Said((event.provider_id, site_id, event.report_id), part))


def to_decision(event: escalations.EscalationDecided, site_id: str) -> EscalationJudged:
    """Read what people decided of a report's escalation; who decided, and why, stays with its owner."""
    said = event.decision
    part = DecisionPart(said.version, said.status, said.code, said.report_revision, said.second_role is not None)
    return EscalationJudged((event.provider_id, site_id, said.report_id), part)


def to_dialogue(event: dialogue.DialogueEvent) -> DialoguePart | None:
    """Read the facts and times of a dialogue; None for what no view tells of."""
    at = event.effective_at or event.recorded_at
    if field := MOMENTS.get(type(event)):
        first: dict[str, Any] = {field: at}
        read = event.report_revision if isinstance(event, dialogue.ReportTriaged) else 0
        return DialoguePart(**first, read_revision=read)
    if isinstance(event, dialogue.QuestionAsked):
        return DialoguePart(asked=(event.step,))
    return DialoguePart(answered=(event.step,)) if isinstance(event, dialogue.AnswerGiven) else None


def to_report(event: ReportEvent, site_id: str) -> ReportTold:
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
        anonymity_reason=told.anonymity_reason,
        reporter_token=told.reporter_token,
        **to_disruption(told.disruption),
    )
    return ReportTold((event.provider_id, site_id, told.report_id), part, told.origin == LIVE and not event.replay)


def to_disruption(told: intake.Disruption | None) -> dict[str, Any]:
    """Read when care or its running was disturbed, and whether a plan helped."""
    if told is None:
        return {}
    return {
        "disruption_started_at": told.started_at,
        "disruption_ended_at": told.ended_at,
        "people_affected": told.people_affected,
        "plan_used": told.plan_used,
        "plan_worked": told.plan_worked,
    }


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
        history=tuple(
            SiteVersion(v.effective_from, v.name, v.setting, v.region, v.capacity, v.councils, v.contracts)
            for v in site.history
        ),
    )


def to_exposure(event: intake.ExposureRecorded, site_id: str) -> ExposureRecord:
    """Read an exposure record."""
    told = event.exposure
    period = Period(told.unit, told.period_start, told.period_end, told.value)
    return ExposureRecord(event.provider_id, site_id, period, told.basis, told.revision)
