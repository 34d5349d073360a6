"""Puts intake together; nothing connects before the app starts."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI

from services.intake.adapters.comparisons import comparing_job
from services.intake.adapters.form_words import load_form_words, load_retention, load_return_words
from services.intake.adapters.guesses import CountedGuesses
from services.intake.adapters.kept import rewrap_keys
from services.intake.adapters.markers import marker_job
from services.intake.adapters.report_log import KafkaReports, MongoRevisions
from services.intake.adapters.stores import Stores
from services.intake.adapters.tokens import SystemRandomness, TokenSigner
from services.intake.adapters.vault import AesVault
from services.intake.domain.form_links import LinkSigner
from services.intake.domain.pseudonyms import Pseudonyms
from services.intake.domain.return_codes import ReturnCodes
from services.intake.routes.assets import asset_routes
from services.intake.routes.credentials import key_routes, link_routes
from services.intake.routes.exposure_pages import exposure_pages
from services.intake.routes.folds import progress_fold
from services.intake.routes.forms import form_routes, pulse_routes
from services.intake.routes.front import Front
from services.intake.routes.imports import import_routes
from services.intake.routes.key_pages import key_pages
from services.intake.routes.machine_events import machine_event_routes
from services.intake.routes.openapi import with_samples
from services.intake.routes.people import people_routes
from services.intake.routes.people_pages import people_pages
from services.intake.routes.posters import poster_routes
from services.intake.routes.register_pages import RegisterPages, register_pages
from services.intake.routes.registers import exposure_routes, registry_routes
from services.intake.routes.reports import report_routes
from services.intake.routes.returns import return_routes
from services.intake.routes.sign_in import sign_in_routes
from services.intake.routes.triage import TriagePages, triage_routes
from services.intake.routes.vault import vault_routes
from services.intake.settings import Keys, Settings
from services.intake.usecases.admission import Admission
from services.intake.usecases.changes import Changes
from services.intake.usecases.credentials import Credentials
from services.intake.usecases.exposure_grid import ExposureGrid
from services.intake.usecases.forms import Forms
from services.intake.usecases.imports import Imports
from services.intake.usecases.joining import Joining
from services.intake.usecases.keeping import Keeping
from services.intake.usecases.means import Means, Redactor
from services.intake.usecases.missed_names import MissedNames
from services.intake.usecases.originals import Originals
from services.intake.usecases.people import People
from services.intake.usecases.register_view import RegisterView
from services.intake.usecases.registers import Registers
from services.intake.usecases.restored import Settled, settle
from services.intake.usecases.returns import Returns
from services.intake.usecases.triage import Triage
from shared.kernel.clock import Clock
from shared.redaction import REDACTION_VERSION, redact
from shared.redaction.text import RedactedText
from shared.runtime.auth import PUBLIC
from shared.runtime.rate import RateGate
from shared.runtime.replayed import effective_moment
from shared.runtime.runtime import Runtime
from shared.runtime.trace_context import current_traceparent
from shared.taxonomy.accuses_manager import accuses_manager, may_accuse
from shared.taxonomy.loader import load_taxonomy
from shared.web.pages import Pages
from shared.web.problems import answer_people
from shared.web.serving import static_route

HERE = Path(__file__).resolve().parent
WORD_MAX_CHARS = 40
STREAMING = (
    "/v1/reports:import",
    "/v1/registry:import",
    "/v1/assets:import",
    "/v1/people:plan",
    "/v1/people:apply",
    "/v1/roles:import",
    "/v1/exposure",
    "/report",
)
"""Routes that read their body themselves, with limits of their own."""


async def rotate_kek(settings: Settings | None = None) -> tuple[int, int]:
    """Wrap all data keys by the present key-encryption key; it may run while intake serves, and again.

    Args:
        settings: As for `create_app`; the older keys are needed too.

    Returns:
        How many reports were wrapped anew, and how many are left under another key.

    Raises:
        SettingsIncomplete: keys are missing or malformed.
        UnknownKey: a report is sealed under a key that is not at hand.
    """
    settings = settings or Settings()
    keys = settings.keys()
    mongo = Runtime("intake", settings).mongo
    mongo.open()
    try:
        return await rewrap_keys(mongo, AesVault(keys.vault_kek, settings.kek_id, keys.older_keks), settings.kek_id)
    finally:
        mongo.close()


async def settle_restored(settings: Settings | None = None) -> Settled:
    """Erase again what was erased since the backup that the database was restored from; see `usecases.restored`.

    Args:
        settings: As for `create_app`.

    Raises:
        SettingsIncomplete: keys are missing or malformed.
        Unavailable: an engine did not answer.
    """
    settings = settings or Settings()
    keys = settings.keys()
    runtime = Runtime("intake", settings)
    runtime.mongo.open()
    try:
        cases = Stores(runtime).cases
        vault = AesVault(keys.vault_kek, settings.kek_id, keys.older_keks)
        log, database = KafkaReports(settings.kafka), MongoRevisions(runtime.mongo)
        return await settle(log, database, cases, vault, redact("").text)
    finally:
        runtime.mongo.close()


class OutboxBacklog:
    """How much waits in the outbox.

    Args:
        runtime: Knows the relay.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def full(self) -> bool:
        """Tell whether nothing new should be taken in."""
        return self._runtime.outbox_full

    def depth(self) -> int:
        """Return the number of events that wait, as last measured."""
        return self._runtime.relay.depth if self._runtime.relay is not None else 0


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> FastAPI:
    """Build intake.

    Args:
        settings: Its settings; read from the environment when left out.
        clock: The source of now; the machine's when left out.

    Raises:
        SettingsIncomplete: keys are missing or malformed; names all of them.
    """
    settings = settings or Settings()
    keys = settings.keys()
    runtime = Runtime("intake", settings, clock)
    stores = Stores(runtime)
    runtime.on_open(_warm_up)
    runtime.consume(progress_fold(stores.progress, stores.comparisons))

    means = _means(settings, keys, runtime, stores)
    backlog = OutboxBacklog(runtime)
    admission = Admission(means, SystemRandomness(), backlog)
    credentials = _credentials(settings, keys, runtime, stores)
    imports = Imports(admission, backlog, settings.import_batch_lines, settings.import_pause_above_rows)
    registers = Registers(stores.registry, stores.assets, stores.exposures, runtime.clock)
    people = People(stores.people, stores.registry, means.pseudonyms.user, runtime.clock)
    pages = Pages(HERE / "templates", f"{settings.root_path}/static")
    codes, signer = ReturnCodes(keys.pseudonym_key, load_return_words()), LinkSigner(keys.pseudonym_key)
    forms = Forms(means, admission, stores.form_links, stores.cases, signer, codes, SystemRandomness())
    grid = ExposureGrid(stores.registry, stores.exposures, registers)
    app = runtime.app(
        routers=[
            report_routes(admission, Changes(means, stores.progress)),  # first: most calls are for these
            import_routes(imports),
            machine_event_routes(admission),
            registry_routes(registers, stores.registry, settings.table_max_bytes),
            exposure_routes(registers, settings.table_max_bytes),
            asset_routes(registers, stores.assets, settings.table_max_bytes),
            people_routes(people, settings.table_max_bytes),
            key_routes(credentials, runtime.clock),
            link_routes(credentials, runtime.clock, settings.root_path),
            sign_in_routes(credentials, runtime.clock, settings.root_path, settings.public_https),
            static_route(pages, PUBLIC),
            exposure_pages(grid, pages, runtime.clock, settings.root_path),
            *_dialogue(settings, runtime, stores, means, forms, codes, pages),
            *_register(settings, runtime, stores, people, forms, credentials, pages),
        ],
        opaque=credentials.verify_key,
        streaming_paths=STREAMING,
        title="Near-miss learning: intake",
        description="Takes near misses in from any home and any channel: quick, safe, and nothing lost.",
    )
    app.state.rate_gate = RateGate(settings.calls_per_minute, runtime.clock)
    app.state.means = means
    answer_people(app, pages, settings.root_path)
    return with_samples(app)


