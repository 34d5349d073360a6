"""What intake reads from the log: classifications and actions, as facts for the reporter's return page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.intake.adapters.progress import MongoProgress
from services.intake.domain.progress import ActionState, Classified
from shared.contracts.actions import ActionEvent
from shared.contracts.classifier import ReportClassified
from shared.runtime.fenced import Fold, Tx
from shared.runtime.received import Received


def progress_fold(progress: MongoProgress) -> Fold:
    """Build the fold.

    Args:
        progress: Keeps what became of each report.
    """

    async def fold(events: Sequence[Received], tx: Tx) -> None:
        facts = [fact for received in events for fact in facts_of(received)]
        await progress.take_in(facts, tx)

    return fold


def facts_of(received: Received) -> Iterator[Classified | ActionState]:
    """Translate an event; corrections say nothing that the return page shows."""
    said = received.event
    if isinstance(said, ReportClassified):
        yield Classified(said.classification.report_id, said.provider_id, said.site_id or "", said.recorded_at)
    elif isinstance(said, ActionEvent):
        action = said.action
        for report_id in action.report_ids:
            yield ActionState(
                report_id=report_id,
                provider_id=said.provider_id,
                site_id=said.site_id or "",
                action_id=action.action_id,
                version=action.version,
                status=action.status,
                title=action.title,
                completed_at=action.completed_at,
            )
