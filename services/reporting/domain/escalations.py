"""How often escalations are removed: a number to look at, never a target."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Escalations:
    """Escalated reports of a site.

    Attributes:
        escalated: Reports that carry an escalation, removed ones included.
        removed: Those among them that people removed it from.
        proposed: Those whose removal waits for a second reader.
    """

    escalated: int = 0
    removed: int = 0
    proposed: int = 0

    def __add__(self, other: Escalations) -> Escalations:
        return Escalations(
            self.escalated + other.escalated, self.removed + other.removed, self.proposed + other.proposed
        )

    @property
    def removal_rate(self) -> float | None:
        """Return the removed share of the escalated, 0 to 1; None where none is escalated."""
        return self.removed / self.escalated if self.escalated else None
