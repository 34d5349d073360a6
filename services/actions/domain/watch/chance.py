"""The expected number of false alarms of a provider, from what the service knows of it."""

from __future__ import annotations

from services.actions.domain.detection.chance import expected_false_alarms
from services.actions.domain.detection.facts import monday_of
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.watch.known import Known, report_fact
from shared.taxonomy.detection_data import DetectionData

__all__ = ["chance_of"]


def chance_of(known: Known, data: DetectionData, book: SeriesBook) -> float | None:
    """Compute how many signals chance alone would bring, by the rules themselves; see `detection.chance`.

    Args:
        known: What is known of the provider.
        data: Words and numbers.
        book: The series.

    Returns:
        Signals per site and month; None where there is too little to say.
    """
    made = [report_fact(fact, book, known.lifted) for fact in known.facts]
    facts = [fact for fact in made if fact is not None]
    if not facts:
        return None
    first = min([fact.day for fact in facts] + [monday_of(row.week) for row in known.exposure])
    log = [entry.line for entry in known.log if entry.line.day >= first]
    last = known.day.toordinal()
    return expected_false_alarms(data, book, known.cards, facts, known.exposure, log, first, last)
