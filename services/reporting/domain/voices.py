"""Who is heard from at a site, and how soon: the raw figures behind culture and data quality, never a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.reporting.domain.facts import LIVE, DialoguePart, ReportPart
from services.reporting.domain.waits import Waits
from shared.kernel.clock import LONDON

FEAR_REASONS = frozenset(
    {"fear_own_organisation", "fear_other_organisation", "fear_reputation_career", "colleagues_may_find_out"}
    | {"reputation", "colleagues"}
)
"""Reasons 4 to 7 of LFPSE's eight for staying anonymous: what people give when they do not feel safe to speak. The last
two come in two spellings: feeds send LFPSE's, the form its own short ones."""
ANONYMOUS = "anonymous"
NOTHING_TIMED = Waits()
EXACT = "minute"
SHIFTS = ((7, "day"), (15, "evening"), (22, "night"))
"""From which hour, in England, which shift band counts; before the first it is still night."""
_SHIFT_OF_HOUR = tuple(next((name for first, name in reversed(SHIFTS) if hour >= first), "night") for hour in range(24))


@dataclass(frozen=True)
class Voices:
    """What a site's reports of a period say about reporting itself.

    Attributes:
        site_id: The site.
        reports: Reports that count.
        by_class: How many of each event class.
        to_tell: From the event to its being told, of live reports whose time is known to the minute.
        anonymous: Reports without a name.
        reasons: How many anonymous reports gave which coded reason.
        reporters: How many different people are heard from, by keyed pseudonym.
        with_token: Reports that carry such a pseudonym.
        roles: Roles that were heard from.
        shifts: Shift bands in which something was seen and told.
        with_place: Reports that say where.
        with_stop: Reports that say what stopped it.
        with_worry: Reports that say how worried the reporter was.
        corrected: Reports whose labels a person decided.
        needs_review: Reports whose labels a person should look at.
        no_domain: Reports without any domain.
        to_triage: From being told to a person's first look.
        to_feedback: From being told to the first word back.
        closed: Reports whose dialogue is closed.
        closed_with_feedback: Those among them whose reporter heard back.
    """

    site_id: str
    reports: int = 0
    by_class: Mapping[str, int] = field(default_factory=dict)
    to_tell: Waits = NOTHING_TIMED
    anonymous: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    reporters: int = 0
    with_token: int = 0
    roles: tuple[str, ...] = ()
    shifts: tuple[str, ...] = ()
    with_place: int = 0
    with_stop: int = 0
    with_worry: int = 0
    corrected: int = 0
    needs_review: int = 0
    no_domain: int = 0
    to_triage: Waits = NOTHING_TIMED
    to_feedback: Waits = NOTHING_TIMED
    closed: int = 0
    closed_with_feedback: int = 0

    def number_of(self, *classes: str) -> int:
        """Return how many reports are of these classes."""
        return sum(self.by_class.get(name, 0) for name in classes)

    @property
    def fearful(self) -> int:
        """Return the anonymous reports that gave a reason of fear."""
        return sum(number for reason, number in self.reasons.items() if reason in FEAR_REASONS)


def shift_of(moment: datetime) -> str:
    """Return the shift band that an aware moment lies in, by the clock of England."""
    return _SHIFT_OF_HOUR[moment.astimezone(LONDON).hour]


def marks_of(report: ReportPart, dialogue: DialoguePart | None) -> dict[str, Any]:
    """Return what a report says about reporting itself, as it is kept beside the fact.

    Backfill and telemetry have no time to tell: nobody waited to tell it. The time counts from the event to the moment
    at which staff told it, so that history that was loaded later measures the same.

    Args:
        report: What intake last said.
        dialogue: What passed between reviewers and the reporter.
    """
    said = dialogue or DialoguePart()
    live = report.origin == LIVE
    exact = report.occurred_precision == EXACT
    return {
        "hours": _hours(report.occurred_at, report.reported_at) if exact and live else None,
        "shift": shift_of(report.occurred_at) if exact else None,
        "anonymous": report.identity_mode == ANONYMOUS,
        "triage": _hours(report.reported_at, said.triaged_at) if live else None,
        "feedback": _hours(report.reported_at, said.feedback_at) if live else None,
        "closed": said.closed_at is not None,
        "fed_back": said.closed_at is not None and said.feedback_at is not None,
    }


def _hours(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else round(max(0.0, (end - start).total_seconds() / 3600), 3)
