"""What the pages of signals and tasks show beyond their states: pictures of series, and remedies that fit them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from services.actions.domain import picture
from services.actions.domain.detection.one_series import Series
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.evaluations import Evaluation
from services.actions.domain.picture import Picture
from services.actions.domain.signals import Signal
from services.actions.ports.learning import PastReading
from services.actions.usecases.desk import Who
from shared.taxonomy.model import Playbook

FITTING_MAX = 6


class Picturing:
    """Makes pictures of series.

    Args:
        reading: Where the past is read.
        book: The series of the detection.
        playbooks: The remedies by id.
    """

    def __init__(self, reading: PastReading, book: SeriesBook, playbooks: Mapping[str, Playbook]) -> None:
        self._reading = reading
        self._book = book
        self._playbooks = playbooks

    async def of_signal(self, who: Who, signal: Signal, today: date) -> Picture:
        """Return the picture of a signal that is in reach.

        Args:
            who: For whom.
            signal: The signal.
            today: The present day in England.
        """
        span = picture.signal_span(signal, today)
        past = await self._reading.past(signal.provider_id, signal.site_id, *span, who.principal.sees_held)
        return picture.of_series(past, signal.series, self._book, span, frozenset(signal.report_ids))

    async def of_evaluation(self, who: Who, evaluation: Evaluation, today: date) -> Picture:
        """Return the picture of a remedy that is in reach; reports since its start are the marked ones."""
        span = picture.evaluation_span(evaluation, today)
        past = await self._reading.past(evaluation.provider_id, evaluation.site_id, *span, who.principal.sees_held)
        found = picture.of_series(past, evaluation.series, self._book, span, ())
        since = frozenset(dot.report_id for dot in found.dots if dot.day >= evaluation.started_on)
        return picture.of_series(past, evaluation.series, self._book, span, since)

    def title(self, series: Series) -> str:
        """Return what a reader calls a series."""
        return self._book.title(series)

    def fitting(self, series: Series, shown: Picture) -> Sequence[Playbook]:
        """Return the remedies that speak of a series, those that ask for most of its words first.

        Args:
            series: Which reports.
            shown: Its picture; where the series names no domain, the one that most of its marked reports are about.
        """
        asked = frozenset(series.domains) | frozenset(series.factors)
        if not asked:
            told = Counter(domain for dot in shown.dots if dot.marked for domain in dot.domains)
            asked = frozenset(domain for domain, _ in told.most_common(1))
        found = []
        for book in self._playbooks.values():
            pattern = book.pattern
            words = frozenset((*pattern.domains_all, *pattern.domains_any, *pattern.factors_any))
            if (hits := len(asked & words)) and not asked & frozenset(pattern.domains_none):
                found.append((-hits, _weakness(book), book.id, book))
        return [book for *_, book in sorted(found, key=lambda row: row[:3])[:FITTING_MAX]]


def _weakness(book: Playbook) -> int:
    return ("stronger", "intermediate", "weaker").index(book.strength)
