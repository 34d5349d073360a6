"""How often a key may call: calls at once share a slice, and none goes beyond the limit."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from shared.kernel.clock import FixedClock
from shared.kernel.errors import TooMany
from shared.runtime.rate import RateGate, headers_of


async def test_calls_at_once_never_pass_the_limit() -> None:
    """Of more calls at once than a minute allows, all within the limit pass and the others are told when to come."""
    gate = RateGate(1_000, FixedClock(datetime(2026, 3, 4, 12, 0, tzinfo=UTC)))

    answers = await asyncio.gather(*(gate.admit("key:a", {}) for _ in range(1_500)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, TooMany)]

    assert len(answers) - len(refused) == 1_000
    assert all(1 <= answer.retry_after_s <= 60 for answer in refused)
    other: dict[str, Any] = {}
    await gate.admit("key:b", other)
    assert dict(headers_of(other))[b"ratelimit"].startswith(b'"calls";r=999;')
