"""The metric catalogue: complete, bounded, and counted as it says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pymongo.monitoring import CommandFailedEvent, CommandSucceededEvent

from shared.runtime.metrics import PARTITION, ROUTE, TOPIC, TYPE, Metrics
from shared.runtime.mongo_times import MongoTimes
from shared.runtime.published import count_published

BOUNDED = {TOPIC, PARTITION, TYPE, ROUTE, "an escalation code"}


@pytest.mark.parametrize("entry", Metrics("any").catalogue, ids=lambda entry: entry.name)
def test_an_entry_has_a_unit_a_question_and_bounded_labels(entry):
    """Nobody needs to guess what a number is, and no label grows with the data."""
    assert entry.unit
    assert entry.asks.endswith("?") or ":" in entry.asks
    for values in entry.labels.values():
        assert values in BOUNDED or "|" in values, values


def test_every_metric_of_the_registry_is_in_the_catalogue():
    """None is made beside the list."""
    metrics = Metrics("any")
    entered = {entry.name.removesuffix("_total") for entry in metrics.catalogue}
    shown = {family.name for family in metrics.registry.collect() if family.name.startswith("nearmiss_")}

    assert shown == entered


def test_events_are_counted_by_their_type_and_dead_letters_as_records_alone():
    """A dead letter says nothing new: it must not look like another event."""
    metrics = Metrics("actions")
    said = (b"k", b"v", [("ce_id", b"1"), ("ce_type", b"SignalRaised")])
    letter = (b"k", b"v", [*said[2], ("dead_letter_kind", b"rule"), ("dead_letter_origin", b"t/0/1")])
    tombstone = (b"k", None, [])
    count_published(metrics, {("signals", 0): [said, tombstone], ("signals", 3): [said], ("dlq", 0): [letter]})

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, {"service": "actions", **labels})

    assert value("nearmiss_events_total", type="SignalRaised") == 2
    assert value("nearmiss_published_total", topic="signals") == 3
    assert value("nearmiss_published_total", topic="dlq") == 1


def test_mongo_commands_are_timed_and_unknown_ones_do_not_make_new_labels():
    """A driver's new command joins "other"; what the server refuses is counted."""
    metrics = Metrics("intake")
    times = MongoTimes(metrics)
    for name in ("find", "newCommandOfTomorrow"):
        times.succeeded(CommandSucceededEvent(timedelta(seconds=0.25), {"ok": 1}, name, 1, ("h", 1), 1))
    times.failed(CommandFailedEvent(timedelta(seconds=0.25), {"ok": 0}, "insert", 1, ("h", 1), 1))

    def value(name: str, command: str) -> float | None:
        return metrics.registry.get_sample_value(name, {"service": "intake", "command": command})

    assert value("nearmiss_mongo_seconds_sum", "find") == 0.25
    assert value("nearmiss_mongo_seconds_count", "other") == 1
    assert value("nearmiss_mongo_failures_total", "insert") == 1
    assert value("nearmiss_mongo_failures_total", "find") == 0
