"""The two engines together, each started here or found in the environment: for `up`, for the demo and for tests."""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.local import jars, kafka, mongo
from deploy.local.errors import EngineUnavailable, StackError
from deploy.local.ports import LOCALHOST, Ports
from deploy.local.settings import DOWNLOADS, LocalSettings
from deploy.local.state import FolderLock
from deploy.local.supervisor import Program, Supervisor

KINDS = ("kafka", "mongo")
_EXTERNAL_TIMEOUT_S = 60.0
_POLL_S = 0.25

Tell = Callable[[str, float], None]


def _silently(_what: str, _seconds: float) -> None:
    """Tell nobody."""


class Engines:
    """Kafka and MongoDB over one data folder; what they hold survives a stop and a kill.

    Example:
        engines = Engines(tmp_path)
        engines.start()
        ...                     # engines.kafka_bootstrap, engines.mongodb_uri
        engines.kill("kafka")   # it is started again by itself, on the same port, with the same data
        engines.wait_ready("kafka")
        engines.stop()
    """

    def __init__(
        self,
        root: Path,
        settings: LocalSettings | None = None,
        on_change: Callable[[], None] = lambda: None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Plan the engines; nothing is started.

        Args:
            root: Folder for data, logs and the lock.
            settings: Addresses and ports; by default from the environment.
            on_change: Called, from another thread, whenever a program starts or ends.
            say: Called, from another thread, with a line for a person when a program died.
        """
        self.root = root.resolve()
        self.settings = settings or LocalSettings()
        self.ports = Ports(self.root / "ports.json", self.settings.named_ports())
        self.supervisor = Supervisor(self.root / "logs", on_change, say)
        self._lock = FolderLock(self.root)
        self._starting_or_running = threading.Event()

    @property
    def names(self) -> tuple[str, ...]:
        """The engines by name: kafka and mongo; or kafka-1, kafka-2, kafka-3 and mongo."""
        return (*self._brokers(), "mongo")

    @property
    def kafka_bootstrap(self) -> str:
        """Kafka's address, host:port, with commas where there are several."""
        return self.settings.kafka_bootstrap_servers or ",".join(map(self.address, self._brokers()))

    @property
    def mongodb_uri(self) -> str:
        """MongoDB's address with the replica set named."""
        return self.settings.mongodb_uri or mongo.uri(self.ports.port("mongo"))

    @property
    def topic_replication(self) -> int:
        """How many copies a topic can have here."""
        return len(self._brokers())

    def address(self, name: str) -> str:
        """Return the address of one engine.

        Args:
            name: One of `names`.
        """
        if name == "mongo":
            return self.mongodb_uri
        return self.settings.kafka_bootstrap_servers or f"{LOCALHOST}:{self.ports.port(_port_name(name))}"

    @property
    def holds_folder(self) -> bool:
        """Whether this object, and nobody else, runs engines over its folder."""
        return self._lock.held

    def is_ours(self, name: str) -> bool:
        """Say whether an engine is started here, not found in the environment."""
        return (self.settings.mongodb_uri if name == "mongo" else self.settings.kafka_bootstrap_servers) is None

    def start(self, tell: Tell = _silently) -> None:
        """Start both engines side by side and return when both answer; on any failure nothing is left running.

        Args:
            tell: Called with what was done and how many seconds it took.

        Raises:
            StackAlreadyRunning: another process runs engines over this folder.
            StackError: the folder holds another number of brokers, or brokers are asked for where others are named.
            EngineUnavailable: an engine's program cannot be had, or an address in the environment does not answer.
            ProgramFailed: an engine ended or did not answer in time.
        """
        self._lock.acquire()
        self._starting_or_running.set()
        try:
            self._refuse_brokers_of_others()
            if self.is_ours("kafka"):
                self._cluster()  # settles its ports before the threads below ask for theirs
            if self.is_ours("mongo"):
                self.ports.port("mongo")
            with ThreadPoolExecutor(len(KINDS)) as pool:
                try:
                    for done in [pool.submit(self._bring_up, kind, tell) for kind in KINDS]:
                        done.result()
                except BaseException:
                    self._starting_or_running.clear()
                    self.supervisor.stop_all()
                    raise
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the engines, and any other program under the same supervisor, and give the folder back."""
        self._starting_or_running.clear()
        self.supervisor.stop_all()
        self._lock.release()

    def kill(self, name: str, stay_down: bool = False) -> None:
        """Kill an engine with SIGKILL and return when it is dead.

        Args:
            name: One of `names`.
            stay_down: True to leave it down until `restart`; else it is started again within a second.
        """
        self.supervisor.kill(name, stay_down)

    def restart(self, name: str) -> None:
        """Start an engine that is down, or stop and start one that runs, and return when it answers."""
        self.supervisor.restart(name)
        self.wait_ready(name)

    def wait_ready(self, name: str, timeout_s: float = 90.0) -> None:
        """Wait until an engine that is started here answers.

        Args:
            name: One of `names`.
            timeout_s: How long to wait.

        Raises:
            ProgramFailed: it did not answer in time, or ended again and again.
        """
        self.supervisor.wait_ready(name, lambda: self.answers(name), timeout_s)

    def answers(self, name: str) -> bool:
        """Ask an engine once whether it is in service.

        Args:
            name: One of `names`.

        Returns:
            True when a broker names itself as in service, or MongoDB has a primary.
        """
        if name != "mongo":
            if self.settings.kafka_bootstrap_servers:
                return kafka.any_reachable(self.settings.kafka_bootstrap_servers)
            return kafka.answers(self.ports.port(_port_name(name)), kafka.number_of(name))
        if self.settings.mongodb_uri:
            return mongo.is_reachable(self.settings.mongodb_uri)
        return mongo.is_primary(self.ports.port("mongo"))

    def _brokers(self) -> tuple[str, ...]:
        return kafka.node_names(self.settings.nearmiss_kafka_brokers if self.is_ours("kafka") else 1)

    def _cluster(self) -> list[kafka.Node]:
        port = self.ports.port
        return [
            kafka.Node(name, kafka.number_of(name), port(_port_name(name)), port(f"{_port_name(name)}_controller"))
            for name in self._brokers()
        ]

    def _refuse_brokers_of_others(self) -> None:
        if not self.is_ours("kafka") and self.settings.nearmiss_kafka_brokers != 1:
            raise StackError("KAFKA_BOOTSTRAP_SERVERS names a Kafka that runs already: no brokers are started here")

    def _bring_up(self, kind: str, tell: Tell) -> None:
        started = time.monotonic()
        if self.is_ours(kind):
            programs = self._kafka_programs() if kind == "kafka" else [self._mongo_program()]
            for program in programs:
                if not self._starting_or_running.is_set():
                    raise StackError(f"{kind} was not started: the stack is being stopped")
                self.supervisor.start(program)
            for program in programs:
                self.wait_ready(program.name)
        else:
            self._await_external(kind)
        label, address = ("Kafka", self.kafka_bootstrap) if kind == "kafka" else ("MongoDB", self.mongodb_uri)
        # An address from the environment may hold a password.
        tell(
            f"{label} at {address}" if self.is_ours(kind) else f"{label} of the environment", time.monotonic() - started
        )

    def _kafka_programs(self) -> list[Program]:
        classes = jars.class_path(DOWNLOADS, self.settings.nearmiss_kafka_jars)
        cluster = self._cluster()
        kafka.prepare(self.root, classes, cluster)
        return [kafka.program(self.root, classes, node, cluster, dict(os.environ)) for node in cluster]

    def _mongo_program(self) -> Program:
        return mongo.program(mongo.binary(), self.root / "mongo", self.ports.port("mongo"), dict(os.environ))

    def _await_external(self, name: str) -> None:
        end = time.monotonic() + _EXTERNAL_TIMEOUT_S
        while not self.answers(name):
            if time.monotonic() > end or not self._starting_or_running.is_set():
                variable = "KAFKA_BOOTSTRAP_SERVERS" if name == "kafka" else "MONGODB_URI"
                address = self.settings.kafka_bootstrap_servers if name == "kafka" else "MongoDB"
                raise EngineUnavailable(
                    f"{address} did not answer within {_EXTERNAL_TIMEOUT_S:.0f} s: check {variable} in the environment"
                )
            time.sleep(_POLL_S)


def _port_name(engine: str) -> str:
    """Ports are named as the environment's variables can be: NEARMISS_KAFKA_PORT."""
    return engine.replace("-", "_")
