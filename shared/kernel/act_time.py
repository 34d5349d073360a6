"""When an act counts from: now, or in a replay of history the moment that the operator names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from shared.kernel.clock import Clock
from shared.kernel.errors import Fault, Invalid


class ActTime:
    """The clock of acts: what it shows may lie in the past, for the request alone in which that was said.

    Args:
        clock: The source of now.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._said: ContextVar[datetime | None] = ContextVar("effective_at", default=None)

    def now(self) -> datetime:
        """Return the moment from which what is done now counts."""
        return self._said.get() or self._clock.now()

    @property
    def replays(self) -> bool:
        """Tell whether what is done now is replayed history."""
        return self._said.get() is not None

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """Let what is done inside count from a moment of the past.

        Args:
            moment: Aware, and not after now.

        Raises:
            Invalid: it has no offset, or is yet to come.
        """
        if moment.tzinfo is None:
            raise Invalid("the moment has no offset", (Fault("such as 2026-05-04T09:30:00Z", "Effective-At"),))
        if moment > self._clock.now():
            raise Invalid("what is yet to come cannot be replayed", (Fault("must not be after now", "Effective-At"),))
        said = self._said.set(moment)
        try:
            yield
        finally:
            self._said.reset(said)
