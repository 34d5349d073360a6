"""What the dialogue with reporters needs from the world: dialogues, links to the form, pulses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from services.intake.domain.cases import Case
from services.intake.domain.form_links import FormLink, Purpose
from services.intake.domain.pulse import Pulse
from services.intake.ports import ReportChange, StoredReport

R = TypeVar("R")


@dataclass(slots=True)
class CaseDecided(Generic[R]):
    """What a decision over a report's dialogue wants written; None leaves it as it is."""

    result: R
    case: Case | None = None
    change: ReportChange | None = None


Reach = frozenset[str] | None
"""Ids of the sites in reach; None for all of the tenant."""


class CaseStore(Protocol):
    """Keeps dialogues; every step and its event are one transaction."""

    async def change(
        self,
        provider_id: str,
        report_id: str,
        decide: Callable[[StoredReport | None, Case | None], CaseDecided[R]],
    ) -> R:
        """Read a report and its dialogue, decide, and write what was decided, all or nothing.

        Args:
            provider_id: The tenant.
            report_id: The report.
            decide: Called with what was found, perhaps more than once; has no effect but its answer.

        Raises:
            Unavailable: the database cannot be reached; the same call may be made again.
        """
        ...

    async def change_beside(
        self,
        provider_id: str,
        report_id: str,
        other_id: str,
        decide: Callable[[StoredReport | None, Case | None, StoredReport | None], CaseDecided[R]],
    ) -> R:
        """Decide as `change` does, by the state of another report as well.

        Of two such decisions over the same two reports at the same moment one sees what the other did.

        Args:
            provider_id: The tenant.
            report_id: The report.
            other_id: The other one; nothing of it is changed.
            decide: Takes the report, its dialogue and the other report.

        Raises:
            Unavailable: as `change`.
        """
        ...

    async def cases(self, provider_id: str, report_ids: Sequence[str]) -> Mapping[str, Case]:
        """Return the dialogues of some reports, by report."""
        ...

    async def by_code(self, code_hash: bytes) -> StoredReport | None:
        """Return the report that a return code stands for."""
        ...

    async def waiting(self, provider_id: str, sites: Reach, held: bool, limit: int) -> list[StoredReport]:
        """Return reports that nobody has reviewed, the longest waiting first; held ones only where asked for."""
        ...

    async def count_waiting(self, provider_id: str, sites: Reach, held: bool) -> int:
        """Return how many wait."""
        ...

    async def near(self, provider_id: str, site_id: str, since: datetime, until: datetime) -> list[StoredReport]:
        """Return a site's standing reports of what happened in a span of time."""
        ...

    async def joined(self, provider_id: str, report_id: str) -> list[StoredReport]:
        """Return the reports that were said to tell of the same event as one, which alone is counted."""
        ...

    async def photo(self, provider_id: str, report_id: str) -> bytes | None:
        """Return the sealed photo of a report."""
        ...


class FormLinkStore(Protocol):
    """Keeps the links to the form."""

    async def add(self, link: FormLink) -> None:
        """Keep a new one."""
        ...

    async def find(self, link_id: str) -> FormLink | None:
        """Return one."""
        ...

    async def all_of(self, provider_id: str) -> list[FormLink]:
        """Return those of a provider, newest first."""
        ...

    async def same(self, provider_id: str, site_id: str, purpose: Purpose, asset_ref: str | None) -> FormLink | None:
        """Return the one that still leads to the same place, if any."""
        ...

    async def revoke(self, provider_id: str, link_id: str, at: datetime) -> bool:
        """Revoke one; tell whether there was one of the provider."""
        ...


class PulseStore(Protocol):
    """Takes pulses in."""

    async def add(self, pulse: Pulse) -> bool:
        """Take one in; tell whether it is new."""
        ...