def _dialogue(
    settings: Settings, runtime: Runtime, stores: Stores, means: Means, forms: Forms, codes: ReturnCodes, pages: Pages
) -> list[APIRouter]:
    """Put together what reporters and reviewers say to each other: form, return page, pulse, triage, vault."""
    clock, cases, progress = runtime.clock, stores.cases, stores.progress
    front = Front(pages, load_form_words(), settings.root_path, settings.public_url)
    returns = Returns(cases, means.vault, progress, codes, CountedGuesses(), clock)
    acts = APIRouter(dependencies=[Depends(effective_moment(stores.act_time, everybody=settings.demo))])
    triage = Triage(replace(means, clock=stores.act_time), cases, progress)
    originals = Originals(means, cases, stores.readings)
    keeping = Keeping(means, cases, stores.kept, progress, stores.readings, load_retention())
    holder = SystemRandomness().new_id()
    runtime.every(marker_job(runtime.mongo, runtime.producer, clock, holder))
    joining = Joining(means, cases, progress)
    runtime.every(comparing_job(stores.comparisons, joining, runtime.mongo, holder))
    missed = MissedNames(means, Changes(means, progress))
    shown = TriagePages(pages, means.registry, load_taxonomy(), clock, settings.root_path)
    acts.include_router(triage_routes(triage, originals, missed, shown, settings.root_path))
    acts.include_router(pulse_routes(forms, stores.pulses, front, stores.act_time))
    return [
        acts,
        vault_routes(keeping, originals, missed),
        form_routes(forms, front, clock),
        return_routes(returns, front),
        poster_routes(forms, front),
        front.file_routes(),
    ]


