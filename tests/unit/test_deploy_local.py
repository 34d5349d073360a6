"""The local stack's logic without engines: ports, state, secrets, addresses, and a supervisor of trivial programs."""

import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from pydantic import ValidationError
from rich.console import Console
from typer.testing import CliRunner

from deploy.local import control, jars, kafka, keys, mongo
from deploy.local.__main__ import app
from deploy.local.demo import Demo
from deploy.local.engines import Engines
from deploy.local.errors import EngineUnavailable, ProgramFailed, StackAlreadyRunning, StackError
from deploy.local.ports import Ports, is_free
from deploy.local.settings import SERVICES, LocalSettings
from deploy.local.stack import without_password
from deploy.local.state import FolderLock, read_json, write_json
from deploy.local.supervisor import Program, Supervisor

SLEEP = ("sleep", "60")


def until(condition: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path / "logs")
    yield made
    made.stop_all()


def program(*command: str, grace_s: float = 5.0) -> Program:
    return Program("one", command, os.environ, Path("/"), grace_s)


def test_port_is_kept_for_the_next_start(tmp_path: Path) -> None:
    """A program gets the same port at its next start, so that bookmarks and settings stay true."""
    first = Ports(tmp_path / "ports.json", {}).port("kafka")
    assert first == Ports(tmp_path / "ports.json", {}).port("kafka")
    assert is_free(first)


