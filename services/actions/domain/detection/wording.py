"""The question that a signal puts to the manager: seen against expected in words, no cause, nobody blamed."""

from __future__ import annotations

from services.actions.domain.detection.facts import day_of
from services.actions.domain.detection.signals import Event, Figures, Signal

__all__ = ["question"]

_ASK = {
    "rising_rate": "Is something new there, or is more being told?",
    "recurring_asset": "Has it been looked at, and should it be out of use until then?",
    "cluster_after_change": "Has the change anything to do with it, or is more being told?",
    "periodic_bunching": "What returns on those days, and what could be made ready for it?",
    "silence": "Is all well there, or has something made it harder to tell?",
    "shared_season": "Is it the season, and what could the sites get ready together?",
    "reporting_increase": "Is more being told than before, and what helped people to tell it?",
    "repeat_without_action": "No action about this is in the log yet: what is planned, or who should be asked?",
}
_ASK_CLOSED = {
    "silence": "Reports are coming in again: was there a reason for the gap?",
    "recurring_asset": "It has not been named for some time: was it put right?",
}


def question(signal: Signal, figures: Figures, event: Event, title: str, place: str) -> str:
    """Word a signal.

    Args:
        signal: The signal.
        figures: What this line says was seen and expected.
        event: raised, updated or closed.
        title: What a reader calls the series.
        place: What a reader calls the site, or the sites.

    Returns:
        One or two plain sentences that end with a question mark.
    """
    seen = f"{title} at {place}: {_seen(figures)}{_expected(signal, figures)}."
    if event == "closed":
        ask = _ASK_CLOSED.get(
            signal.kind, "The last weeks were within what chance explains: did something help, or is less being told?"
        )
    else:
        ask = _ASK[signal.kind]
    return f"{seen} {ask}"


def _seen(figures: Figures) -> str:
    reports = {0: "no report", 1: "1 report"}.get(figures.observed, f"{figures.observed} reports")
    first, last = day_of(figures.first), day_of(figures.last)
    return f"{reports} from {first.day} {first:%B} to {last.day} {last:%B %Y}"


def _expected(signal: Signal, figures: Figures) -> str:
    if figures.expected is None:
        return ""
    if signal.series.person is not None:
        return f", where {_about(figures.expected)} would fall on one person evenly"
    unknown = ", care delivered not being known" if signal.rate is not None else ""
    weighed = " and the care delivered" if signal.by_exposure else unknown
    early = "; the record is still short" if signal.provisional else ""
    if signal.period_days is not None:
        evenly = f"where {_about(figures.expected)} would fall on those days evenly"
        return f", about every {signal.period_days} days, {evenly}{early}"
    return f", where {_about(figures.expected)} would be expected from its past{weighed}{early}"


def _about(expected: float) -> str:
    if expected < 0.5:
        return "hardly any"
    return f"about {expected:.0f}" if expected >= 9.5 else f"about {expected:.1f}".removesuffix(".0")
