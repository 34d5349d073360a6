"""The published states of reports, read once from the log's beginning, and the revisions that the database holds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from services.intake.adapters.aggregates import patiently
from services.intake.adapters.reports import COLLECTION
from services.intake.usecases.restored import OnTheLog
from shared.contracts import intake as wire
from shared.contracts.envelope import Event
from shared.contracts.topics import REPORTS
from shared.runtime.access import Kafka
from shared.runtime.log_reader import read_log
from shared.runtime.mongo import Mongo

_WHOLE_STATES = (wire.ReportReceived, wire.ReportAmended, wire.ReportWithdrawn, wire.ReportRedactionCorrected)


class KafkaReports:
    """Implements `usecases.restored.ReportLog`.

    Args:
        kafka: Where it is and how to sign in.
    """

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka

    async def states(self) -> AsyncIterator[Sequence[OnTheLog]]:
        """Iterate over the log, chunk by chunk.

        Raises:
            Unavailable: Kafka does not answer.
        """
        async for chunk in read_log(self._kafka, REPORTS):
            yield [_state(received.event) for received in chunk.events]


class MongoRevisions:
    """Implements `usecases.restored.Revisions`.

    Args:
        mongo: Intake's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def revisions(self, report_ids: Collection[str]) -> Mapping[str, int]:
        """Return the revision of each of some reports."""
        cursor = self._mongo.db[COLLECTION].find({"_id": {"$in": list(report_ids)}}, {"revision": 1})
        return {document["_id"]: document["revision"] for document in await patiently(cursor.to_list(None))}


def _state(event: Event) -> OnTheLog:
    if isinstance(event, wire.ReportErased):
        return OnTheLog(event.provider_id, event.report_id, event.revision, event.erased_at)
    assert isinstance(event, _WHOLE_STATES)
    return OnTheLog(event.provider_id, event.subject(), event.report.revision)
