"""How often each key may call: a sliding window per key in this process, told in the headers of every answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from math import ceil

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.types import Scope

from shared.kernel.clock import Clock, monotonic_s
from shared.kernel.errors import TooMany

STATE = "ratelimit"
WINDOW_S = 60
SLICES = 100
SLICE_MAX = 100
SLICE_S = 1.0
"""So long a slice is used up: calls further apart take at most 60 slices a minute, which is within every limit."""
KEYS_MAX = 10_000


@dataclass(slots=True)
class _Slice:
    """Calls that were counted at once: `left` of them may still be made, `beyond` more are within the limit."""

    left: int
    beyond: int
    wait_s: int
    until_s: float


class RateGate:
    """Counts calls by key. With several processes each counts for itself, so that a key gets that many times as much.

    Calls are counted in slices of a hundredth of the limit, at most a hundred at once, since looking at the window
    costs more than most of what a call does: a key that stops in the middle of a slice has used the whole of it. The
    library's storage is the one for an event loop: the other starts a thread with each look, and all calls wait for it.

    Args:
        per_minute: Calls that a key may make in a minute.
        clock: The source of now.
    """

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._per_minute = per_minute
        self._policy = (b"ratelimit-policy", b'"calls";q=%d;w=%d' % (per_minute, WINDOW_S))
        self._slice = max(1, min(SLICE_MAX, per_minute // SLICES))
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._clock = clock
        self._open: dict[str, _Slice] = {}
        self._counting = asyncio.Lock()

    async def admit(self, key: str, scope: Scope) -> None:
        """Count a call, and note in its scope what its answer will say (RateLimit fields of the IETF's draft 10).

        Args:
            key: Id of the key, link or session that calls.
            scope: The request's ASGI scope.

        Raises:
            TooMany: the key has called too often.
        """
        opened = self._opened(key)
        if opened is None:
            async with self._counting:  # who comes meanwhile takes from the same slice
                opened = self._opened(key) or await self._next(key)
        taken = opened.left > 0
        if taken:
            opened.left -= 1
        left, wait_s = opened.beyond + opened.left, opened.wait_s
        scope.setdefault("state", {})[STATE] = [
            self._policy,
            (b"ratelimit", b'"calls";r=%d;t=%d' % (left, wait_s)),
        ]
        if not taken:
            raise TooMany(
                f"this key may make {self._per_minute} calls a minute; send many reports in one import", wait_s
            )

    def _opened(self, key: str) -> _Slice | None:
        """Return the slice that a call can be taken from."""
        opened = self._open.get(key)
        return None if opened is None or opened.left == 0 or opened.until_s <= monotonic_s() else opened

    async def _next(self, key: str) -> _Slice:
        """Count the next slice; near the limit call by call."""
        for size in dict.fromkeys((self._slice, 1)):
            if await self._limiter.hit(self._item, key, cost=size):
                break
        else:
            size = 0
        stats = await self._limiter.get_window_stats(self._item, key)
        wait_s = min(WINDOW_S, max(1, ceil(stats.reset_time - self._clock.now().timestamp())))
        if len(self._open) >= KEYS_MAX:
            self._open.clear()
        opened = _Slice(size, max(0, stats.remaining) if size else 0, wait_s, monotonic_s() + SLICE_S)
        self._open[key] = opened
        return opened


def headers_of(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return the headers that `admit` noted; none where nobody counted."""
    noted: list[tuple[bytes, bytes]] = scope.get("state", {}).get(STATE, [])
    return noted