def _register(
    settings: Settings,
    runtime: Runtime,
    stores: Stores,
    people: People,
    forms: Forms,
    credentials: Credentials,
    pages: Pages,
) -> list[APIRouter]:
    """Put together the pages of the register: sites with their posters, people, keys."""
    view = RegisterView(stores.registry, stores.assets, stores.people, forms, runtime.clock)
    shown = RegisterPages(pages, settings.root_path)
    return [
        register_pages(view, forms, shown),
        people_pages(people, view, shown),
        key_pages(credentials, view, shown, runtime.clock),
    ]


def _means(settings: Settings, keys: Keys, runtime: Runtime, stores: Stores) -> Means:
    counter = lru_cache(maxsize=None)(lambda outcome: runtime.metrics.intake_reports.labels("intake", outcome))
    return Means(
        registry=stores.registry,
        store=stores.reports,
        vault=AesVault(keys.vault_kek, settings.kek_id, keys.older_keks),
        pseudonyms=Pseudonyms(keys.pseudonym_key),
        redactor=Redactor(_redacted, REDACTION_VERSION, accuses_manager, may_accuse),
        clock=runtime.clock,
        count=lambda outcome, times=1: counter(outcome).inc(times),
        text_max_chars=settings.text_max_chars,
        trace=current_traceparent,
    )


def _credentials(settings: Settings, keys: Keys, runtime: Runtime, stores: Stores) -> Credentials:
    return Credentials(
        stores.credentials,
        stores.registry,
        stores.people,
        TokenSigner(keys.token_private_key, runtime.clock),
        runtime.clock,
        SystemRandomness(),
        settings.bootstrap_key.get_secret_value() if settings.bootstrap_key else None,
        settings.token_minutes,
        settings.session_hours,
    )


async def _warm_up() -> None:
    """Have the redactor read its name lists before the first report waits for it."""
    redact("")


def _redacted(text: str, names: tuple[str, ...]) -> RedactedText:
    return redact(text, names).text if names or len(text) > WORD_MAX_CHARS else _redacted_word(text)


@lru_cache(maxsize=4_096)
def _redacted_word(text: str) -> RedactedText:
    """Redact a short code, such as the name of a source system that all reports of a file carry."""
    return redact(text).text
