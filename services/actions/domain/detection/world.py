"""Everything that detection knows of one provider, and how a signal begins, moves on and ends; no rule is here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.actions.domain.detection.facts import ReportFact, SiteCard, day_of, monday_of, week_of
from services.actions.domain.detection.one_series import Series
from services.actions.domain.detection.panel import Panel
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.detection.signals import Event, Figures, Signal, SignalLine, signal_id
from services.actions.domain.detection.site_state import SiteState
from services.actions.domain.detection.wording import question
from shared.taxonomy.detection_data import DetectionData
from shared.taxonomy.detection_rules import DetectionRules

__all__ = ["Basis", "World"]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a signal's expectation rests on.

    Attributes:
        rate: Events per unit of weight.
        strength: Events, pseudo-events included, that the rate comes from.
        by_exposure: Whether weight is exposure, else weeks.
        weeks: Weeks of baseline.
    """

    rate: float
    strength: float
    by_exposure: bool
    weeks: float


class World:
    """The sites of one provider and what was seen there.

    Args:
        data: Words and numbers.
        book: The series.
        sites: The sites.
        first_day: No report, log or exposure is older.
    """

    def __init__(self, data: DetectionData, book: SeriesBook, sites: Sequence[SiteCard], first_day: int) -> None:
        self.data = data
        self.book = book
        ordered = sorted(sites, key=lambda card: card.site)
        self.states = {card.site: SiteState(card, number) for number, card in enumerate(ordered)}
        self.panel = Panel(len(ordered), len(book.series), week_of(first_day))
        settings = sorted({card.setting for card in ordered})
        self.peers = [settings.index(card.setting) for card in ordered]
        self.shared: list[Signal] = []
        self.weekdays = [1.0] * 7
        self.lines: list[SignalLine] = []

    def rules(self, day: int) -> DetectionRules:
        """Return the rule version of a day."""
        return self.data.rules_on(day_of(day))

    def raise_signal(
        self,
        kind: str,
        state: SiteState,
        series: Series,
        figures: Figures,
        on: int,
        basis: Basis | None = None,
        logs: Iterable[int] = (),
    ) -> Signal:
        """Begin a signal of a site and print it.

        Args:
            kind: Its type.
            state: Its site.
            series: What it is about.
            figures: What was seen.
            on: The day as of which it is known.
            basis: What was expected; None where a rule expects nothing.
            logs: Days of log lines that go with it.
        """
        signal = self._made(kind, state, series, figures, on, basis, logs)
        state.open[signal.key] = signal
        self._set_apart(signal, state)
        self.say(signal, figures, "raised", on)
        return signal

    def raise_periodic(
        self, state: SiteState, series: Series, figures: Figures, on: int, period: int, phase: int, width: int
    ) -> None:
        """Begin a signal of bunches and print it.

        Args:
            state: Its site.
            series: What it is about.
            figures: What was seen in the bunches.
            on: The day as of which it is known.
            period: Days from bunch to bunch.
            phase: A day on which a bunch begins.
            width: Days of a bunch.
        """
        signal = self._made("periodic_bunching", state, series, figures, on)
        signal.period_days, signal.phase, signal.width_days = period, phase, width
        signal.strength = width / period
        state.open[signal.key] = signal
        self.say(signal, figures, "raised", on)

    def raise_shared(
        self,
        series: Series,
        first: int,
        last: int,
        on: int,
        basis: Basis,
        sites: tuple[str, ...],
        rates: dict[str, float],
    ) -> Signal:
        """Begin a signal that sites share and print it.

        Args:
            series: What it is about.
            first: First day of its window.
            last: Last day.
            on: The day as of which it is known.
            basis: What was expected; its rate is not used, each site has its own.
            sites: The sites.
            rates: Events per unit of weight by site; above 0 under `site|exposure` where weight is exposure.
        """
        rules = self.rules(on)
        signal = Signal(
            signal_id=signal_id("shared_season", (), series, on),
            kind="shared_season",
            site=None,
            sites=sites,
            series=series,
            began=first,
            raised_on=on,
            to_day=last,
            figures=Figures(first, last, None, None, ()),
            rule_version=rules.version,
            strength=basis.strength,
            by_exposure=all(rates[f"{site}|exposure"] > 0 for site in sites),
            provisional=basis.weeks < rules.rising.provisional_below_weeks,
            rates=rates,
        )
        self.shared.append(signal)
        self.say(signal, self.shared_figures(signal, first, last), "raised", on)
        return signal

    def shared_figures(self, signal: Signal, first: int, last: int) -> Figures:
        """Count a shared series over its sites, each against its own rate."""
        expected, ids = 0.0, []
        for site in signal.sites:
            state = self.states[site]
            weight = self.weight(state, first, last, signal.rates[f"{site}|exposure"] > 0)
            expected += signal.rates[site] * (weight if weight is not None else 0.0)
            ids += [(fact.day, fact.report_id) for fact in state.evidence(signal.series, first, last)]
        return Figures(first, last, expected, None, tuple(report_id for _, report_id in sorted(ids)))

    def say(self, signal: Signal, figures: Figures, event: Event, on: int) -> None:
        """Print an event of a signal and keep its figures."""
        signal.figures, signal.to_day = figures, max(signal.to_day, figures.last)
        places = [self.states[site].card.name for site in signal.sites]
        place = places[0] if signal.site else f"{len(places)} sites"
        asked = question(signal, figures, event, self.book.title(signal.series), place)
        self.lines.append(SignalLine(on, event, signal, figures, asked, signal.sites))

    def close(self, signal: Signal, figures: Figures, on: int) -> None:
        """End a signal."""
        signal.closed_on = on
        self.say(signal, figures, "closed", on)
        if signal.site is not None:
            state = self.states[signal.site]
            del state.open[signal.key]
            state.past.append(signal)

    def keep_apart(self, signal: Signal, last: int) -> None:
        """Leave the days up to now out of the baseline of an open signal's series."""
        signal.to_day = max(signal.to_day, last)
        if signal.site is not None:
            self._set_apart(signal, self.states[signal.site])

    def weight(self, state: SiteState, first: int, last: int, by_exposure: bool) -> float | None:
        """Return exposure or weeks of a span of days at a site."""
        return self.panel.weight_between(state.number, first, last, by_exposure)

    def figures(self, signal: Signal, state: SiteState, first: int, last: int) -> Figures:
        """Count a signal's series in a span of days, against the rate that it was raised by."""
        evidence = state.evidence(signal.series, first, last)
        weight = self.weight(state, first, last, signal.by_exposure)
        expected = signal.rate * weight if signal.rate is not None and weight is not None else None
        return Figures(first, last, expected, weight if signal.by_exposure else None, ids_of(evidence))

    def _made(
        self,
        kind: str,
        state: SiteState,
        series: Series,
        figures: Figures,
        on: int,
        basis: Basis | None = None,
        logs: Iterable[int] = (),
    ) -> Signal:
        rules = self.rules(on)
        return Signal(
            signal_id=signal_id(kind, (state.card.site,), series, on),
            kind=kind,
            site=state.card.site,
            sites=(state.card.site,),
            series=series,
            began=figures.first,
            raised_on=on,
            to_day=figures.last,
            figures=figures,
            rule_version=rules.version,
            rate=basis.rate if basis else None,
            strength=basis.strength if basis else 0.0,
            by_exposure=basis.by_exposure if basis else False,
            provisional=basis is not None and basis.weeks < rules.rising.provisional_below_weeks,
            logs=tuple(sorted(set(logs))),
        )

    def recall(self, signal: Signal) -> None:
        """Take back in a signal as it was when it was kept; nothing is printed."""
        if signal.site is None:
            self.shared.append(signal)
            return
        state = self.states[signal.site]
        if signal.closed_on is None:
            state.open[signal.key] = signal
        else:
            state.past.append(signal)
        self._leave_out(signal, state)

    def _set_apart(self, signal: Signal, state: SiteState) -> None:
        if signal.series in self.book.number and signal.kind != "periodic_bunching":
            signal.apart_to = signal.to_day
            self._leave_out(signal, state)

    def _leave_out(self, signal: Signal, state: SiteState) -> None:
        number = self.book.number.get(signal.series)
        if signal.apart_to and number is not None:
            self.panel.mark_unusual(state.number, number, week_of(signal.began), week_of(signal.apart_to))


def ids_of(evidence: Iterable[ReportFact]) -> tuple[str, ...]:
    """Return the ids of reports in the order in which they were told."""
    return tuple(fact.report_id for fact in evidence)


def span_of(now: int, weeks: int) -> tuple[int, int]:
    """Return first and last day of the weeks that end with a week."""
    return monday_of(now - weeks + 1), monday_of(now) + 6
