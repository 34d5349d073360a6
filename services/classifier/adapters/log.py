"""The reports in the log, read once from the beginning; and the present model's answers to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import date

from services.classifier.adapters.announce import Outgoing
from services.classifier.ports import LogChunk, ReportKey, Told
from shared.contracts.envelope import Event
from shared.contracts.intake import ReportAmended, ReportReceived, ReportWithdrawn
from shared.contracts.topics import REPORTS
from shared.kernel.clock import london_date
from shared.runtime.access import Kafka
from shared.runtime.kafka import Producer, Record, deliver
from shared.runtime.log_reader import read_log
from shared.runtime.received import Received


class LoggedReports:
    """The reports topic as it stands when asked.

    Args:
        kafka: Where it is and how to sign in.
    """

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka

    async def reports(self, since: date | None, provider_id: str | None) -> AsyncIterator[LogChunk]:
        """Yield the reports that were told on a day or later; see `ports.ReportLog`."""
        async for chunk in read_log(self._kafka, REPORTS):
            told = [_told(received) for received in chunk.events if _wanted(received, since, provider_id)]
            gone = [_key(received.event) for received in chunk.events if isinstance(received.event, ReportWithdrawn)]
            yield LogChunk(told, gone, chunk.unreadable, chunk.done, chunk.total)


def _wanted(received: Received, since: date | None, provider_id: str | None) -> bool:
    said = received.event
    return (
        isinstance(said, ReportReceived | ReportAmended)
        and (provider_id is None or said.provider_id == provider_id)
        and (since is None or london_date(said.report.reported_at) >= since)
    )


def _key(said: Event) -> ReportKey:
    return (said.provider_id, said.site_id or "*", said.subject())


def _told(received: Received) -> Told:
    said = received.event
    assert isinstance(said, ReportReceived | ReportAmended)
    report = said.report
    return Told(
        provider_id=said.provider_id,
        site_id=said.site_id or "*",
        report_id=report.report_id,
        revision=report.revision,
        text=report.text,
        setting=report.setting,
        event=received,
    )


class Answers:
    """Publishes what the model says of reports of the log.

    Args:
        producer: Sends; it connects by itself.
        tag: Turns events into records, as in the service.
    """

    def __init__(self, producer: Producer, tag: Callable[[Sequence[Received]], Iterable[Outgoing]]) -> None:
        self._producer = producer
        self._tag = tag

    async def publish(self, reports: Sequence[Told]) -> None:
        """Publish and wait for the acknowledgements; see `ports.Publisher`."""
        lanes: dict[tuple[str, int], list[Record]] = {}
        for topic, partition, record in self._tag([told.event for told in reports]):
            lanes.setdefault((topic, partition), []).append(record)
        await deliver(self._producer, lanes)