def test_port_that_somebody_took_is_chosen_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kept port that another program listens on is replaced, and the new one is kept."""
    monkeypatch.setattr("deploy.local.ports._RELEASE_WAIT_S", 0.0)
    first = Ports(tmp_path / "ports.json", {}).port("kafka")
    with socket.create_server(("127.0.0.1", first)):
        second = Ports(tmp_path / "ports.json", {}).port("kafka")
    assert second != first
    assert {"kafka": second} == read_json(tmp_path / "ports.json")


def test_port_stays_while_its_program_listens_on_it(tmp_path: Path) -> None:
    """Asking again while the program runs gives its port, though it is taken - by itself."""
    ports = Ports(tmp_path / "ports.json", {})
    port = ports.port("kafka")
    with socket.create_server(("127.0.0.1", port)):
        assert port == ports.port("kafka")


def test_ports_of_two_programs_differ(tmp_path: Path) -> None:
    """No two programs get one port, neither among the kept ones nor the one named in the environment."""
    write_json(tmp_path / "ports.json", {"mongo": 23111})
    ports = Ports(tmp_path / "ports.json", {"kafka": 23111})
    given = [ports.port(name) for name in ("kafka", "mongo", *SERVICES)]
    assert len(given) == len(set(given))


def test_named_port_that_is_taken_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that the environment names is never replaced silently; the message names the variable."""
    monkeypatch.setattr("deploy.local.ports._RELEASE_WAIT_S", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = Ports(tmp_path / "ports.json", {"front": taken.getsockname()[1]})
        with pytest.raises(StackError, match="NEARMISS_FRONT_PORT"):
            ports.port("front")


def test_ports_are_named_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """NEARMISS_<NAME>_PORT fixes a port; an empty variable fixes nothing."""
    monkeypatch.setenv("NEARMISS_KAFKA_PORT", "19092")
    monkeypatch.setenv("NEARMISS_FRONT_PORT", "")
    assert LocalSettings().named_ports() == {"kafka": 19092}


def test_state_that_a_crash_left_is_not_believed(tmp_path: Path) -> None:
    """A state file without a living holder of the lock means that nothing runs."""
    write_json(tmp_path / "stack.json", {"supervisor_pid": 1, "phase": "ready"})
    assert control.running(tmp_path) is None
    assert control.stop(tmp_path) is False


def test_folder_has_one_holder(tmp_path: Path) -> None:
    """Two stacks cannot run over one folder; the second is told who holds it, and may have it afterwards."""
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire()
    with pytest.raises(StackAlreadyRunning, match=str(os.getpid())):
        second.acquire()
    assert os.getpid() == second.holder()
    first.release()
    assert second.holder() is None
    second.acquire()
    second.release()


def test_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    """The secrets stay the same from start to start, and only their owner can read the file."""
    made = keys.load_or_create(tmp_path / "secrets.json")
    assert made == keys.load_or_create(tmp_path / "secrets.json")
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert made["NEARMISS_BOOTSTRAP_KEY"].startswith("nmk_")
    assert len(made["NEARMISS_BOOTSTRAP_KEY"]) == len("nmk_") + 40


def test_only_intake_is_given_what_opens_the_vault(tmp_path: Path) -> None:
    """The other services can check a token but neither sign one nor read a name."""
    made = keys.load_or_create(tmp_path / "secrets.json")
    assert set(made) == set(keys.for_service("intake", made))
    for name in ("classifier", "actions", "reporting"):
        assert {"NEARMISS_TOKEN_PUBLIC_KEY"} == set(keys.for_service(name, made))
    assert keys.without_secrets({"PATH": "x", **made}) == {"PATH": "x"}


def test_addresses_name_everything_an_outside_program_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """addresses.json follows from the ports; a program that is down has no process id."""
    for number, name in enumerate(("front", *SERVICES)):
        monkeypatch.setenv(f"NEARMISS_{name.upper()}_PORT", str(24000 + number))
    settings = LocalSettings(kafka_bootstrap_servers="k:9092", mongodb_uri="mongodb://m/?replicaSet=rs0")
    addresses = Demo(tmp_path, settings, Console()).addresses()
    assert addresses["front"] == "http://127.0.0.1:24000"
    expected = {"direct": "http://127.0.0.1:24001", "front": "http://127.0.0.1:24000/in", "pid": None}
    assert expected == addresses["services"]["intake"]
    assert addresses["services"]["reporting"]["front"] == addresses["front"]
    assert addresses["kafka_bootstrap_servers"] == "k:9092"
    assert {name: f"nearmiss_{name}" for name in SERVICES} == addresses["mongodb_databases"]
    assert addresses["supervisor_pid"] == os.getpid()
    json.dumps(addresses)


def test_printed_address_shows_no_password() -> None:
    """An address from the environment is printed without its user and password."""
    assert without_password("mongodb://u:p@h:1,g:2/?x=1") == "mongodb://***@h:1,g:2/?x=1"


def test_missing_libraries_are_read_from_ldd() -> None:
    """The libraries that mongod lacks are named, those that it has are not."""
    output = "\tlibcurl.so.4 => not found\n\tlibm.so.6 => /lib/libm.so.6 (0x1)\n\tlibssl.so.3 => not found\n"
    assert mongo.missing_libraries(output) == ["libcurl.so.4", "libssl.so.3"]


def test_broker_creates_no_topic_by_itself_and_listens_here_only(tmp_path: Path) -> None:
    """A mistyped topic fails, and nobody on the network reaches the local broker."""
    node = kafka.Node("kafka", 1, 9092, 9093)
    settings = kafka.server_properties(tmp_path, node, [node])
    assert settings["auto.create.topics.enable"] == "false"
    assert settings["listeners"] == "CLIENT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"


def test_of_three_brokers_any_one_may_go(tmp_path: Path) -> None:
    """Three copies of everything, two of which must have a record; every broker knows the same quorum."""
    cluster = [kafka.Node(f"kafka-{n}", n, 9092 + 10 * n, 9093 + 10 * n) for n in (1, 2, 3)]
    of_each = [kafka.server_properties(tmp_path, node, cluster) for node in cluster]
    assert {one["controller.quorum.voters"] for one in of_each} == {
        "1@127.0.0.1:9103,2@127.0.0.1:9113,3@127.0.0.1:9123"
    }
    assert [one["node.id"] for one in of_each] == ["1", "2", "3"]
    copies = {name: value for name, value in of_each[0].items() if name.endswith("replication.factor")}
    assert len(copies) == 4
    assert set(copies.values()) == {"3"}
    in_sync = [value for name, value in of_each[0].items() if name.endswith(("min.isr", "min.insync.replicas"))]
    assert in_sync == ["2", "2", "2"]


def test_folder_of_another_number_of_brokers_is_refused(tmp_path: Path) -> None:
    """One broker's log is not three's: the message names both ways out, and nothing is written."""
    (tmp_path / "kafka" / "data").mkdir(parents=True)
    (tmp_path / "kafka" / "data" / "meta.properties").touch()
    cluster = [kafka.Node(name, kafka.number_of(name), 1, 2) for name in kafka.node_names(3)]
    with pytest.raises(StackError, match=r"holds the log of 1 broker.*--brokers 1.*--root"):
        kafka.prepare(tmp_path, "", cluster)
    assert not (tmp_path / "kafka-1").exists()


@pytest.mark.parametrize("brokers", ["0", "2", "4"])
def test_only_one_or_three_brokers_are_offered(brokers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two brokers could not lose one either; the environment and the command say so alike."""
    monkeypatch.setenv("NEARMISS_KAFKA_BROKERS", brokers)
    with pytest.raises(ValidationError, match="1 or 3 brokers"):
        LocalSettings()
    refused = CliRunner().invoke(app, ["up", "--brokers", brokers])
    assert refused.exit_code == 2
    assert "1 or 3 brokers" in refused.output


def test_brokers_are_not_started_beside_a_kafka_of_the_environment(tmp_path: Path) -> None:
    """Who asks for three brokers and names another Kafka is told that none would be started."""
    engines = Engines(tmp_path, LocalSettings(kafka_bootstrap_servers="k:9092", nearmiss_kafka_brokers=3))
    with pytest.raises(StackError, match="KAFKA_BOOTSTRAP_SERVERS names a Kafka"):
        engines.start()
    assert not engines.holds_folder


def test_brokers_are_read_from_their_own_answer() -> None:
    """Names and racks of any length lie between the ids."""
    answer = struct.pack(">iii", 1, 0, 2)
    answer += struct.pack(">ih3sih", 3, 3, b"abc", 9092, -1) + struct.pack(">ih1sih2s", 7, 1, b"h", 9093, 2, b"r1")
    assert kafka.brokers_of(answer + b"rest") == [3, 7]
    with pytest.raises(struct.error):
        kafka.brokers_of(answer[:20])


def test_locked_jars_are_one_version_of_kafka() -> None:
    """All Kafka jars have the broker's own version, all jars a SHA-256: no mix that dies at start can be locked."""
    locked = jars.locked_jars()
    versions = {name.split(":")[2] for name in locked if name.startswith("org.apache.kafka:")}
    assert {"4.3.1"} == versions
    assert {64} == {len(digest) for digest in locked.values()}
    assert set(jars.ROOTS) <= set(locked)


def test_folder_without_kafka_is_refused(tmp_path: Path) -> None:
    """A person's own folder of jars must hold Kafka; the message names the setting."""
    with pytest.raises(EngineUnavailable, match="NEARMISS_KAFKA_JARS"):
        jars.class_path(tmp_path, folder=tmp_path)


def test_unreachable_maven_central_names_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Maven Central the message names an address, docker compose and a folder of jars."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(EngineUnavailable, match=r"KAFKA_BOOTSTRAP_SERVERS.*docker compose.*NEARMISS_KAFKA_JARS"):
        jars.class_path(tmp_path)


def test_program_that_dies_is_started_again(supervisor: Supervisor) -> None:
    """A killed program is back within a second, as another process."""
    supervisor.start(program(*SLEEP))
    assert until(lambda: supervisor.pid("one") is not None)
    first = supervisor.pid("one")
    supervisor.kill("one")
    assert supervisor.pid("one") is None
    assert until(lambda: supervisor.pid("one") is not None, timeout_s=2.0)
    assert supervisor.pid("one") != first


def test_program_can_be_kept_down(supervisor: Supervisor) -> None:
    """A program killed to stay down stays down until it is restarted."""
    supervisor.start(program(*SLEEP))
    assert until(lambda: supervisor.pid("one") is not None)
    supervisor.kill("one", stay_down=True)
    assert not until(lambda: supervisor.pid("one") is not None, timeout_s=0.8)
    supervisor.restart("one")
    assert supervisor.pid("one") is not None


def test_deaf_program_is_killed_after_its_grace(supervisor: Supervisor) -> None:
    """A program that ignores SIGTERM, and what it started, is gone after its grace."""
    supervisor.start(program("sh", "-c", "trap '' TERM; sleep 60 & echo started; wait; sleep 60", grace_s=0.3))
    log = supervisor._logs / "one.log"
    assert until(lambda: log.exists() and "started" in log.read_text())
    pid = supervisor.pid("one")
    assert pid is not None
    group = [member for member in psutil.pids() if group_of(member) == pid]
    assert len(group) == 2
    supervisor.stop(["one"])
    assert until(lambda: not any(alive(member) for member in group))


def test_program_that_cannot_start_is_reported_with_its_log(supervisor: Supervisor) -> None:
    """Waiting for a program that ends again and again fails, and the message holds the end of its log."""
    supervisor.start(program("sh", "-c", "echo no such luck; exit 3"))
    with pytest.raises(ProgramFailed, match="no such luck"):
        supervisor.wait_ready("one", lambda: False, timeout_s=10, tries=2)


def test_killed_supervisor_leaves_nothing_running(tmp_path: Path) -> None:
    """When the supervising process is killed, the kernel kills its programs."""
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom deploy.local.supervisor import Program, Supervisor\n"
        "s = Supervisor(Path(sys.argv[1]))\n"
        "s.start(Program('one', ('sleep', '60'), {'PATH': '/usr/bin:/bin'}, Path('/')))\n"
        "s.wait_ready('one', lambda: True, 5)\nprint(s.pid('one'), flush=True)\ntime.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert alive(pid)
        process.send_signal(signal.SIGKILL)
    assert until(lambda: not alive(pid))
