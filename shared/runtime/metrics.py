"""The metric catalogue: every metric of every service, with type, unit, labels and the question it answers.

deploy/METRICS.md is written from it. A label takes its values from a list that is fixed or that the
registry bounds; a test holds what the running services show against that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector

AGE_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86400)
TELLING_BUCKETS_S = (60, 300, 900, 3600, 4 * 3600, 12 * 3600, 86400, 3 * 86400, 7 * 86400, 28 * 86400)
LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
SIZE_BUCKETS = (1, 2, 5, 10, 25, 50, 100, 250, 500)

OUTCOMES = "applied|skipped_type|skipped_marker|dead_letter|parked"
TOPIC = "a topic of the registry"
PARTITION = "a partition's number"
TYPE = "an event of the registry"
ROUTE = "a route's template"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""A client may send any word as its method; another one is counted as "other"."""
COMMANDS = frozenset(
    {
        *("abortTransaction", "aggregate", "commitTransaction", "count", "delete", "distinct", "find"),
        *("findAndModify", "getMore", "insert", "ping", "update"),
    }
)
"""MongoDB's commands that are told apart; all the rest is "other"."""

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue.

    Attributes:
        name: As Prometheus shows it.
        kind: counter, gauge or histogram.
        unit: What one is.
        asks: The question that it answers.
        labels: Beside `service`, each with its values: words with | between them, or what bounds them.
    """

    name: str
    kind: Kind
    unit: str
    asks: str
    labels: dict[str, str]


class Metrics:
    """The metrics of one process, in a registry of its own so that tests can run several apps at once.

    Args:
        service: The service's name; a label of every metric.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self.registry = CollectorRegistry()
        self.catalogue: list[Entry] = []
        ProcessCollector(registry=self.registry)  # CPU, memory and open files of the process
        GCCollector(registry=self.registry)
        counter, gauge, histogram = self._counter, self._gauge, self._histogram
        choices = "|".join

        # The log: what comes in, what goes out, how far behind.
        self.records = counter("records", "records", "Is it flowing?", topic=TOPIC, outcome=OUTCOMES)
        self.lag = gauge("consumer_lag_records", "records", "How far behind is it?", topic=TOPIC, partition=PARTITION)
        self.batch_records = histogram("batch_records", "records", "Are batches full, is it busy?", SIZE_BUCKETS)
        self.apply_seconds = histogram("apply_seconds", "seconds", "How long does a batch take?", LATENCY_BUCKETS_S)
        self.published = counter("published", "records", "How much does it say, and where?", topic=TOPIC)
        self.events = counter("events", "events", "What does it say: signals, tasks, verdicts, duties?", type=TYPE)

        # Age: how old is what people see. Replayed and backfilled facts are left out of all four.
        self.age = histogram(
            "age_seconds", "seconds", "How old is an event once it has taken effect here?", AGE_BUCKETS_S, topic=TOPIC
        )
        self.occurred_to_received = histogram(
            "occurred_to_received_seconds", "seconds", "How soon do staff tell what happened?", TELLING_BUCKETS_S
        )
        self.received_to_classified = histogram(
            "received_to_classified_seconds", "seconds", "How soon is an accepted report tagged?", AGE_BUCKETS_S
        )
        self.received_to_view = histogram(
            "received_to_view_seconds", "seconds", "How soon can it be seen: the promise that ops watch", AGE_BUCKETS_S
        )

        # Trouble: what is tried again, what can never work, what stands.
        stages = "apply|publish"
        self.retries = counter("retries", "tries", "What is tried again after a passing failure?", stage=stages)
        back = "gap|below|moved|failed|stopped"
        self.rewinds = counter("rewinds", "seeks", "How often is the consumer put back in its place?", what=back)
        self.dead_letters = counter(
            "dead_letters", "records", "What can never be processed?", topic=TOPIC, reason="undecodable|rule"
        )
        self.parked_sites = gauge("parked_sites", "sites", "Whose records wait because a bug broke on one of them?")
        self.parked_records = gauge("parked_records", "records", "How many records wait to be released?")
        self.stopped = gauge(
            "partition_stopped", "0 or 1", "Where did a bug stop a partition?", topic=TOPIC, partition=PARTITION
        )
        self.halted = gauge("consumer_halted", "0 or 1", "Did too many dead letters in a row halt it?")
        self.ready = gauge("ready", "0 or 1", "Could it do its work when it was last scraped?")

        # The outbox: said in MongoDB, not yet on the log.
        self.outbox_depth = gauge("outbox_rows", "rows", "How many events wait to be sent?")
        self.outbox_age = gauge("outbox_oldest_seconds", "seconds", "How long has the oldest of them waited?")

        # Doors and stores.
        self.http_seconds = histogram(
            "http_seconds", "seconds", "Who waits, and for what?", LATENCY_BUCKETS_S,
            method=choices((*sorted(METHODS), "other")), route=ROUTE, status="1xx|2xx|3xx|4xx|5xx",
        )  # fmt: skip
        commands = choices((*sorted(COMMANDS), "other"))
        self.mongo_seconds = histogram(
            "mongo_seconds", "seconds", "How quick is MongoDB?", LATENCY_BUCKETS_S, command=commands
        )
        self.mongo_failures = counter("mongo_failures", "commands", "What does MongoDB refuse?", command=commands)

        # What it is for.
        sure = "labelled|for_review|abstained"
        became = "accepted|repeated|amended|withdrawn|refused"
        self.intake_reports = counter("intake_reports", "reports", "What comes in at the door?", outcome=became)
        self.classified = counter(
            "classified",
            "reports",
            "How often does the model leave it to people?",
            outcome=sure,
        )
        self.escalations = counter("escalations", "reports", "What does the model escalate?", code="an escalation code")
        self.unacknowledged = gauge(
            "notifications_unacknowledged", "notifications", "How many did we tell that have not said 'seen'?"
        )
        # There from the first scrape on, so that the first trouble is a rise and not a beginning.
        if service == "intake":
            for outcome in became.split("|"):
                self.intake_reports.labels(service, outcome)
        if service == "classifier":
            for outcome in sure.split("|"):
                self.classified.labels(service, outcome)
            self.occurred_to_received.labels(service)
            self.received_to_classified.labels(service)
        if service == "reporting":
            self.received_to_view.labels(service)
        for stage in stages.split("|"):
            self.retries.labels(service, stage)
        for what in back.split("|"):
            self.rewinds.labels(service, what)
        self.halted.labels(service).set(0)

    def _counter(self, name: str, unit: str, asks: str, **labels: str) -> Counter:
        self._enter(f"{name}_total", "counter", unit, asks, labels)
        return Counter(f"nearmiss_{name}", asks, ("service", *labels), registry=self.registry)

    def _gauge(self, name: str, unit: str, asks: str, **labels: str) -> Gauge:
        self._enter(name, "gauge", unit, asks, labels)
        return Gauge(f"nearmiss_{name}", asks, ("service", *labels), registry=self.registry)

    def _histogram(self, name: str, unit: str, asks: str, buckets: tuple[float, ...], **labels: str) -> Histogram:
        self._enter(name, "histogram", unit, asks, labels)
        return Histogram(f"nearmiss_{name}", asks, ("service", *labels), buckets=buckets, registry=self.registry)

    def _enter(self, name: str, kind: Kind, unit: str, asks: str, labels: dict[str, str]) -> None:
        self.catalogue.append(Entry(f"nearmiss_{name}", kind, unit, asks, labels))


def page() -> str:
    """Return deploy/METRICS.md: the catalogue as a table."""
    lines = [
        "# Metrics",
        "",
        "Written by `make docs` from shared/runtime/metrics.py; do not edit. Each service shows them at `/metrics` on",
        "its own port, never through the front door. Every metric has the label `service`; no label grows with data.",
        "Beside these: `process_*` (CPU, memory, open files) and `python_gc_*` of the process.",
        "",
        "| metric | type | unit | labels | the question it answers |",
        "|---|---|---|---|---|",
    ]
    for entry in Metrics("any").catalogue:
        labels = "; ".join(f"`{name}`: {values.replace('|', ', ')}" for name, values in entry.labels.items())
        lines.append(f"| `{entry.name}` | {entry.kind} | {entry.unit} | {labels} | {entry.asks} |")
    return "\n".join(lines) + "\n"
