"""The one assembly that all four services share: engines, consumer, relay, tasks, health, HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Depends, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pymongo.errors import PyMongoError

from shared.contracts.topics import Service, Topic, group, inputs_of, outputs_of
from shared.kernel.clock import Clock, SystemClock, monotonic_s
from shared.kernel.errors import Unavailable
from shared.runtime import parking
from shared.runtime.auth import PUBLIC, OpaqueVerifier, TokenVerifier
from shared.runtime.engines import EngineAway, wait_for_kafka, wait_for_mongo
from shared.runtime.fenced import FencedLedger, Fold
from shared.runtime.http import Limits, install_errors, refuse_unguarded
from shared.runtime.inbox import Halt, Inbox, Ledger
from shared.runtime.kafka import Producer, connect_broker, make_broker, subscriber_options
from shared.runtime.logging import configure_logging, logger
from shared.runtime.memory import settle
from shared.runtime.metrics import Metrics
from shared.runtime.mongo import Mongo
from shared.runtime.mongo_times import MongoTimes
from shared.runtime.outbox import Relay
from shared.runtime.pipe import PipeLedger, Transform
from shared.runtime.releases import Releases
from shared.runtime.settings import RuntimeSettings
from shared.runtime.shortcuts import Shortcuts, ShortRoute
from shared.runtime.start_checks import EngineUnfit, TopicWatch, check_mongo, check_topics

if TYPE_CHECKING:  # an extra of its own, which a process without tracing does not load
    from shared.runtime.tracing import Tracing

TEND_S = 1.0
log = logger(__name__)
Job = Callable[[], Awaitable[None]]


class Runtime:
    """A service's plumbing; nothing connects before the app starts.

    Args:
        service: The service's name.
        settings: Its settings.
        clock: The source of now.
        topics: What it consumes; by default what the registry says.
    """

    def __init__(
        self,
        service: Service,
        settings: RuntimeSettings,
        clock: Clock | None = None,
        topics: Sequence[Topic] | None = None,
    ) -> None:
        self.service = service
        self.settings = settings
        self.clock = clock or SystemClock()
        self.metrics = Metrics(service)
        self.tracing = _tracing(service, settings.otlp_endpoint)
        self.mongo = Mongo(
            settings.mongodb_uri.get_secret_value(),
            f"{settings.database_prefix}{service}",
            [MongoTimes(self.metrics), *([self.tracing.mongo_listener()] if self.tracing else [])],
        )
        self.producer = Producer(settings, service)
        self._watch = TopicWatch(self.producer)
        self.broker = make_broker(settings, service)
        self.holder = f"{service}-{os.getpid()}-{id(self):x}"
        self.relay: Relay | None = None
        self.inbox: Inbox | None = None
        self._ledger: Ledger | None = None
        self._topics: dict[str, Topic] = {
            topic.name: topic for topic in (inputs_of(service) if topics is None else topics)
        }
        self._jobs: list[Job] = []
        self._on_open: list[Job] = []
        self._jobs_running: list[asyncio.Future[None]] = []
        self._relaying: asyncio.Future[None] | None = None
        self._exit_reason: str | None = None
        self._joined = False

    def wake(self) -> None:
        """Tell the relay that outbox rows were committed."""
        if self.relay is not None:
            self.relay.wake()

    @property
    def outbox_full(self) -> bool:
        """Tell whether so much waits to be sent that nothing new should be taken in."""
        return self.relay is not None and self.relay.depth >= self.settings.outbox_depth_max

    def consume(self, fold: Fold) -> None:
        """Read all inputs of the service into MongoDB, fenced."""
        ledger = FencedLedger(
            self.service,
            self._topics,
            self.mongo,
            fold,
            self.metrics,
            self.clock,
            self.settings.dead_letters_in_a_row_max,
            self.settings.parked_sites_max,
            self.wake,
            self.tracing,
        )
        self._subscribe(ledger)

    def pipe(self, transform: Transform) -> None:
        """Read all inputs of the service and publish what a pure function makes of them."""
        ledger = PipeLedger(
            self.service,
            self._topics,
            self.producer,
            self.mongo,
            transform,
            self.metrics,
            self.clock,
            self.settings.dead_letters_in_a_row_max,
            self.settings.parked_sites_max,
            self.tracing,
        )
        self._subscribe(ledger)

    def _subscribe(self, ledger: FencedLedger | PipeLedger) -> None:
        self._ledger = ledger
        self.on_open(lambda: parking.indexed(self.mongo.db))
        self.every(Releases(self.service, self.mongo, ledger, self.metrics, self.clock).run)
        self.inbox = inbox = Inbox(self.service, ledger, self.metrics, self.settings)
        options = subscriber_options(self.settings, group(self.service), inbox)
        inbox.subscriber = self.broker.subscriber(*self._topics, **options)
        inbox.subscriber(inbox.on_batch)

    def every(self, job: Job) -> None:
        """Run a job beside the app for as long as it lives; the job loops and sleeps by itself."""
        self._jobs.append(job)

    def on_open(self, job: Job) -> None:
        """Run something once the database answers and before records flow: indexes, first documents."""
        self._on_open.append(job)

    def app(
        self,
        routers: Sequence[APIRouter] = (),
        opaque: OpaqueVerifier | None = None,
        streaming_paths: Iterable[str] = (),
        **fastapi_options: Any,
    ) -> FastAPI:
        """Build the ASGI app.

        Args:
            routers: The service's routes; each must name its guard.
            opaque: Verifier of API keys, at the service that makes them.
            streaming_paths: Paths that read their body as a stream and so have no size limit.
            fastapi_options: Title and the like.

        Raises:
            PermissionError: a route has no guard.
            SettingsWrong: the public key is missing or malformed.
        """
        self.settings.require_public_key()
        configure_logging(self.service, self.settings.log_level)
        app = FastAPI(
            lifespan=self._lifespan,
            servers=[{"url": self.settings.root_path or "/"}],
            openapi_url=None,  # a guarded route of ours answers; the library's pages need a CDN
            telemetry={"tracing": False, "metrics": False, "logs": False},  # it would send queries and errors' words
            **fastapi_options,
        )
        app.state.verifier = TokenVerifier(self.settings.token_public_key, opaque)
        app.state.runtime = self
        install_errors(app)
        for router in (self._probes(app), *routers):
            # Joined and not included: to include them makes FastAPI work out every route's parameters twice more.
            app.router.routes.extend(router.routes)
        refuse_unguarded(app)
        app.add_middleware(Shortcuts, routes=[route for route in app.routes if isinstance(route, ShortRoute)])
        app.add_middleware(
            Limits,
            metrics=self.metrics,
            body_max_bytes=self.settings.body_max_bytes,
            unlimited_paths=frozenset(streaming_paths),
        )
        if self.tracing is not None:
            self.tracing.instrument(app)
        return app

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        try:
            await self.start()
        except (EngineAway, EngineUnfit, Halt) as error:
            log.critical("cannot start", reason=str(error))
            await self.stop()
            raise SystemExit(str(error)) from None
        try:
            yield
        finally:
            await self.stop()

    async def start(self) -> None:
        """Wait for the engines, then start relay, consumer and jobs.

        Raises:
            EngineAway: an engine or a topic is missing after the wait.
            EngineUnfit: an engine is too old, or no replica set.
            Halt: a topic was made anew, or has the wrong number of partitions.
        """
        patience_s = self.settings.engines_wait_s
        self.mongo.open()
        await wait_for_mongo(self.mongo, patience_s)
        await check_mongo(self.mongo)
        await wait_for_kafka(self.settings.kafka, patience_s)
        await self.producer.start()
        written = {topic.name: topic for topic in outputs_of(self.service, self.settings.providers_with_topics)}
        ids = await check_topics(self.producer.client, written | self._topics, patience_s)
        if isinstance(self._ledger, FencedLedger):
            await self._ledger.adopt({name: ids[name] for name in self._topics})
        self._watch.known = {name: ids[name] for name in self._topics}
        for job in self._on_open:
            await job()
        settle()
        limits = self.settings.outbox_batch_rows, self.settings.outbox_lease_ms
        self.relay = Relay(self.service, self.holder, self.mongo, self.producer, self.metrics, self.clock, *limits)
        self._relaying = self._watched(self.relay.run)
        if self.inbox is not None:
            self._spawn(self._consume)
        for job in self._jobs:
            self._spawn(job)
        log.info("started")

    async def end_offsets(self) -> dict[tuple[str, int], int]:
        """Return the present end of every partition of the service's inputs.

        Raises:
            Unavailable: Kafka does not answer.
        """
        if self.inbox is None or not self._joined:
            raise Unavailable("the consumer has not joined its group yet")
        consumer = self.inbox.subscriber.consumer
        partitions = [TopicPartition(name, n) for name, topic in self._topics.items() for n in range(topic.partitions)]
        try:
            ends = await asyncio.wait_for(consumer.end_offsets(partitions), 10.0)
        except (KafkaError, TimeoutError) as error:
            raise Unavailable("Kafka does not say where the inputs end") from error
        return {(tp.topic, tp.partition): offset for tp, offset in ends.items()}

    async def reached(self, targets: Mapping[tuple[str, int], int]) -> bool:
        """Tell whether the service, all its processes together, has applied everything below the offsets.

        Args:
            targets: Offsets per topic and partition, as `end_offsets` gives them.
        """
        if not isinstance(self._ledger, FencedLedger):
            raise TypeError(f"{self.service} keeps no fences")
        places = await self._ledger.places()
        return all(places.get(place, 0) >= offset for place, offset in targets.items())

    def _spawn(self, job: Job) -> None:
        self._jobs_running.append(self._watched(job))

    def _watched(self, job: Job) -> asyncio.Future[None]:
        task = asyncio.ensure_future(job())
        task.add_done_callback(self._job_ended)
        return task

    def _job_ended(self, task: asyncio.Future[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.exit(f"a background job broke: {type(error).__name__}", error)

    def exit(self, reason: str, error: BaseException | None = None) -> None:
        """End the process in order, so that whoever runs it starts it again."""
        if self._exit_reason is None:
            self._exit_reason = reason
            log.critical("service stops itself", reason=reason, exc_info=error)
            os.kill(os.getpid(), signal.SIGTERM)

    async def _consume(self) -> None:
        """Join the group and look after the consumer.

        Beside the start of the app: after a kill -9 the group waits for the dead member's session to end,
        and HTTP need not wait with it.
        """
        assert self.inbox is not None
        await connect_broker(self.broker)
        await self.broker.start()
        self._joined = True
        log.info("consuming", topics=list(self._topics))
        while True:
            try:
                await self.inbox.tend()
                if fault := await self._watch.look():
                    self.exit(fault)
            except (PyMongoError, KafkaError, TimeoutError) as error:
                log.warning("cannot look after the consumer", error=type(error).__name__)
            if self.inbox.fatal:
                self.exit(self.inbox.fatal)
            await asyncio.sleep(TEND_S)

    async def stop(self) -> None:
        """Finish the batch in flight, send what the outbox holds of this round, let go of everything."""
        for task in self._jobs_running:
            task.cancel()
        await asyncio.gather(*self._jobs_running, return_exceptions=True)
        if self.inbox is not None:
            await self.inbox.settle()
            await self.broker.stop()
        if self.relay is not None and self._relaying is not None:
            await self.relay.stop()
            with contextlib.suppress(asyncio.CancelledError, TimeoutError):
                await asyncio.wait_for(self._relaying, 5.0)
        if self.relay is not None:
            with contextlib.suppress(PyMongoError):
                await self.relay.release()
        await self.producer.stop()
        self.mongo.close()
        if self.tracing is not None:
            await asyncio.to_thread(self.tracing.close)

    def not_live(self) -> str | None:
        """Say why the process should be started again; None while it makes progress."""
        patience_s = self.settings.stalled_after_s
        if self.relay is not None and monotonic_s() - self.relay.turned_at_s > patience_s + 10:
            return "the outbox relay stands still"
        if self.inbox is None:
            return None
        if not self._joined:
            return None  # waiting for the group; the lag shows it, and a restart would only wait anew
        if not self.inbox.subscriber.running:
            return "the consumer is not running"
        return self.inbox.stands_still(patience_s)

    async def not_ready(self) -> str | None:
        """Say why no work should be sent here; None when it can do its work."""
        if self.relay is None:
            return "still starting"
        if self.inbox is not None and self.inbox.halted:
            return self.inbox.halted
        if self.inbox is not None and self.inbox.stopped:
            return "partitions stopped by a bug: " + ", ".join(
                f"{tp.topic}/{tp.partition}" for tp in self.inbox.stopped
            )
        try:
            await asyncio.wait_for(self.mongo.ping(), 2.0)
        except (PyMongoError, TimeoutError):
            return "MongoDB does not answer"
        return None

    def _probes(self, app: FastAPI) -> APIRouter:
        router = APIRouter(include_in_schema=False, dependencies=[Depends(PUBLIC)])

        @router.get("/health/live")
        async def live() -> Response:
            if reason := self.not_live():
                log.error("not live", reason=reason)
            return Response(reason or "making progress", 503 if reason else 200, media_type="text/plain")

        @router.get("/health/ready")
        async def ready() -> Response:
            reason = await self.not_ready()
            return Response(reason or "ready", 503 if reason else 200, media_type="text/plain")

        @router.get("/metrics")
        async def metrics() -> Response:
            self.metrics.ready.labels(self.service).set(await self.not_ready() is None)
            return Response(generate_latest(self.metrics.registry), media_type=CONTENT_TYPE_LATEST)

        @router.get("/openapi.json")
        async def openapi() -> dict[str, Any]:
            return app.openapi()

        return router


def _tracing(service: Service, endpoint: str) -> Tracing | None:
    """Load OpenTelemetry only where a collector is named.

    Raises:
        EngineAway: it is named, but the extra is not installed.
    """
    if not endpoint:
        return None
    try:
        from shared.runtime.tracing import over_otlp  # noqa: PLC0415 - half a second and 10 MB that most do not need
    except ImportError as error:
        raise EngineAway(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but {error.name} is not installed: install the extra `tracing`, "
            "or take the setting away"
        ) from error
    return over_otlp(service, endpoint)
