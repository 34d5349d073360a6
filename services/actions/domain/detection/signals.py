"""An early warning while it is open, and the line that each of its events prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from services.actions.domain.detection.facts import day_of
from services.actions.domain.detection.one_series import Series
from shared.kernel.ids import derived_id

__all__ = ["Event", "Figures", "Signal", "SignalLine", "signal_id"]

Event = Literal["raised", "updated", "closed"]


@dataclass(frozen=True, slots=True)
class Figures:
    """What was seen in a span of days against what was expected.

    Attributes:
        first: First day.
        last: Last day.
        expected: None where the rule expects no number.
        exposure: Care delivered in the span; None where it is not known.
        report_ids: The evidence, one report for each event.
    """

    first: int
    last: int
    expected: float | None
    exposure: float | None
    report_ids: tuple[str, ...]

    @property
    def observed(self) -> int:
        """Return how many events were seen."""
        return len(self.report_ids)


@dataclass(slots=True)
class Signal:
    """The state of one signal.

    Attributes:
        kind: rising_rate, recurring_asset and so on.
        site: None for one that several sites share.
        began: First day of what it speaks of.
        rate: Events expected per unit of weight, fixed when it was raised; None where there is none.
        strength: Events that the rate rests on.
        by_exposure: Whether weight is exposure, else weeks.
        raised_on: Day.
        to_day: Last day that it speaks of so far.
        apart_to: Last day that is left out of its series' baseline; 0 where none is.
        quiet: Quiet reviews in a row.
        closed_on: Day; None while it is open.
        figures: As last printed.
    """

    signal_id: str
    kind: str
    site: str | None
    sites: tuple[str, ...]
    series: Series
    began: int
    raised_on: int
    to_day: int
    figures: Figures
    rule_version: str
    rate: float | None = None
    strength: float = 0.0
    by_exposure: bool = False
    provisional: bool = False
    quiet: int = 0
    closed_on: int | None = None
    period_days: int | None = None
    phase: int = 0
    width_days: int = 1
    logs: tuple[int, ...] = ()
    rates: dict[str, float] = field(default_factory=dict)
    apart_to: int = 0

    @property
    def key(self) -> str:
        """Return what only one open signal may have."""
        return f"{self.kind}|{self.site or '*'}|{self.series.name}"


@dataclass(frozen=True, slots=True)
class SignalLine:
    """One event of a signal, as printed."""

    on: int
    event: Event
    signal: Signal
    figures: Figures
    question: str
    sites: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the line's fields in their published order."""
        signal, figures, series = self.signal, self.figures, self.signal.series
        line: dict[str, Any] = {
            "kind": "signal",
            "event": self.event,
            "on": day_of(self.on).isoformat(),
            "signal_id": signal.signal_id,
            "type": signal.kind,
            "site": signal.site,
            "sites": list(self.sites),
            "series": series_dict(series),
            "from": day_of(figures.first).isoformat(),
            "to": day_of(figures.last).isoformat(),
            "observed": figures.observed,
            "expected": figures.expected,
            "exposure": figures.exposure,
            "rule": signal.kind,
            "rule_version": signal.rule_version,
            "report_ids": list(figures.report_ids),
            "logs": [day_of(day).isoformat() for day in signal.logs],
            "provisional": signal.provisional,
            "question": self.question,
        }
        if signal.period_days is not None:
            line["period_days"] = signal.period_days
        return line


def series_dict(series: Series) -> dict[str, Any]:
    """Return a series as it is printed."""
    return {
        "domains": list(series.domains),
        "factors": list(series.factors),
        "match": series.match,
        "asset": series.asset,
        "person": series.person,
    }


def signal_id(kind: str, sites: Sequence[str], series: Series, raised_on: int) -> str:
    """Derive a signal's id: the same finding on the same day is the same signal.

    Args:
        kind: The type of signal.
        sites: The site, or nothing for one that sites share.
        series: What it is about.
        raised_on: The day.
    """
    return derived_id(f"signal|{kind}|{'+'.join(sites)}|{series.name}|{day_of(raised_on).isoformat()}")
