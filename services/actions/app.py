"""Composition root of actions: early warnings, remedial tasks, replay."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI

from services.actions.adapters.store import MongoStore
from services.actions.adapters.work import within
from services.actions.domain.rules.rising_rate import VERSIONS
from services.actions.routes.fold import make_fold
from services.actions.routes.signals import replay_router, signals_router
from services.actions.routes.tasks import tasks_router
from services.actions.routes.timer import review_job
from services.actions.settings import Settings
from services.actions.usecases.desk import Desk
from services.actions.usecases.fold import fold
from services.actions.usecases.reviews import Patience, Reviews
from shared.runtime.runtime import Runtime
from shared.taxonomy.loader import load_taxonomy


def create_app(settings: Settings | None = None) -> FastAPI:
    """Assemble the service; nothing connects before the app starts.

    Args:
        settings: Its settings; None reads them from the environment.
    """
    settings = settings or Settings()
    taxonomy = load_taxonomy()
    titles = {name: domain.title for name, domain in taxonomy.domains.items()}
    runtime = Runtime("actions", settings)
    store = MongoStore(runtime.mongo, runtime.clock, runtime.holder, settings.review_lease_ms, runtime.wake)
    patience = Patience(settings.review_latest_h, settings.replay_wait_s, settings.review_chunk_sites)
    reviews = Reviews(store, runtime, runtime.clock, titles, patience)
    desk = Desk(store)
    runtime.on_open(store.prepare)
    runtime.consume(make_fold(partial(fold, playbooks=taxonomy.playbooks), within))
    runtime.every(review_job(store, reviews, settings.review_poll_s))
    return runtime.app(
        routers=[
            tasks_router(desk),
            signals_router(desk, VERSIONS[-1], len(titles) + 1),
            replay_router(reviews),
        ],
        title="Near-miss learning: actions",
        description="Early warnings put as questions, and remedial tasks with all that became of them.",
    )
