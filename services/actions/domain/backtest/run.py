"""Goes through a history day by day, knowing only what was known on each day."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from services.actions.domain.backtest.history import History
from services.actions.domain.detection.chance import expected_false_alarms
from services.actions.domain.detection.engine import Engine, review_days
from services.actions.domain.detection.facts import day_of, monday_of
from services.actions.domain.detection.series import SeriesBook
from shared.taxonomy.detection_data import DetectionData

__all__ = ["backtest"]


def backtest(history: History, data: DetectionData, book: SeriesBook) -> Iterator[dict[str, Any]]:
    """Say what would have been said, and when.

    Args:
        history: The file.
        data: Words and numbers.
        book: The series.

    Yields:
        The lines in order of the day as of which they were known; the summary last.
    """
    first, last = history.first_day, history.last_day
    engine: Engine | None = None
    if first is not None and last is not None:
        engine = Engine(data, book, list(history.sites.values()), first)
        replay(engine, history, first, last)
        yield from (line.as_dict() for line in sorted(engine.lines, key=lambda line: line.on))
    yield _summary(history, data, book)


def replay(engine: Engine, history: History, first: int, last: int) -> None:
    """Give a history to an engine in order, and review each week as it ends.

    Args:
        engine: The engine.
        history: What happened.
        first: The first day.
        last: The last day.
    """
    told = {day: list(group) for day, group in groupby(history.told, key=lambda told: told.fact.day)}
    log = {day: list(group) for day, group in groupby(history.log, key=lambda line: line.day)}
    exposure = {week: list(group) for week, group in groupby(history.exposure, key=lambda row: row.week)}
    exposed = iter(sorted(exposure))
    upcoming = next(exposed, None)
    mondays = set(review_days(first, last))
    for day in range(first, last + 2):
        while upcoming is not None and monday_of(upcoming) + 6 < day:
            for row in exposure[upcoming]:
                engine.expose(row)
            upcoming = next(exposed, None)
        if day == last + 1:
            engine.judge(_last_ended(last), last, final=True)
        if day in mondays:
            engine.review(day, verdicts=day <= last)
        for line in log.get(day, ()):
            engine.note(line)
        for one in told.get(day, ()):
            engine.observe(one.fact)


def _last_ended(last: int) -> int:
    """Return the last day of the last week that has ended by a day."""
    return last - last % 7


def _summary(history: History, data: DetectionData, book: SeriesBook) -> dict[str, Any]:
    first, last = history.first_day, history.last_day
    alarms = None
    versions = {}
    if first is not None and last is not None:
        alarms = expected_false_alarms(
            data, book, list(history.sites.values()), [told.fact for told in history.told], history.exposure,
            history.log, first, last,
        )  # fmt: skip
        days = (day_of(first), day_of(last))
        rules = data.rules_on(days[1])
        versions = {"detection": rules.version, "taxonomy": data.version, "threshold_pack": data.pack_on(days[1]).id}
    return {
        "kind": "summary",
        "sites": len(history.sites),
        "reports": len(history.told),
        "from": day_of(first).isoformat() if first is not None else None,
        "to": day_of(last).isoformat() if last is not None else None,
        "expected_false_alarms_per_site_month": alarms,
        "rule_versions": versions,
    }
