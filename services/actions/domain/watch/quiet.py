"""What the quiet series of sites could have seen, from what the service knows of them, in one plain sentence each."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from services.actions.domain.detection.facts import day_of, monday_of, week_of
from services.actions.domain.detection.one_series import Series
from services.actions.domain.detection.quiet import Quiet, quiet
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.watch.known import Known, report_fact
from shared.taxonomy.detection_data import DetectionData

__all__ = ["QuietSeries", "quiet_series"]

RECENT_WEEKS = 4
SHOWN = ("all", "domain")


@dataclass(frozen=True, slots=True)
class QuietSeries:
    """A series of a site that no open signal speaks of; quiet is not safe."""

    site_id: str
    series: Series
    title: str
    found: Quiet
    sentence: str


def quiet_series(known: Known, data: DetectionData, book: SeriesBook) -> list[QuietSeries]:
    """Say what each quiet series of each site could have seen: all reports together, and each domain.

    Args:
        known: What is known as of the end of a day.
        data: Words and numbers.
        book: The series.
    """
    rules = data.rules_on(known.day).rising
    now = week_of(known.day.toordinal())
    first = now - rules.baseline_weeks_max + 1
    counts: dict[tuple[str, int], int] = defaultdict(int)
    began: dict[str, int] = {}
    for fact in (made for each in known.facts if (made := report_fact(each, book, known.lifted)) is not None):
        week = week_of(fact.day)
        began[fact.site] = min(week, began.get(fact.site, week))
        if week >= first and fact.repeats is None:
            for row in fact.rows:
                counts[fact.site, row] += 1
    speaking = {(kept.signal.site, kept.signal.series) for kept in known.kept if kept.signal.closed_on is None}
    weights = _weights(known, now)
    found = []
    for card in sorted(known.cards, key=lambda card: card.site):
        start = max(first, began.get(card.site, now + 1))
        weeks = sum(weights.get((card.site, week), 1.0) for week in range(start, now + 1))
        for number, series in enumerate(book.series):
            if series.kind not in SHOWN or (card.site, series) in speaking:
                continue
            alpha = rules.alpha_all if series.kind == "all" else rules.alpha_domain
            said = quiet(counts[card.site, number], weeks, alpha, rules)
            title = book.title(series)
            found.append(QuietSeries(card.site, series, title, said, _sentence(title, said, start, now)))
    return found


def _weights(known: Known, now: int) -> dict[tuple[str, int], float]:
    """Return each week's exposure as a share of a present week's, by site; of the unit that is known for most weeks."""
    by_unit: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for row in known.exposure:
        if row.value is not None and row.week <= now:
            by_unit[row.site, row.unit][row.week] = row.value
    weights: dict[tuple[str, int], float] = {}
    for (site, _), weeks in sorted(by_unit.items()):
        longest = max(len(other) for (place, _unit), other in by_unit.items() if place == site)
        recent = [weeks[week] for week in sorted(weeks)[-RECENT_WEEKS:]]
        present = sum(recent) / len(recent)
        if len(weeks) == longest and present > 0 and not any(key[0] == site for key in weights):
            weights |= {(site, week): value / present for week, value in weeks.items()}
    return weights


def _sentence(title: str, said: Quiet, start: int, now: int) -> str:
    """Put it plainly; it never says that all is well."""
    if not said.speaks_at:
        return f"{title}: the record is too short for anything to show yet."
    seen = f"{said.events} in {now - start + 1} weeks since {day_of(monday_of(start)):%-d %B %Y}"
    least = said.speaks_at[0]
    speaks = f"{least.count} in {least.weeks} weeks would be asked about"
    if said.events == 0:
        return f"{title}: none since {day_of(monday_of(start)):%-d %B %Y}; {speaks}. None told is not none happened."
    if said.doubling_weeks is None:
        return f"{title}: {seen}; too few for a doubling to show within half a year, though {speaks}."
    return f"{title}: {seen}; a doubling would take about {said.doubling_weeks} weeks to show, and {speaks}."
