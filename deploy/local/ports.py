"""Ports of the local stack: named in the environment, else chosen once, kept in a file, and chosen again when taken."""

import json
import secrets
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.state import write_json

LOCALHOST = "127.0.0.1"
_LOWEST = 20_000
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_RELEASE_WAIT_S = 3.0


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port of 127.0.0.1 now.

    Args:
        port: 1 to 65535.

    Returns:
        False when something listens there; connections that are only waiting to expire do not count.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCALHOST, port))
        except OSError:
            return False
        return True


def accepts_connections(port: int, host: str = LOCALHOST) -> bool:
    """Say whether something accepts a TCP connection.

    Args:
        port: 1 to 65535.
        host: Name or address.

    Returns:
        True when a connection was made within a second.
    """
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


class Ports:
    """The port of each program by name, the same ones at every start while they stay free."""

    def __init__(self, path: Path, named: Mapping[str, int]) -> None:
        self._path = path
        self._named = dict(named)
        self._settled: dict[str, int] = {}
        self._choosing = threading.Lock()

    def port(self, name: str) -> int:
        """Give a program's port; one that this object gave before is given again, whoever listens there.

        Args:
            name: Program's name.

        Returns:
            The port named in the environment, else the kept one, else a free one, which is then kept.

        Raises:
            StackError: the environment names a port that something else listens on.
        """
        with self._choosing:
            if name not in self._settled:
                self._settled[name] = self._named_port(name) or self._kept_port(name) or self._new_port(name)
            return self._settled[name]

    def _named_port(self, name: str) -> int | None:
        port = self._named.get(name)
        if port is not None and not _becomes_free(port):
            raise StackError(
                f"port {port} of {name} is taken: free it, or name another in NEARMISS_{name.upper()}_PORT"
            )
        return port

    def _kept_port(self, name: str) -> int | None:
        port = self._kept().get(name)
        return port if port is not None and port not in self._in_use() and _becomes_free(port) else None

    def _new_port(self, name: str) -> int:
        taken = self._in_use() | set(self._kept().values())
        ceiling = _first_ephemeral_port()
        for _ in range(1000):
            port = _LOWEST + secrets.randbelow(ceiling - _LOWEST)
            if port not in taken and is_free(port):
                write_json(self._path, {**self._kept(), name: port})
                return port
        raise StackError(f"no free port between {_LOWEST} and {ceiling}: name one in NEARMISS_{name.upper()}_PORT")

    def _in_use(self) -> set[int]:
        return set(self._settled.values()) | set(self._named.values())

    def _kept(self) -> dict[str, int]:
        try:
            return {str(name): int(port) for name, port in json.loads(self._path.read_text()).items()}
        except (FileNotFoundError, ValueError, AttributeError):
            return {}


def _becomes_free(port: int) -> bool:
    """Wait a moment for a port: after a supervisor was killed its programs die just after its lock is gone."""
    end = time.monotonic() + _RELEASE_WAIT_S
    while not is_free(port):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def _first_ephemeral_port() -> int:
    """Find where the kernel's own ports begin: a client that reconnects to a dead server inside that range can be given
    the server's port as its own, and then talks to itself while the server cannot come back."""
    try:
        first = int(_EPHEMERAL_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        first = 32_768
    return first if first > _LOWEST + 1000 else 32_768
