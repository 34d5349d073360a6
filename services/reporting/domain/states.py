"""Signals and actions as their owner last stated them, whole; reporting only shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

SETTLED = frozenset({"closed", "dismissed", "declined", "completed", "verified"})
"""Words of a state that asks nothing of anybody any more; an unknown word counts as open, so that it is seen."""


@dataclass(frozen=True)
class State:
    """The whole state of one signal or action.

    Attributes:
        provider_id: The tenant.
        site_id: The site.
        state_id: Id of the signal or action.
        version: Its version; the higher one holds.
        status: The owner's word.
        visibility: site, or held from its site.
        body: All its fields as on the wire.
    """

    provider_id: str
    site_id: str
    state_id: str
    version: int
    status: str
    visibility: str
    body: Mapping[str, Any]

    @property
    def open(self) -> bool:
        """Tell whether it still asks something of somebody."""
        return self.status not in SETTLED

    def without(self, report_ids: Collection[str]) -> State:
        """Return the same state with some reports taken out of its evidence."""
        kept = [report_id for report_id in self.body["report_ids"] if report_id not in report_ids]
        return replace(self, body={**self.body, "report_ids": kept})

    def without_words(self) -> State:
        """Return the same action without what people typed: the reason, and the notes of steps."""
        steps = [{**step, "note": None} for step in self.body["steps"]]
        return replace(self, body={**self.body, "reason": None, "steps": steps})
