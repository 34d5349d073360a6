"""Composition root of actions: early warnings, remedial tasks, routines, duties and escalation, replay."""

from __future__ import annotations

import secrets
from functools import partial
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter, Depends, FastAPI

from services.actions.adapters.asset_register import MongoAssetBook
from services.actions.adapters.channels import EmailChannel, FileChannel, Mailbox, NoChannel, WebhookChannel
from services.actions.adapters.digest import MongoDigests
from services.actions.adapters.directory import MongoDirectory
from services.actions.adapters.duties import MongoRegister
from services.actions.adapters.learning_book import MongoLearningBook
from services.actions.adapters.oversight import (
    CARDS,
    FAULTS,
    NOTICES,
    PROGRAMMES,
    REBASES,
    REPEATS,
    TOLD,
    MongoFaultLinks,
    MongoPost,
)
from services.actions.adapters.past import MongoPast
from services.actions.adapters.routine_book import MongoRoutineBook
from services.actions.adapters.states import MongoShelf
from services.actions.adapters.store import MongoStore
from services.actions.adapters.watch import WatchReader
from services.actions.adapters.work import within
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.watch.chance import chance_of
from services.actions.domain.watch.day import run_day
from services.actions.domain.watch.quiet import quiet_series
from services.actions.ports.oversight import Channel
from services.actions.routes.calendars import calendars_router
from services.actions.routes.duties import duties_router, escalations_router
from services.actions.routes.effectiveness import evaluations_router, log_router
from services.actions.routes.fix import fix_router
from services.actions.routes.fold import make_fold
from services.actions.routes.learning import learning_router
from services.actions.routes.meetings import meetings_router
from services.actions.routes.occurrences import occurrences_router
from services.actions.routes.oversight import cards_router, notices_router, told_router
from services.actions.routes.pages.assets import AssetPages
from services.actions.routes.pages.board import BoardPages
from services.actions.routes.pages.calendars import CalendarPages
from services.actions.routes.pages.cards import CardPages
from services.actions.routes.pages.frame import Frame
from services.actions.routes.pages.huddles import HuddlePages
from services.actions.routes.pages.learning import LearningPages
from services.actions.routes.pages.meetings import MeetingPages
from services.actions.routes.pages.occurrences import OccurrencePages
from services.actions.routes.pages.programmes import ProgrammePages
from services.actions.routes.pages.register import RegisterPages
from services.actions.routes.pages.repeats import RepeatPages
from services.actions.routes.pages.routines import RoutinePages
from services.actions.routes.pages.signals import SignalPages
from services.actions.routes.pages.task import TaskPages
from services.actions.routes.pages.titles import Titles
from services.actions.routes.programmes import programmes_router
from services.actions.routes.quiet import quiet_router
from services.actions.routes.rebases import rebases_router
from services.actions.routes.routines import routines_router
from services.actions.routes.seen import seen_router
from services.actions.routes.signals import replay_router, signals_router
from services.actions.routes.task_acts import task_acts_router
from services.actions.routes.tasks import tasks_router
from services.actions.routes.timer import (
    chance_job,
    mailing_jobs,
    overdue_job,
    review_job,
    routines_job,
    unanswered_job,
)
from services.actions.routes.upkeep import digest_router, faults_router, repeats_router
from services.actions.settings import Settings
from services.actions.usecases.asset_desk import AssetDesk
from services.actions.usecases.chance import Chances
from services.actions.usecases.desk import Desk
from services.actions.usecases.digest_desk import DigestDesk
from services.actions.usecases.duties import Rulebook
from services.actions.usecases.escalation_desk import EscalationDesk
from services.actions.usecases.fault_desk import FaultDesk
from services.actions.usecases.feed_desk import FeedDesk
from services.actions.usecases.fold import fold
from services.actions.usecases.ladder_run import LadderRun
from services.actions.usecases.learning_desk import LearningDesk
from services.actions.usecases.mailing import Mailing, link_hash
from services.actions.usecases.meeting_desk import MeetingDesk
from services.actions.usecases.overdue_run import OverdueRun
from services.actions.usecases.oversight_desk import CardDesk, NoticeDesk
from services.actions.usecases.picturing import Picturing
from services.actions.usecases.programmes import ProgrammeDesk
from services.actions.usecases.proposal_run import ProposalRun
from services.actions.usecases.quiet import QuietDesk
from services.actions.usecases.rebase_desk import RebaseDesk
from services.actions.usecases.reminder_run import ReminderRun
from services.actions.usecases.repeats import RepeatDesk
from services.actions.usecases.reviews import Patience, Reviews
from services.actions.usecases.routine_desk import RoutineDesk
from services.actions.usecases.routine_run import RoutineRun
from services.actions.usecases.signal_desk import SignalDesk
from services.actions.usecases.task_desk import TaskDesk
from shared.kernel.act_time import ActTime
from shared.kernel.clock import Clock
from shared.runtime.auth import PUBLIC
from shared.runtime.replayed import effective_moment
from shared.runtime.runtime import Runtime
from shared.taxonomy.detection_data import DetectionData, load_detection_data
from shared.taxonomy.duties import DutyPacks
from shared.taxonomy.duty_loader import load_duties
from shared.taxonomy.duty_prompts import DutyPrompts
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.model import Taxonomy
from shared.taxonomy.oversight import Oversight, load_oversight
from shared.web.charts import Charts
from shared.web.pages import Pages
from shared.web.problems import answer_people
from shared.web.serving import static_route

