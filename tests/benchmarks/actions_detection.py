"""Detection over history: facts a second on one core, and a provider of 500 sites over three years.

The floor of the first is what a careful programmer would need at least: the same reports, sorted and counted by site,
domain and week in plain Python, without any test. The second is compared with the two minutes that it may take.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections import Counter
from typing import Any

import orjson

from services.actions.domain.backtest.history import History, read_history
from services.actions.domain.backtest.run import backtest, replay
from services.actions.domain.detection.engine import Engine
from services.actions.domain.detection.facts import week_of
from services.actions.domain.detection.series import SeriesBook
from shared.taxonomy.detection_data import DetectionData, load_detection_data
from shared.taxonomy.loader import load_taxonomy
from tests.support.synthetic_sites import chance_world

ALLOWED_S = 120.0
ROUNDS = 3


def history_of(sites: int, weeks: int, book: SeriesBook) -> History:
    """Read an invented history, one provider of so many sites."""
    world = chance_world(77, sites=sites, weeks=weeks, rates=(0.5, 6.0), style="mixed")
    return read_history((orjson.dumps(line) for line in world.lines), book)


def detected(history: History, data: DetectionData, book: SeriesBook) -> float:
    """Return the seconds that detection takes over a history."""
    first, last = history.first_day, history.last_day
    assert first is not None
    assert last is not None
    started = time.process_time()
    replay(Engine(data, book, list(history.sites.values()), first), history, first, last)
    return time.process_time() - started


def counted(history: History) -> float:
    """Return the seconds that sorting and counting alone take."""
    started = time.process_time()
    counts: Counter[tuple[str, str, int]] = Counter()
    for told in sorted(history.told, key=lambda told: (told.fact.day, told.fact.report_id)):
        for domain in told.fact.domains:
            counts[told.fact.site, domain, week_of(told.fact.day)] += 1
    return time.process_time() - started


def run(kafka: str = "", mongo: str = "") -> list[dict[str, Any]]:
    """Measure and return the rows of the table; engines are not needed."""
    del kafka, mongo
    data = load_detection_data(load_taxonomy())
    book = SeriesBook(data)
    history = history_of(100, 104, book)
    reports = len(history.told)
    ours = statistics.median(detected(history, data, book) for _ in range(ROUNDS))
    floor = statistics.median(counted(history) for _ in range(ROUNDS))
    large = history_of(500, 156, book)
    started = time.perf_counter()
    lines = sum(1 for _ in backtest(large, data, book))
    whole = time.perf_counter() - started
    assert lines > 0
    return [
        {
            "what": f"detection over {reports:,} reports of 100 sites, counting as floor",
            "unit": "reports/s", "ours": reports / ours, "floor": reports / floor, "ratio": floor / ours,
        },
        {
            "what": f"backtest of 500 sites, 3 years, {len(large.told):,} reports; allowed {ALLOWED_S:.0f} s",
            "unit": "s", "ours": whole, "floor": ALLOWED_S, "ratio": ALLOWED_S / whole,
        },
    ]  # fmt: skip


if __name__ == "__main__":
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sys.stdout.write("\n".join(str(row) for row in run()) + "\n")
