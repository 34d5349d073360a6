"""Puts the classifier together; nothing connects before the app starts."""

from __future__ import annotations

from fastapi import FastAPI

from services.classifier.adapters.announce import Announcer
from services.classifier.adapters.corrections import MongoCorrections
from services.classifier.domain.classification import MODEL_VERSION
from services.classifier.domain.classify import Classifier
from services.classifier.routes import Tagging, correction_routes
from services.classifier.settings import Settings
from services.classifier.usecases import CorrectLabels
from shared.runtime.runtime import Runtime
from shared.taxonomy.loader import load_taxonomy


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the classifier.

    Args:
        settings: Its settings; read from the environment when left out.
    """
    settings = settings or Settings()
    runtime = Runtime("classifier", settings)
    taxonomy = load_taxonomy()
    announcer = Announcer(taxonomy.version, MODEL_VERSION, {rule.id: rule.why for rule in taxonomy.escalation_rules})
    runtime.pipe(Tagging(Classifier(taxonomy), announcer, runtime.clock))
    store = MongoCorrections(runtime.mongo, runtime.clock, taxonomy.version, runtime.wake)
    runtime.on_open(store.prepare)
    return runtime.app(
        routers=[correction_routes(CorrectLabels(store, taxonomy), store)],
        title="Near-miss learning: classifier",
        description="Tags the risk domains of each report and takes people's corrections.",
    )