LINK_BYTES = 32
"""Size of the secret in a link: 256 bits cannot be guessed."""


class Desks(NamedTuple):
    """What people do with tasks, signals, routines and escalations."""

    tasks: Desk
    more: TaskDesk
    signals: SignalDesk
    routines: RoutineDesk
    escalations: EscalationDesk


class Learned(NamedTuple):
    """What people do with learning, meetings and calendars."""

    learning: LearningDesk
    meetings: MeetingDesk
    feeds: FeedDesk


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> FastAPI:
    """Assemble the service; nothing connects before the app starts.

    Args:
        settings: Its settings; None reads them from the environment.
        clock: The source of now; the machine's when left out.
    """
    settings = settings or Settings()
    taxonomy = load_taxonomy()
    packs = load_duties(taxonomy)
    rulebook = Rulebook(packs, DutyPrompts(packs, taxonomy))
    data = load_detection_data(taxonomy)
    book = SeriesBook(data)
    runtime = Runtime("actions", settings, clock)
    act_time = ActTime(runtime.clock)
    store = MongoStore(runtime.mongo, runtime.clock, runtime.holder, settings.review_lease_ms, runtime.wake, act_time)
    reading = WatchReader(runtime.mongo)
    patience = Patience(settings.review_latest_h, settings.replay_wait_s)
    watch = partial(run_day, data=data, book=book)
    ahead_weeks = settings.routine_ahead_weeks
    routine_book = MongoRoutineBook(runtime.mongo, runtime.holder, settings.routine_lease_ms)
    routine_run = RoutineRun(store, store, routine_book, ahead_weeks)
    reviews = Reviews(store, reading, runtime, runtime.clock, watch, patience, routine_run, store, data)
    chances = Chances(store, reading, runtime.clock, partial(chance_of, data=data, book=book))
    desk = Desk(store, taxonomy.playbooks)
    signal_desk = SignalDesk(store, reading, desk, act_time, lambda day: data.rules_on(day).version)
    task_desk = TaskDesk(store, store, routine_book, desk, taxonomy.playbooks)
    routine_desk = RoutineDesk(store, store, routine_book, desk, taxonomy.playbooks, act_time, ahead_weeks)
    escalation_desk = EscalationDesk(store, MongoRegister(runtime.mongo), desk, packs)
    oversight = load_oversight(taxonomy)
    desks = Desks(desk, task_desk, signal_desk, routine_desk, escalation_desk)
    pages = Pages(Path(__file__).parent / "templates", f"{settings.root_path}/static")
    runtime.on_open(store.prepare)
    folding = partial(fold, playbooks=taxonomy.playbooks, rulebook=rulebook, oversight=oversight)
    runtime.consume(make_fold(folding, within))
    runtime.every(review_job(store, reviews, settings.review_poll_s))
    runtime.every(chance_job(store, chances, settings.chance_poll_s))
    _send_messages(runtime, _mailing(runtime, store, oversight, settings), settings)
    _move_on(runtime, store, oversight, data, packs, settings)
    runtime.every(routines_job(store, routine_run, settings.routine_poll_s))
    acts = APIRouter(dependencies=[Depends(effective_moment(act_time, everybody=settings.demo))])
    programmes = ProgrammeDesk(store, store, MongoShelf(runtime.mongo, PROGRAMMES), data, act_time)
    learned = _learned(runtime, settings, store, desks, act_time, tuple(taxonomy.domains))
    for router in (
        *_oversight_routers(runtime, store, desk, oversight, settings, tuple(taxonomy.domains)),
        *_work_routers(desks, reviews),
        quiet_router(QuietDesk(reading, desk, act_time, partial(quiet_series, data=data, book=book))),
        programmes_router(programmes),
        *_learning_routers(learned, runtime, settings),
        *_page_routers(runtime, settings, store, desks, learned, pages, taxonomy, book, oversight, programmes),
    ):
        acts.include_router(router)
    app = runtime.app(
        routers=[acts, *_public_routers(runtime, store, desk, settings, pages)],
        title="Near-miss learning: actions",
        description="Early warnings put as questions, and remedial tasks with all that became of them.",
    )
    answer_people(app, pages, settings.root_path)
    return app


