"""Shows how long MongoDB takes for each kind of command, and what it refuses."""

from __future__ import annotations

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from shared.runtime.metrics import COMMANDS, Metrics

MICROSECONDS = 1e6


class MongoTimes(CommandListener):
    """Observes every command; the driver calls it from its own threads, which prometheus-client allows.

    Args:
        metrics: The process's metrics.
    """

    def __init__(self, metrics: Metrics) -> None:
        service = metrics.service
        self._seconds = {name: metrics.mongo_seconds.labels(service, name) for name in (*COMMANDS, "other")}
        self._failures = {name: metrics.mongo_failures.labels(service, name) for name in (*COMMANDS, "other")}

    def started(self, event: CommandStartedEvent) -> None:
        """Nothing is noted yet."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Note how long it took."""
        name = event.command_name
        self._seconds[name if name in COMMANDS else "other"].observe(event.duration_micros / MICROSECONDS)

    def failed(self, event: CommandFailedEvent) -> None:
        """Note the time and the refusal."""
        name = event.command_name if event.command_name in COMMANDS else "other"
        self._seconds[name].observe(event.duration_micros / MICROSECONDS)
        self._failures[name].inc()
