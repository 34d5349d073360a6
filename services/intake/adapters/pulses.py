"""Pulses: kept by id alone, so that one form counts once; the answers go out as an event and stay nowhere."""

from __future__ import annotations

from services.intake.adapters.aggregates import Aggregates, FoundDocuments, Write
from services.intake.domain.pulse import QUESTIONS, QUESTIONS_VERSION, Pulse
from shared.contracts.dialogue import PulseAnswered, PulseReply
from shared.contracts.topics import DIALOGUE
from shared.kernel.clock import london_date
from shared.kernel.ids import event_id

COLLECTION = "pulses"


class MongoPulses:
    """The store of pulses.

    Args:
        aggregates: Writes.
    """

    def __init__(self, aggregates: Aggregates) -> None:
        self._aggregates = aggregates

    async def prepare(self) -> None:
        """Make the collection."""
        await self._aggregates.prepare(COLLECTION)

    async def add(self, pulse: Pulse) -> bool:
        """Take a pulse in; tell whether it is new.

        Raises:
            Unavailable: the database did not answer.
        """
        event = PulseAnswered(
            event_id=event_id("PulseAnswered", pulse.pulse_id, 1),
            provider_id=pulse.provider_id,
            site_id=pulse.site_id,
            recorded_at=pulse.day_start,
            pulse_id=pulse.pulse_id,
            day=london_date(pulse.day_start),
            replies=tuple(
                PulseReply(question=question, answer=answer)
                for question, answer in zip(QUESTIONS, pulse.answers, strict=True)
            ),
            questions_version=QUESTIONS_VERSION,
        )
        document = {"_id": pulse.pulse_id, "provider_id": pulse.provider_id, "day": pulse.day_start}

        def work(found: FoundDocuments) -> tuple[list[Write], bool]:
            if pulse.pulse_id in found.get(COLLECTION, {}):
                return [], False
            return [Write(COLLECTION, document, DIALOGUE, event)], True

        return await self._aggregates.change({COLLECTION: [pulse.pulse_id]}, work)
