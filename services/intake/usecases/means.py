"""What the use cases over reports work with: stores, rules and clock, put together once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.intake.domain.pseudonyms import Pseudonyms
from services.intake.domain.report import AccusesManager, Redact
from services.intake.ports import Registry, ReportStore, Vault
from shared.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Redactor:
    """The pure rules that look at text, with their version."""

    redact: Redact
    version: str
    accuses_manager: AccusesManager


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
        count: Called with each outcome, for the metrics.
        text_max_chars: Longest narrative.
    """

    registry: Registry
    store: ReportStore
    vault: Vault
    pseudonyms: Pseudonyms
    redactor: Redactor
    clock: Clock
    count: Callable[[str], None]
    text_max_chars: int
