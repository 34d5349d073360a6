"""How many signals a site would get a month if nothing but chance changed there, found by running the rules on chance.

A bound by adding up levels would be far too high: windows overlap, counts are whole, an open signal is not raised
again, and one signal explains another. So the rules themselves are run on invented histories of the same sites: each
week's number of reports is Poisson with the site's own rate and exposure, each report has the labels of one of the
site's own reports (or, for sites with few, of a peer's), the day of the week follows the provider's habit, and the
management log is as it was.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.actions.domain.detection.engine import Engine, review_days
from services.actions.domain.detection.facts import ExposureWeek, LogLine, ReportFact, SiteCard, monday_of, week_of
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.detection.signals import SignalLine
from shared.kernel.ids import derived_id
from shared.taxonomy.detection_data import DetectionData

__all__ = ["expected_false_alarms"]

DAYS_PER_MONTH = 365.25 / 12
SITE_MONTHS = 1500
"""So many invented site-months are enough for the second digit, and are run in seconds."""
REPORTS_MAX = 60_000
ROUNDS_MAX = 150
SITES_AT_ONCE = 40
BORROWED = 5
"""A site's own labels count against those of its peers as its reports do against so many."""

Labels = tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...], bool]


def expected_false_alarms(
    data: DetectionData,
    book: SeriesBook,
    sites: Sequence[SiteCard],
    facts: Sequence[ReportFact],
    exposure: Sequence[ExposureWeek],
    log: Sequence[LogLine],
    first: int,
    last: int,
) -> float | None:
    """Compute the expected number of false alarms per site and month.

    Args:
        data: Words and numbers.
        book: The series.
        sites: The sites.
        facts: Their reports; those of one event count once.
        exposure: Care delivered.
        log: The management log.
        first: The first day of the history.
        last: The last day.

    Returns:
        Signals per site and month; None where there is no site or no full week.
    """
    months = (last - first + 1) / DAYS_PER_MONTH
    counted = [fact for fact in facts if fact.counts]
    if not sites or last - first < 7:
        return None
    seed = int(derived_id("chance|" + "|".join(sorted(fact.report_id for fact in facts)))[:8], 16)
    random = np.random.default_rng(seed)
    chosen = _some(sorted(sites, key=lambda card: card.site), random)
    world = _Chance(data, book, chosen, counted, exposure, log, first, last)
    rounds = max(1, round(SITE_MONTHS / (len(chosen) * months)))
    reports = sum(fact.site in world.numbers for fact in counted)
    rounds = max(1, min(rounds, ROUNDS_MAX, REPORTS_MAX // max(reports, 1)))
    raised = sum(world.raised(random) for _ in range(rounds))
    return raised / (rounds * len(chosen) * months)


def _some(sites: Sequence[SiteCard], random: np.random.Generator) -> list[SiteCard]:
    if len(sites) <= SITES_AT_ONCE:
        return list(sites)
    return [sites[at] for at in sorted(random.choice(len(sites), SITES_AT_ONCE, replace=False).tolist())]


class _Chance:
    """The sites as they would be if nothing changed."""

    def __init__(
        self,
        data: DetectionData,
        book: SeriesBook,
        sites: Sequence[SiteCard],
        facts: Sequence[ReportFact],
        exposure: Sequence[ExposureWeek],
        log: Sequence[LogLine],
        first: int,
        last: int,
    ) -> None:
        self._data, self._book, self._sites = data, book, sites
        self._first, self._last = first, last
        self.numbers = {card.site: number for number, card in enumerate(sites)}
        self._exposure = [row for row in exposure if row.site in self.numbers]
        self._log = [line for line in log if line.site in self.numbers]
        self._weeks = range(week_of(first), week_of(last) + 1)
        own: list[list[ReportFact]] = [[] for _ in sites]
        for fact in facts:
            if fact.site in self.numbers:
                own[self.numbers[fact.site]].append(fact)
        self._pool = [_labels(fact) for facts_of in own for fact in facts_of]
        self._own = [[_labels(fact) for fact in facts_of] for facts_of in own]
        self._weights = self._weigh(own)
        weekdays = np.bincount([(fact.day - 1) % 7 for fact in facts], minlength=7) + 1.0
        self._by_weekday = np.cumsum(weekdays / weekdays.sum())[:-1]

    def raised(self, random: np.random.Generator) -> int:
        """Run one invented history and count the signals that are raised."""
        engine = Engine(self._data, self._book, self._sites, self._first, single=False)
        told = self._told(random)
        rows = {week: [row for row in self._exposure if row.week == week] for week in self._weeks}
        mondays = set(review_days(self._first, self._last))
        log: dict[int, list[LogLine]] = {}
        for line in self._log:
            log.setdefault(line.day, []).append(line)
        for day in range(self._first, self._last + 2):
            if day in mondays:
                for row in rows.get(week_of(day) - 1, ()):
                    engine.expose(row)
                engine.review(day, verdicts=False)
            for line in log.get(day, ()):
                engine.note(line)
            for fact in told.get(day, ()):
                engine.observe(fact)
        return sum(isinstance(line, SignalLine) and line.event == "raised" for line in engine.lines)

    def _weigh(self, own: Sequence[Sequence[ReportFact]]) -> list[np.typing.NDArray[np.float64]]:
        """Return each site's expected reports by week: its own number of them, spread by exposure where it is known."""
        weights = []
        known: dict[tuple[int, int], float] = {
            (self.numbers[row.site], row.week): row.value for row in self._exposure if row.value is not None
        }
        for number, facts in enumerate(own):
            values = np.array([known.get((number, week), np.nan) for week in self._weeks])
            start = min((week_of(fact.day) for fact in facts), default=0)
            typical = np.nanmean(values) if not np.isnan(values).all() else 1.0
            filled = np.where(np.isnan(values), typical, values)
            if np.isnan(values).all():
                filled = np.where(np.array(self._weeks) >= start, filled, 0.0)
            total = filled.sum()
            weights.append(filled / total * len(facts) if total > 0 else np.zeros(len(filled)))
        return weights

    def _told(self, random: np.random.Generator) -> dict[int, list[ReportFact]]:
        told: dict[int, list[ReportFact]] = {}
        for number, card in enumerate(self._sites):
            own = self._own[number]
            counts = random.poisson(self._weights[number])
            weeks = np.repeat(np.array(self._weeks), counts)
            days = monday_of(0) + 7 * weeks + np.searchsorted(self._by_weekday, random.random(len(weeks)))
            borrowed = random.random(len(weeks)) < BORROWED / (BORROWED + len(own))
            which = random.random(len(weeks))
            for day, other, at in zip(days.tolist(), borrowed.tolist(), which.tolist(), strict=True):
                labels = self._pool if other or not own else own
                domains, factors, rows, serious = labels[int(at * len(labels))]
                if self._first <= day <= self._last:
                    fact = ReportFact("", card.site, day, day, None, domains, None, factors, rows, serious, False)
                    told.setdefault(day, []).append(fact)
        return told


def _labels(fact: ReportFact) -> Labels:
    return fact.domains, fact.factors, fact.rows, fact.serious
