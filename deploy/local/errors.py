"""What can go wrong while the local stack starts: each says what to do next."""

from pathlib import Path


class StackError(Exception):
    """The local stack cannot do what was asked; the message is for a person."""


class EngineUnavailable(StackError):
    """An engine's program cannot be had on this machine."""


class StackAlreadyRunning(StackError):
    """Another supervisor holds this folder's data."""


class ProgramFailed(StackError):
    """A program ended, or did not answer in time."""

    def __init__(self, name: str, what: str, log: Path) -> None:
        super().__init__(f"{name} {what}; the end of {log}:\n{_last_lines(log)}")


def _last_lines(log: Path, lines: int = 15) -> str:
    if not log.exists():
        return "  (no log)"
    text = log.read_bytes()[-20_000:].decode(errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in text[-lines:]) or "  (empty)"
