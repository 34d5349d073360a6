"""Where a service that reads the log stands, as people who look after it are told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """One service.

    Attributes:
        service: Its name.
        waiting: Records of its inputs that it has not read yet.
        dead_letters: Records that it refused in the last 14 days.
    """

    service: str
    waiting: int
    dead_letters: int
