"""The metric catalogue: every metric of every service, with type, unit, labels and the question it answers."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

AGE_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86400)
LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """The metrics of one process, in a registry of its own so that tests can run several apps at once.

    Args:
        service: The service's name; a constant label of every metric.
    """

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry

        # Counter, records; topic, outcome = applied|skipped_type|skipped_marker|dead_letter. Is it flowing?
        self.records = Counter(
            "nearmiss_records",
            "Records consumed, by topic and outcome",
            ("service", "topic", "outcome"),
            registry=registry,
        )
        # Gauge, records; topic, partition. How far behind is this consumer?
        self.lag = Gauge(
            "nearmiss_consumer_lag_records",
            "Records waiting between this consumer and the end of the partition",
            ("service", "topic", "partition"),
            registry=registry,
        )
        # Histogram, seconds; topic. How old is a report's fact when this service has dealt with it?
        self.age = Histogram(
            "nearmiss_age_seconds",
            "Seconds from an event's recording to its commit here (replayed and backfilled facts left out)",
            ("service", "topic"),
            buckets=AGE_BUCKETS_S,
            registry=registry,
        )
        # Histogram, seconds. From accepted to visible: the promise that ops watch.
        self.received_to_view = Histogram(
            "nearmiss_received_to_view_seconds",
            "Seconds from a live report's acceptance to its being in the views",
            ("service",),
            buckets=AGE_BUCKETS_S,
            registry=registry,
        )
        # Counter, records; topic, reason = undecodable|rule. What can never be processed?
        self.dead_letters = Counter(
            "nearmiss_dead_letters",
            "Records sent to the dead letter",
            ("service", "topic", "reason"),
            registry=registry,
        )
        # Counter, tries; stage = apply|publish|consume. What is being tried again?
        self.retries = Counter(
            "nearmiss_retries", "Work tried again after a passing failure", ("service", "stage"), registry=registry
        )
        # Counter; what = gap|moved|below. How often did the fence put a consumer back in its place?
        self.rewinds = Counter(
            "nearmiss_rewinds", "Seeks back to the stored offset", ("service", "what"), registry=registry
        )
        # Gauge, 0 or 1; topic, partition. Alarm: a bug stopped this partition; other partitions flow.
        self.stopped = Gauge(
            "nearmiss_partition_stopped",
            "1 where a bug stopped a partition",
            ("service", "topic", "partition"),
            registry=registry,
        )
        # Gauge, 0 or 1. Alarm: too many dead letters in a row halted the consumer.
        self.halted = Gauge(
            "nearmiss_consumer_halted", "1 where the consumer was halted", ("service",), registry=registry
        )
        # Gauge, rows. How many events wait to be sent?
        self.outbox_depth = Gauge("nearmiss_outbox_rows", "Rows waiting in the outbox", ("service",), registry=registry)
        # Gauge, seconds. For how long has the oldest of them waited?
        self.outbox_age = Gauge(
            "nearmiss_outbox_oldest_seconds", "Age of the oldest waiting row", ("service",), registry=registry
        )
        # Counter, events; topic. What does this service say?
        self.published = Counter(
            "nearmiss_published", "Events published and acknowledged", ("service", "topic"), registry=registry
        )
        # Histogram, seconds. How long does one fenced transaction take?
        self.apply_seconds = Histogram(
            "nearmiss_apply_seconds",
            "Seconds to apply one batch",
            ("service",),
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        # Histogram, seconds; method, route template, status class. Who waits, and for what?
        self.http_seconds = Histogram(
            "nearmiss_http_seconds",
            "Seconds to answer a request",
            ("service", "method", "route", "status"),
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        # Counter, reports; outcome = accepted|repeated|amended|withdrawn|refused. What comes in?
        self.intake_reports = Counter(
            "nearmiss_intake_reports",
            "Reports by what became of them at the door",
            ("service", "outcome"),
            registry=registry,
        )
        self.service = service
