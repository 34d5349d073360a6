"""An early warning as people get it: raised once per series and site, updated, closed, and reviewed by a person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from services.actions.domain.detection.one_series import Series
from services.actions.domain.detection.signals import Event
from shared.kernel.errors import Conflict, Fault
from shared.kernel.ids import derived_id

__all__ = [
    "CLOSED",
    "DECISIONS",
    "OPEN",
    "STATUSES",
    "Event",
    "Review",
    "Signal",
    "moved",
    "public_id",
    "reviewed",
]

OPEN, CLOSED = "open", "closed"
STATUSES = (OPEN, CLOSED)
DECISIONS = ("acted_on", "watched", "dismissed")


@dataclass(frozen=True, slots=True)
class Review:
    """What a person made of a signal.

    Attributes:
        decision: acted_on, watched or dismissed.
        reason: Why, redacted; None where none was given.
        action_id: The action that was taken, where it is one of the board.
    """

    decision: str
    reason: str | None
    by_role: str
    at: datetime
    action_id: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """The whole state of a signal at one site; `version` goes up by one with every change.

    Attributes:
        finding: What detection calls it; a season that sites share is one finding and a signal at each.
        series: Which reports it speaks of.
        window_from: First day that the figures are of.
        window_to: Last day.
        observed: Reports seen, one for each event.
        expected: Reports that the site's past would bring; None where the rule expects no number.
        exposure: Care delivered in those days, where the rate is weighted by it.
        as_of: The day as of which the figures are known.
        sites: All sites that it speaks of.
        logs: Days of log lines that it speaks of.
        provisional: Whether the record before it is still short.
    """

    signal_id: str
    provider_id: str
    site_id: str
    version: int
    status: str
    kind: str
    finding: str
    series: Series
    window_from: date
    window_to: date
    observed: int
    expected: float | None
    exposure: float | None
    exposure_unit: str | None
    report_ids: tuple[str, ...]
    question: str
    rule: str
    rule_version: str
    raised_on: date
    as_of: date
    sites: tuple[str, ...]
    logs: tuple[date, ...] = ()
    period_days: int | None = None
    provisional: bool = False
    visibility: str = "site"
    review: Review | None = None


def public_id(provider_id: str, site_id: str, finding: str) -> str:
    """Derive a signal's id: one finding is one signal at each of its sites.

    Args:
        provider_id: The tenant.
        site_id: The site.
        finding: What detection calls it.
    """
    return derived_id(f"signal|{provider_id}|{site_id}|{finding}")


def moved(known: Signal | None, told: Signal, event: Event) -> tuple[Event, Signal] | None:
    """Join what a review run found with what is stored.

    Args:
        known: As it is stored; None where the site was never told of it.
        told: What the run found, with version 1.
        event: What the run calls it.

    Returns:
        The event and the new state. A site that joins a shared season late is told of it as new; None where a
        signal ends that its site was never told of.
    """
    if known is None:
        return None if event == "closed" else ("raised", told)
    kept = replace(told, version=known.version + 1, raised_on=known.raised_on, review=known.review)
    return ("updated" if event == "raised" else event), kept


def reviewed(signal: Signal, version: int, review: Review) -> Signal:
    """Note what a person made of a signal; a later decision replaces an earlier one.

    Args:
        signal: As it is stored.
        version: As it was seen.
        review: The decision.

    Raises:
        Conflict: the signal has moved on.
    """
    if signal.version != version:
        fault = Fault(f"the current version is {signal.version}", "version")
        raise Conflict(
            f"signal {signal.signal_id} is at version {signal.version}, not {version}: read it and decide again",
            (fault,),
        )
    return replace(signal, version=version + 1, review=review)
