"""Sends a plan at its own times, whatever the answers take, and counts what became of it.

The load is open: a slow answer does not slow the next request down, and waiting counts from the moment
at which a request was due.
"""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.load.arrivals import Arrival

AT_ONCE = 256
REFUSED = (400, 422)


@dataclass
class Outcome:
    """What became of a load.

    Attributes:
        statuses: Answers by kind and status; 0 where none came.
        accepted: New reports that were answered with "accepted".
        waits_s: By kind: seconds from when a request was due to its answer.
        behind_s: How late the sender itself ever was.
        unexpected: The first few answers that should not have been.
    """

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    accepted: int = 0
    repeated: int = 0
    waits_s: dict[str, list[float]] = field(default_factory=dict)
    behind_s: float = 0.0
    unexpected: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return the figures as plain data; waits in milliseconds."""
        return {
            "requests": sum(self.statuses.values()),
            "accepted": self.accepted,
            "repeated": self.repeated,
            "statuses": {f"{kind} {status or 'no answer'}": n for (kind, status), n in sorted(self.statuses.items())},
            "waits_ms": {kind: _quantiles(waits) for kind, waits in self.waits_s.items()},
            "sender_behind_ms": round(self.behind_s * 1000, 1),
            "unexpected": self.unexpected,
        }


def _quantiles(waits_s: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(waits_s, n=100) if len(waits_s) > 1 else [waits_s[0]] * 99
    return {name: round(cuts[place] * 1000, 1) for name, place in (("p50", 49), ("p95", 94), ("p99", 98))}


async def send(
    http: httpx.AsyncClient, arrivals: Sequence[Arrival], progress: Callable[[Arrival], None] = lambda _: None
) -> Outcome:
    """Send a plan.

    Args:
        http: Client of the front door, with its key.
        arrivals: In order of time.
        progress: Called after each answer.
    """
    outcome, gate, loop = Outcome(), asyncio.Semaphore(AT_ONCE), asyncio.get_running_loop()
    start = loop.time()

    async def one(arrival: Arrival) -> None:
        async with gate:
            answer = await _post(http, arrival)
        outcome.waits_s.setdefault(arrival.kind, []).append(loop.time() - start - arrival.at_s)
        _note(outcome, arrival, answer)
        progress(arrival)

    async with asyncio.TaskGroup() as group:
        for arrival in arrivals:
            await asyncio.sleep(max(0.0, start + arrival.at_s - loop.time()))
            outcome.behind_s = max(outcome.behind_s, loop.time() - start - arrival.at_s)
            group.create_task(one(arrival))
    return outcome


async def _post(http: httpx.AsyncClient, arrival: Arrival) -> httpx.Response | None:
    batch = arrival.kind == "late_batch"
    headers = {
        "Idempotency-Key": arrival.key,
        "Content-Type": "application/x-ndjson" if batch else "application/json",
    }
    try:
        return await http.post("/v1/reports:import" if batch else "/v1/reports", content=arrival.body, headers=headers)
    except httpx.TransportError:
        return None


def _note(outcome: Outcome, arrival: Arrival, answer: httpx.Response | None) -> None:
    status = answer.status_code if answer is not None else 0
    outcome.statuses[arrival.kind, status] += 1
    good = status in REFUSED if arrival.kind == "broken" else answer is not None and answer.is_success
    if answer is None or not good:
        if len(outcome.unexpected) < 5:
            outcome.unexpected.append(f"{arrival.kind}: {status} {answer.text[:200] if answer is not None else ''}")
        return
    if arrival.kind == "late_batch":
        outcome.accepted += answer.json()["accepted"]
        outcome.repeated += answer.json()["repeated"]
    elif arrival.kind != "broken":
        outcome.accepted += answer.json()["status"] == "accepted"
        outcome.repeated += answer.json()["status"] == "repeated"
