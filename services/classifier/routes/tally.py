"""What the metrics show of a batch of classifications: how soon, how sure, how serious."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from services.classifier.domain.classification import Classification
from services.classifier.routes.tagging import Note, Told
from shared.contracts.intake import ReportReceived
from shared.runtime.metrics import Metrics

LIVE = "live"


def tally(metrics: Metrics, codes: Collection[str]) -> Note:
    """Make what `Tagging` calls with each batch.

    Args:
        metrics: The process's metrics.
        codes: The taxonomy's escalation codes; only these become label values.
    """
    service = metrics.service

    def note(told: Sequence[Told], found: Sequence[Classification], now: datetime) -> None:
        for said in told:
            report = said.report
            if isinstance(said, ReportReceived) and report.origin == LIVE and not said.replay:
                received_s = (now - report.received_at).total_seconds()
                metrics.received_to_classified.labels(service).observe(max(0.0, received_s))
                occurred_s = (report.received_at - report.occurred_at).total_seconds()
                metrics.occurred_to_received.labels(service).observe(max(0.0, occurred_s))
        for outcome, number in Counter(map(_outcome, found)).items():
            metrics.classified.labels(service, outcome).inc(number)
        escalated = Counter(code for labels in found for code in labels.escalate if code in codes)
        for code, number in escalated.items():
            metrics.escalations.labels(service, code).inc(number)

    return note


def _outcome(labels: Classification) -> str:
    """A model that abstained has no confidence to show."""
    if not labels.confidence:
        return "abstained"
    return "for_review" if labels.needs_review else "labelled"
