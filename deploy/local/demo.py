"""The whole system on one machine: engines, topics, four services, the front door, and data to look at."""

import http.client
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.local import caddy, keys
from deploy.local.environment import shared_settings
from deploy.local.errors import ProgramFailed
from deploy.local.ports import LOCALHOST, accepts_connections
from deploy.local.settings import PROJECT, SERVICES, LocalSettings
from deploy.local.stack import Stack
from deploy.local.state import read_json, write_json
from deploy.local.styles import ensure_styles
from deploy.local.supervisor import Program, die_with_parent

ADDRESSES_FILE = "addresses.json"
PREFIXES = {name: shared_settings(name)["NEARMISS_ROOT_PATH"] for name in SERVICES}
_LOADED_FILE = "demo.json"
_SERVICE_TIMEOUT_S = 90.0
_SERVICE_GRACE_S = 40.0
# Longer than the front door keeps a silent connection (deploy/front/Caddyfile).
_KEEP_ALIVE = ("--timeout-keep-alive", "75")


class Demo(Stack):
    """Everything, as docker compose would start it."""

    mode = "demo"

    def __init__(self, root: Path, settings: LocalSettings, console: Console, project: Path = PROJECT) -> None:
        """Plan the demo; nothing is started.

        Args:
            root: Folder for data, logs, secrets and addresses.
            settings: Addresses and ports.
            console: Where progress goes.
            project: Folder in which the modules of the services and steps are found.
        """
        super().__init__(root, settings, console)
        self._project = project
        self._loaded: dict[str, Any] = {}

    def bring_up(self) -> None:
        """Start everything and load the demo's data; return when the page is ready."""
        super().bring_up()
        ensure_styles()
        started = time.monotonic()
        self._run_step("provision", "shared.runtime.provision", {})
        self.timed("topics", started)
        self._start_programs()
        started = time.monotonic()
        self._load()
        self.timed("demo data", started)

    def take_down(self) -> None:
        """Close the front door, let the services finish, then stop the engines."""
        self.engines.supervisor.stop(["front"])
        self.engines.supervisor.stop(SERVICES)
        super().take_down()

    def files(self) -> tuple[str, ...]:
        """Name the files that exist only while the demo runs."""
        return (*super().files(), ADDRESSES_FILE)

    def programs(self) -> dict[str, dict[str, Any]]:
        """Describe engines, front door and services."""
        own = {"front": self.front_url, **{name: self.direct_url(name) for name in SERVICES}}
        pid = self.engines.supervisor.pid
        return {
            **super().programs(),
            **{name: {"pid": pid(name), "address": url, "ours": True} for name, url in own.items()},
        }

    def write_files(self) -> None:
        """Write the state, and the addresses once the data is there."""
        if self._loaded:
            write_json(self.root / ADDRESSES_FILE, self.addresses(), mode=0o600)
        else:  # what a crash left behind would send others to the wrong place
            (self.root / ADDRESSES_FILE).unlink(missing_ok=True)
        super().write_files()  # last: who reads "ready" there finds the addresses

    def ready_message(self) -> str:
        """Name the page and how to stop."""
        return f"\nThe governance page: {self.page_url}\nAddresses for programs: {self.root / ADDRESSES_FILE}"

    @property
    def front_url(self) -> str:
        """Base URL of the front door."""
        return f"http://{LOCALHOST}:{self.engines.ports.port('front')}"

    @property
    def page_url(self) -> str:
        """URL of the page to open first."""
        return self.front_url + str(self._loaded.get("page_path", "/"))

    def direct_url(self, service: str) -> str:
        """Base URL of a service behind the front door."""
        return f"http://{LOCALHOST}:{self.engines.ports.port(service)}"

    def addresses(self) -> dict[str, Any]:
        """Describe the running demo for other programs.

        Returns:
            What `addresses.json` holds: URLs, engines, databases, process ids, an API key and the data's last day.
        """
        pid = self.engines.supervisor.pid
        kafka, mongo = self.engines.kafka_bootstrap, self.engines.mongodb_uri
        return {
            "front": self.front_url,
            "page": self.page_url,
            "services": {
                name: {"direct": self.direct_url(name), "front": self.front_url + PREFIXES[name], "pid": pid(name)}
                for name in SERVICES
            },
            "kafka_bootstrap_servers": kafka,
            "mongodb_uri": mongo,
            "mongodb_databases": {name: f"nearmiss_{name}" for name in SERVICES},
            "api_key": self._loaded.get("api_key"),
            "loaded_to": self._loaded.get("loaded_to"),
            "engines": {
                "kafka": {"pid": pid(self.engines.names[0]), "address": kafka, "brokers": self._brokers()},
                "mongodb": {"pid": pid("mongo"), "address": mongo},
                "front_door": {"pid": pid("front"), "address": self.front_url},
            },
            "supervisor_pid": os.getpid(),
        }

    def _brokers(self) -> dict[str, dict[str, Any]]:
        names = (name for name in self.engines.names if name != "mongo")
        return {
            name: {"pid": self.engines.supervisor.pid(name), "address": self.engines.address(name)} for name in names
        }

    def _start_programs(self) -> None:
        ports = {name: self.engines.ports.port(name) for name in (*SERVICES, "front")}
        supervisor = self.engines.supervisor
        for name in SERVICES:
            supervisor.start(self._service(name, ports[name]))
        folder = self.root / "caddy"
        supervisor.start(caddy.program(caddy.binary(), folder, ports["front"], ports, keys.without_secrets(os.environ)))
        started = time.monotonic()

        def await_service(name: str) -> None:
            supervisor.wait_ready(name, lambda: is_ready(ports[name]), _SERVICE_TIMEOUT_S)
            self.timed(f"{name} at {self.direct_url(name)}", started)

        with ThreadPoolExecutor(len(SERVICES)) as pool:
            try:
                for done in [pool.submit(await_service, name) for name in SERVICES]:
                    done.result()
            except BaseException:
                supervisor.stop(SERVICES)
                raise
        supervisor.wait_ready("front", lambda: accepts_connections(ports["front"]), caddy.READY_TIMEOUT_S)
        self.timed(f"front door at {self.front_url}", started)

    def _service(self, name: str, port: int) -> Program:
        app = f"services.{name}.app:create_app"
        command = (sys.executable, "-m", "uvicorn", app, "--factory", "--host", LOCALHOST, "--port", str(port))
        own = {
            **shared_settings(name),
            **keys.for_service(name, self._secrets()),
            "NEARMISS_DEMO": "1",
            "NEARMISS_FRONT_URL": self.front_url,
        }
        if name == "actions":  # messages to people on call are written down, where nobody is woken by invented data
            own |= {"NEARMISS_NOTIFY_CHANNEL": "file", "NEARMISS_NOTIFY_FILE": str(self.root / "notifications.ndjson")}
        environment = {**self._common_environment(), **own}
        return Program(name, (*command, "--no-access-log", *_KEEP_ALIVE), environment, self._project, _SERVICE_GRACE_S)

    def _load(self) -> None:
        urls = {f"NEARMISS_{name.upper()}_URL": self.direct_url(name) for name in SERVICES}
        secret = {"NEARMISS_BOOTSTRAP_KEY": self._secrets()["NEARMISS_BOOTSTRAP_KEY"]}
        self._run_step("load", "deploy.demo.load", {**urls, **secret, "NEARMISS_FRONT_URL": self.front_url})
        self._loaded = read_json(self.root / _LOADED_FILE)
        if not self._loaded.keys() >= {"page_path", "api_key"}:
            raise ProgramFailed("load", f"left no page_path and api_key in {_LOADED_FILE}", self._log("load"))

    def _run_step(self, name: str, module: str, own: dict[str, str]) -> None:
        """Run a module once; its standard output is progress, everything goes to its log."""
        log = self._log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**self._common_environment(), "NEARMISS_LOCAL": str(self.root), "NEARMISS_DEMO": "1", **own}
        with (
            log.open("w") as file,
            subprocess.Popen(
                (sys.executable, "-m", module),
                cwd=self._project,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - only prctl, getppid and _exit, which take no locks
            ) as process,
        ):
            try:
                for line in process.stdout or ():
                    file.write(line)
                    self.say(f"  {line.rstrip()}")
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            raise ProgramFailed(name, f"ended with {process.returncode}", log)

    def _common_environment(self) -> dict[str, str]:
        addresses = {"KAFKA_BOOTSTRAP_SERVERS": self.engines.kafka_bootstrap, "MONGODB_URI": self.engines.mongodb_uri}
        if (copies := self.engines.topic_replication) > 1:
            addresses["NEARMISS_TOPIC_REPLICATION"] = str(copies)
        return {**keys.without_secrets(os.environ), **addresses, "PYTHONUNBUFFERED": "1"}

    def _secrets(self) -> dict[str, str]:
        return keys.load_or_create(self.root / "secrets.json")

    def _log(self, name: str) -> Path:
        return self.root / "logs" / f"{name}.log"


def is_ready(port: int) -> bool:
    """Ask a service once whether it is ready.

    Args:
        port: The service's own port on 127.0.0.1.

    Returns:
        True when /health/ready answers 200.
    """
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=2.0)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
