"""What intake reads from the log: labels, duties, actions and verdicts, as facts for triage and the return page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.intake.adapters.comparisons import MongoComparisons
from services.intake.adapters.progress import MongoProgress, Told
from services.intake.domain.progress import ActionState, Classified, DutyState, Judged, Labelled
from shared.contracts.actions import ActionEvent
from shared.contracts.classifier import ClassificationCorrected, ReportClassified
from shared.contracts.effectiveness import EffectivenessAssessed
from shared.contracts.escalations import DutyAnswered, EscalationAdvised
from shared.runtime.fenced import Fold, Tx
from shared.runtime.received import Received


def progress_fold(progress: MongoProgress, comparisons: MongoComparisons) -> Fold:
    """Build the fold.

    Args:
        progress: Keeps what became of each report.
        comparisons: Lists what is to be compared, now that it is tagged; history that is replayed is not.
    """

    async def fold(events: Sequence[Received], tx: Tx) -> None:
        facts = [fact for received in events for fact in facts_of(received)]
        await progress.take_in(facts, tx)
        live = [fact for received in events if not received.event.replay for fact in facts_of(received)]
        await comparisons.put([fact for fact in live if isinstance(fact, Classified)], tx)

    return fold


def facts_of(received: Received) -> Iterator[Told]:
    """Translate an event into what intake keeps of it."""
    said = received.event
    if said.site_id is None:
        return
    who = (said.provider_id, said.site_id)
    if isinstance(said, ReportClassified):
        found = said.classification
        reason = (found.review_reason or "unsure") if found.needs_review else None
        yield Classified(found.report_id, *who, said.recorded_at)
        yield Labelled(*who, found.report_id, said.fact(), reason)
    elif isinstance(said, ClassificationCorrected):
        yield Labelled(*who, said.correction.report_id, said.fact())
    elif isinstance(said, EscalationAdvised | DutyAnswered):
        duty = said.duty
        yield DutyState(*who, duty.report_id, duty.duty_id, duty.version, duty.status)
    elif isinstance(said, EffectivenessAssessed):
        judged = said.evaluation
        if judged.verdict is not None:
            verdict = judged.verdict
            yield Judged(said.provider_id, judged.action_id, judged.version, verdict.verdict, verdict.on.isoformat())
    elif isinstance(said, ActionEvent):
        action = said.action
        for report_id in action.report_ids:
            yield ActionState(
                report_id=report_id,
                provider_id=said.provider_id,
                site_id=said.site_id,
                action_id=action.action_id,
                version=action.version,
                status=action.status,
                title=action.title,
                completed_at=action.completed_at,
            )
