"""The files that tell other programs what runs here: one lock per data folder, and JSON written whole or not at all."""

import fcntl
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from deploy.local.errors import StackAlreadyRunning


def write_json(path: Path, value: Any, mode: int = 0o644) -> None:
    """Replace a JSON file in one step, so that a reader never sees half of it.

    Args:
        path: File to write; its folder is made.
        value: Anything JSON can hold.
        mode: File permissions.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
        file.write("\n")
    draft.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path: File to read.

    Returns:
        The object; empty when there is no such file or it holds none.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


# Whoever looks for the holder takes a free lock for an instant.
_LOOKER_HOLDS_AT_MOST_S = 0.3


class FolderLock:
    """The right to run engines over one data folder; the kernel takes it back when its holder dies."""

    def __init__(self, root: Path) -> None:
        self._path = root / "stack.lock"
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock for this process.

        Raises:
            StackAlreadyRunning: another process holds it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        if not _locked_within(file, _LOOKER_HOLDS_AT_MOST_S):
            os.close(file)
            raise StackAlreadyRunning(f"process {self.holder()} already runs the stack in {self._path.parent}")
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        self._file = file

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._file is not None

    def holder(self) -> int | None:
        """Find who holds the lock.

        Returns:
            Process id, or None when nobody does.
        """
        try:
            file = os.open(self._path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            return None if _locked_within(file, 0) else int(os.read(file, 20) or b"0") or None
        finally:
            os.close(file)


def _locked_within(file: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.02)
        else:
            return True
