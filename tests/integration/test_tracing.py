"""Tracing: one trace from the form to the view where it is on, nothing where it is off, never anybody's words."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack
from types import SimpleNamespace

import httpx
import pytest
from pydantic import SecretStr

from services.classifier import app as classifier
from services.classifier import settings as classifier_settings
from services.intake import app as intake_app
from services.reporting import app as reporting
from services.reporting import settings as reporting_settings
from shared.kernel.clock import SystemClock
from shared.runtime.trace_context import TRACEPARENT, Trail, add_traceparent, working_for
from tests.support import intake
from tests.support.collector import Collector, Seen, collecting
from tests.support.harness import eventually

WORDS = "Quillfeather"
REPORTS = 6


@pytest.fixture(scope="module")
async def traced(engines, kafka_bootstrap, mongodb_uri, tmp_path_factory):
    """Three services, reports sent one by one and at once, and all spans that left the services."""
    prefix = f"traced{tmp_path_factory.getbasetemp().name.replace('-', '')}_"
    with collecting() as collector:
        await _run(kafka_bootstrap, mongodb_uri, prefix, collector)
        yield collector


async def _run(kafka: str, mongo: str, prefix: str, collector: Collector) -> None:
    common = {
        "kafka_bootstrap_servers": kafka,
        "mongodb_uri": SecretStr(mongo),
        "database_prefix": prefix,
        "token_public_key": intake.PUBLIC_PEM,
        "otlp_endpoint": collector.address,
    }
    form = intake_app.create_app(intake.settings(mongo, prefix, **common), SystemClock())
    tags = classifier.create_app(classifier_settings.Settings(**common))
    views = reporting.create_app(reporting_settings.Settings(**common))
    async with AsyncExitStack() as stack:
        for app in (form, tags, views):
            await stack.enter_async_context(app.router.lifespan_context(app))
        http = await stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(form), base_url="http://intake")
        )
        http.headers["Authorization"] = f"Bearer {intake.BOOTSTRAP}"
        for kind, table in (("providers", intake.PROVIDERS), ("sites", intake.SITES)):
            path = f"/v1/registry:import?kind={kind}"
            (await http.post(path, content=table, headers={"Content-Type": "text/csv"})).raise_for_status()
        body = {"provider_id": "rowan", "site_id": "elm", "text": f"{WORDS} nearly fell by the hoist.",
                "occurred_band": "now"}  # fmt: skip
        first = await http.post(f"/v1/reports?secret={WORDS}", json=body)
        first.raise_for_status()
        await asyncio.gather(*(http.post("/v1/reports", json=body) for _ in range(REPORTS - 1)))

        async def in_views() -> bool:
            facts = views.state.runtime.mongo.db["facts"]
            seen = {"_id": {"$regex": "rowan.*elm"}, "report": {"$ne": None}, "model": {"$ne": None}}
            return await facts.count_documents(seen) >= REPORTS

        await eventually(in_views, 60, "the tagged reports in the views")


def of_requests(collector: Collector) -> list[Seen]:
    return [span for span in collector.spans if span.name == "POST /v1/reports"]


@pytest.mark.engines
async def test_a_report_is_one_trace_from_the_form_to_the_view(traced):
    """The request, the tagging and the view are spans of one trace, each below the one that caused it."""
    requests = of_requests(traced)
    assert len(requests) == REPORTS
    for request in requests:
        spans = [span for span in traced.spans if span.trace_id == request.trace_id]
        services = {span.service for span in spans}
        assert services == {"nearmiss-intake", "nearmiss-classifier", "nearmiss-reporting"}, services
        tagged = next(s for s in spans if s.service == "nearmiss-classifier" and s.name.endswith("reports.v1"))
        assert tagged.parent_id == request.span_id
        shown = [s for s in spans if s.service == "nearmiss-reporting" and s.name.endswith("classifications.v1")]
        assert [s.parent_id for s in shown] == [tagged.span_id]
    assert len({request.trace_id for request in requests}) == REPORTS


@pytest.mark.engines
async def test_the_database_work_is_in_the_trace_and_the_polling_is_not(traced):
    """Who looks at a slow report sees what MongoDB took; the relay's own rounds make no traces."""
    traces = {span.trace_id for span in traced.spans if not span.parent_id}
    commands = [span for span in traced.spans if span.name.startswith("traced")]

    assert commands
    assert all(span.parent_id for span in commands)
    assert {span.name for span in traced.spans if span.trace_id in traces and not span.parent_id} <= {
        "POST /v1/reports",
        "POST /v1/registry:import",
        "process batch",
    }


@pytest.mark.engines
async def test_no_span_carries_what_somebody_wrote_or_who_they_are(traced):
    """Neither text nor query nor address leaves with a span."""
    for span in traced.spans:
        assert WORDS not in span.raw
        assert "secret" not in span.raw
        assert not {"http.url", "http.target", "url.query", "net.peer.ip", "http.user_agent"} & set(span.attributes)


def test_without_a_trace_headers_stay_as_they_are():
    """The hot path's headers get nothing added where nothing is traced."""
    headers = [("ce_id", b"1")]

    assert add_traceparent(headers, "r") is headers
    assert headers == [("ce_id", b"1")]


def test_in_a_batch_each_event_goes_on_in_the_trace_of_what_it_is_about():
    """An event about something else belongs to the batch."""
    with working_for(Trail(b"whole", {"r1": b"one"})):
        assert add_traceparent([], "r1") == [(TRACEPARENT, b"one")]
        assert add_traceparent([], "other") == [(TRACEPARENT, b"whole")]
        assert add_traceparent([], "r1", b"known") == [(TRACEPARENT, b"known")]
    assert add_traceparent([], "r1") == []


def test_a_process_without_tracing_never_loads_opentelemetry():
    """Off, it costs no memory and no time at start."""
    code = (
        "import sys, services.classifier.app, services.reporting.app\n"
        "from shared.runtime.runtime import Runtime\nfrom shared.runtime.settings import RuntimeSettings\n"
        "Runtime('actions', RuntimeSettings())\n"
        "late = ('opentelemetry.sdk', 'opentelemetry.instrumentation', 'opentelemetry.exporter')\n"
        "print([m for m in sys.modules if m.startswith(late)])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "value", [b"", b"00-zz-1-01", b"00-00000000000000000000000000000000-0000000000000000-01", b"x"]
)
def test_a_broken_traceparent_is_as_good_as_none(value):
    """Whatever somebody sends, a batch is applied."""
    from shared.runtime.tracing import Tracing  # noqa: PLC0415 - the test above counts on it not being loaded here

    exporter = SimpleNamespace(export=lambda spans: None, shutdown=lambda: None, force_flush=lambda _: True)
    record = SimpleNamespace(topic="t", partition=0, offset=1, headers=[(TRACEPARENT, value)])
    tracing = Tracing("actions", exporter)
    with tracing.batch([record]):
        assert add_traceparent([], "r") == []
    tracing.close()
