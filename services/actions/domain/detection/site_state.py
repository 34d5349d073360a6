"""What is known of one site: its facts in order of the day they were told, its log, and its signals."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence

from services.actions.domain.detection.facts import DAYS_KEPT, LogLine, ReportFact, SiteCard
from services.actions.domain.detection.log_lines import LogReading
from services.actions.domain.detection.one_series import Series
from services.actions.domain.detection.signals import Signal

__all__ = ["SiteState"]

MEMORY_DAYS = 70
"""A closed signal goes on explaining its reports for so long, which is beyond the longest window."""
SPOKEN_OF = ("rising_rate", "cluster_after_change", "shared_season", "recurring_asset", "periodic_bunching")


class SiteState:
    """The state of one site.

    Args:
        card: The site.
        number: Its place in the panel.
    """

    def __init__(self, card: SiteCard, number: int) -> None:
        self.card = card
        self.number = number
        self.facts: list[ReportFact] = []
        self.log: list[tuple[LogLine, LogReading]] = []
        self.open: dict[str, Signal] = {}
        self.past: list[Signal] = []
        self.by_asset: dict[str, list[ReportFact]] = {}
        self.by_person: dict[str, list[ReportFact]] = {}

    def add(self, fact: ReportFact) -> None:
        """Take in a report that counts; facts come mostly in order."""
        for facts in (self.facts, *self._lists(fact)):
            if facts and (facts[-1].day, facts[-1].report_id) > (fact.day, fact.report_id):
                insort(facts, fact, key=lambda known: (known.day, known.report_id))
            else:
                facts.append(fact)

    def remove(self, report_id: str) -> ReportFact | None:
        """Forget a report, as when it is withdrawn; return it if it was known."""
        gone = next((fact for fact in self.facts if fact.report_id == report_id), None)
        if gone is not None:
            for facts in (self.facts, *self._lists(gone)):
                facts.remove(gone)
        return gone

    def forget_before(self, day: int) -> None:
        """Drop facts that are older than is kept; the weekly counts stay in the panel."""
        oldest = day - DAYS_KEPT
        for facts in (self.facts, *self.by_asset.values(), *self.by_person.values()):
            if facts and facts[0].day < oldest:
                del facts[: bisect_left(facts, oldest, key=lambda fact: fact.day)]

    def between(self, first: int, last: int) -> Sequence[ReportFact]:
        """Return the reports told from the first to the last day."""
        low = bisect_left(self.facts, first, key=lambda fact: fact.day)
        return self.facts[low : bisect_right(self.facts, last, key=lambda fact: fact.day)]

    def evidence(self, series: Series, first: int, last: int) -> list[ReportFact]:
        """Return the reports of a series told from the first to the last day."""
        return [fact for fact in self.between(first, last) if series.has(fact)]

    def speaking(self, day: int, shared: Sequence[Signal]) -> list[Signal]:
        """Return the signals that already speak of some of the site's reports.

        Args:
            day: The present day.
            shared: Signals that several sites share.
        """
        own = [signal for signal in self.open.values() if signal.kind in SPOKEN_OF]
        own += [s for s in self.past if s.kind in SPOKEN_OF and (s.closed_on or day) > day - MEMORY_DAYS]
        own += [s for s in shared if self.card.site in s.sites and (s.closed_on or day) > day - MEMORY_DAYS]
        return [signal for signal in own if signal.series.kind != "all" or signal.period_days is not None]

    def logged(self, kind: str, first: int, last: int) -> Iterator[tuple[LogLine, LogReading]]:
        """Yield the log's lines of a kind from the first to the last day."""
        for line, reading in self.log:
            if first <= line.day <= last and kind in reading.kinds:
                yield line, reading

    def _lists(self, fact: ReportFact) -> list[list[ReportFact]]:
        found = []
        if fact.asset:
            found.append(self.by_asset.setdefault(fact.asset, []))
        if fact.person:
            found.append(self.by_person.setdefault(fact.person, []))
        return found
