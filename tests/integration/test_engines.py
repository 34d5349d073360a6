"""The real engines as deploy/local runs them: what they hold survives kills, and nothing outlives its supervisor."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from pymongo import MongoClient, WriteConcern

from deploy.local import caddy, control
from deploy.local.engines import Engines
from deploy.local.errors import StackAlreadyRunning, StackError
from deploy.local.ports import Ports, accepts_connections
from deploy.local.settings import PROJECT, SERVICES, LocalSettings
from deploy.local.state import read_json
from deploy.local.supervisor import Supervisor

pytestmark = pytest.mark.engines

RECORDS = 200
APP = """
import os
def create_app():
    async def app(scope, receive, send):
        while scope["type"] == "lifespan":
            event = (await receive())["type"]
            await send({"type": event + ".complete"})
            if event == "lifespan.shutdown":
                return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})
    return app
"""
LOAD = """
import json, os, pathlib
print("one week loaded")
done = {"page_path": "/page", "api_key": os.environ["NEARMISS_BOOTSTRAP_KEY"]}
(pathlib.Path(os.environ["NEARMISS_LOCAL"]) / "demo.json").write_text(json.dumps(done))
"""
RUN_DEMO = """
import sys
from pathlib import Path
from rich.console import Console
from deploy.local.demo import Demo
from deploy.local.settings import LocalSettings
Demo(Path(sys.argv[1]), LocalSettings(), Console(), project=Path(sys.argv[2])).run()
"""


def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> bool:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return condition()


@pytest.fixture(autouse=True)
def _own_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests kill engines, so they never use those that the environment names."""
    for variable in ("KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URI"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    settings = LocalSettings(kafka_bootstrap_servers=None, mongodb_uri=None)
    engines = Engines(tmp_path_factory.mktemp("own"), settings)
    engines.start()
    yield engines
    engines.stop()


def test_kafka_loses_nothing_acknowledged_when_killed(own: Engines) -> None:
    """Every record that was acknowledged before kill -9 is read after it, from the same address."""
    address = own.kafka_bootstrap
    admin = AdminClient({"bootstrap.servers": address})  # its futures fail when it is collected
    admin.create_topics([NewTopic("kept", 2, 1)])["kept"].result(20)
    acknowledged: list[bytes] = []

    def note(error: KafkaError | None, message: "Message[bytes, bytes]") -> None:
        if error is None:
            acknowledged.append(message.value() or b"")

    producer = Producer({"bootstrap.servers": address, "acks": "all", "enable.idempotence": True})
    for number in range(RECORDS):
        producer.produce("kept", str(number), on_delivery=note)
    assert producer.flush(20) == 0

    own.kill("kafka")
    own.wait_ready("kafka")

    assert own.kafka_bootstrap == address
    assert len(acknowledged) == RECORDS
    assert sorted(_read_all(address, RECORDS)) == sorted(acknowledged)


def test_mongod_is_primary_again_with_its_data_when_killed(own: Engines) -> None:
    """What was committed before kill -9 is there after it, and the next transaction commits."""
    uri = own.mongodb_uri
    client: MongoClient[dict[str, int]] = MongoClient(uri)
    table = client.get_database("kept").get_collection("rows", write_concern=WriteConcern("majority", j=True))
    table.insert_many({"_id": number} for number in range(RECORDS))

    own.kill("mongo")
    own.wait_ready("mongo")

    assert own.mongodb_uri == uri
    assert table.count_documents({}) == RECORDS
    with client.start_session() as session, session.start_transaction():
        table.insert_one({"_id": RECORDS}, session=session)
    assert table.count_documents({}) == RECORDS + 1
    client.close()


@pytest.mark.parametrize("name", ["kafka", "mongo"])
def test_engine_stays_down_until_it_is_restarted(own: Engines, name: str) -> None:
    """An outage lasts as long as a test wants it to."""
    own.kill(name, stay_down=True)
    time.sleep(1.0)
    assert not own.answers(name)
    own.restart(name)
    assert own.answers(name)


def test_second_stack_over_one_folder_is_refused(own: Engines) -> None:
    """Engines never run twice over one folder, and the refused one does no harm to those that run."""
    with pytest.raises(StackAlreadyRunning):
        Engines(own.root).start()
    assert own.answers("kafka")
    assert own.answers("mongo")


def test_engine_of_the_environment_is_waited_for_and_not_started(own: Engines, tmp_path: Path) -> None:
    """With both addresses in the environment nothing is started here, and nothing can be killed from here."""
    settings = LocalSettings(kafka_bootstrap_servers=own.kafka_bootstrap, mongodb_uri=own.mongodb_uri)
    guest = Engines(tmp_path, settings)
    guest.start()
    with pytest.raises(StackError, match="not run by this stack"):
        guest.kill("kafka")
    guest.stop()
    assert own.answers("kafka")


def test_commands_start_report_and_stop(tmp_path: Path) -> None:
    """up --detach, a second up, kill -9 of the supervisor, up again, status, down: each leaves what it says."""
    assert _command("status", tmp_path).returncode == 1
    assert _command("up", tmp_path, "--detach").returncode == 0
    state = read_json(tmp_path / "stack.json")
    again = _command("up", tmp_path)
    assert again.returncode == 0
    assert "already running" in again.stdout
    assert state["programs"]["kafka"]["address"] in again.stdout

    os.kill(state["supervisor_pid"], signal.SIGKILL)
    pids = [program["pid"] for program in state["programs"].values()]
    assert until(lambda: not any(psutil.pid_exists(pid) for pid in pids), timeout_s=5)

    assert _command("up", tmp_path, "--detach").returncode == 0
    assert _command("status", tmp_path).returncode == 0
    after = read_json(tmp_path / "stack.json")["programs"]
    assert {name: program["address"] for name, program in after.items()} == {
        name: program["address"] for name, program in state["programs"].items()
    }
    assert _command("down", tmp_path).returncode == 0
    assert not any(psutil.pid_exists(program["pid"]) for program in after.values())
    assert _command("status", tmp_path).returncode == 1


def test_demo_runs_what_it_is_given_and_names_it(tmp_path: Path) -> None:
    """A demo of small services starts, is reached through its front door, survives a kill, and ends on SIGTERM."""
    project, root = _small_project(tmp_path / "project"), tmp_path / "local"
    command = [sys.executable, "-c", RUN_DEMO, str(root), str(project)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as demo:
        assert until(lambda: (control.running(root) or {}).get("phase") == "ready" or demo.poll() is not None)
        assert demo.poll() is None, demo.stdout and demo.stdout.read()
        before = read_json(root / "addresses.json")
        assert before["page"] == before["front"] + "/page"
        assert before["api_key"].startswith("nmk_")
        assert _get(before["front"], "/in/v1/x") == (200, "/v1/x")
        pids = {name: service["pid"] for name, service in before["services"].items()}

        os.kill(pids["actions"], signal.SIGKILL)

        def actions_pid() -> int | None:
            pid: int | None = read_json(root / "addresses.json")["services"]["actions"]["pid"]
            return pid

        assert until(lambda: actions_pid() not in {None, pids["actions"]})
        assert _get(before["front"], "/act/x") == (200, "/x")

        demo.send_signal(signal.SIGTERM)
        assert demo.wait(60) == 0
    assert not (root / "addresses.json").exists()
    assert not any(psutil.pid_exists(pid) for pid in pids.values())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "reporting / None"),
        ("/sites", "reporting /sites None"),
        ("/in/sign-in/a", "intake /sign-in/a /in"),
        ("/cl/v1/corrections", "classifier /v1/corrections /cl"),
        ("/act/board", "actions /board /act"),
        ("POST /v1/reports:import", "intake /v1/reports:import None"),
        ("POST /v1/exposure", "intake /v1/exposure None"),
        ("/v1/reports?site=a", "reporting /v1/reports?site=a None"),
        ("/metrics", 404),
        ("/in/metrics", 404),
        ("/in/in/Metrics", 404),
        ("/in//%6detrics", 404),
        ("/v1/reports/../../metrics", 404),
        ("/health/ready", 404),
        ("/act/health/live", 404),
    ],
)
def test_front_door_leads_to_the_right_service(front_door: str, path: str, expected: str | int) -> None:
    """Each prefix leads to its service, feeds need none, and nobody reads metrics or probes through the front door."""
    status, body = _get(front_door, path)
    assert (body if status == 200 else status) == expected


