"""The composition root of reporting: nothing connects or is built before `create_app`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from fastapi import FastAPI

from services.reporting.adapters.event_log import KafkaLog
from services.reporting.adapters.kept_panels import KeptPanels
from services.reporting.adapters.log_progress import LogProgress
from services.reporting.adapters.mongo_admin import MongoAdmin
from services.reporting.adapters.mongo_export import MongoExport
from services.reporting.adapters.mongo_figures import MongoFigures
from services.reporting.adapters.mongo_fold import MongoFoldStore
from services.reporting.adapters.mongo_issued import MongoIssued
from services.reporting.adapters.mongo_next import MongoNextViews
from services.reporting.adapters.mongo_views import MongoViews
from services.reporting.adapters.pack_files import pdf, word
from services.reporting.adapters.panels import Panels
from services.reporting.adapters.parquet import parquet
from services.reporting.adapters.pipeline import Pipeline
from services.reporting.adapters.remembered import Changes, Remembered
from services.reporting.adapters.shelves import LiveShelf, Shelf, live_generation
from services.reporting.ports import FoldStore
from services.reporting.routes.api import make_api
from services.reporting.routes.desk import Desk, Extent
from services.reporting.routes.dictionary import make_dictionary
from services.reporting.routes.export_api import make_export_api
from services.reporting.routes.figures_api import domains_of, make_figures_api
from services.reporting.routes.fold import OutboxAnnouncer, QuietAnnouncer, fold_into, make_fold, own_topics
from services.reporting.routes.pack_api import framework_of, make_pack_api
from services.reporting.routes.pack_sheet import PackFiles, PackSheet
from services.reporting.routes.page_dictionary import dictionary_pages
from services.reporting.routes.page_figures import figure_pages
from services.reporting.routes.page_overview import overview_pages
from services.reporting.routes.page_packs import pack_pages
from services.reporting.routes.page_reports import report_pages
from services.reporting.routes.page_site import site_pages
from services.reporting.routes.state_api import make_state_api
from services.reporting.routes.titles import Titles
from services.reporting.settings import Settings
from services.reporting.usecases.packs import Packs
from shared.kernel.clock import Clock, SystemClock
from shared.runtime.auth import PUBLIC
from shared.runtime.fenced import Tx
from shared.runtime.memory import settle, unsearched
from shared.runtime.mongo import Mongo
from shared.runtime.runtime import Runtime
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.maps import load_maps
from shared.web.charts import Charts
from shared.web.pages import Pages
from shared.web.problems import answer_people
from shared.web.serving import static_route

BYTES_PER_MB = 1_000_000
OLD_VIEWS_KEPT_S = 10.0
"""Readers look for a swap every second; a busy machine may keep them from it for some."""


def create_mongo(settings: Settings | None = None) -> Mongo:
    """Name the service's database, for the command line; nothing connects yet.

    Args:
        settings: None reads them from the environment.
    """
    settings = settings or Settings()
    return Mongo(settings.mongodb_uri.get_secret_value(), f"{settings.database_prefix}reporting")


class Rebuild(NamedTuple):
    """What a rebuild works with: the log, and the generation of views that it builds."""

    log: KafkaLog
    views: MongoNextViews


async def live_store(tx: Tx) -> FoldStore:
    """Return the store of the live views within a transaction; a swap that runs meanwhile makes it be tried again."""
    shelf = Shelf(tx.db, await live_generation(tx.db, tx.session))
    return MongoFoldStore(shelf, tx.session, history=True)


@asynccontextmanager
async def open_rebuild(settings: Settings | None = None, clock: Clock | None = None) -> AsyncIterator[Rebuild]:
    """Open what a rebuild works with, and close it at the end.

    Args:
        settings: None reads them from the environment.
        clock: None takes the machine's.

    Raises:
        Unavailable: Kafka or MongoDB does not answer.
    """
    settings, clock = settings or Settings(), clock or SystemClock()
    mongo, log = create_mongo(settings), KafkaLog(settings.kafka)
    mongo.open()
    try:
        ids = await log.topic_ids()
        settle()
        announcer = partial(OutboxAnnouncer, own=own_topics(settings.providers_with_topics))
        with unsearched():
            views = MongoNextViews(mongo, fold_into, announcer, QuietAnnouncer, ids, clock, OLD_VIEWS_KEPT_S)
            yield Rebuild(log, views)
    finally:
        mongo.close()


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
    shelf = LiveShelf(runtime.mongo)
    changes = Changes(lambda: runtime.mongo.db, shelf)
    views = MongoViews(shelf)
    runtime.on_open(MongoAdmin(runtime.mongo).prepare)
    runtime.on_open(shelf.refresh)
    runtime.consume(make_fold(live_store, runtime.metrics, clock, own_topics(settings.providers_with_topics)))
    runtime.every(shelf.watch)
    runtime.every(progress.watch)
    pipeline = Pipeline(settings.kafka)
    runtime.every(pipeline.watch)
    pages = Pages(Path(__file__).parent / "templates")
    extent = Extent(settings.page_weeks, settings.list_rows, settings.stale_after_minutes)
    taxonomy = load_taxonomy()
    panels = Panels(shelf, changes, KeptPanels(runtime.mongo), settings.panels_mb * BYTES_PER_MB)
    runtime.every(panels.watch)
    figures = MongoFigures(shelf, panels, Remembered(changes))
    issued = MongoIssued(runtime.mongo, f"{settings.database_prefix}reporting_issued")
    runtime.on_open(issued.prepare)
    domains, framework = domains_of(taxonomy), framework_of(taxonomy, load_maps())
    charts = Charts()
    sheet = PackSheet(charts, PackFiles(pdf, word))
    desk = Desk(views, figures, domains, progress, pages, charts, Titles(taxonomy), clock, extent, pipeline.standings)
    packs = Packs(views, figures, issued, progress, clock, domains, framework)
    app = runtime.app(
        routers=[
            make_api(views, figures, progress, clock),
            make_state_api(views, progress),
            make_figures_api(views, figures, progress, clock, taxonomy),
            make_export_api(views, MongoExport(shelf), progress, taxonomy, parquet),
            make_dictionary(progress),
            make_pack_api(packs, views, clock, pages, sheet),
            static_route(pages, PUBLIC),
            overview_pages(desk),
            report_pages(desk),
            site_pages(desk),
            figure_pages(desk),
            pack_pages(desk, packs, sheet),
            dictionary_pages(desk),
        ],
        title="Near-miss reporting",
        description="Governance views: counts by site, domain and week, signals, actions, and the reports behind them.",
    )
    answer_people(app, pages)
    return app
