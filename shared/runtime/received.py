"""From Kafka records to events: each record validated by itself, so that one bad body never takes its batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from shared.contracts.envelope import Event
from shared.contracts.topics import MARKER_KEY, Topic, Undecodable, UnknownType
from shared.runtime.metrics import Metrics


class Received(NamedTuple):
    """One event with the record that it came in."""

    topic: Topic
    event: Event
    record: Any


class Bad(NamedTuple):
    """A record that can never be read, and why (fields and rules, no values)."""

    record: Any
    reason: str


@dataclass
class Batch:
    """What a list of records turned out to be."""

    events: list[Received] = field(default_factory=list)
    undecodable: list[Bad] = field(default_factory=list)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(
        self, metrics: Metrics, service: str, now: datetime, rejected: int = 0, behind: Sequence[Received] = ()
    ) -> None:
        """Show outcomes and ages in the metrics, once the batch has taken effect.

        Args:
            metrics: The process's metrics.
            service: The consumer.
            now: When the batch was applied.
            rejected: How many of the events the fold refused.
            behind: Those that were put behind a parked record of their site.
        """
        applied: Counter[str] = Counter()
        aside = {(received.record.topic, received.record.partition, received.record.offset) for received in behind}
        ages = {name: metrics.age.labels(service, name) for name in {topic.name for topic, _, _ in self.events}}
        for topic, event, record in self.events:
            if aside and (record.topic, record.partition, record.offset) in aside:
                metrics.records.labels(service, topic.name, "parked").inc()
                continue
            applied[topic.name] += 1
            if not event.replay:
                ages[topic.name].observe(max(0.0, (now - event.recorded_at).total_seconds()))
        for name, number in applied.items():
            metrics.records.labels(service, name, "applied").inc(max(0, number - rejected))
        for (name, outcome), number in self.skipped.items():
            metrics.records.labels(service, name, outcome).inc(number)
        for bad in self.undecodable:
            metrics.records.labels(service, bad.record.topic, "dead_letter").inc()
            metrics.dead_letters.labels(service, bad.record.topic, "undecodable").inc()


def decode(topics: Mapping[str, Topic], records: Sequence[Any]) -> Batch:
    """Read records in order.

    Args:
        topics: The consumer's topics by name.
        records: aiokafka's records.

    Returns:
        Events; records that can never be read; and how many markers, tombstones and events of a type
        that this release does not know were passed over.
    """
    batch = Batch()
    for record in records:
        topic = topics[record.topic]
        if record.value is None or record.key == MARKER_KEY:
            batch.skipped[topic.name, "skipped_marker"] += 1
            continue
        try:
            batch.events.append(Received(topic, topic.decode(record.value), record))
        except UnknownType:
            batch.skipped[topic.name, "skipped_type"] += 1
        except Undecodable as error:
            batch.undecodable.append(Bad(record, str(error)))
    return batch
