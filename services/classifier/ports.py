"""What the use cases need from the world."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from services.classifier.domain.correction import Correction
from services.classifier.domain.shadow import Comparison, Tally

ReportKey = tuple[str, str, str]
"""Provider, site and report."""


@dataclass(frozen=True, slots=True)
class Told:
    """One state of a report in the log.

    Attributes:
        provider_id: The tenant.
        site_id: The site.
        report_id: The report.
        revision: 1 or more.
        text: The redacted text.
        setting: The kind of service.
        event: The event as it was read, for whoever publishes an answer to it.
    """

    provider_id: str
    site_id: str
    report_id: str
    revision: int
    text: str
    setting: str
    event: Any


@dataclass(frozen=True, slots=True)
class LogChunk:
    """Some reports of the log, those that were withdrawn, and how far it has been read (in offsets)."""

    reports: Sequence[Told]
    withdrawn: Sequence[ReportKey]
    unreadable: int
    done: int
    total: int


class ReportLog(Protocol):
    """The reports in the log, as it stands when asked."""

    def reports(self, since: date | None, provider_id: str | None) -> AsyncIterator[LogChunk]:
        """Yield the states of reports that were told on a day or later, and which were withdrawn; raises Unavailable
        where Kafka does not answer.
        """
        ...


class Publisher(Protocol):
    """Classifies reports of the log and publishes what the model says."""

    async def publish(self, reports: Sequence[Told]) -> None:
        """Publish and wait for the acknowledgements; raises Unavailable where Kafka does not answer."""
        ...


class CorrectionStore(Protocol):
    """Keeps what people decided, numbered per report, and publishes it from the same transaction."""

    async def record(self, correction: Correction) -> int:
        """Keep and publish a correction.

        Returns:
            Its decision number: 1 for the first on this report.
        """
        ...

    async def history(self, provider_id: str, site_id: str, report_id: str) -> list[dict[str, Any]]:
        """Return the corrections of a report in order."""
        ...

    async def corrected(self, provider_id: str, limit: int, after: str | None) -> list[dict[str, Any]]:
        """Return reports with their decisions, in order of site and report, behind a place in that order."""
        ...

    def every_report(self, provider_id: str | None) -> AsyncIterator[tuple[ReportKey, list[dict[str, Any]]]]:
        """Yield every corrected report with its decisions in order."""
        ...


class ShadowStore(Protocol):
    """Keeps how a model in shadow compares with the one that speaks; counts for showing, once a restart may lose."""

    async def add(self, tallies: Sequence[Tally]) -> None:
        """Add counts to what is kept."""
        ...

    async def comparisons(self) -> list[Comparison]:
        """Return all comparisons by pair of models and day, in order."""
        ...