@pytest.fixture(scope="module")
def front_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("front")
    servers = {name: ThreadingHTTPServer(("127.0.0.1", 0), _echo(name)) for name in SERVICES}
    for server in servers.values():
        threading.Thread(target=server.serve_forever, daemon=True).start()
    port = Ports(folder / "ports.json", {}).port("front")
    supervisor = Supervisor(folder / "logs")
    addresses = {name: server.server_port for name, server in servers.items()}
    supervisor.start(caddy.program(caddy.binary(), folder, port, addresses, os.environ))
    supervisor.wait_ready("front", lambda: accepts_connections(port), 20)
    yield f"http://127.0.0.1:{port}"
    supervisor.stop_all()
    for server in servers.values():
        server.shutdown()


def _echo(name: str) -> type[BaseHTTPRequestHandler]:
    class Echo(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"{name} {self.path} {self.headers.get('X-Forwarded-Prefix')}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's name for a handler

        def log_message(self, format: str, *arguments: object) -> None:
            """Stay silent."""

    return Echo


def _get(base: str, path: str) -> tuple[int, str]:
    method, path = path.split(" ") if " " in path else ("GET", path)
    connection = http.client.HTTPConnection(base.removeprefix("http://"), timeout=15)
    try:
        connection.request(method, path, headers={"X-Forwarded-Prefix": "/forged"} if path.startswith("/v1") else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _read_all(address: str, count: int) -> list[bytes]:
    settings = {"bootstrap.servers": address, "group.id": "reader", "auto.offset.reset": "earliest"}
    consumer = Consumer(settings)
    consumer.subscribe(["kept"])
    found: list[bytes] = []
    end = time.monotonic() + 30
    while len(found) < count and time.monotonic() < end:
        found.extend(message.value() or b"" for message in consumer.consume(count, 1.0) if message.error() is None)
    consumer.close()
    return found


def _command(name: str, root: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "deploy.local", name, *options, "--root", str(root)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)


def _small_project(folder: Path) -> Path:
    files = {f"services/{name}/app.py": APP for name in SERVICES}
    files |= {"shared/runtime/provision.py": "print('no topics')", "deploy/demo/load.py": LOAD}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
