"""One stack as a process: bring it up, keep its state file true, wait for a signal, take it down."""

import os
import re
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.text import Text

from deploy.local.engines import Engines
from deploy.local.settings import LocalSettings
from deploy.local.state import write_json

STATE_FILE = "stack.json"
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def without_password(address: str) -> str:
    """Hide the user and the password of an address that is printed."""
    return re.sub(r"//[^/@]*@", "//***@", address)


class Stop(BaseException):
    """A signal asked the stack to end; no handler of errors may swallow it."""


class Stack:
    """The engines alone; the demo adds to it."""

    mode = "engines"

    def __init__(self, root: Path, settings: LocalSettings, console: Console) -> None:
        self.root = root.resolve()
        self.console = console
        self.engines = Engines(self.root, settings, self.publish, self.say)
        self._phase = "starting"
        self._publishing = threading.Lock()
        self._asked_to_stop = False

    def run(self) -> None:
        """Bring the stack up and keep it until SIGINT, SIGTERM or SIGHUP; leave nothing running.

        Raises:
            StackError: it could not be brought up.
        """
        previous = {number: signal.signal(number, self._on_signal) for number in _ENDING}
        try:
            self.bring_up()
            self._phase = "ready"
            self.publish()
            self.say(self.ready_message())
            while True:
                signal.pause()
        except Stop:
            self.say("stopping")
        finally:
            self._asked_to_stop = True
            self.take_down()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def bring_up(self) -> None:
        """Start everything and return when it answers."""
        self.engines.start(self.tell)

    def take_down(self) -> None:
        """Stop everything and remove the files that say what runs."""
        with self._publishing:
            self._phase = "stopped"
        if self.engines.holds_folder:
            for name in self.files():
                (self.root / name).unlink(missing_ok=True)
        self.engines.stop()

    def files(self) -> tuple[str, ...]:
        """Name the files that exist only while the stack runs."""
        return (STATE_FILE,)

    def programs(self) -> dict[str, dict[str, Any]]:
        """Describe what runs: process id (null when down or not ours) and address by program."""
        engines = self.engines
        return {
            name: {
                "pid": engines.supervisor.pid(name),
                "address": engines.address(name),
                "ours": engines.is_ours(name),
            }
            for name in engines.names
        }

    def publish(self) -> None:
        """Write what runs, for `status` and `down`; called whenever a program starts or ends."""
        with self._publishing:
            if self._phase != "stopped":
                self.write_files()

    def write_files(self) -> None:
        """Write the state file."""
        state = {"mode": self.mode, "phase": self._phase, "supervisor_pid": os.getpid(), "programs": self.programs()}
        write_json(self.root / STATE_FILE, state, mode=0o600)

    def ready_message(self) -> str:
        """Say in a line or two what a person can do now."""
        kafka, mongo = self.engines.kafka_bootstrap, without_password(self.engines.mongodb_uri)
        return f"running; KAFKA_BOOTSTRAP_SERVERS={kafka} MONGODB_URI={mongo}"

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(Text(text), soft_wrap=True)

    def tell(self, what: str, seconds: float) -> None:
        """Print a step that is done and how long it took."""
        self.console.print(Text.assemble(("✓ ", "green"), what, (f"  {seconds:.1f} s", "dim")), soft_wrap=True)

    def timed(self, what: str, started: float) -> None:
        """Print a step that began at a monotonic time in seconds."""
        self.tell(what, time.monotonic() - started)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self._asked_to_stop:
            self._asked_to_stop = True
            raise Stop
