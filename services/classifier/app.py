"""Puts the classifier together; nothing connects before the app starts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import FastAPI

from services.classifier.adapters.announce import Announcer
from services.classifier.adapters.corrections import MongoCorrections
from services.classifier.adapters.log import Answers, LoggedReports
from services.classifier.adapters.shadow import MongoShadow
from services.classifier.domain.classify import Classifier
from services.classifier.domain.model_file import load_model
from services.classifier.domain.prompts import whys
from services.classifier.routes.corrections import correction_form_route, correction_routes
from services.classifier.routes.shadow import keep_job, shadow_routes
from services.classifier.routes.tagging import Note, Tagging
from services.classifier.routes.tally import tally
from services.classifier.settings import Settings
from services.classifier.usecases.correct import CorrectLabels
from services.classifier.usecases.shadow import Shadowing
from shared.kernel.clock import Clock
from shared.runtime.runtime import Runtime
from shared.taxonomy.duty_loader import load_duties
from shared.taxonomy.duty_prompts import DutyPrompts
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.model import Taxonomy


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the classifier.

    Args:
        settings: Its settings; read from the environment when left out.
    """
    settings = settings or Settings()
    runtime = Runtime("classifier", settings)
    taxonomy = load_taxonomy()
    shadows = MongoShadow(runtime.mongo)
    shadow = _shadow(settings, taxonomy)
    if shadow is not None:
        runtime.every(keep_job(shadow, shadows))
    runtime.pipe(make_tagging(taxonomy, runtime.clock, shadow, tally(runtime.metrics, set(taxonomy.escalations))))
    store = MongoCorrections(runtime.mongo, runtime.clock, taxonomy.version, runtime.wake)
    runtime.on_open(store.prepare)
    return runtime.app(
        routers=[
            correction_routes(CorrectLabels(store, taxonomy), store),
            correction_form_route(CorrectLabels(store, taxonomy)),
            shadow_routes(shadows),
        ],
        title="Near-miss learning: classifier",
        description="Tags the risk domains of each report and takes people's corrections.",
    )


def make_tagging(
    taxonomy: Taxonomy, clock: Clock, shadow: Shadowing | None = None, note: Note | None = None
) -> Tagging:
    """Put the hot path together: the shipped model, and the writer of its answers.

    Args:
        taxonomy: The words.
        clock: The source of now.
        shadow: Reads along with another model.
        note: Shows each batch in the metrics.
    """
    packs = load_duties(taxonomy)
    classifier = Classifier(taxonomy, duties=DutyPrompts(packs, taxonomy))
    announcer = Announcer(taxonomy.version, classifier.version, whys(taxonomy, packs))
    return Tagging(classifier, announcer, clock, shadow, note)


def _shadow(settings: Settings, taxonomy: Taxonomy) -> Shadowing | None:
    """Load the model in shadow; a file that does not fit stops the start and says why."""
    if settings.shadow_model is None:
        return None
    return Shadowing(Classifier(taxonomy, load_model(taxonomy, settings.shadow_model)))


@dataclass(frozen=True)
class Tools:
    """What the commands work with beside the service; nothing is connected before `open`.

    Attributes:
        log: The reports in the log.
        corrections: What people decided.
        answers: Publishes what the shipped model says.
        open: Opens the database; the producer connects by itself.
        close: Lets go of everything.
    """

    log: LoggedReports
    corrections: MongoCorrections
    answers: Answers
    open: Callable[[], None]
    close: Callable[[], Awaitable[None]]


def create_tools(settings: Settings | None = None) -> Tools:
    """Put together what the commands need.

    Args:
        settings: The service's settings; read from the environment when left out.
    """
    settings = settings or Settings()
    runtime, taxonomy = Runtime("classifier", settings), load_taxonomy()

    async def close() -> None:
        await runtime.producer.stop()
        runtime.mongo.close()

    return Tools(
        log=LoggedReports(settings.kafka),
        corrections=MongoCorrections(runtime.mongo, runtime.clock, taxonomy.version, runtime.wake),
        answers=Answers(runtime.producer, make_tagging(taxonomy, runtime.clock)),
        open=runtime.mongo.open,
        close=close,
    )
