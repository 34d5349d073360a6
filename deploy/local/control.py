"""What a person does to a stack from outside its process: leave it in the background, look at it, end it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.local import kafka, mongo
from deploy.local.demo import is_ready
from deploy.local.errors import StackError
from deploy.local.ports import accepts_connections
from deploy.local.settings import SERVICES
from deploy.local.stack import STATE_FILE
from deploy.local.state import FolderLock, read_json

_STOP_TIMEOUT_S = 90.0
_POLL_S = 0.1


def running(root: Path) -> dict[str, Any] | None:
    """Find the stack that runs over a folder.

    Args:
        root: The folder.

    Returns:
        Its state file, or None when nothing runs; a file left behind by a crash does not count.
    """
    holder = FolderLock(root).holder()
    if holder is None:
        return None
    state = read_json(root / STATE_FILE)
    return state if state.get("supervisor_pid") == holder else {"supervisor_pid": holder, "phase": "starting"}


def start_in_background(mode: str, root: Path, brokers: int, print_line: Callable[[str], None]) -> None:
    """Start `up` or `demo` as a process of its own and return when it is ready.

    Args:
        mode: up or demo.
        root: The stack's folder.
        brokers: Kafka's brokers that it starts.
        print_line: Called with each line of its progress.

    Raises:
        StackError: it ended before it was ready.
    """
    log = root / "logs" / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        process = subprocess.Popen(
            (sys.executable, "-m", "deploy.local", mode, "--root", str(root), "--brokers", str(brokers)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    with log.open() as progress:
        try:
            while True:
                ended = process.poll() is not None
                state = read_json(root / STATE_FILE)
                ready = state.get("supervisor_pid") == process.pid and state.get("phase") == "ready"
                for line in progress:
                    print_line(line.rstrip("\n"))
                if ended:
                    raise StackError(f"it ended before it was ready (exit {process.returncode}); see {log}")
                if ready:
                    return
                time.sleep(_POLL_S)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise


def stop(root: Path) -> bool:
    """End the stack that runs over a folder and wait until it is gone.

    Args:
        root: The folder.

    Returns:
        False when nothing ran.

    Raises:
        StackError: it did not end in time and was killed, with all that it ran.
    """
    lock = FolderLock(root)
    holder = lock.holder()
    if holder is None:
        return False
    os.kill(holder, signal.SIGTERM)
    end = time.monotonic() + _STOP_TIMEOUT_S
    while lock.holder() == holder:
        if time.monotonic() > end:
            os.kill(holder, signal.SIGKILL)
            raise StackError(f"process {holder} did not stop within {_STOP_TIMEOUT_S:.0f} s and was killed")
        time.sleep(_POLL_S)
    return True


def answers(name: str, address: str, is_ours: bool) -> bool:
    """Ask a program of a stack once whether it is in service.

    Args:
        name: kafka (or kafka-1 and so on), mongo, front or a service.
        address: Its address in the state file.
        is_ours: False for an engine of the environment.

    Returns:
        True when it is.
    """
    if name == "mongo":
        return mongo.is_reachable(address)
    is_kafka = name.startswith("kafka")
    if is_kafka and not is_ours:
        return kafka.any_reachable(address)
    port = int(address.rpartition(":")[2])
    if is_kafka:
        return kafka.answers(port, kafka.number_of(name))
    return is_ready(port) if name in SERVICES else accepts_connections(port)
