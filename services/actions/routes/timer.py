"""The edge to time: looks every so often whether a day can be reviewed."""

from __future__ import annotations

import asyncio

from services.actions.ports import Store
from services.actions.usecases.reviews import Reviews
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
