"""The edge to time: looks every so often whether a day can be reviewed, and what routines ask of the day."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from services.actions.ports import Store
from services.actions.usecases.chance import Chances
from services.actions.usecases.mailing import Mailed, Mailing
from services.actions.usecases.passing_on import MovesOn, UnlessReplayed
from services.actions.usecases.reviews import Reviews
from services.actions.usecases.routine_run import RoutineRun
from shared.kernel.errors import Unavailable
from shared.runtime.logging import logger
from shared.runtime.runtime import Job

log = logger(__name__)


def review_job(store: Store, reviews: Reviews, poll_s: float) -> Job:
    """Make the job that reviews all providers' days for as long as the app lives.

    Args:
        store: Where the providers are found.
        reviews: The review runs.
        poll_s: Seconds between two looks.
    """

    async def job() -> None:
        while True:
            await review_once(store, reviews)
            await asyncio.sleep(poll_s)

    return job


def chance_job(store: Store, chances: Chances, poll_s: float) -> Job:
    """Make the job that keeps the expected number of false alarms of all providers fresh for as long as the app lives.

    Args:
        store: Where the providers are found.
        chances: What computes it.
        poll_s: Seconds between two looks.
    """

    async def job() -> None:
        while True:
            await renew_once(store, chances)
            await asyncio.sleep(poll_s)

    return job


def mailing_jobs(mailing: Mailing, poll_s: float, side_by_side: int) -> list[Job]:
    """Make the jobs that send messages for as long as the app lives; the first of them passes messages on, too.

    Args:
        mailing: The rounds.
        poll_s: Seconds between two rounds of a job.
        side_by_side: How many messages can be under way at once, 1 or more.
    """
    return [_mailing_job(one, poll_s) for one in (mailing.round, *[mailing.send_due] * (side_by_side - 1))]


def _mailing_job(round_of: Callable[[], Awaitable[Mailed]], poll_s: float) -> Job:
    async def job() -> None:
        while True:
            await mail_once(round_of)
            await asyncio.sleep(poll_s)

    return job


def unanswered_job(count: Callable[[], Awaitable[int]], show: Callable[[float], None], poll_s: float) -> Job:
    """Make the job that shows how many alerts nobody has acknowledged, for as long as the app lives.

    Args:
        count: Counts them.
        show: Sets the metric.
        poll_s: Seconds between two looks.
    """

    async def job() -> None:
        while True:
            try:
                show(await count())
            except Unavailable:
                log.warning("cannot count what nobody has acknowledged")
            await asyncio.sleep(poll_s)

    return job


def overdue_job(store: Store, run: MovesOn, poll_s: float) -> Job:
    """Make the job that passes on what nobody answered, or reminds of it, for as long as the app lives.

    Args:
        store: Where the providers are found, and whether their history is being replayed: then nothing is done.
        run: What the calendar does with what waits.
        poll_s: Seconds between two looks.
    """

    resting = UnlessReplayed(store, run)

    async def job() -> None:
        while True:
            await pass_on_once(store, resting)
            await asyncio.sleep(poll_s)

    return job


async def pass_on_once(store: Store, run: MovesOn) -> None:
    """Move on what waits at every provider; one that fails does not keep the others waiting.

    Args:
        store: Where the providers are found.
        run: What the calendar does with what waits.
    """
    try:
        providers = await store.providers()
    except Unavailable as error:
        log.warning("what waits is looked at later", reason=str(error))
        return
    for provider in providers:
        try:
            moved = await run.move_on(provider.provider_id)
        except Unavailable as error:
            log.warning("what waits is looked at later", reason=str(error))
        except Exception as error:
            # A bug at one provider must stop neither the fold nor the other providers; it is told in every round.
            log.error("passing on what waits failed", provider_id=provider.provider_id, exc_info=error)
        else:
            if moved.asked or moved.passed_on or moved.digests:
                log.info("what waits was passed on", provider_id=provider.provider_id, **asdict(moved))


async def mail_once(round_of: Callable[[], Awaitable[Mailed]]) -> None:
    """Send and pass on what is due.

    Args:
        round_of: One round of a mailing.
    """
    try:
        done = await round_of()
    except Unavailable as error:
        log.warning("messages wait for an engine", reason=str(error))
    except Exception as error:
        # A bug about one message must not stop the fold; it is told in every round.
        log.error("sending messages failed", exc_info=error)
    else:
        if done.sent or done.failed or done.passed_on:
            log.info("messages moved on", sent=done.sent, failed=done.failed, passed_on=done.passed_on)


async def renew_once(store: Store, chances: Chances) -> None:
    """Compute what is due of every provider; one that fails does not keep the others waiting.

    Args:
        store: Where the providers are found.
        chances: What computes it.
    """
    try:
        providers = await store.providers()
    except Unavailable as error:
        log.warning("the expected false alarms wait for an engine", reason=str(error))
        return
    for provider in providers:
        try:
            await chances.renew(provider.provider_id)
        except Unavailable as error:
            log.warning("the expected false alarms wait for an engine", reason=str(error))
        except Exception as error:
            # A bug at one provider must stop neither the fold nor the other providers; it is told in every round.
            log.error("the expected false alarms failed", provider_id=provider.provider_id, exc_info=error)


async def review_once(store: Store, reviews: Reviews) -> None:
    """Review what is due of every provider; one that fails does not keep the others waiting.

    Args:
        store: Where the providers are found.
        reviews: The review runs.
    """
    try:
        providers = await store.providers()
    except Unavailable as error:
        log.warning("reviews wait for an engine", reason=str(error))
        return
    for provider in providers:
        try:
            tally = await reviews.catch_up(provider)
        except Unavailable as error:
            log.warning("reviews wait for an engine", reason=str(error))
        except Exception as error:
            # A bug at one provider must stop neither the fold nor the other providers; it is told in every round.
            log.error("a review failed", provider_id=provider.provider_id, exc_info=error)
        else:
            if tally.days:
                log.info("days were reviewed", provider_id=provider.provider_id, days=tally.days, raised=tally.raised)


def routines_job(store: Store, run: RoutineRun, poll_s: float) -> Job:
    """Make the job that moves all providers' routines on for as long as the app lives.

    Args:
        store: Where the providers are found.
        run: What the calendar does with routines.
        poll_s: Seconds between two looks.
    """

    async def job() -> None:
        while True:
            await move_routines_once(store, run)
            await asyncio.sleep(poll_s)

    return job


async def move_routines_once(store: Store, run: RoutineRun) -> None:
    """Move every provider's routines on; one that fails does not keep the others waiting.

    Args:
        store: Where the providers are found.
        run: What the calendar does with routines.
    """
    try:
        providers = await store.providers()
    except Unavailable as error:
        log.warning("routines wait for an engine", reason=str(error))
        return
    for provider in providers:
        try:
            moved = await run.move_on(provider.provider_id)
        except Unavailable as error:
            log.warning("routines wait for an engine", reason=str(error))
        except Exception as error:
            # A bug at one provider must stop neither the fold nor the other providers; it is told in every round.
            log.error("routines failed", provider_id=provider.provider_id, exc_info=error)
        else:
            if moved.due or moved.missed:
                log.info("routines moved on", provider_id=provider.provider_id, due=moved.due, missed=moved.missed)
