"""Review runs: each provider's days, one after the other, live and as replay by the very same code."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.actions.domain.progress import Progress, end_of
from services.actions.domain.signals import Event, moved
from services.actions.domain.watch.day import Found
from services.actions.domain.watch.known import Known
from services.actions.ports import Inputs, ProviderCard, Store
from services.actions.ports.oversight import Oversight, OversightWork
from services.actions.ports.watching import WatchHead, WatchReading
from services.actions.usecases.programmes import judge
from services.actions.usecases.repeats import follow_signals
from services.actions.usecases.routine_run import RoutineRun
from shared.kernel.clock import Clock, london_date, monotonic_s
from shared.kernel.errors import Fault, Invalid, NotFound, Unavailable
from shared.taxonomy.detection_data import DetectionData

DAY = timedelta(days=1)
REPLAY_DAYS_MAX = 1100
RECHECK_S = 0.25
SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Tally:
    """What reviews did."""

    days: int = 0
    raised: int = 0
    updated: int = 0
    closed: int = 0

    def plus(self, other: Tally) -> Tally:
        """Return the sum of both."""
        return Tally(
            self.days + other.days,
            self.raised + other.raised,
            self.updated + other.updated,
            self.closed + other.closed,
        )


@dataclass(frozen=True, slots=True)
class Patience:
    """How long reviews wait, in the units named.

    Attributes:
        latest_h: A day is reviewed so many hours after it was first due, read to its end or not.
        replay_wait_s: A replay waits so long for the inputs and for its turn.
    """

    latest_h: float
    replay_wait_s: float


class Reviews:
    """The review runs of all providers.

    Args:
        store: The service's database.
        reading: What a review goes by.
        inputs: The log that the service reads.
        clock: The source of now.
        watch: Detection and verdicts: what a day shows, given what is known of it.
        patience: How long to wait for what.
        routines: What the calendar does with routines, for the days of a replay.
        oversight: Runs what keeps a review's findings.
        data: The threshold packs of repeats without action.
    """

    def __init__(
        self,
        store: Store,
        reading: WatchReading,
        inputs: Inputs,
        clock: Clock,
        watch: Callable[[Known], Found],
        patience: Patience,
        routines: RoutineRun,
        oversight: Oversight,
        data: DetectionData,
    ) -> None:
        self._store = store
        self._reading = reading
        self._inputs = inputs
        self._clock = clock
        self._watch = watch
        self._patience = patience
        self._routines = routines
        self._oversight = oversight
        self._data = data

    async def catch_up(self, provider: ProviderCard) -> Tally:
        """Review a provider's days that are due, in order; nothing where another process does it.

        Raises:
            Unavailable: an engine is away; what was reviewed until then stays.
        """
        tally, provider_id = Tally(), provider.provider_id
        progress = await self._store.progress(provider_id)
        if progress.stands_on is not None or self._clock.now() < end_of(progress.next_day(provider.first_seen_on)):
            return tally
        if not await self._store.claim(provider_id):
            return tally
        try:
            while (day := await self._due(provider)) is not None:
                tally = tally.plus(await self._review(provider_id, day, replay=False))
                progress = await self._store.progress(provider_id)
                await self._store.keep_progress(progress.reviewed(day))
        finally:
            await self._store.release(provider_id)
        return tally

    async def replay(self, provider_id: str, first: date, last: date, *, more: bool = False) -> Tally:
        """Review days of loaded history in order; days that a replay has gone through are left alone.

        Routines fall due, and are missed, with the same days.

        Args:
            provider_id: The tenant.
            first: First day.
            last: Last day; it must be over.
            more: Whether later days are still to come: until a replay without it nothing is reviewed live, and
                routines stand on the day after the last.

        Returns:
            What the days that were reviewed now did.

        Raises:
            Invalid: the days are in the wrong order, too many, or not yet over.
            NotFound: the provider is not known.
            Unavailable: the inputs were not read to their end in time, or another process reviews the provider.
        """
        self._refuse_bad(first, last)
        deadline_s = monotonic_s() + self._patience.replay_wait_s
        await self._until_read(deadline_s)
        if await self._store.provider(provider_id) is None:
            raise NotFound(f"provider {provider_id} is not known here")
        await self._until_classified(provider_id, first, last, deadline_s)
        await self._until_claimed(provider_id, deadline_s)
        tally = Tally()
        try:
            for day in (await self._store.progress(provider_id)).to_replay(first, last):
                tally = tally.plus(await self._review(provider_id, day, replay=True))
                progress = (await self._store.progress(provider_id)).replayed_on(day)
                await self._store.keep_progress(progress.standing(day + DAY))
                await self._routines.move_on(provider_id)
            if not more:
                progress = await self._store.progress(provider_id)
                await self._store.keep_progress(progress.standing(None))
        finally:
            await self._store.release(provider_id)
        return tally

    async def _due(self, provider: ProviderCard) -> date | None:
        """Return the next day if it may be reviewed now.

        A day may be once everything that was in the log when it was first asked for, which is after its
        end, has taken effect. After a standstill that moment comes late and the waiting time counts from
        it, so that a service which has just come back does not judge days whose reports it has yet to read.
        """
        progress = await self._store.progress(provider.provider_id)
        day, now = progress.next_day(provider.first_seen_on), self._clock.now()
        if now < end_of(day):
            return None
        if progress.asked_at is None or progress.asked_at < end_of(day):
            progress = replace(progress, asked_at=now, targets=None)
        progress = await self._with_targets(progress)
        if progress.targets is not None and await self._inputs.reached(progress.targets):
            return day
        assert progress.asked_at is not None
        return day if now >= progress.asked_at + timedelta(hours=self._patience.latest_h) else None

    async def _with_targets(self, progress: Progress) -> Progress:
        if progress.targets is not None:
            return progress
        # Where the broker is away it is asked again in the next round, and the waiting time runs.
        with contextlib.suppress(Unavailable):
            progress = replace(progress, targets=await self._inputs.end_offsets())
        await self._store.keep_progress(progress)
        return progress

    async def _review(self, provider_id: str, day: date, *, replay: bool) -> Tally:
        """Review one day; on Sundays the week that ends with it, on other days what was told or done anew."""
        head = await self._reading.head(provider_id)
        # What was said stays said: a day before the last one that found something is not gone back to.
        if head.to is not None and head.found and head.to >= day:
            return Tally(days=1)
        if day.weekday() == SUNDAY:
            sites = await self._store.sites_of(provider_id)
        else:
            sites = await self._reading.fresh_sites(provider_id, day)
        if not sites:
            return Tally(days=1)
        if not await self._store.claim(provider_id):
            raise Unavailable("another process took the review over")
        known = await self._reading.known(provider_id, sites, day)
        found = await asyncio.to_thread(self._watch, known)
        if not await self._store.claim(provider_id):
            raise Unavailable("another process took the review over")
        tally = await self._oversight.run(lambda work: _keep(work, known, head, found, replay, self._data))
        if day.weekday() == SUNDAY:
            await self._reading.forget_marks(provider_id, sites, day)
        return tally

    def _refuse_bad(self, first: date, last: date) -> None:
        today = london_date(self._clock.now())
        if last < first:
            raise Invalid("the days are in the wrong order", (Fault(f"must not be before {first}", "to"),))
        if last >= today:
            raise Invalid("a day is reviewed when it is over", (Fault(f"must be before today, {today}", "to"),))
        if (last - first).days >= REPLAY_DAYS_MAX:
            raise Invalid("these are too many days at once", (Fault(f"at most {REPLAY_DAYS_MAX} days", "from"),))

    async def _until_read(self, deadline_s: float) -> None:
        targets = await self._inputs.end_offsets()
        while not await self._inputs.reached(targets):
            if monotonic_s() >= deadline_s:
                raise Unavailable("the inputs have not been read to their end yet")
            await asyncio.sleep(RECHECK_S)

    async def _until_classified(self, provider_id: str, first: date, last: date, deadline_s: float) -> None:
        """Give the classifier time for the days; what it can never classify does not stop them."""
        while await self._store.unclassified(provider_id, first, last):
            if monotonic_s() >= deadline_s:
                return
            await asyncio.sleep(RECHECK_S)

    async def _until_claimed(self, provider_id: str, deadline_s: float) -> None:
        while not await self._store.claim(provider_id):
            if monotonic_s() >= deadline_s:
                raise Unavailable("another process is reviewing this provider")
            await asyncio.sleep(RECHECK_S)


async def _keep(
    work: OversightWork, known: Known, head: WatchHead, found: Found, replay: bool, data: DetectionData
) -> Tally:
    """Store and tell what a review found; all of it or nothing."""
    day, provider_id = known.day, known.provider_id
    at = end_of(day) if replay else work.now
    await work.watch.keep(provider_id, day, head, found)
    states = await work.signals.load(provider_id, {signal.signal_id for _, signal in found.signals})
    counted: dict[Event, int] = {"raised": 0, "updated": 0, "closed": 0}
    for word, told in found.signals:
        change = moved(states.get(told.signal_id), told, word)
        if change is not None:
            event, states[told.signal_id] = change
            await work.signals.save(states[told.signal_id], event, at, replay)
            counted[event] += 1
    moved_now = [states[signal.signal_id] for _, signal in found.signals if signal.signal_id in states]
    await follow_signals(list({signal.signal_id: signal for signal in moved_now}.values()), work, data, day, at, replay)
    await work.signals.know_evaluations(provider_id, {state.evaluation_id for _, state in found.evaluations})
    for told_as, state in found.evaluations:
        await work.signals.save_evaluation(state, told_as, at, replay)
    await judge(work, provider_id, found.trials, data, day, at, replay)
    return Tally(1, counted["raised"], counted["updated"], counted["closed"])
