"""OpenTelemetry: one trace from the form to the view, through HTTP, the log and MongoDB; made only where it is on.

Nothing that a person wrote, no address and no query leaves with a span: what is sent is held against a
short list of attributes, and an error leaves its type alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.pymongo import CommandTracer
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, TraceFlags
from pymongo.monitoring import CommandStartedEvent
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.runtime.trace_context import TRACEPARENT, Trail, working_for

KEPT = frozenset(
    {
        *("http.request.method", "http.response.status_code", "http.route"),
        *("http.method", "http.status_code", "error.type"),
        *("db.system", "db.name", "db.mongodb.collection"),
        *("messaging.system", "messaging.operation", "messaging.destination.name", "messaging.batch.message_count"),
        *("messaging.kafka.partition", "messaging.kafka.offset"),
    }
)
"""All attributes that leave the process; a URL can hold a sign-in secret, a peer's address names a reporter."""
PROBES = "health/live,health/ready,metrics"
HEADER_PARTS = 4


class CleanExporter(SpanExporter):
    """Lets spans out with the attributes of `KEPT` alone.

    Args:
        exporter: What sends them.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Clean and send."""
        return self._exporter.export([_cleaned(span) for span in spans])

    def shutdown(self) -> None:
        """End the exporter inside."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have the exporter inside send what it holds."""
        return self._exporter.force_flush(timeout_millis)


def _cleaned(span: ReadableSpan) -> ReadableSpan:
    errors = [
        Event(event.name, {"exception.type": (event.attributes or {}).get("exception.type", "")}, event.timestamp)
        for event in span.events
    ]
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={name: value for name, value in (span.attributes or {}).items() if name in KEPT},
        events=errors,
        links=[Link(link.context) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


class WithinTraces(CommandTracer):
    """Notes MongoDB's commands inside a traced request or batch; the relay's polling is nobody's story."""

    def started(self, event: CommandStartedEvent) -> None:
        """Begin a span where the command belongs to a trace."""
        if trace.get_current_span().get_span_context().is_valid:
            super().started(event)


class Tracing:
    """The tracing of one process.

    Args:
        service: Becomes `service.name`.
        exporter: Sends the spans; the sampler is OpenTelemetry's own setting, OTEL_TRACES_SAMPLER.
    """

    def __init__(self, service: str, exporter: SpanExporter) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": f"nearmiss-{service}", "service.namespace": "nearmiss"})
        )
        self._provider.add_span_processor(BatchSpanProcessor(CleanExporter(exporter)))
        self._tracer = self._provider.get_tracer("shared.runtime")

    def instrument(self, app: FastAPI) -> None:
        """Trace the app's requests, its probes left out."""
        app.add_middleware(TraceOfRequest)  # the library's own goes around it
        FastAPIInstrumentor.instrument_app(
            app,
            tracer_provider=self._provider,
            excluded_urls=PROBES,
            exclude_spans=["receive", "send"],
        )

    def mongo_listener(self) -> CommandTracer:
        """Return what notes the commands of a MongoDB client; statements are never captured."""
        return WithinTraces(self._provider.get_tracer("shared.runtime.mongo"))

    @contextmanager
    def batch(self, records: Sequence[Any]) -> Iterator[None]:
        """Trace the work on a batch.

        A single traced record's work goes on in its own trace. Of several, each gets a span in its own
        trace, and the work itself is a trace that is linked with all of them.

        Args:
            records: Kafka records, with the headers that they came with.
        """
        parents = [(record, parent) for record in records if (parent := _parent_of(record)) is not None]
        if not parents:
            yield
            return
        if len(parents) == 1:
            record, parent = parents[0]
            with (
                self._tracer.start_as_current_span(
                    f"process {record.topic}", _under(parent), SpanKind.CONSUMER, _place(record)
                ) as span,
                working_for(Trail(_header(span), {})),
            ):
                yield
            return
        links = [Link(parent) for _, parent in parents]
        facts: dict[str, Any] = {"messaging.system": "kafka", "messaging.batch.message_count": len(records)}
        with self._tracer.start_as_current_span("process batch", Context(), SpanKind.CONSUMER, facts, links) as whole:
            spans = [
                (record, self._tracer.start_span(
                    f"process {record.topic}", _under(parent), SpanKind.CONSUMER, _place(record),
                    [Link(whole.get_span_context())],
                ))
                for record, parent in parents
            ]  # fmt: skip
            by_subject = {_subject(record): _header(span) for record, span in spans}
            try:
                with working_for(Trail(_header(whole), by_subject)):
                    yield
            finally:
                for _, span in spans:
                    span.end()

    def close(self) -> None:
        """Send what is left, for a short time."""
        self._provider.force_flush(3_000)
        self._provider.shutdown()


def over_otlp(service: str, endpoint: str) -> Tracing:
    """Make the tracing that sends to a collector.

    Args:
        service: The service's name.
        endpoint: Base address of the collector's OTLP over HTTP, as OTEL_EXPORTER_OTLP_ENDPOINT names it.
    """
    return Tracing(service, OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces"))


class TraceOfRequest:
    """ASGI middleware: what a request publishes goes on in the request's own trace.

    Args:
        app: The application inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        span = trace.get_current_span()
        if scope["type"] != "http" or not span.get_span_context().trace_flags.sampled:
            await self._app(scope, receive, send)
            return
        with working_for(Trail(_header(span), {})):
            await self._app(scope, receive, send)


def _header(span: Span) -> bytes:
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}".encode()


def _parent_of(record: Any) -> SpanContext | None:
    """Read a record's traceparent; one that is broken or not sampled is as good as none."""
    value = next((value for name, value in record.headers if name == TRACEPARENT), b"")
    parts = value.split(b"-")
    try:
        trace_id, span_id, flags = (int(part, 16) for part in parts[1:HEADER_PARTS])
    except ValueError:
        return None
    parent = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
    return parent if parent.is_valid and parent.trace_flags.sampled else None


def _under(parent: SpanContext) -> Context:
    return trace.set_span_in_context(trace.NonRecordingSpan(parent), Context())


def _place(record: Any) -> dict[str, Any]:
    return {
        "messaging.system": "kafka",
        "messaging.operation": "process",
        "messaging.destination.name": record.topic,
        "messaging.kafka.partition": record.partition,
        "messaging.kafka.offset": record.offset,
    }


def _subject(record: Any) -> str:
    return next((value.decode(errors="replace") for name, value in record.headers if name == "ce_subject"), "")
