"""Puts intake together; nothing connects before the app starts."""

from __future__ import annotations

from fastapi import FastAPI

from services.intake.adapters.aggregates import Aggregates
from services.intake.adapters.credentials import MongoCredentials
from services.intake.adapters.exposures import MongoExposures
from services.intake.adapters.progress import COLLECTION as PROGRESS
from services.intake.adapters.progress import MongoProgress
from services.intake.adapters.registry import MongoRegistry
from services.intake.adapters.reports import MongoReports
from services.intake.adapters.tokens import SystemRandomness, TokenSigner
from services.intake.adapters.vault import AesVault
from services.intake.domain.pseudonyms import Pseudonyms
from services.intake.routes.credentials import credential_routes
from services.intake.routes.folds import progress_fold
from services.intake.routes.imports import import_routes
from services.intake.routes.registers import register_routes
from services.intake.routes.reports import report_routes
from services.intake.routes.sign_in import sign_in_routes
from services.intake.settings import Settings
from services.intake.usecases.admission import Admission, Redactor
from services.intake.usecases.changes import Changes
from services.intake.usecases.credentials import Credentials
from services.intake.usecases.imports import Imports
from services.intake.usecases.registers import Registers
from shared.kernel.clock import Clock
from shared.redaction import REDACTION_VERSION, redact
from shared.redaction.text import RedactedText
from shared.runtime.runtime import Runtime
from shared.taxonomy.accuses_manager import accuses_manager

STREAMING = ("/v1/reports:import", "/v1/registry:import", "/v1/exposure")
"""Routes that read their body themselves, with limits of their own."""


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
    aggregates = Aggregates(runtime.mongo, runtime.clock, runtime.wake)
    registry, store = MongoRegistry(runtime.mongo, aggregates), MongoReports(runtime.mongo, aggregates)
    exposures, credential_store = MongoExposures(aggregates), MongoCredentials(runtime.mongo)
    for part in (registry, store, exposures, credential_store):
        runtime.on_open(part.prepare)

    async def prepare_progress() -> None:
        await aggregates.prepare(PROGRESS)

    runtime.on_open(prepare_progress)
    runtime.on_open(_warm_up)
    runtime.consume(progress_fold(MongoProgress()))

    vault, pseudonyms = AesVault(keys.vault_kek, settings.kek_id), Pseudonyms(keys.pseudonym_key)
    redactor = Redactor(_redacted, REDACTION_VERSION, accuses_manager)
    backlog, randomness = OutboxBacklog(runtime), SystemRandomness()

    def count(outcome: str) -> None:
        runtime.metrics.intake_reports.labels("intake", outcome).inc()

    admission = Admission(
        registry,
        store,
        vault,
        pseudonyms,
        redactor,
        runtime.clock,
        randomness,
        backlog,
        count,
        settings.text_max_chars,
    )
    changes = Changes(registry, store, vault, pseudonyms, redactor, runtime.clock, count, settings.text_max_chars)
    credentials = Credentials(
        credential_store,
        registry,
        TokenSigner(keys.token_private_key, runtime.clock),
        runtime.clock,
        randomness,
        settings.bootstrap_key.get_secret_value() if settings.bootstrap_key else None,
        settings.token_minutes,
        settings.session_hours,
    )
    imports = Imports(admission, backlog, settings.import_batch_lines, settings.import_pause_above_rows)
    registers = Registers(registry, exposures, runtime.clock)
    return runtime.app(
        routers=[
            import_routes(imports),
            report_routes(admission, changes),
            register_routes(registers, registry, settings.table_max_bytes),
            credential_routes(credentials, runtime.clock, settings.root_path),
            sign_in_routes(credentials, runtime.clock, settings.root_path),
        ],
        opaque=credentials.verify_key,
        streaming_paths=STREAMING,
        title="Near-miss learning: intake",
        description="Takes near misses in from any home and any channel: quick, safe, and nothing lost.",
    )


async def _warm_up() -> None:
    """Have the redactor read its name lists before the first report waits for it."""
    redact("")


def _redacted(text: str, names: tuple[str, ...]) -> RedactedText:
    return redact(text, names).text
