"""What the use cases over reports work with: stores, rules and clock, put together once."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.intake.domain.progress import Labels
from services.intake.domain.pseudonyms import Pseudonyms
from services.intake.domain.report import AccusesManager, Redact
from services.intake.ports import Registry, ReportStore, Vault
from shared.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Redactor:
    """The pure rules that look at text, with their version.

    Attributes:
        may_accuse: Says of many texts at once which of them `accuses_manager` has to look at.
    """

    redact: Redact
    version: str
    accuses_manager: AccusesManager
    may_accuse: Callable[[Sequence[str]], Container[int]]

    def accusing(self, texts: Sequence[str]) -> list[bool]:
        """Tell of each text whether it accuses a manager."""
        if len(texts) == 1:
            return [self.accuses_manager(texts[0])]
        maybe = self.may_accuse(texts)
        return [place in maybe and self.accuses_manager(text) for place, text in enumerate(texts)]


class Count(Protocol):
    """Counts outcomes, for the metrics."""

    def __call__(self, outcome: str, times: int = 1) -> None:
        """Count an outcome so many times."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What reports are taken in and changed with.

    Attributes:
        registry: Knows the sites.
        store: Keeps the reports.
        vault: Keeps the originals.
        pseudonyms: Makes tokens and body hashes.
        redactor: Looks at the text.
        clock: The source of now.
        count: Told of the outcomes.
        text_max_chars: Longest narrative.
        trace: Says which trace the request in hand belongs to; a group holds reports of many requests.
    """

    registry: Registry
    store: ReportStore
    vault: Vault
    pseudonyms: Pseudonyms
    redactor: Redactor
    clock: Clock
    count: Count
    text_max_chars: int
    trace: Callable[[], bytes | None] = lambda: None


class LabelStore(Protocol):
    """Knows what reports are about."""

    async def labels(self, provider_id: str, reports: Iterable[tuple[str, str]]) -> Mapping[str, Labels]:
        """Return the labels of some reports (site and id) by report id."""
        ...
