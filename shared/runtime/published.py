"""Counts what Kafka has acknowledged: records per topic, and events by their type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from shared.runtime.kafka import Record
from shared.runtime.metrics import Metrics

TYPE_HEADER = "ce_type"
DEAD_LETTER_HEADERS = frozenset({"dead_letter_kind", "dead_letter_origin"})
"""Put behind a record's own headers when it goes to a dead letter."""


def count_published(metrics: Metrics, lanes: Mapping[tuple[str, int], Sequence[Record]]) -> None:
    """Show records that were sent; dead letters are counted as records alone, since nothing new is said by them.

    Args:
        metrics: The process's metrics.
        lanes: Acknowledged records, per topic and partition.
    """
    types: Counter[bytes] = Counter()
    for (topic, _), records in lanes.items():
        metrics.published.labels(metrics.service, topic).inc(len(records))
        for _, _, headers in records:
            if headers and headers[-1][0] in DEAD_LETTER_HEADERS:
                continue
            for name, value in headers:
                if name == TYPE_HEADER:
                    types[value] += 1
                    break
    for word, number in types.items():
        metrics.events.labels(metrics.service, word.decode()).inc(number)
