"""How far the views have followed the log."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.reporting.adapters import log_progress
from services.reporting.adapters.log_progress import LogProgress
from shared.kernel.clock import FixedClock
from shared.kernel.errors import Unavailable

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
PLACE = ("nearmiss.reports.v1", 0)


class Log:
    """Stands for the runtime: a log that grows, and a consumer that follows it."""

    def __init__(self) -> None:
        self.end = 0
        self.applied = 0
        self.away = False

    async def end_offsets(self) -> dict[tuple[str, int], int]:
        if self.away:
            raise Unavailable("Kafka")
        return {PLACE: self.end}

    async def reached(self, targets: dict[tuple[str, int], int]) -> bool:
        return self.applied >= targets[PLACE]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_progress, "LOOK_EVERY_S", 0.001)


async def follow(log: Any, clock: FixedClock, *steps: Any) -> list[datetime | None]:
    """What the watcher says after each step."""
    progress = LogProgress(log, clock)
    task = asyncio.ensure_future(progress.watch())
    said = []
    for step in steps:
        step()
        await asyncio.sleep(0.03)
        said.append(progress.complete_until)
    task.cancel()
    return said


@pytest.mark.usefixtures("quick")
async def test_the_moment_is_when_the_end_was_looked_up() -> None:
    """The views are complete up to the moment at which the log ended where they are now, not up to now."""
    log, clock = Log(), FixedClock(NOON)

    def grow() -> None:
        log.end = 10

    def later() -> None:
        clock.moment = NOON + timedelta(minutes=5)

    def catch_up() -> None:
        log.applied = 10

    said = await follow(log, clock, grow, later, catch_up)
    assert said[:2] == [None, None]
    assert said[2] == NOON + timedelta(minutes=5), "after the first target came a second, taken later"


@pytest.mark.usefixtures("quick")
async def test_while_the_consumer_stands_still_the_moment_does() -> None:
    """What comes into the log and is not applied keeps the moment where it was."""
    log, clock = Log(), FixedClock(NOON)

    def grow_and_move_on() -> None:
        log.end += 5
        clock.moment += timedelta(minutes=20)

    first, second, third = await follow(log, clock, lambda: None, grow_and_move_on, grow_and_move_on)
    assert first == NOON
    assert second == third
    assert third < clock.moment


@pytest.mark.usefixtures("quick")
async def test_an_engine_that_is_away_does_not_end_the_watch() -> None:
    """While Kafka does not answer the moment stands still, and it goes on afterwards."""
    log, clock = Log(), FixedClock(NOON)

    def away() -> None:
        log.away = True
        clock.moment = NOON + timedelta(minutes=20)

    def back() -> None:
        log.away = False

    said = await follow(log, clock, lambda: None, away, back)
    assert said[0] == NOON
    assert said[1] < clock.moment
    assert said[2] == clock.moment
