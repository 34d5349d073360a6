"""Taking the log through the present model once more, beside the service and without disturbing what people decided."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from services.classifier.ports import Publisher, ReportLog
from shared.kernel.clock import monotonic_s


@dataclass(frozen=True, slots=True)
class Wish:
    """Which reports to classify again.

    Attributes:
        since: First day on which they were told, in England; None takes all.
        provider_id: Only this tenant's; None takes all.
        per_s_max: At most so many reports a second, so that live ones stay fresh; 0 sets no limit.
        dry_run: Count only.
    """

    since: date | None = None
    provider_id: str | None = None
    per_s_max: int = 0
    dry_run: bool = False


@dataclass(slots=True)
class Tally:
    """What was done.

    Attributes:
        read: Offsets of the log gone through.
        total: Offsets of the log.
        reclassified: Reports' revisions that were classified and, but for a dry run, published.
        unreadable: Records that could not be read; they lie in the dead letters of the service.
    """

    read: int = 0
    total: int = 0
    reclassified: int = 0
    unreadable: int = 0


async def reclassify(log: ReportLog, publisher: Publisher, wish: Wish, watch: Callable[[Tally], None]) -> Tally:
    """Classify reports of the log again and publish what the present model says.

    The ids are derived from report, revision, taxonomy and model: what the service has said with the same model
    is said again with the same id and counts once. Every reader believes a person before any model, and of two
    models the later generation; so corrections stay, whatever arrives first.

    Args:
        log: Where the reports are.
        publisher: Classifies and publishes.
        wish: Which reports.
        watch: Called after each chunk.

    Returns:
        What was done.

    Raises:
        Unavailable: Kafka does not answer; what was published until then stays, and a second run repeats it harmlessly.
    """
    tally, started_s = Tally(), monotonic_s()
    async for chunk in log.reports(wish.since, wish.provider_id):
        tally.read, tally.total = chunk.done, chunk.total
        tally.unreadable += chunk.unreadable
        if chunk.reports:
            tally.reclassified += len(chunk.reports)
            if not wish.dry_run:
                await publisher.publish(chunk.reports)
        watch(tally)
        if wish.per_s_max and not wish.dry_run:
            await asyncio.sleep(max(0.0, tally.reclassified / wish.per_s_max - (monotonic_s() - started_s)))
    return tally
