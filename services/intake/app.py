"""Puts intake together; nothing connects before the app starts."""

from __future__ import annotations

from fastapi import FastAPI

from services.intake.adapters.aggregates import Aggregates
from services.intake.adapters.credentials import MongoCredentials
from services.intake.adapters.exposures import MongoExposures
from services.intake.adapters.progress import MongoProgress
from services.intake.adapters.registry import MongoRegistry
from services.intake.adapters.reports import MongoReports
from services.intake.adapters.tokens import SystemRandomness, TokenSigner
from services.intake.adapters.vault import AesVault
from services.intake.domain.pseudonyms import Pseudonyms
from services.intake.routes.credentials import key_routes, link_routes
from services.intake.routes.folds import progress_fold
from services.intake.routes.imports import import_routes
from services.intake.routes.registers import exposure_routes, registry_routes
from services.intake.routes.reports import report_routes
from services.intake.routes.sign_in import sign_in_routes
from services.intake.settings import Keys, Settings
from services.intake.usecases.admission import Admission
from services.intake.usecases.changes import Changes
from services.intake.usecases.credentials import Credentials
from services.intake.usecases.imports import Imports
from services.intake.usecases.means import Means, Redactor
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
    registry, reports = MongoRegistry(runtime.mongo, aggregates), MongoReports(runtime.mongo, aggregates)
    exposures, progress = MongoExposures(aggregates), MongoProgress(aggregates)
    held = MongoCredentials(runtime.mongo)
    for part in (registry, reports, exposures, progress, held):
        runtime.on_open(part.prepare)
    runtime.on_open(_warm_up)
    runtime.consume(progress_fold(progress))

    means = _means(settings, keys, runtime, registry, reports)
    backlog = OutboxBacklog(runtime)
    admission = Admission(means, SystemRandomness(), backlog)
    credentials = _credentials(settings, keys, runtime, registry, held)
    imports = Imports(admission, backlog, settings.import_batch_lines, settings.import_pause_above_rows)
    registers = Registers(registry, exposures, runtime.clock)
    return runtime.app(
        routers=[
            import_routes(imports),
            report_routes(admission, Changes(means)),
            registry_routes(registers, registry, settings.table_max_bytes),
            exposure_routes(registers, settings.table_max_bytes),
            key_routes(credentials, runtime.clock),
            link_routes(credentials, runtime.clock, settings.root_path),
            sign_in_routes(credentials, runtime.clock, settings.root_path, settings.public_https),
        ],
        opaque=credentials.verify_key,
        streaming_paths=STREAMING,
        title="Near-miss learning: intake",
        description="Takes near misses in from any home and any channel: quick, safe, and nothing lost.",
    )


def _means(settings: Settings, keys: Keys, runtime: Runtime, registry: MongoRegistry, reports: MongoReports) -> Means:
    return Means(
        registry=registry,
        store=reports,
        vault=AesVault(keys.vault_kek, settings.kek_id),
        pseudonyms=Pseudonyms(keys.pseudonym_key),
        redactor=Redactor(_redacted, REDACTION_VERSION, accuses_manager),
        clock=runtime.clock,
        count=lambda outcome: runtime.metrics.intake_reports.labels("intake", outcome).inc(),
        text_max_chars=settings.text_max_chars,
    )


def _credentials(
    settings: Settings, keys: Keys, runtime: Runtime, registry: MongoRegistry, held: MongoCredentials
) -> Credentials:
    return Credentials(
        held,
        registry,
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
    return redact(text, names).text
