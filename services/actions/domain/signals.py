"""An early warning and its life: raised once per series, updated while it lasts, closed after quiet reviews."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.kernel.ids import derived_id

OPEN, CLOSED = "open", "closed"
STATUSES = (OPEN, CLOSED)
Event = Literal["raised", "updated", "closed"]


@dataclass(frozen=True, slots=True)
class Signal:
    """The whole state of a signal.

    Attributes:
        domains: The series: reports with these domains; empty for all reports of the site.
        window_from: First day looked at in the last review that changed the figures.
        window_to: Last day looked at.
        observed: Reports in the window.
        expected: Reports that the baseline's rate would bring in the window.
        exposure: Care delivered in the window, where the rate is weighted by it.
        baseline_from: First day of the baseline. It stays as it was when the signal was raised: a rise that
            lasts must not become its own yardstick.
        baseline_to: Last day of the baseline.
        as_of: The reviewed day that the figures are from.
        reviewed_on: The last day reviewed, whether or not the figures changed.
        quiet_reviews: Reviews in a row that were within what chance explains.
    """

    signal_id: str
    provider_id: str
    site_id: str
    version: int
    status: str
    kind: str
    domains: tuple[str, ...]
    window_from: date
    window_to: date
    observed: int
    expected: float
    exposure: float | None
    exposure_unit: str | None
    report_ids: tuple[str, ...]
    question: str
    rule: str
    rule_version: str
    raised_on: date
    as_of: date
    baseline_from: date
    baseline_to: date
    reviewed_on: date
    quiet_reviews: int = 0
    visibility: str = "site"

    @property
    def series(self) -> str:
        """Return the name of the series, unique within the site and rule."""
        return series_name(self.domains)


@dataclass(frozen=True, slots=True)
class Change:
    """What a review does to a signal; `event` is None where only the review is noted and nobody is told."""

    event: Event | None
    signal: Signal


def series_name(domains: tuple[str, ...]) -> str:
    """Return the name of a series of domains; "all" for every report of a site."""
    return "+".join(domains) or "all"


def signal_id(rule: str, provider_id: str, site_id: str, series: str, raised_on: date) -> str:
    """Derive a signal's id: the same rise found again on the same day is the same signal."""
    return derived_id(f"signal|{rule}|{provider_id}|{site_id}|{series}|{raised_on}")
