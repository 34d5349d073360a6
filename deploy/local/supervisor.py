"""Runs programs: one thread each starts it, waits for its end and starts it again; nothing outlives the supervisor."""

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import ProgramFailed, StackError

FIRST_RESTART_DELAY_S = 0.5
LONGEST_RESTART_DELAY_S = 10.0
_STEADY_AFTER_S = 20.0
_LOG_LIMIT_BYTES = 20_000_000
_POLL_S = 0.05
_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None, use_errno=True).prctl


def die_with_parent() -> Callable[[], None]:
    """Make the function that a new process runs before its program, so that it is killed when its starter dies.

    The kernel sends the signal when the *thread* that made the process ends, so that thread must outlive the process.

    Returns:
        A function for Popen's preexec_fn.
    """
    parent = os.getpid()

    def before_exec() -> None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return before_exec


@dataclass(frozen=True)
class Program:
    """What to run and how long it may take to stop."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    grace_s: float = 20.0


class Child(threading.Thread):
    """Keeps one program running until told otherwise."""

    def __init__(self, program: Program, log: Path, on_change: Callable[[], None], say: Callable[[str], None]) -> None:
        super().__init__(name=f"runs {program.name}", daemon=True)
        self.program = program
        self.log = log
        self.failures = 0
        self.pid: int | None = None
        self._on_change = on_change
        self._say = say
        self._changed = threading.Condition()
        self._wanted = True
        self._closing = False
        self._hurry = False

    def run(self) -> None:
        """Start the program, again and again, until the child is closed."""
        delay_s = FIRST_RESTART_DELAY_S
        while self._wait_until_wanted():
            started = time.monotonic()
            self._run_once()
            if time.monotonic() - started > _STEADY_AFTER_S:
                delay_s, self.failures = FIRST_RESTART_DELAY_S, 0
            with self._changed:
                if self._wanted and not self._closing:
                    self.failures += 1
                    line = f"{self.program.name} ended; starting it again in {delay_s:g} s, its log is {self.log}"
                    _inform(self._say, line)
                    self._changed.wait_for(lambda: self._closing or self._hurry or not self._wanted, delay_s)
                    delay_s = min(delay_s * 2, LONGEST_RESTART_DELAY_S)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program and everything that it started; nothing happens when it is down."""
        with self._changed:
            if self.pid is not None:
                os.killpg(self.pid, number)

    def want(self, wanted: bool) -> None:
        """Say whether the program shall run; wanting one that waits for its restart starts it at once."""
        with self._changed:
            self._wanted, self._hurry = wanted, wanted
            self._changed.notify_all()

    def close(self) -> None:
        """Say that the program shall never be started again."""
        with self._changed:
            self._wanted, self._closing = False, True
            self._changed.notify_all()

    def wait_until(self, running: bool, timeout_s: float) -> bool:
        """Wait for the program to be up or down; answer whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: (self.pid is not None) == running, timeout_s)

    def _wait_until_wanted(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._wanted or self._closing)
            self._hurry = False
            return not self._closing

    def _run_once(self) -> None:
        try:
            process = self._spawn()
        except OSError as failure:
            line = f"{self.program.command[0]}: {failure}"
            _inform(self._say, line)
            _inform(self._append, line)
            return
        self._set_pid(process.pid)
        # Dead but not yet reaped, its id cannot be given to a stranger while we signal its group.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with self._changed:
            os.killpg(process.pid, signal.SIGKILL)
            self.pid = None
            process.wait()
            self._changed.notify_all()
        _inform(self._on_change)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.program.command,
                cwd=self.program.folder,
                env=dict(self.program.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - it only calls prctl, getppid and _exit, which take no locks
            )

    def _append(self, line: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{line}\n")

    def _set_pid(self, pid: int) -> None:
        with self._changed:
            self.pid = pid
            self._changed.notify_all()
        _inform(self._on_change)


def _inform(tell: Callable[..., None], *what: str) -> None:
    """Tell the outside; a full disc or a closed terminal there must not end this thread, as that ends its program."""
    with contextlib.suppress(OSError, SystemExit):  # rich ends with SystemExit when nobody reads any more
        tell(*what)


class Supervisor:
    """The programs of one stack by name."""

    def __init__(
        self, logs: Path, on_change: Callable[[], None] = lambda: None, say: Callable[[str], None] = lambda _: None
    ) -> None:
        """Supervise nothing yet.

        Args:
            logs: Folder of one log per program.
            on_change: Called, from another thread, whenever a program starts or ends.
            say: Called, from another thread, with a line for a person when a program died.
        """
        self._logs = logs
        self._on_change = on_change
        self._say = say
        self._children: dict[str, Child] = {}

    def start(self, program: Program) -> None:
        """Start a program and keep it running.

        Args:
            program: What to run; its name must be new.

        Raises:
            StackError: a program of that name is there already.
        """
        if program.name in self._children:
            raise StackError(f"{program.name} is already supervised")
        child = Child(program, self._logs / f"{program.name}.log", self._on_change, self._say)
        self._children[program.name] = child
        child.start()

    def pid(self, name: str) -> int | None:
        """Find a program's process id; None while it is down or unknown."""
        child = self._children.get(name)
        return child.pid if child else None

    def kill(self, name: str, stay_down: bool = False) -> None:
        """Kill a program with SIGKILL and return when it is dead.

        Args:
            name: Program's name.
            stay_down: True to leave it down until `restart`; else it is started again as after any crash.
        """
        child = self._child(name)
        if stay_down:
            child.want(False)
        child.signal(signal.SIGKILL)
        child.wait_until(running=False, timeout_s=10)

    def restart(self, name: str) -> None:
        """Start a program that is down at once; one that runs is stopped first."""
        child = self._child(name)
        child.want(False)
        _end([child])
        child.want(True)
        child.wait_until(running=True, timeout_s=10)

    def stop(self, names: Iterable[str]) -> None:
        """End programs together: SIGTERM to all, SIGKILL to those that are still there after their grace.

        Args:
            names: Programs to end; unknown ones are passed over.
        """
        children = [child for name in names if (child := self._children.pop(name, None))]
        for child in children:
            child.close()
        _end(children)
        for child in children:
            child.join(timeout=10)

    def stop_all(self) -> None:
        """End every program that is left."""
        self.stop(list(self._children))

    def wait_ready(self, name: str, ready: Callable[[], bool], timeout_s: float, tries: int = 4) -> None:
        """Wait until a program answers.

        Args:
            name: Program's name.
            ready: Asks it once; must not block for long.
            timeout_s: How long to wait in all.
            tries: How many ends of the program are too many.

        Raises:
            ProgramFailed: it did not answer in time, or it ended too often.
        """
        child = self._child(name)
        before = child.failures
        end = time.monotonic() + timeout_s
        while not (child.pid is not None and ready()):
            if name not in self._children:
                raise StackError(f"{name} was stopped while it was starting")
            if child.failures - before >= tries:
                raise ProgramFailed(name, f"ended {tries} times while it was starting", child.log)
            if time.monotonic() > end:
                raise ProgramFailed(name, f"did not answer within {timeout_s:.0f} s", child.log)
            time.sleep(_POLL_S)

    def _child(self, name: str) -> Child:
        if name not in self._children:
            raise StackError(f"{name} is not run by this stack")
        return self._children[name]


def _end(children: list[Child]) -> None:
    for child in children:
        child.signal(signal.SIGTERM)
    end = time.monotonic()
    for child in children:
        if not child.wait_until(running=False, timeout_s=max(0.0, end + child.program.grace_s - time.monotonic())):
            child.signal(signal.SIGKILL)
            child.wait_until(running=False, timeout_s=10)