def _move_on(
    runtime: Runtime,
    store: MongoStore,
    oversight: Oversight,
    data: DetectionData,
    packs: DutyPacks,
    settings: Settings,
) -> None:
    """Have passed on what nobody answered or did, and whoever is next reminded of reports that nobody has reviewed."""
    clock = runtime.clock
    overdue = OverdueRun(store, MongoDigests(runtime.mongo), oversight, data, clock)
    runtime.every(overdue_job(store, overdue, settings.routine_poll_s))
    runtime.every(overdue_job(store, LadderRun(store, oversight, packs), settings.routine_poll_s))
    runtime.every(overdue_job(store, ProposalRun(store, store, oversight), settings.routine_poll_s))
    reminding = ReminderRun(store, runtime, oversight, clock, settings.review_latest_h)
    runtime.every(overdue_job(store, reminding, settings.routine_poll_s))


def _send_messages(runtime: Runtime, mailing: Mailing, settings: Settings) -> None:
    """Have messages sent, and shown how many nobody has acknowledged."""
    for job in mailing_jobs(mailing, settings.notify_poll_s, settings.notify_side_by_side):
        runtime.every(job)
    show = runtime.metrics.unacknowledged.labels("actions").set
    runtime.every(unanswered_job(MongoPost(runtime.mongo).unanswered, show, settings.routine_poll_s))


def _mailing(runtime: Runtime, store: MongoStore, oversight: Oversight, settings: Settings) -> Mailing:
    return Mailing(
        store,
        MongoPost(runtime.mongo),
        MongoDirectory(runtime.mongo),
        _channel(settings, runtime.clock),
        oversight,
        runtime.clock,
        partial(secrets.token_urlsafe, LINK_BYTES),
        settings.front_url.rstrip("/") + settings.root_path,
        settings.notify_claim_s,
    )


def _channel(settings: Settings, clock: Clock) -> Channel:
    settings.require_channel()
    if settings.notify_channel == "file":
        return FileChannel(settings.notify_file, clock.now)
    if settings.notify_channel == "email":
        password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
        return EmailChannel(
            Mailbox(
                settings.smtp_host, settings.smtp_port, settings.smtp_sender, settings.smtp_user, password,
                settings.smtp_encrypted,
            ),
            clock.now,
        )  # fmt: skip
    if settings.notify_channel == "webhook":
        return WebhookChannel(settings.webhook_url, settings.webhook_secret.get_secret_value().encode(), clock.now)
    return NoChannel()


def _oversight_routers(
    runtime: Runtime,
    store: MongoStore,
    desk: Desk,
    oversight: Oversight,
    settings: Settings,
    domains: tuple[str, ...],
) -> list[APIRouter]:
    mongo, clock = runtime.mongo, runtime.clock
    card_desk = _card_desk(runtime, store, desk, oversight)
    return [
        cards_router(card_desk),
        told_router(card_desk),
        notices_router(_notice_desk(runtime, store, desk)),
        repeats_router(RepeatDesk(store, MongoShelf(mongo, REPEATS), desk)),
        rebases_router(RebaseDesk(store, MongoShelf(mongo, REBASES), desk, domains)),
        digest_router(DigestDesk(MongoDigests(mongo), desk, oversight, clock)),
        faults_router(_fault_desk(runtime, store, desk), clock, settings.front_url.rstrip("/") + settings.root_path),
    ]


def _public_routers(
    runtime: Runtime, store: MongoStore, desk: Desk, settings: Settings, pages: Pages
) -> list[APIRouter]:
    notice_desk = _notice_desk(runtime, store, desk)
    fault_desk = _fault_desk(runtime, store, desk)
    return [
        seen_router(notice_desk, pages, settings.root_path),
        fix_router(fault_desk, pages, runtime.clock, settings.root_path),
        static_route(pages, PUBLIC),
    ]


def _card_desk(runtime: Runtime, store: MongoStore, desk: Desk, oversight: Oversight) -> CardDesk:
    shelf, told = MongoShelf(runtime.mongo, CARDS), MongoShelf(runtime.mongo, TOLD)
    return CardDesk(store, shelf, told, desk, oversight, runtime.clock)


