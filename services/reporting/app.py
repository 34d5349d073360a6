"""The composition root of reporting: nothing connects or is built before `create_app`."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from services.reporting.adapters.log_progress import LogProgress
from services.reporting.adapters.mongo_admin import MongoAdmin
from services.reporting.adapters.mongo_fold import MongoFoldStore
from services.reporting.adapters.mongo_views import MongoViews
from services.reporting.routes.api import make_api
from services.reporting.routes.fold import make_fold
from services.reporting.routes.pages import Desk, Extent, make_pages
from services.reporting.routes.problems import answer_people
from services.reporting.routes.titles import Titles
from services.reporting.settings import Settings
from shared.kernel.clock import Clock, SystemClock
from shared.runtime.mongo import Mongo
from shared.runtime.runtime import Runtime
from shared.taxonomy.loader import load_taxonomy
from shared.web.charts import Charts
from shared.web.pages import Pages


def create_mongo(settings: Settings | None = None) -> Mongo:
    """Name the service's database, for the command line; nothing connects yet.

    Args:
        settings: None reads them from the environment.
    """
    settings = settings or Settings()
    return Mongo(settings.mongodb_uri.get_secret_value(), f"{settings.database_prefix}reporting")


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> FastAPI:
    """Build the service.

    Args:
        settings: None reads them from the environment.
        clock: None takes the machine's; tests give their own.
    """
    settings = settings or Settings()
    clock = clock or SystemClock()
    runtime = Runtime("reporting", settings, clock)
    progress = LogProgress(runtime, clock)
    views = MongoViews(runtime.mongo)
    runtime.on_open(MongoAdmin(runtime.mongo).prepare)
    runtime.consume(make_fold(lambda tx: MongoFoldStore(tx.db, tx.session), runtime.metrics, clock))
    runtime.every(progress.watch)
    pages = Pages(Path(__file__).parent / "templates")
    extent = Extent(settings.page_weeks, settings.list_rows, settings.stale_after_minutes)
    desk = Desk(views, progress, pages, Charts(), Titles(load_taxonomy()), clock, extent)
    app = runtime.app(
        routers=[make_api(views, progress, clock), make_pages(desk)],
        title="Near-miss reporting",
        description="Governance views: counts by site, domain and week, signals, actions, and the reports behind them.",
    )
    answer_people(app, pages)
    return app
