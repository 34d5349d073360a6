"""What keeps a report from being destroyed: a possible duty, a running clock, or a person's word."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

LEGAL: Final = "legal_hold"
ESCALATION: Final = "escalation"
CLOCK: Final = "running_clock"
DUTY_OPEN: Final = frozenset({"asked", "holds", "not_known"})
"""States of a duty in which it may still have to be done."""


@dataclass(frozen=True, slots=True)
class LegalHold:
    """A person's word that nothing may be destroyed: who, why, and when it is looked at again.

    Attributes:
        reason: In the person's words, redacted.
        review_on: It does not end by itself: from this day on it is shown as due for review.
    """

    by_role: str
    by_subject: str
    reason: str
    placed_at: datetime
    review_on: date


def holds_on(escalate: Collection[str], open_duties: int, legal: LegalHold | None) -> tuple[str, ...]:
    """Return why nothing of a report may be destroyed now; empty where nothing stands against it.

    Args:
        escalate: Codes of its labels as they hold: any of them is a hold, whether or not somebody confirmed it.
        open_duties: Number of duties that may still have to be done.
        legal: A hold that a person placed.
    """
    found = ((legal is not None, LEGAL), (bool(escalate), ESCALATION), (open_duties > 0, CLOCK))
    return tuple(name for stands, name in found if stands)