def _fault_desk(runtime: Runtime, store: MongoStore, desk: Desk) -> FaultDesk:
    mongo, secret = runtime.mongo, partial(secrets.token_urlsafe, LINK_BYTES)
    shelf, links = MongoShelf(mongo, FAULTS), MongoFaultLinks(mongo)
    return FaultDesk(store, shelf, links, desk, runtime.clock, secret, link_hash)


def _notice_desk(runtime: Runtime, store: MongoStore, desk: Desk) -> NoticeDesk:
    mongo = runtime.mongo
    return NoticeDesk(store, MongoShelf(mongo, NOTICES), MongoPost(mongo), desk, runtime.clock, link_hash)


def _work_routers(desks: Desks, reviews: Reviews) -> list[APIRouter]:
    """Assemble the API of tasks, routines, duties, signals and evaluations."""
    return [
        tasks_router(desks.tasks, desks.more),
        task_acts_router(desks.more),
        routines_router(desks.routines),
        occurrences_router(desks.routines),
        duties_router(desks.escalations),
        escalations_router(desks.escalations),
        signals_router(desks.signals),
        evaluations_router(desks.signals),
        log_router(desks.signals),
        replay_router(reviews),
    ]


def _learned(
    runtime: Runtime, settings: Settings, store: MongoStore, desks: Desks, act_time: ActTime, domains: tuple[str, ...]
) -> Learned:
    """Assemble what people do with learning, meetings and calendars."""
    book, register = MongoLearningBook(runtime.mongo), MongoRegister(runtime.mongo)
    routines = MongoRoutineBook(runtime.mongo, runtime.holder, settings.routine_lease_ms)
    return Learned(
        LearningDesk(store, book, book, store, desks.tasks, act_time, domains),
        MeetingDesk(store, book, store, register, act_time),
        FeedDesk(book, routines, store, runtime.clock, partial(secrets.token_urlsafe, LINK_BYTES)),
    )


def _learning_routers(learned: Learned, runtime: Runtime, settings: Settings) -> list[APIRouter]:
    """Assemble the API of learning, meetings and calendars."""
    return [
        learning_router(learned.learning),
        meetings_router(learned.meetings),
        calendars_router(learned.feeds, runtime.clock, settings.root_path, settings.front_url.rstrip("/")),
    ]


def _page_routers(
    runtime: Runtime,
    settings: Settings,
    store: MongoStore,
    desks: Desks,
    learned: Learned,
    pages: Pages,
    taxonomy: Taxonomy,
    book: SeriesBook,
    oversight: Oversight,
    programmes: ProgrammeDesk,
) -> list[APIRouter]:
    """Assemble the pages."""
    places = MongoLearningBook(runtime.mongo)
    frame = Frame(pages, Charts(), Titles(taxonomy), places, runtime.clock, settings.root_path)
    picturing = Picturing(MongoPast(runtime.mongo), book, taxonomy.playbooks)
    card_desk = _card_desk(runtime, store, desks.tasks, oversight)
    rebases = RebaseDesk(store, MongoShelf(runtime.mongo, REBASES), desks.tasks, tuple(taxonomy.domains))
    return [
        RepeatPages(frame, RepeatDesk(store, MongoShelf(runtime.mongo, REPEATS), desks.tasks), picturing).router(),
        AssetPages(
            frame,
            _fault_desk(runtime, store, desks.tasks),
            AssetDesk(MongoAssetBook(runtime.mongo)),
            settings.front_url.rstrip("/"),
        ).router(),
        ProgrammePages(frame, programmes, desks.signals, picturing).router(),
        CardPages(frame, card_desk, _notice_desk(runtime, store, desks.tasks), desks.tasks).router(),
        SignalPages(frame, desks.signals, desks.tasks, desks.more, picturing, card_desk).router(),
        BoardPages(frame, desks.tasks, desks.more, desks.signals).router(),
        TaskPages(frame, desks.tasks, desks.more, desks.signals, desks.routines, picturing, rebases).router(),
        RegisterPages(frame, desks.escalations).router(),
        RoutinePages(frame, desks.routines, desks.more).router(),
        OccurrencePages(frame, desks.routines).router(),
        MeetingPages(frame, learned.meetings).router(),
        LearningPages(frame, learned.learning, desks.tasks, desks.signals).router(),
        HuddlePages(frame, learned.learning).router(),
        CalendarPages(frame, learned.feeds).router(),
    ]
