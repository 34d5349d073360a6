"""All that intake keeps, over one database; each part makes its collections and indexes when the database answers."""

from __future__ import annotations

from services.intake.adapters.aggregates import Aggregates
from services.intake.adapters.assets import MongoAssets
from services.intake.adapters.cases import MongoCases
from services.intake.adapters.comparisons import MongoComparisons
from services.intake.adapters.credentials import MongoCredentials
from services.intake.adapters.exposures import MongoExposures
from services.intake.adapters.form_links import MongoFormLinks
from services.intake.adapters.kept import MongoKept
from services.intake.adapters.people import MongoPeople
from services.intake.adapters.progress import MongoProgress
from services.intake.adapters.pulses import MongoPulses
from services.intake.adapters.readings import MongoReadings
from services.intake.adapters.registry import MongoRegistry
from services.intake.adapters.reports import MongoReports
from shared.kernel.act_time import ActTime
from shared.runtime.runtime import Runtime


class Stores:
    """The stores.

    Args:
        runtime: Its database, clock and relay; the stores are prepared when it starts.
    """

    def __init__(self, runtime: Runtime) -> None:
        mongo = runtime.mongo
        aggregates = Aggregates(mongo, runtime.clock, runtime.wake)
        self.registry = MongoRegistry(mongo, aggregates)
        self.reports = MongoReports(mongo, aggregates)
        self.exposures = MongoExposures(mongo, aggregates)
        self.progress = MongoProgress(mongo, aggregates)
        self.assets = MongoAssets(mongo, aggregates)
        self.people = MongoPeople(mongo, aggregates)
        self.credentials = MongoCredentials(mongo)
        self.act_time = ActTime(runtime.clock)
        self.cases = MongoCases(mongo, aggregates, self.act_time, runtime.clock)
        self.comparisons = MongoComparisons(mongo, aggregates)
        self.form_links = MongoFormLinks(mongo)
        self.pulses = MongoPulses(aggregates)
        self.readings = MongoReadings(mongo)
        self.kept = MongoKept(mongo)
        for part in (self.registry, self.reports, self.exposures, self.progress, self.assets, self.people):
            runtime.on_open(part.prepare)
        for rest in (self.credentials, self.cases, self.comparisons, self.form_links, self.pulses, self.readings):
            runtime.on_open(rest.prepare)
        runtime.on_open(self.kept.prepare)
